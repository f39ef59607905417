"""The CUDA kernels on the host: compiled by g++ and launched over NumPy arrays.

``emulation.h`` says what is emulated. With the environment variable ``EMULATION_SANITIZE`` set,
the kernels are compiled with the address and undefined-behaviour sanitizers; the process must then
have been started with the address sanitizer's library preloaded.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from gpugrad.backend import kernel_source
from gpugrad.backend.kernel_source import SUFFIXES, THREADS, Entry
from gpugrad.backend.kernels import check_arguments

HERE = Path(__file__).resolve().parent
FORWARD, BACKWARD, SHUFFLED = range(3)
"""In which order the threads of a block run between two barriers, and blocks."""

SANITIZED = bool(os.environ.get("EMULATION_SANITIZE"))
SANITIZED_TYPES = ("float32", "bfloat16")
TYPES = SANITIZED_TYPES if SANITIZED else SUFFIXES
"""The types that tests run over. Sanitizers make everything slow, and every kernel is one text for
all types; the sanitized
two differ in how many elements are moved at once."""

WARNINGS = ("-Wall", "-Wextra", "-Werror", "-Wno-unknown-pragmas")
FLAGS = ("-std=c++17", "-O1", "-fPIC", "-shared", "-fno-strict-aliasing", *WARNINGS)
SANITIZERS = ("-g1", "-O0", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")


def compiler() -> str:
    """g++; skips the calling test where there is none."""
    found = shutil.which("g++")
    if found is None:
        pytest.skip("the host emulation of kernels needs g++")
    return found


def inlined(stem: str) -> str:
    """A kernel source with its headers in it, and the 16-bit types emulated."""
    half = (HERE / "half_emulated.cuh").read_text(encoding="utf-8")
    return kernel_source.inline(kernel_source.folder() / f"{stem}.cu", {"half.cuh": half})


def host_source(stem: str, text: str | None = None, types: Sequence[str] = TYPES) -> str:
    """A kernel source as C++ for the host. ``text``: its inlined form, if not the real one."""
    text = inlined(stem) if text is None else text
    header = (HERE / "emulation.h").read_text(encoding="utf-8")
    entries = [entry for entry in kernel_source.entries().values() if entry.stem == stem]
    hooks = [f"EMULATED({entry.name}_{suffix})" for entry in entries for suffix in types]
    # The sources' list of types, without those that are not wanted.
    text = re.sub(
        r"^ +DEFINE\(\w+, (\w+)\) *(\\?)$",
        lambda line: line[0] if line[1] in types else line[2],
        text,
        flags=re.MULTILINE,
    )
    return "\n".join([header, text, *hooks, ""])


def start_build(code: str, sanitize: bool = SANITIZED) -> tuple[Path, Any]:
    """The library of some host source, and the process that is making it, if it is not there."""
    command = [compiler(), *FLAGS, *(SANITIZERS if sanitize else ())]
    key = hashlib.sha256("\0".join([code, *command, version()]).encode()).hexdigest()[:32]
    place = Path(tempfile.gettempdir()) / f"gpugrad-emulation-{os.getuid()}"
    place.mkdir(mode=0o700, exist_ok=True)
    if place.stat().st_uid != os.getuid():
        raise PermissionError(f"{place} belongs to somebody else")
    library = place / f"{key}.so"
    if library.exists():
        return library, None
    text = place / f"{key}.cpp"
    text.write_text(code, encoding="utf-8")
    unfinished = place / f"{key}.{os.getpid()}"
    process = subprocess.Popen(
        [*command, "-o", str(unfinished), str(text)], stderr=subprocess.PIPE, text=True
    )
    return library, (process, unfinished)


def finish_build(started: tuple[Path, Any]) -> Path:
    """Wait for what :func:`start_build` has started."""
    library, running = started
    if running is not None:
        process, unfinished = running
        messages = process.communicate()[1]
        if process.returncode:
            raise RuntimeError(f"g++ cannot compile the kernels:\n{messages}")
        unfinished.replace(library)
    return library


@functools.cache
def version() -> str:
    """What the compiler says of itself."""
    return subprocess.run(
        [compiler(), "--version"], capture_output=True, text=True, check=True
    ).stdout


@functools.cache
def emulated(stem: str) -> ctypes.CDLL:
    """The kernels of one source file. The first call builds all: that keeps all processors busy."""
    build_all()
    return ctypes.CDLL(str(finish_build(start_build(host_source(stem)))))


def build_all(sanitize: bool = SANITIZED) -> None:
    """Make all libraries, as many at a time as there are processors."""
    waiting = list(kernel_source.stems())
    running: list[tuple[Path, Any]] = []
    while waiting or running:
        while waiting and len(running) < (os.cpu_count() or 1):
            types = SANITIZED_TYPES if sanitize else SUFFIXES
            code = host_source(waiting.pop(), types=types)
            running.append(start_build(code, sanitize))
        finish_build(running.pop(0))


def launch(
    name: str,
    suffix: str,
    blocks: int,
    args: Sequence[Any],
    order: int = FORWARD,
    threads: int = THREADS,
    library: ctypes.CDLL | None = None,
) -> None:
    """Run kernel ``<name>_<suffix>`` with NumPy arrays and numbers for arguments."""
    entry = kernel_source.entries()[name]
    check_arguments(entry, suffix, args)
    library = library or emulated(entry.stem)
    function = getattr(library, f"emulated_{name}_{suffix}")
    run(library, function, blocks, threads, _values(entry, args), f"{name}_{suffix}", order)


def run(
    library: ctypes.CDLL,
    function: Any,
    blocks: int,
    threads: int,
    values: Sequence[Any],
    name: str,
    order: int = FORWARD,
) -> None:
    """Run a compiled kernel with values of C types for arguments."""
    pointers = (ctypes.c_void_p * len(values))(*(ctypes.addressof(v) for v in values))
    if function(pointers, ctypes.c_uint(blocks), ctypes.c_uint(threads), order):
        library.emulation_error.restype = ctypes.c_char_p
        raise RuntimeError(f"{name}: {library.emulation_error().decode()}")


def _values(entry: Entry, args: Sequence[Any]) -> list[Any]:
    values: list[Any] = []
    for parameter, value in zip(entry.parameters, args, strict=True):
        if parameter.array:
            address = 0 if value is None else value.ctypes.data
            values.append(ctypes.c_void_p(address))
        elif parameter.type == "double":
            values.append(ctypes.c_double(value))
        elif parameter.type == "Addresses":
            values.append((ctypes.c_longlong * value.array.size).from_buffer(value.array))
        else:
            values.append(ctypes.c_longlong(value))
    return values
