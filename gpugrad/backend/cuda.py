"""The primitives over CuPy.

CuPy has NumPy's names, so nearly everything is inherited; what has a kernel of ours is launched
(``launches/``). Here is where CuPy differs: what it lacks for some types, what it does in a slow or
imprecise way, and what happens on which device.
"""

from __future__ import annotations

import functools
import importlib
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from ..device import device as Device
from . import BACKENDS, get_backend
from .cuda_capture import Capturable
from .cuda_graph import capturing
from .out_of_memory import name_sizes
from .primitives import Array, Shape
from .probe import probe

_ADDED_ATOMICALLY = ("float32", "float64", "int32", "int64")
"""The types in which CuPy adds at repeated indices without rounding to 16 bits in between."""

_MAKE_ARRAYS = frozenset(
    [
        "device",
        "on",
        "address",
        "memory",
        "view_of",
        "lowered",
        "executor",
        "rewritten",
        "own_counters",
        "with_own_tables",
        "copies_inputs",
        "to_host",
        "from_host",
        "move",
        "writable",
        "constant",
        "step_scratch",
        "compiled",
        "counter",
        "kernels",
        "empty",
        "zeros",
        "full",
        "arange",
    ]
)
"""Primitives without operands, which work on the current device, or which see to it themselves."""

_STAYS: AbstractContextManager[Any] = nullcontext()


class CUDA(Capturable):
    """CuPy's implementation of the waist.

    Args:
        module: CuPy.
        device_count: the number of devices. With more than one, every primitive runs on the device
            of its operands, whichever is current, and refuses operands of two devices.
    """

    device_type = "cuda"

    def __init__(self, module: Any, device_count: int) -> None:
        super().__init__(module)
        self._devices = tuple(Device("cuda", i) for i in range(device_count))
        if device_count > 1:
            self._follow_operands()

    # --- devices ----------------------------------------------------------------------------------

    def device(self, x: Array) -> Device:
        index: int = x.data.device_id
        return self._devices[index]

    def on(self, where: Device) -> AbstractContextManager[Any]:
        if where.index is None or len(self._devices) == 1:
            return _STAYS
        switch: AbstractContextManager[Any] = self.module.cuda.Device(where.index)
        return switch

    def address(self, x: Array) -> int:
        return int(x.data.ptr)

    def writable(self, x: Array) -> bool:
        steps = x.strides
        if 0 not in steps or x.size == 0:
            return True
        return all(step or n == 1 for step, n in zip(steps, x.shape, strict=True))

    def strided(self, x: Array, start: int, shape: Shape, strides: Shape) -> Array:
        return self.module.ndarray(shape, x.dtype, x.data + start, strides)

    def to_host(self, x: Array) -> Array:
        with self.on(self.device(x)):
            return x.get(order="A")

    def from_host(self, x: Array, where: Device) -> Array:
        with self.on(where):
            return self.module.array(x)

    def move(self, x: Array, where: Device) -> Array:
        if where.type != "cuda":
            return get_backend(where).from_host(self.to_host(x), where)
        with self.on(where):
            return x.copy()  # to the current device, from whichever

    # --- primitives that CuPy does otherwise ----------------------------------------------------

    def constant(self, value: float, dtype: str) -> Any:
        # Kernels take numbers by value. A Python number would take the other operand's type.
        return np.dtype(dtype).type(value)

    # CuPy lets broadcast arrays be written, by many threads to one place; NumPy refuses.

    def copy(self, x: Array, out: Array | None = None) -> Array:
        return super().copy(x, None if out is None else self._checked(out))

    def fill(self, x: Array, value: Any) -> Array:
        return super().fill(self._checked(x), value)

    def _checked(self, out: Array) -> Array:
        if not self.writable(out):
            raise ValueError("assignment destination is read-only")
        return out

    def setitem(self, x: Array, index: Any, value: Array) -> Array:
        mask = _only_mask(index)
        rank: int = getattr(value, "ndim", 0)
        if mask is None or rank:
            self._checked(x)[index] = value
        else:  # one number for all: nobody has to wait until the mask has been counted
            wide = mask.reshape(mask.shape + (1,) * (x.ndim - mask.ndim))
            self.module.copyto(self._checked(x), value, "unsafe", wide)
        return x

    def index_add(self, x: Array, index: Any, value: Array) -> Array:
        if x.dtype.name in _ADDED_ATOMICALLY:
            self.module.add.at(x, index, value)
            return x
        wide = x.astype("int32" if x.dtype.kind in "iub" else "float32")
        self.module.add.at(wide, index, value)
        x[...] = wide
        return x

    def where(self, condition: Array, x: Array, y: Array, out: Array | None = None) -> Array:
        chosen = self.module.where(condition, x, y)
        kinds = [a.dtype for a in (x, y) if hasattr(a, "dtype")]
        if all(kind.kind == "V" for kind in kinds) and kinds:
            chosen = _as(chosen, kinds[0])  # bfloat16 comes out as float32
        return self.into(chosen, out)

    def mean(
        self, x: Array, axis: Any = None, keepdims: bool = False, out: Array | None = None
    ) -> Array:
        # x.sum() of a 16-bit type may overflow where its mean does not.
        return x.mean(axis=axis, keepdims=keepdims, out=out)

    def matmul(self, x: Array, y: Array, out: Array | None = None) -> Array:
        if capturing():
            captured = self._product_in_graph(x, y, out)
            if captured is not None:
                return captured
        if out is None and x.ndim > 2 and y.ndim == 2:
            # One product of many rows; CuPy would copy y for each and multiply them one by one.
            rows = x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
            return self.module.matmul(rows, y).reshape(*x.shape[:-1], y.shape[1])
        if x.dtype.kind == "V" and max(x.ndim, y.ndim) > 2:
            product = self.module.matmul(x.astype("float32"), y.astype("float32"))
            return self.copy(product, out) if out is not None else product.astype(x.dtype)
        return self.module.matmul(x, y, out=out)

    def linear(
        self, x: Array, weight: Array, bias: Array | None, out: Array | None = None
    ) -> Array:
        out = self.matmul(x, weight.T, out)
        return out if bias is None else self.bias_activation(out, bias, "none", out)

    @functools.cached_property
    def _special(self) -> Any:
        return importlib.import_module("cupyx.scipy.special")

    def erf(self, x: Array, out: Array | None = None) -> Array:
        """The error function."""
        found = self._special.erf(x, out=out)
        return found if out is not None else _as(found, x.dtype)

    def erfc(self, x: Array, out: Array | None = None) -> Array:
        """``1 - erf(x)``."""
        found = self._special.erfc(x, out=out)
        return found if out is not None else _as(found, x.dtype)

    # --- several devices ------------------------------------------------------------------------

    def _follow_operands(self) -> None:
        own = (*vars(self), *dir(type(self)))
        for name in {n for n in own if not n.startswith("_")} - _MAKE_ARRAYS:
            function = getattr(self, name)
            if callable(function):
                setattr(self, name, self._following(function))

    def _following(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function``, called with its operands' device as the current one."""

        @functools.wraps(function, updated=())
        def follow(*args: Any, **kwargs: Any) -> Any:
            operands = list(self._operands((*args, *kwargs.values())))
            found = dict.fromkeys(self.device(a) for a in operands if a.ndim) or dict.fromkeys(
                self.device(a) for a in operands
            )
            if len(found) > 1:
                first, second, *_ = found
                raise RuntimeError(
                    "Expected all tensors to be on the same device, but found at least two "
                    f"devices, {first} and {second}!"
                )
            with self.on(next(iter(found), self._devices[0])):
                # Constants are 0-d arrays that may have been made wherever it was.
                args = tuple(self._here(a) for a in args)
                return function(*args, **kwargs)

        if hasattr(function, "nin"):  # by which a recorder knows where the result goes
            vars(follow)["nin"] = function.nin
        return follow

    def _here(self, value: Any) -> Any:
        """A 0-d array on the current device; anything else as it is."""
        if not isinstance(value, self.module.ndarray) or value.ndim:
            return value
        index = self.module.cuda.runtime.getDevice()
        return value if value.data.device_id == index else value.copy()

    def _operands(self, args: Any) -> Iterator[Array]:
        for value in args:
            if isinstance(value, self.module.ndarray):
                yield value
            elif isinstance(value, (list, tuple)):
                yield from self._operands(value)


def _only_mask(index: Any) -> Array | None:
    """The mask, of an index that is nothing else (but for an Ellipsis after it)."""
    if isinstance(index, tuple):
        if (len(index) == 2 and index[1] is not Ellipsis) or len(index) not in (1, 2):
            return None
        index = index[0]
    return index if getattr(getattr(index, "dtype", None), "kind", "") == "b" else None


def _as(x: Array, dtype: Any) -> Array:
    return x if x.dtype == dtype else x.astype(dtype)


# --- the backend ----------------------------------------------------------------------------------

_made: CUDA | None = None
_lock = threading.Lock()


def is_initialized() -> bool:
    """Whether CUDA has been used in this process."""
    return _made is not None


def backend(where: Device) -> CUDA:
    """The primitives of CUDA devices, made and registered when first asked for.

    Raises:
        RuntimeError: CUDA cannot be used, with what is missing and how to install it; or there
            is no such device.
    """
    global _made
    found = _made
    if found is None:
        with _lock:
            if _made is None:
                state = probe()
                if state.module is None:
                    raise RuntimeError(f"CUDA cannot be used: {state.reason}")
                name_sizes(state.module)
                _made = CUDA(state.module, state.device_count)
                BACKENDS[state.module.ndarray] = _made
            found = _made
    count = len(found._devices)
    if where.index is not None and where.index >= count:
        there = "only cuda:0" if count == 1 else f"cuda:0 to cuda:{count - 1}"
        raise RuntimeError(f"invalid device {where}: there is {there}")
    return found
