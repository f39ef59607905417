"""The functions of the stand-in's namespace, and kernels by the names of the package's own."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from .arrays import SCALARS, ndarray, new, operand, view
from .runtime import copies

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
