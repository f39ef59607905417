"""The array type of the stand-in."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .graphs import done
from .indices import found, native_index
from .runtime import Device, MemoryPointer, allocate, copies, current

SCALARS = (bool, int, float, complex, np.generic)


class Flags:
    """CuPy's flags: a ``writeable`` one does not exist."""

    def __init__(self, host: Any, owndata: bool) -> None:
        self.c_contiguous = host.flags.c_contiguous
        self.f_contiguous = host.flags.f_contiguous
        self.owndata = owndata


def operand(value: Any) -> Any:
    """What a kernel takes, arrays of ours and scalars, in the form that NumPy computes with."""
    if isinstance(value, ndarray):
        value.check_device()
        return value.host
    if isinstance(value, SCALARS):
        return value
    raise TypeError(f"Unsupported type {type(value)}")


def new_array(host: Any) -> ndarray:
    """An array over memory of its own."""
    array = object.__new__(ndarray)
    host = np.asarray(host)
    array.host = host if host.flags.owndata and host.flags.writeable else host.copy(order="K")
    array.base = None
    memory = allocate(host.nbytes)
    memory.host, memory.ptr = array.host, array.host.ctypes.data
    array.data = MemoryPointer(memory, memory.ptr)
    return array


def made(compute: Callable[[], Any], *operands: Any) -> ndarray:
    """A new array of what a function of host arrays gives; in a capture at each launch."""
    result = new_array(compute())
    if current.capture is not None:
        host = result.host
        done(lambda: np.copyto(host, compute(), "unsafe"), result, *operands)
    return result


def stored(out: ndarray, compute: Callable[[], Any], *operands: Any) -> ndarray:
    """Store what a function of host arrays gives; in a capture at each launch."""
    out.check_device()
    host = out.host
    done(lambda: np.copyto(host, compute(), "unsafe"), out, *operands)
    return out


def view_of(source: ndarray, host: Any) -> ndarray:
    """An array over the memory of another."""
    array = object.__new__(ndarray)
    array.host = host
    array.base = source if source.base is None else source.base
    array.data = MemoryPointer(source.data.mem, host.ctypes.data)
    return array


def view_or_copy(source: ndarray, act: Callable[[Any], Any]) -> ndarray:
    """What a function of host arrays gives that copies where it must."""
    given = source.host
    host = act(given)
    if host.size and np.may_share_memory(host, given):
        return view_of(source, host)
    return made(lambda: act(given), source)


class ndarray:  # noqa: N801  # CuPy's name
    """An array on the pretended device. ``host`` is the NumPy array that it really is."""

    host: Any
    base: ndarray | None
    data: MemoryPointer

    def __init__(
        self, shape: Any, dtype: Any = float, memptr: Any = None, strides: Any = None
    ) -> None:
        if memptr is None:
            new = new_array(np.empty(shape, dtype))
            self.host, self.base, self.data = new.host, None, new.data
            return
        offset = memptr.ptr - memptr.mem.ptr
        whole = memptr.mem.host.reshape(-1).view(np.uint8)
        self.host = np.ndarray(shape, dtype, whole, offset, strides)
        self.base, self.data = None, memptr

    def check_device(self) -> None:
        if self.data.device_id != current.device:
            raise RuntimeError(
                f"The device where the array resides ({self.data.device_id}) is different from "
                f"the current device ({current.device})."
            )

    shape = property(lambda self: self.host.shape)
    strides = property(lambda self: self.host.strides)
    dtype = property(lambda self: self.host.dtype)
    ndim = property(lambda self: self.host.ndim)
    size = property(lambda self: self.host.size)
    nbytes = property(lambda self: self.host.nbytes)
    itemsize = property(lambda self: self.host.itemsize)
    flags = property(lambda self: Flags(self.host, self.base is None))
    device = property(lambda self: Device(self.data.device_id))
    T = property(lambda self: view_of(self, self.host.T))

    # --- to the host ----------------------------------------------------------------------------

    def get(self, order: str = "C") -> Any:
        copies.to_host += 1
        return self.host.copy(order=order)

    def item(self) -> Any:
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self.get().item()

    def tolist(self) -> Any:
        return self.get().tolist()

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. Use a.any() "
                "or a.all()"
            )
        return bool(self.get())

    def __int__(self) -> int:
        return int(self.get())

    def __float__(self) -> float:
        return float(self.get())

    def __index__(self) -> int:
        raise TypeError("only integer scalar arrays can be converted to a scalar index")

    def __repr__(self) -> str:
        return repr(self.get())

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct "
            "a NumPy array explicitly."
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if "out" in kwargs:
            (kwargs["out"],) = kwargs["out"]
        own = getattr(sys.modules["cupy"], ufunc.__name__, None)
        if method != "__call__" or own is None:
            return NotImplemented
        return own(*inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        own = getattr(sys.modules["cupy"], function.__name__, None)
        return NotImplemented if own is None else own(*args, **kwargs)

    # --- copies and views -----------------------------------------------------------------------

    def astype(self, dtype: Any, order: str = "K", copy: bool = True) -> ndarray:
        self.check_device()
        if not copy and self.dtype == np.dtype(dtype):
            return self
        host = self.host

        def convert() -> Any:
            with np.errstate(invalid="ignore", over="ignore"):  # kernels convert in silence
                return host.astype(dtype, order=order)

        return made(convert, self)

    def copy(self, order: str = "C") -> ndarray:
        host = self.host
        return made(lambda: host.copy(order=order), self)

    def view(self, dtype: Any = None) -> ndarray:
        return view_of(self, self.host.view() if dtype is None else self.host.view(dtype))

    def reshape(self, *shape: Any) -> ndarray:
        return view_or_copy(self, lambda host: host.reshape(*shape))

    def ravel(self) -> ndarray:
        return self.reshape(-1)

    def transpose(self, *axes: Any) -> ndarray:
        return view_of(self, self.host.transpose(*axes))

    def fill(self, value: Any) -> None:
        self.check_device()
        if isinstance(value, ndarray):
            if value.shape != ():
                raise ValueError("non-scalar cupy.ndarray cannot be used for fill")
            bool(value)  # CuPy looks whether it is zero
            value = value.host
        value = np.asarray(value, dtype=self.dtype)
        if value.shape != ():
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        host = self.host
        done(lambda: host.fill(value[()]), self)

    def __len__(self) -> int:
        return len(self.host)

    def __iter__(self) -> Iterator[ndarray]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> ndarray:
        native, picks = native_index(self.shape, index)
        if picks:
            self.check_device()
            host = self.host
            return made(lambda: host[found(native)], self, *index_arrays(index))
        return view_of(self, np.asarray(self.host[native]) if self.ndim else self.host[native])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.check_device()
        native, picks = native_index(self.shape, index)
        given = value
        if isinstance(value, ndarray):
            value.check_device()
            value = value.host
        elif isinstance(value, np.ndarray) and value.ndim:
            if not picks:
                raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
            copies.to_device += 1
        elif not isinstance(value, (*SCALARS, np.ndarray)):
            raise TypeError(f"Unsupported type {type(value)}")
        host = self.host

        def write() -> None:
            with np.errstate(invalid="ignore", over="ignore"):
                host[found(native)] = value

        done(write, self, given, *index_arrays(index))

    # --- reductions -----------------------------------------------------------------------------

    def _reduce(self, name: str, out: ndarray | None = None, **kwargs: Any) -> ndarray:
        self.check_device()
        host = self.host

        def reduce() -> Any:
            with np.errstate(all="ignore"):  # kernels overflow in silence
                return getattr(host, name)(**kwargs)

        return made(reduce, self) if out is None else stored(out, reduce, self)

    def sum(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Any:
        return self._reduce("sum", out, axis=axis, dtype=dtype, keepdims=keepdims)

    def prod(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Any:
        return self._reduce("prod", out, axis=axis, dtype=dtype, keepdims=keepdims)

    def mean(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Any:
        host = self.host

        def average() -> Any:
            with np.errstate(invalid="ignore"):
                total = host.sum(axis=axis, dtype=wide_type(host.dtype), keepdims=keepdims)
                count = host.size // total.size if total.size else 0
                return np.true_divide(total, count).astype(host.dtype)

        return made(average, self) if out is None else stored(out, average, self)

    def max(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return self._reduce("max", out, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return self._reduce("min", out, axis=axis, keepdims=keepdims)

    def any(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return self._reduce("any", out, axis=axis, keepdims=keepdims)

    def all(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return self._reduce("all", out, axis=axis, keepdims=keepdims)

    def argmax(self, axis: Any = None, out: Any = None) -> Any:
        return self._reduce("argmax", out, axis=axis)

    def argmin(self, axis: Any = None, out: Any = None) -> Any:
        return self._reduce("argmin", out, axis=axis)

    def nonzero(self) -> tuple[ndarray, ...]:
        copies.to_host += 1  # how many there are
        return tuple(new_array(i) for i in self.host.nonzero())

    def __eq__(self, other: object) -> Any:  # replaced with the other operators
        raise NotImplementedError

    __hash__ = None  # type: ignore[assignment]  # as for any array of CuPy's or NumPy's


def index_arrays(index: Any) -> list[ndarray]:
    """The arrays in an index."""
    return [i for i in (index if isinstance(index, tuple) else (index,)) if isinstance(i, ndarray)]


def wide_type(dtype: Any) -> Any:
    """The type in which kernels add up: float32 for 16-bit floats."""
    return np.float32 if dtype.itemsize == 2 and dtype.kind in "fV" else dtype
