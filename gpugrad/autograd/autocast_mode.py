"""What each thread has asked for: per type of device whether ops are cast and to which type."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..dtypes import bfloat16, dtype, float16

THREADS: set[int] = set()
"""The threads in which ops are cast at present, by their number.

Listed ops look at it before anything else: it is empty unless a region is open somewhere.
"""

DEVICES = ("cpu", "cuda")
"""The types of devices that have lists."""


class _State(threading.local):
    def __init__(self) -> None:
        self.enabled = dict.fromkeys(DEVICES, False)
        self.dtypes: dict[str, dtype] = {"cpu": bfloat16, "cuda": float16}
        self.cache_enabled = True
        self.nesting = 0
        self.cache: dict[int, tuple[Any, ...]] = {}
        self.inside = False
        """Whether a listed op is running: the ops that it is made of are its own business."""


state = _State()


def is_autocast_available(device_type: str) -> bool:
    """Whether ``device_type`` is a type of device on which ops can be cast.

    >>> import gpugrad
    >>> gpugrad.amp.is_autocast_available("cpu")
    True
    """
    return device_type in DEVICES


def _known(device_type: str) -> str:
    if device_type not in DEVICES:
        raise RuntimeError(
            f"Expected one of {', '.join(DEVICES)} device type at start of device string: "
            f"{device_type}"
        )
    return device_type


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether ops on devices of this type are cast here and now.

    >>> import gpugrad
    >>> with gpugrad.autocast("cpu"):
    ...     gpugrad.is_autocast_enabled("cpu")
    True
    """
    return state.enabled[_known(device_type)]


def set_autocast_enabled(device_type: str | bool, enabled: bool | None = None) -> None:
    """Switch casting on or off for a type of device; with one argument, for CUDA devices."""
    if isinstance(device_type, str):
        state.enabled[_known(device_type)] = bool(enabled)
    else:
        state.enabled["cuda"] = device_type
    note_thread()


def note_thread() -> None:
    """Bring :data:`THREADS` up to date with this thread's state."""
    if any(state.enabled.values()):
        THREADS.add(threading.get_ident())
    else:
        THREADS.discard(threading.get_ident())


def get_autocast_dtype(device_type: str) -> dtype:
    """The lower-precision type that ops on devices of this type are cast to.

    >>> import gpugrad
    >>> gpugrad.get_autocast_dtype("cpu")
    torch.bfloat16
    """
    return state.dtypes[_known(device_type)]


def set_autocast_dtype(device_type: str, dtype: dtype) -> None:
    """Set the lower-precision type of a type of device."""
    state.dtypes[_known(device_type)] = dtype


def is_autocast_cache_enabled() -> bool:
    """Whether a parameter that has been cast is kept until the outermost region ends."""
    return state.cache_enabled


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Switch the cache of cast parameters on or off."""
    state.cache_enabled = bool(enabled)


def clear_autocast_cache() -> None:
    """Forget the parameters that have been cast."""
    state.cache = {}


def autocast_increment_nesting() -> int:
    """Note that one more region is open, and return how many are."""
    state.nesting += 1
    return state.nesting


def autocast_decrement_nesting() -> int:
    """Note that a region has ended, and return how many are open."""
    state.nesting -= 1
    return state.nesting


def is_autocast_cpu_enabled() -> bool:
    """Whether ops on the CPU are cast."""
    return is_autocast_enabled("cpu")


def set_autocast_cpu_enabled(enabled: bool) -> None:
    """Switch casting on the CPU on or off."""
    set_autocast_enabled("cpu", enabled)


def get_autocast_gpu_dtype() -> dtype:
    """The lower-precision type on CUDA devices."""
    return get_autocast_dtype("cuda")


def set_autocast_gpu_dtype(dtype: dtype) -> None:
    """Set the lower-precision type on CUDA devices."""
    set_autocast_dtype("cuda", dtype)


def get_autocast_cpu_dtype() -> dtype:
    """The lower-precision type on the CPU."""
    return get_autocast_dtype("cpu")


def set_autocast_cpu_dtype(dtype: dtype) -> None:
    """Set the lower-precision type on the CPU."""
    set_autocast_dtype("cpu", dtype)


# --- for other parts of the package --------------------------------------------------------------

Snapshot = tuple[dict[str, bool], dict[str, dtype], bool]


def snapshot() -> Snapshot:
    """This thread's settings, for :func:`restored`."""
    return dict(state.enabled), dict(state.dtypes), state.cache_enabled


@contextmanager
def restored(settings: Snapshot) -> Iterator[None]:
    """Run with settings that :func:`snapshot` has given, and a cache of its own."""
    before, cache, inside = snapshot(), state.cache, state.inside
    state.cache, state.inside = {}, False
    _set(settings)
    try:
        yield
    finally:
        _set(before)
        state.cache, state.inside = cache, inside


def _set(settings: Snapshot) -> None:
    enabled, dtypes, state.cache_enabled = settings
    state.enabled, state.dtypes = dict(enabled), dict(dtypes)
    note_thread()


def key() -> tuple[Any, ...]:
    """What distinguishes this thread's settings; empty where nothing is cast."""
    if not any(state.enabled.values()):
        return ()
    return (*state.enabled.values(), *state.dtypes.values(), state.cache_enabled)
