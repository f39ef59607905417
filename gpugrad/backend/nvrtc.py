"""NVRTC, NVIDIA's compiler of CUDA C++, which needs neither a GPU nor a driver nor CuPy.

Its library alone is enough: that of the package ``nvidia-cuda-nvrtc``, or one that the system's
loader finds.

>>> from gpugrad.backend import nvrtc
>>> nvrtc.PACKAGE
'nvidia-cuda-nvrtc'
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

PACKAGE = "nvidia-cuda-nvrtc"
"""The distribution with the library."""

_FILE = re.compile(r"libnvrtc\.so\.(\d+)")
_LOADED_BY_NAME = ("libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so")

_SUCCESS, _COMPILATION = 0, 6


class NvrtcMissingError(RuntimeError):
    """There is no NVRTC here."""


def compile_to_cubin(source: str, name: str, options: Sequence[str]) -> tuple[bytes, str]:
    """Compile CUDA C++ to the machine code of one architecture.

    Args:
        source: the text.
        name: the name of the source in messages.
        options: the compiler's options, among them ``-arch=sm_<number>``.

    Returns:
        An ELF file, and what the compiler had to say: warnings, or nothing.

    Raises:
        NvrtcMissingError: there is no NVRTC.
        RuntimeError: it refuses the source or an option, with its messages.
    """
    library = _library()
    program = ctypes.c_void_p()
    created = library.nvrtcCreateProgram(
        ctypes.byref(program), source.encode(), name.encode(), 0, None, None
    )
    _check(created, name)
    try:
        given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
        status = library.nvrtcCompileProgram(program, len(options), given)
        log = _read(program, "ProgramLog").decode(errors="replace").strip("\0\n ")
        _check(status, name, log)
        return _read(program, "CUBIN"), log
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))


def version() -> tuple[int, int]:
    """The version of CUDA that the compiler belongs to, such as (13, 0).

    Raises:
        NvrtcMissingError: there is no NVRTC.
    """
    major, minor = ctypes.c_int(), ctypes.c_int()
    _check(_library().nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)), "nvrtcVersion")
    return major.value, minor.value


def architectures() -> tuple[str, ...]:
    """The compute capabilities that the compiler knows, such as "90".

    Raises:
        NvrtcMissingError: there is no NVRTC.
    """
    library, count = _library(), ctypes.c_int()
    _check(library.nvrtcGetNumSupportedArchs(ctypes.byref(count)), "nvrtcGetNumSupportedArchs")
    found = (ctypes.c_int * count.value)()
    _check(library.nvrtcGetSupportedArchs(found), "nvrtcGetSupportedArchs")
    return tuple(str(number) for number in found)


def _read(program: ctypes.c_void_p, what: str) -> bytes:
    library, size = _library(), ctypes.c_size_t()
    _check(getattr(library, f"nvrtcGet{what}Size")(program, ctypes.byref(size)), what)
    text = ctypes.create_string_buffer(size.value)
    _check(getattr(library, f"nvrtcGet{what}")(program, text), what)
    return text.raw


def _check(status: int, about: str, log: str = "") -> None:
    if status == _SUCCESS:
        return
    text = _library().nvrtcGetErrorString(status).decode()
    messages = f"\n{log}" if status == _COMPILATION and log else ""
    raise RuntimeError(f"{about}: {text}{messages}")


@functools.cache
def _library() -> ctypes.CDLL:
    refused = ""
    for place in _places():
        try:
            library = ctypes.CDLL(place)
        except OSError as error:
            refused = refused or (f": {error}" if "/" in place else "")
            continue
        library.nvrtcGetErrorString.restype = ctypes.c_char_p
        return library
    raise NvrtcMissingError(
        f"compiling kernels needs NVIDIA's compiler NVRTC{refused}. Install it with: "
        "pip install 'gpugrad[nvrtc]'"
    )


def _places() -> Iterator[str]:
    """Paths of the library in installed packages, the newest first, then its names."""
    package = importlib.util.find_spec("nvidia")
    folders = (package.submodule_search_locations if package else None) or ()
    files = [file for folder in folders for file in Path(folder).glob("*/lib/libnvrtc.so.*")]
    numbered = [(int(name[1]), str(file)) for file in files if (name := _FILE.fullmatch(file.name))]
    yield from (path for _, path in sorted(numbered, reverse=True))
    yield from _LOADED_BY_NAME
