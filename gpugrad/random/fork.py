"""A block whose random numbers leave no trace."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator

from .generator import get_rng_state, set_rng_state


@contextlib.contextmanager
def fork_rng(devices: Iterable[int] | None = None, enabled: bool = True) -> Iterator[None]:
    """Inside the block random numbers are drawn as usual; after it the states are as before.

    Args:
        devices: the CUDA devices whose states to keep too. Default: all.
        enabled: ``False`` makes the block do nothing.

    >>> import gpugrad
    >>> before = gpugrad.get_rng_state()
    >>> with gpugrad.random.fork_rng():
    ...     _ = gpugrad.rand(3)
    >>> bool((gpugrad.get_rng_state() == before).all())
    True
    """
    if not enabled:
        yield
        return
    from .. import cuda  # not at the top: who forks no random numbers may never need a device

    numbers = range(cuda.device_count()) if devices is None else list(devices)
    state, on_devices = get_rng_state(), [(n, cuda.get_rng_state(n)) for n in numbers]
    try:
        yield
    finally:
        set_rng_state(state)
        for number, device_state in on_devices:
            cuda.set_rng_state(device_state, number)
