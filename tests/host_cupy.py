"""A stand-in for CuPy over NumPy's arrays, so that ``device="cuda"`` runs without a GPU.

Not fast and not complete: it has what the package uses of CuPy, and where CuPy differs from NumPy
it does what CuPy 14 does, so that code which relies on NumPy's ways fails here as it would fail
there:

- its arrays are a type of their own, refuse ``numpy.asarray`` and do not mix with NumPy arrays;
- results of reductions and of indexing are 0-d arrays, never scalars;
- arrays know no ``writeable`` flag, and broadcast arrays can be written to;
- integer indices that are out of range wrap around instead of raising;
- kernels run on the current device and refuse arrays of another one.

Every transfer is counted in :data:`copies`: those that the program asks for and those that CuPy
does by itself, such as reading the count of a mask.
"""

from __future__ import annotations

import contextlib
import itertools
import math
import sys
import threading
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

BLOCK = 512
"""The pool's unit."""
TOTAL_MEMORY = 2**34
SCALARS = (bool, int, float, complex, np.generic)


@dataclass
class Copies:
    """Transfers since the last :meth:`reset`."""

    to_device: int = 0
    to_host: int = 0

    def reset(self) -> None:
        self.to_device = self.to_host = 0


copies = Copies()


class CUDARuntimeError(RuntimeError):
    """What CuPy raises for an error code of the CUDA runtime."""


# --- devices, memory, streams -----------------------------------------------------------------------


class _Current(threading.local):
    def __init__(self) -> None:
        self.device = 0
        self.streams: dict[int, Stream] = {}
        self.hooks: dict[str, MemoryHook] = {}


_current = _Current()


class Runtime:
    """``cupy.cuda.runtime``; tests change the attributes to simulate other machines."""

    CUDARuntimeError = CUDARuntimeError
    devices = 1
    driver = 13000
    built_for = 13020

    def driverGetVersion(self) -> int:  # noqa: N802  # CuPy's name
        return self.driver

    def runtimeGetVersion(self) -> int:  # noqa: N802  # CuPy's name
        return self.built_for

    def getDeviceCount(self) -> int:  # noqa: N802  # CuPy's name
        if self.driver < self.built_for // 1000 * 1000:
            raise CUDARuntimeError(
                "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA "
                "runtime version"
            )
        if self.devices == 0:
            raise CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected")
        return self.devices

    def getDevice(self) -> int:  # noqa: N802  # CuPy's name
        return _current.device

    def setDevice(self, index: int) -> None:  # noqa: N802  # CuPy's name
        if not 0 <= index < self.devices:
            raise CUDARuntimeError("cudaErrorInvalidDevice: invalid device ordinal")
        _current.device = index

    def getDeviceProperties(self, index: int) -> dict[str, Any]:  # noqa: N802  # CuPy's name
        return {
            "name": b"Stand-in on the host",
            "major": 9,
            "minor": 0,
            "totalGlobalMem": TOTAL_MEMORY,
            "multiProcessorCount": 132,
            "maxThreadsPerMultiProcessor": 2048,
            "warpSize": 32,
            "l2CacheSize": 50 * 2**20,
        }

    def deviceCanAccessPeer(self, device: int, peer: int) -> int:  # noqa: N802  # CuPy's name
        return int(device != peer)


runtime = Runtime()


class Device:
    _stack: list[int]

    def __init__(self, device: int | Device | None = None) -> None:
        if device is None:
            device = _current.device
        self.id = device.id if isinstance(device, Device) else int(device)
        self._stack = []

    def __enter__(self) -> Device:
        self._stack.append(_current.device)
        runtime.setDevice(self.id)
        return self

    def __exit__(self, *error: object) -> None:
        runtime.setDevice(self._stack.pop())

    def use(self) -> Device:
        runtime.setDevice(self.id)
        return self

    def synchronize(self) -> None:
        runtime_device = _current.device
        runtime.setDevice(self.id)
        runtime.setDevice(runtime_device)

    @property
    def mem_info(self) -> tuple[int, int]:
        return TOTAL_MEMORY - pool.total[self.id], TOTAL_MEMORY


class MemoryHook:
    name = "MemoryHook"

    def __enter__(self) -> MemoryHook:
        if self.name in _current.hooks:
            raise KeyError(f"memory hook {self.name} already exists")
        _current.hooks[self.name] = self
        return self

    def __exit__(self, *error: object) -> None:
        del _current.hooks[self.name]

    def malloc_postprocess(self, **call: Any) -> None:
        pass

    def free_postprocess(self, **call: Any) -> None:
        pass


class MemoryPool:
    def __init__(self) -> None:
        self.used = [0] * 8
        self.total = [0] * 8

    def used_bytes(self) -> int:
        return self.used[_current.device]

    def total_bytes(self) -> int:
        return self.total[_current.device]

    def free_all_blocks(self) -> None:
        self.total[_current.device] = self.used[_current.device]


pool = MemoryPool()


class Memory:
    """The memory of an array and its views, given back to the pool with the last of them."""

    def __init__(self, size: int) -> None:
        self.device_id = _current.device
        self.size = -(-size // BLOCK) * BLOCK
        pool.used[self.device_id] += self.size
        pool.total[self.device_id] = max(pool.total[self.device_id], pool.used[self.device_id])
        self._tell("malloc_postprocess")

    def _tell(self, event: str) -> None:
        call = {
            "device_id": self.device_id,
            "mem_size": self.size,
            "mem_ptr": id(self),
            "pmem_id": id(self),
        }
        for hook in list(_current.hooks.values()):
            getattr(hook, event)(**call)

    def __del__(self) -> None:
        pool.used[self.device_id] -= self.size
        self._tell("free_postprocess")


@dataclass
class MemoryPointer:
    mem: Memory
    ptr: int

    @property
    def device_id(self) -> int:
        return self.mem.device_id


class Stream:
    """Work is done at once, so a stream is only a number."""

    null: Stream
    _handles = itertools.count(0x1000)

    def __init__(
        self, null: bool = False, non_blocking: bool = False, priority: int | None = None
    ) -> None:
        self.ptr = 0 if null else next(self._handles)
        self.device_id = -1 if null else _current.device
        self.priority = priority or 0
        self.waited_for: list[Event] = []

    done = True

    def use(self) -> Stream:
        if self.device_id not in (-1, _current.device):
            raise RuntimeError(
                f"The device that the stream is created on ({self.device_id}) does not match with "
                f"the current device ({_current.device})"
            )
        _current.streams[_current.device] = self
        return self

    def synchronize(self) -> None:
        pass

    def wait_event(self, event: Event) -> None:
        self.waited_for.append(event)


Stream.null = Stream(null=True)


class Event:
    done = True
    _handles = itertools.count(0x2000)

    def __init__(
        self, block: bool = False, disable_timing: bool = False, interprocess: bool = False
    ) -> None:
        self.ptr = next(self._handles)
        self.stream: Stream | None = None
        self.time = math.nan

    def record(self, stream: Stream | None = None) -> None:
        self.stream = get_current_stream() if stream is None else stream
        self.time = time.perf_counter()

    def synchronize(self) -> None:
        pass


def get_elapsed_time(start: Event, end: Event) -> float:
    return (end.time - start.time) * 1e3


def get_current_stream(device_id: int = -1) -> Stream:
    index = _current.device if device_id == -1 else device_id
    return _current.streams.get(index, Stream.null)


# --- kernels --------------------------------------------------------------------------------------

Kernel = Callable[[tuple[int, ...], tuple[int, ...], tuple[Any, ...]], None]


def _probe(grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...]) -> None:
    args[0].host[: block[0]] = 3 * np.arange(block[0]) + 1


KERNELS: dict[str, Kernel] = {"gpugrad_probe": _probe}
"""What the kernels of the package do, by name."""


class RawKernel:
    def __init__(self, code: str, name: str, options: tuple[str, ...] = ()) -> None:
        if name not in code:
            raise ValueError(f"no kernel {name} in the source")
        self.name = name

    def compile(self) -> None:
        pass

    def __call__(self, grid: Any, block: Any, args: Any) -> None:
        for array in args:
            if isinstance(array, ndarray):
                array._check_device()
        KERNELS[self.name](grid, block, args)


# --- arrays ---------------------------------------------------------------------------------------


class Flags:
    """CuPy's flags: a ``writeable`` one does not exist."""

    def __init__(self, host: Any, owndata: bool) -> None:
        self.c_contiguous = host.flags.c_contiguous
        self.f_contiguous = host.flags.f_contiguous
        self.owndata = owndata


def _operand(value: Any) -> Any:
    """What a kernel takes: arrays of this module and scalars, as NumPy's to compute with."""
    if isinstance(value, ndarray):
        value._check_device()
        return value.host
    if isinstance(value, SCALARS):
        return value
    raise TypeError(f"Unsupported type {type(value)}")


def _new(host: Any) -> ndarray:
    """An array over memory of its own."""
    array = object.__new__(ndarray)
    host = np.asarray(host)
    array.host = host if host.flags.owndata and host.flags.writeable else host.copy(order="K")
    array.base = None
    array.data = MemoryPointer(Memory(host.nbytes), array.host.ctypes.data)
    return array


def _view(source: ndarray, host: Any) -> ndarray:
    """An array over the memory of another."""
    array = object.__new__(ndarray)
    array.host = host
    array.base = source if source.base is None else source.base
    array.data = MemoryPointer(source.data.mem, host.ctypes.data)
    return array


def _view_or_new(source: ndarray, host: Any) -> ndarray:
    if host.size and np.may_share_memory(host, source.host):
        return _view(source, host)
    return _new(host)


class ndarray:  # noqa: N801  # CuPy's name
    """An array on the pretended device. ``host`` is the NumPy array that it really is."""

    host: Any
    base: ndarray | None
    data: MemoryPointer

    def __init__(self, shape: Any, dtype: Any = float) -> None:
        made = _new(np.empty(shape, dtype))
        self.host, self.base, self.data = made.host, None, made.data

    def _check_device(self) -> None:
        if self.data.device_id != _current.device:
            raise RuntimeError(
                f"The device where the array resides ({self.data.device_id}) is different from "
                f"the current device ({_current.device})."
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
    T = property(lambda self: _view(self, self.host.T))

    # --- to the host --------------------------------------------------------------------------

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
        own = getattr(module, ufunc.__name__, None)
        if method != "__call__" or own is None:
            return NotImplemented
        return own(*inputs, **kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        own = getattr(module, function.__name__, None)
        return NotImplemented if own is None else own(*args, **kwargs)

    # --- copies and views -----------------------------------------------------------------------

    def astype(self, dtype: Any, order: str = "K", copy: bool = True) -> ndarray:
        self._check_device()
        if not copy and self.dtype == np.dtype(dtype):
            return self
        with np.errstate(invalid="ignore", over="ignore"):  # kernels convert in silence
            return _new(self.host.astype(dtype, order=order))

    def copy(self, order: str = "C") -> ndarray:
        return _new(self.host.copy(order=order))

    def view(self, dtype: Any = None) -> ndarray:
        return _view(self, self.host.view() if dtype is None else self.host.view(dtype))

    def reshape(self, *shape: Any) -> ndarray:
        return _view_or_new(self, self.host.reshape(*shape))

    def ravel(self) -> ndarray:
        return self.reshape(-1)

    def transpose(self, *axes: Any) -> ndarray:
        return _view(self, self.host.transpose(*axes))

    def fill(self, value: Any) -> None:
        self._check_device()
        if isinstance(value, ndarray):
            if value.shape != ():
                raise ValueError("non-scalar cupy.ndarray cannot be used for fill")
            bool(value)  # CuPy looks whether it is zero
            value = value.host
        value = np.asarray(value, dtype=self.dtype)
        if value.shape != ():
            raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
        self.host.fill(value[()])

    def __len__(self) -> int:
        return len(self.host)

    def __iter__(self) -> Iterator[ndarray]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> ndarray:
        native, picks = self._index(index)
        if picks:
            self._check_device()
            return _new(self.host[native])
        return _view(self, np.asarray(self.host[native]) if self.ndim else self.host[native])

    def __setitem__(self, index: Any, value: Any) -> None:
        self._check_device()
        native, picks = self._index(index)
        if isinstance(value, ndarray):
            value._check_device()
            value = value.host
        elif isinstance(value, np.ndarray) and value.ndim:
            if not picks:
                raise ValueError("non-scalar numpy.ndarray cannot be used for fill")
            copies.to_device += 1
        elif not isinstance(value, (*SCALARS, np.ndarray)):
            raise TypeError(f"Unsupported type {type(value)}")
        with np.errstate(invalid="ignore", over="ignore"):
            self.host[native] = value

    def _index(self, index: Any) -> tuple[Any, bool]:
        """NumPy's form of an index, and whether it picks elements one by one."""
        items = list(index) if isinstance(index, tuple) else [index]
        used = sum(_places(item) for item in items)
        if not any(item is Ellipsis for item in items):
            items.append(Ellipsis)  # so that NumPy gives arrays, not scalars
        picks, place = False, 0
        for n, item in enumerate(items):
            if item is Ellipsis:
                place += self.ndim - used
                continue
            if item is None or isinstance(item, slice):
                place += item is not None
                continue
            if isinstance(item, (int, np.integer)) and not isinstance(item, bool):
                place += 1
                continue
            picks = True
            if isinstance(item, ndarray):
                item._check_device()
                item = item.host
            else:
                copies.to_device += 1
                item = np.asarray(item)
            if item.dtype.kind == "b":
                copies.to_host += 1  # how many there are
                place += item.ndim
            elif item.dtype.kind in "iu":
                if place < self.ndim and self.shape[place]:
                    item = item % self.shape[place]
                place += 1
            else:
                raise IndexError("arrays used as indices must be of integer or boolean type")
            items[n] = item
        return tuple(items), picks

    # --- reductions -----------------------------------------------------------------------------

    def _reduce(self, name: str, **kwargs: Any) -> ndarray:
        self._check_device()
        return _new(getattr(self.host, name)(**kwargs))

    def sum(self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return self._reduce("sum", axis=axis, dtype=dtype, keepdims=keepdims)

    def prod(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Any:
        return self._reduce("prod", axis=axis, dtype=dtype, keepdims=keepdims)

    def mean(
        self, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Any:
        with np.errstate(invalid="ignore"):
            total = self.host.sum(axis=axis, dtype=_wide(self.dtype), keepdims=keepdims)
            count = self.size // total.size if total.size else 0
            return _new(np.true_divide(total, count).astype(self.dtype))

    def max(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return self._reduce("max", axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return self._reduce("min", axis=axis, keepdims=keepdims)

    def any(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return self._reduce("any", axis=axis, keepdims=keepdims)

    def all(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        return self._reduce("all", axis=axis, keepdims=keepdims)

    def argmax(self, axis: Any = None) -> Any:
        return self._reduce("argmax", axis=axis)

    def argmin(self, axis: Any = None) -> Any:
        return self._reduce("argmin", axis=axis)

    def nonzero(self) -> tuple[ndarray, ...]:
        copies.to_host += 1  # how many there are
        return tuple(_new(i) for i in self.host.nonzero())

    # --- operators --------------------------------------------------------------------------------

    __hash__ = None  # type: ignore[assignment]  # as for any array

    def __neg__(self) -> ndarray:
        return _ufunc("negative")(self)

    def __invert__(self) -> ndarray:
        return _ufunc("invert")(self)

    def __abs__(self) -> ndarray:
        return _ufunc("absolute")(self)


def _places(item: Any) -> int:
    """How many dimensions an index takes up."""
    if item is None or item is Ellipsis or isinstance(item, bool):
        return 0
    dtype = getattr(item, "dtype", None)
    return int(item.ndim) if dtype is not None and dtype.kind == "b" else 1


def _wide(dtype: Any) -> Any:
    return np.float32 if dtype.itemsize == 2 and dtype.kind in "fV" else dtype


# --- functions ------------------------------------------------------------------------------------


class ufunc:  # noqa: N801  # CuPy's name
    """NumPy's function of this name, with CuPy's checks."""

    def __init__(self, function: Any, nin: int | None = None) -> None:
        self.function = function
        self.__name__ = function.__name__
        self.nin = function.nin if nin is None else nin

    def __call__(self, *args: Any, out: Any = None, dtype: Any = None) -> ndarray:
        if not self.nin <= len(args) <= self.nin + 1:
            raise TypeError(f"Wrong number of arguments for {self.__name__!r}.")
        if len(args) > self.nin:
            args, out = args[:-1], args[-1]
        operands = [_operand(a) for a in args]
        if not any(isinstance(a, ndarray) for a in args):
            raise ValueError("Loop size is undecided.")
        with np.errstate(all="ignore"):  # kernels divide by zero in silence
            if dtype is not None:
                result = self.function(*operands, dtype=dtype)
            else:
                result = self.function(*operands)
            if out is None:
                return _new(result)
            if not isinstance(out, ndarray):
                raise TypeError("Output arguments type must be cupy.ndarray")
            out._check_device()
            if out.shape != np.shape(result):
                raise ValueError("Out shape is mismatched")
            if not np.can_cast(result.dtype, out.dtype, "same_kind"):
                raise TypeError(f"Cannot cast from {result.dtype} to {out.dtype}")
            out.host[...] = result
        return out

    def at(self, array: ndarray, index: Any, value: ndarray) -> None:
        if array.dtype.name not in "int32 int64 float16 float32 float64 uint32 uint64".split():
            raise TypeError(
                "cupy.add.at only supports int32, int64, float16, float32, float64, uint32, "
                "uint64 as data type"
            )
        native, _ = array._index(index)
        self.function.at(array.host, native, _operand(value))


def _ufunc(name: str) -> ufunc:
    return ufunc(getattr(np, name))


def _array(source: Any, dtype: Any = None, copy: bool = True, order: str = "K") -> ndarray:
    if isinstance(source, ndarray):
        if not copy and (dtype is None or source.dtype == np.dtype(dtype)):
            return source
        return _new(np.array(source.host, dtype, order=order))
    host = np.array(source, dtype, order=order)
    copies.to_device += host.ndim > 0  # CuPy fills a 0-d array by a kernel that takes the number
    return _new(host)


def _made(name: str) -> Callable[..., ndarray]:
    """NumPy's function that makes an array of no others."""

    def make(*args: Any, **kwargs: Any) -> ndarray:
        for value in (*args, *kwargs.values()):
            if isinstance(value, (np.ndarray, ndarray)):
                raise TypeError(f"{name} takes numbers")
        return _new(getattr(np, name)(*args, **kwargs))

    return make


def _joined(name: str) -> Callable[..., ndarray]:
    """NumPy's function of a list of arrays."""

    def join(arrays: Any, axis: int = 0) -> ndarray:
        hosts = [_operand(a) for a in arrays]
        if not all(isinstance(a, ndarray) for a in arrays):
            raise TypeError("Only cupy arrays can be concatenated")
        return _new(getattr(np, name)(hosts, axis=axis))

    return join


def _along(name: str) -> Callable[..., ndarray]:
    """NumPy's function of one array along an axis."""

    def along(x: Any, *args: Any, **kwargs: Any) -> ndarray:
        if not isinstance(x, ndarray):
            raise TypeError(f"{name} takes a cupy.ndarray")
        return _new(getattr(np, name)(_operand(x), *args, **kwargs))

    return along


def _argsort(x: ndarray, axis: int = -1, kind: str | None = None) -> ndarray:
    if kind not in (None, "stable"):
        raise ValueError("kind can only be None or 'stable'")
    return _new(np.argsort(_operand(x), axis=axis, kind="stable"))


def _broadcast_to(x: ndarray, shape: Any) -> ndarray:
    strides = np.broadcast_to(x.host, shape).strides
    return _view(x, np.lib.stride_tricks.as_strided(x.host, shape, strides))


def _take_along_axis(x: ndarray, index: ndarray, axis: int) -> ndarray:
    if index.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    return _new(np.take_along_axis(_operand(x), _operand(index) % x.shape[axis], axis))


def _where(condition: ndarray, x: Any, y: Any) -> ndarray:
    result = np.where(_operand(condition), _operand(x), _operand(y))
    # There is no kernel for bfloat16: it is converted.
    return _new(result.astype(np.float32) if result.dtype.kind == "V" else result)


def _matmul(x: ndarray, y: ndarray, out: ndarray | None = None) -> ndarray:
    if x.ndim == 0 or y.ndim == 0:
        raise ValueError("Scalar operands are not allowed, use '*' instead")
    if x.dtype.kind == "V" and max(x.ndim, y.ndim) > 2:
        raise TypeError("batches of bfloat16 matrices are not supported")
    wide = _wide(x.dtype)
    product = np.matmul(_operand(x).astype(wide), _operand(y).astype(wide)).astype(x.dtype)
    if out is None:
        return _new(product)
    out.host[...] = product
    return out


def _dot(x: ndarray, y: ndarray, out: ndarray | None = None) -> ndarray:
    product = _matmul(x, y) if x.ndim and y.ndim else _ufunc("multiply")(x, y)
    if out is None:
        return product
    if not (out.flags.c_contiguous and out.dtype == product.dtype):
        raise ValueError("Output array must be C-contiguous")
    out.host[...] = product.host
    return out


def _copyto(target: ndarray, source: Any, where: ndarray) -> None:
    np.copyto(target.host, _operand(source), where=_operand(where))


def _searchsorted(x: ndarray, v: ndarray) -> ndarray:
    return _new(np.searchsorted(_operand(x), _operand(v)))


class _OGrid:
    def __getitem__(self, slices: Any) -> list[ndarray]:
        return [_new(axis) for axis in np.ogrid[slices]]


# --- the modules ------------------------------------------------------------------------------------


def _special(function: Callable[[float], float], name: str) -> ufunc:
    scalar = np.vectorize(function, otypes=[np.float64])

    def apply(x: Any) -> Any:
        return np.asarray(scalar(x)).astype(np.float32 if x.dtype.kind == "V" else x.dtype)

    apply.__name__ = name
    return ufunc(apply, 1)


class _BLAS:
    """What is found in the place of cuBLAS."""


def _build() -> types.ModuleType:
    cupy = types.ModuleType("cupy")
    for name in dir(np):
        if isinstance(getattr(np, name), np.ufunc) and name != "matmul":
            setattr(cupy, name, ufunc(getattr(np, name)))
    for name in "empty zeros ones full arange".split():
        setattr(cupy, name, _made(name))
    for name in "concatenate stack".split():
        setattr(cupy, name, _joined(name))
    for name in "cumsum cumprod argmax argmin sum".split():
        setattr(cupy, name, _along(name))
    members: dict[str, Any] = {
        "__version__": "14.2.0",
        "ndarray": ndarray,
        "array": _array,
        "asarray": lambda x, dtype=None: _array(x, dtype, copy=False),
        "asnumpy": lambda x: x.get(),
        "argsort": _argsort,
        "broadcast_to": _broadcast_to,
        "take_along_axis": _take_along_axis,
        "where": _where,
        "dot": _dot,
        "matmul": _matmul,
        "copyto": _copyto,
        "searchsorted": _searchsorted,
        "ogrid": _OGrid(),
        "RawKernel": RawKernel,
        "get_default_memory_pool": lambda: pool,
        "cuda": types.SimpleNamespace(
            runtime=runtime,
            cublas=_BLAS(),
            Device=Device,
            Stream=Stream,
            Event=Event,
            MemoryHook=MemoryHook,
            get_current_stream=get_current_stream,
            get_elapsed_time=get_elapsed_time,
        ),
    }
    for name, member in members.items():
        setattr(cupy, name, member)
    return cupy


module: Any = _build()


def _operators() -> None:
    """Python's operators on arrays: other arrays and scalars, NumPy's arrays refused."""
    names = {
        "add": "add",
        "sub": "subtract",
        "mul": "multiply",
        "truediv": "true_divide",
        "floordiv": "floor_divide",
        "mod": "remainder",
        "pow": "power",
        "and": "bitwise_and",
        "or": "bitwise_or",
        "xor": "bitwise_xor",
        "lshift": "left_shift",
        "rshift": "right_shift",
        "eq": "equal",
        "ne": "not_equal",
        "lt": "less",
        "le": "less_equal",
        "gt": "greater",
        "ge": "greater_equal",
    }
    for short, name in names.items():
        function = _ufunc(name)

        def operator(self: Any, other: Any, function: ufunc = function) -> Any:
            if getattr(type(other), "__array_ufunc__", self) is None:
                return NotImplemented
            return function(self, other)

        def reflected(self: Any, other: Any, function: ufunc = function) -> Any:
            return function(other, self)

        def inplace(self: Any, other: Any, function: ufunc = function) -> Any:
            return function(self, other, out=self)

        setattr(ndarray, f"__{short}__", operator)
        if short not in ("eq", "ne", "lt", "le", "gt", "ge"):
            setattr(ndarray, f"__r{short}__", reflected)
            setattr(ndarray, f"__i{short}__", inplace)


_operators()


def modules() -> dict[str, Any]:
    """What to put into ``sys.modules``."""
    special = types.ModuleType("cupyx.scipy.special")
    found: dict[str, Any] = {"cupy": module, "cupyx.scipy.special": special}
    for name, function in (("erf", math.erf), ("erfc", math.erfc)):
        setattr(special, name, _special(function, name))
    for name in ("cupyx", "cupyx.scipy"):
        found[name] = types.ModuleType(name)
    return found


@contextlib.contextmanager
def installed(devices: int = 1) -> Iterator[Copies]:
    """A context in which ``import cupy`` gives the stand-in, with nothing copied so far."""
    own = modules()
    before = {name: sys.modules.get(name) for name in own}
    state = runtime.devices, runtime.driver, runtime.built_for
    sys.modules.update(own)
    runtime.devices = devices
    _current.device = 0
    _current.streams.clear()
    _current.hooks.clear()
    copies.reset()
    try:
        yield copies
    finally:
        runtime.devices, runtime.driver, runtime.built_for = state
        for name, previous in before.items():
            if previous is None:
                del sys.modules[name]
            else:
                sys.modules[name] = previous
