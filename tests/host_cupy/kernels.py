"""Kernels of the stand-in: CUDA sources compiled by g++ and run on the host."""

from __future__ import annotations

import ctypes
import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from gpugrad.backend import kernel_source
from tests.kernels import emulation

from .arrays import ndarray
from .graphs import done, refuse

Kernel = Callable[[tuple[int, ...], tuple[int, ...], tuple[Any, ...]], None]

launches: list[str] = []
"""The names of the kernels launched since a test last emptied the list."""

_STEM = re.compile(r'^#line 1 "(\w+)\.cu"$', re.MULTILINE)
_HALF = re.compile(r'^#line 1 "half\.cuh"$.*?(?=^#line)', re.MULTILINE | re.DOTALL)


class RawModule:
    """CuPy's class of this name. A number is passed as it is by CuPy, by its own type."""

    def __init__(self, code: str, options: tuple[str, ...] = ()) -> None:
        refuse("compiling a kernel")
        self.code = code

    def get_function(self, name: str) -> Kernel:
        refuse("loading a kernel")
        library = _library(self.code, name)
        function = getattr(library, f"emulated_{name}")

        def launch(grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...]) -> None:
            launches.append(name)
            values = [_value(a) for a in args]
            done(lambda: emulation.run(library, function, grid[0], block[0], values, name), *args)

        return launch


def _library(code: str, name: str) -> ctypes.CDLL:
    """The compiled source: one of ours with all its kernels, any other with the one asked for."""
    found = _STEM.search(code)
    if found and found[1] in kernel_source.stems() and code == kernel_source.source(found[1]):
        return emulation.emulated(found[1])
    return _compiled(code, name)


@functools.cache
def _compiled(code: str, name: str) -> ctypes.CDLL:
    half = (emulation.HERE / "half_emulated.cuh").read_text(encoding="utf-8")
    header = (emulation.HERE / "emulation.h").read_text(encoding="utf-8")
    text = _HALF.sub(lambda _: half, code)
    source = "\n".join([header, text, f"EMULATED({name})", ""])
    return ctypes.CDLL(str(emulation.finish_build(emulation.start_build(source))))


_NUMBERS: dict[type, Any] = {
    bool: ctypes.c_bool,
    int: ctypes.c_longlong,
    float: ctypes.c_double,
    np.bool_: ctypes.c_bool,
    np.int32: ctypes.c_int32,
    np.int64: ctypes.c_int64,
    np.uint32: ctypes.c_uint32,
    np.uint64: ctypes.c_uint64,
    np.float32: ctypes.c_float,
    np.float64: ctypes.c_double,
}


class CNumpyArray:
    """``cupy.cuda.function.CNumpyArray``: an argument that is the bytes of a NumPy array."""

    def __init__(self, array: Any) -> None:
        self.array = array


def _value(value: Any) -> Any:
    if value is None:
        return ctypes.c_void_p(0)
    if isinstance(value, CNumpyArray):
        return (ctypes.c_char * value.array.nbytes).from_buffer_copy(value.array)
    if isinstance(value, ndarray):
        value.check_device()
        return ctypes.c_void_p(value.data.ptr)
    if type(value) not in _NUMBERS:
        raise TypeError(f"Unsupported type {type(value)}")
    return _NUMBERS[type(value)](value)


def _probe(grid: tuple[int, ...], block: tuple[int, ...], args: tuple[Any, ...]) -> None:
    args[0].host[: block[0]] = 3 * np.arange(block[0]) + 1


KERNELS: dict[str, Kernel] = {"gpugrad_probe": _probe}
"""Kernels that need no compiler, by name: without one, much of the library can still be tested."""


class RawKernel:
    """CuPy's class of this name, for the kernels of :data:`KERNELS`."""

    def __init__(self, code: str, name: str, options: tuple[str, ...] = ()) -> None:
        if name not in code:
            raise ValueError(f"no kernel {name} in the source")
        self.name = name

    def compile(self) -> None:
        pass

    def __call__(self, grid: Any, block: Any, args: Any) -> None:
        for array in args:
            if isinstance(array, ndarray):
                array.check_device()
        KERNELS[self.name](grid, block, args)
