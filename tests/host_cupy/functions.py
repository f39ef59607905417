"""The functions of the stand-in's namespace."""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from gpugrad.backend.ufuncs import UFUNCS

from . import runtime as rt
from . import streams
from .arrays import made, ndarray, new_array, operand, stored, view_of, wide_type
from .graphs import done, refuse_library
from .kernels import CNumpyArray, RawKernel, RawModule
from .runtime import copies
from .ufuncs import ufunc


def _array(source: Any, dtype: Any = None, copy: bool = True, order: Any = "K") -> ndarray:
    if isinstance(source, ndarray):
        if not copy and (dtype is None or source.dtype == np.dtype(dtype)):
            return source
        host = source.host
        return made(lambda: np.array(host, dtype).copy(order=order), source)
    # CuPy fills a 0-d array by a kernel that takes the number: no copy.
    copies.to_device += np.ndim(source) > 0
    value: Any = np.array(source, dtype)
    return made(lambda: value.copy(order=order))


def _made(name: str) -> Callable[..., ndarray]:
    """NumPy's function that makes an array of no others."""

    def make(*args: Any, **kwargs: Any) -> ndarray:
        for value in (*args, *kwargs.values()):
            if isinstance(value, (np.ndarray, ndarray)):
                raise TypeError(f"{name} takes numbers")
        return made(lambda: getattr(np, name)(*args, **kwargs))

    return make


def _joined(name: str) -> Callable[..., ndarray]:
    """NumPy's function of a list of arrays."""

    def join(arrays: Any, axis: int = 0, out: ndarray | None = None) -> ndarray:
        hosts = [operand(a) for a in arrays]
        if not all(isinstance(a, ndarray) for a in arrays):
            raise TypeError("Only cupy arrays can be concatenated")

        def compute() -> Any:
            return getattr(np, name)(hosts, axis=axis)

        return made(compute, *arrays) if out is None else stored(out, compute, *arrays)

    return join


def _through(function: Any, reads: int = 0, library: str | None = None) -> Callable[..., Any]:
    """A function of NumPy's for arrays of ours.

    CuPy's reads ``reads`` numbers back meanwhile, or calls a library.
    """

    def through(x: Any, *args: Any, **kwargs: Any) -> Any:
        if library is not None:
            refuse_library(library)
        if not isinstance(x, ndarray):
            raise TypeError(f"{function.__name__} takes a cupy.ndarray")
        copies.to_host += reads
        others = [operand(a) if isinstance(a, ndarray) else a for a in args]
        host = operand(x)

        def compute() -> Any:
            return function(host, *others, **kwargs)

        found = compute()
        if isinstance(found, tuple):
            return tuple(
                made(functools.partial(lambda k: compute()[k], n), x) for n in range(len(found))
            )
        return made(compute, x, *args)

    return through


def _scan(name: str) -> Callable[..., ndarray]:
    """NumPy's running sum or product."""

    def scan(x: ndarray, axis: Any = None, dtype: Any = None, out: Any = None) -> ndarray:
        host = operand(x)

        def compute() -> Any:
            return getattr(np, name)(host, axis, dtype)

        return made(compute, x) if out is None else stored(out, compute, x)

    return scan


def _diagonal(x: ndarray, offset: int = 0, axis1: int = 0, axis2: int = 1) -> ndarray:
    return view_of(x, _writable(np.diagonal(x.host, offset, axis1, axis2)))


def _moveaxis(x: ndarray, source: Any, destination: Any) -> ndarray:
    return view_of(x, np.moveaxis(x.host, source, destination))


def _writable(host: Any) -> Any:
    """A view without NumPy's mark that it is only to be read."""
    found = host.view()
    found.flags.writeable = True
    return found


def _as_strided(x: ndarray, shape: Any, strides: Any) -> ndarray:
    return view_of(x, np.lib.stride_tricks.as_strided(x.host, shape, strides))


def _argsort(x: ndarray, axis: int = -1, kind: str | None = None) -> ndarray:
    if kind not in (None, "stable"):
        raise ValueError("kind can only be None or 'stable'")
    host = operand(x)
    return made(lambda: np.argsort(host, axis=axis, kind="stable"), x)


def _broadcast_to(x: ndarray, shape: Any) -> ndarray:
    return view_of(x, _writable(np.broadcast_to(x.host, shape)))


def _take_along_axis(x: ndarray, index: ndarray, axis: int) -> ndarray:
    if index.dtype.kind not in "iu":
        raise IndexError("`indices` must be an integer array")
    host, places, size = operand(x), operand(index), x.shape[axis]
    return made(lambda: np.take_along_axis(host, places % size, axis), x, index)


def _where(condition: ndarray, x: Any, y: Any) -> ndarray:
    hosts = [operand(a) for a in (condition, x, y)]

    def compute() -> Any:
        result = np.where(*hosts)
        # There is no kernel for bfloat16: it is converted.
        return result.astype(np.float32) if result.dtype.kind == "V" else result

    return made(compute, condition, x, y)


def _matmul(x: ndarray, y: ndarray, out: ndarray | None = None) -> ndarray:
    refuse_library("cuBLAS")
    if x.ndim == 0 or y.ndim == 0:
        raise ValueError("Scalar operands are not allowed, use '*' instead")
    if x.dtype.kind == "V" and max(x.ndim, y.ndim) > 2:
        raise TypeError("batches of bfloat16 matrices are not supported")
    wide = wide_type(x.dtype)
    product = np.matmul(operand(x).astype(wide), operand(y).astype(wide)).astype(x.dtype)
    if out is None:
        return new_array(product)
    out.host[...] = product
    return out


def _dot(x: ndarray, y: ndarray, out: ndarray | None = None) -> ndarray:
    product = _matmul(x, y) if x.ndim and y.ndim else ufunc(np.multiply)(x, y)
    if out is None:
        return product
    if not (out.flags.c_contiguous and out.dtype == product.dtype):
        raise ValueError("Output array must be C-contiguous")
    out.host[...] = product.host
    return out


def _copyto(
    target: ndarray, source: Any, casting: Any = "same_kind", where: ndarray | None = None
) -> None:
    host, given = target.host, operand(source)
    mask = True if where is None else operand(where)
    done(lambda: np.copyto(host, given, casting, where=mask), target, source, where)


class _OGrid:
    """``cupy.ogrid``."""

    def __getitem__(self, slices: Any) -> list[ndarray]:
        return [new_array(axis) for axis in np.ogrid[slices]]


# --- the modules ----------------------------------------------------------------------------------


def special(function: Callable[[float], float]) -> ufunc:
    """A function of ``cupyx.scipy.special``, from one of Python numbers."""
    scalar = np.vectorize(function, otypes=[np.float64])

    def apply(x: Any) -> Any:
        return np.asarray(scalar(x)).astype(np.float32 if x.dtype.kind == "V" else x.dtype)

    return ufunc(apply, 1)


FUNCTIONS = dict.fromkeys(
    (
        *("argmax", "broadcast_arrays", "clip", "frexp", "full_like", "isin", "ones_like"),
        *("searchsorted", "swapaxes", "tril", "triu", "unravel_index", "zeros_like"),
    ),
    0,
)
READING = {"bincount": 2, "unique": 2}
"""Functions whose result has a length that CuPy must first read back."""
LINALG = ("cholesky", "det", "eigh", "inv", "pinv", "qr", "slogdet", "solve", "svd")


def build() -> types.ModuleType:
    """The module ``cupy``."""
    cupy = types.ModuleType("cupy")
    for name in UFUNCS.values():
        setattr(cupy, name, ufunc(getattr(np, name)))
    for name in ("abs", "gcd", "lcm", "ldexp"):
        setattr(cupy, name, ufunc(getattr(np, name)))
    for name in ("empty", "zeros", "ones", "full", "arange", "eye"):
        setattr(cupy, name, _made(name))
    for name in ("concatenate", "stack"):
        setattr(cupy, name, _joined(name))
    for name, reads in {**FUNCTIONS, **READING}.items():
        setattr(cupy, name, _through(getattr(np, name), reads))
    linalg: Any = types.ModuleType("cupy.linalg")
    linalg.LinAlgError = np.linalg.LinAlgError
    for name in LINALG:
        setattr(linalg, name, _through(getattr(np.linalg, name), 0, "cuSOLVER"))
    members: dict[str, Any] = {
        "ndarray": ndarray,
        "array": _array,
        "asarray": lambda x, dtype=None: _array(x, dtype, copy=False),
        "argsort": _argsort,
        "cumprod": _scan("cumprod"),
        "cumsum": _scan("cumsum"),
        "broadcast_to": _broadcast_to,
        "take_along_axis": _take_along_axis,
        "where": _where,
        "dot": _dot,
        "matmul": _matmul,
        "copyto": _copyto,
        "diagonal": _diagonal,
        "moveaxis": _moveaxis,
        "lib": types.SimpleNamespace(stride_tricks=types.SimpleNamespace(as_strided=_as_strided)),
        "linalg": linalg,
        "ogrid": _OGrid(),
        "RawKernel": RawKernel,
        "RawModule": RawModule,
        "get_default_memory_pool": lambda: rt.pool,
        "cuda": types.SimpleNamespace(
            PinnedMemoryPointer=streams.PinnedMemoryPointer,
            alloc_pinned_memory=streams.PinnedMemoryPointer,
            runtime=rt.runtime,
            cublas=object(),
            function=types.SimpleNamespace(CNumpyArray=CNumpyArray),
            Device=rt.Device,
            Stream=streams.Stream,
            Event=streams.Event,
            MemoryHook=rt.MemoryHook,
            MemoryPool=rt.MemoryPool,
            using_allocator=rt.using_allocator,
            memory=types.SimpleNamespace(OutOfMemoryError=rt.OutOfMemoryError),
            get_allocator=rt.get_allocator,
            set_allocator=rt.set_allocator,
            get_current_stream=streams.get_current_stream,
            get_elapsed_time=streams.get_elapsed_time,
        ),
    }
    for name, member in members.items():
        setattr(cupy, name, member)
    return cupy
