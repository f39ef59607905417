"""Kernels compiled for any GPU, with or without one: what they use, and what is kept on disk.

What a kernel uses is read from the compiled code itself, an ELF file: attributes are records of a
format byte, an attribute byte and a value or a size of 16 bits; those below have a payload of two
words, a symbol's index and a number.

>>> from gpugrad.backend.kernel_report import ARCHITECTURES
>>> "90" in ARCHITECTURES
True
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from . import kernel_source, nvrtc
from .kernels import OPTIONS

ARCHITECTURES = ("75", "80", "86", "89", "90", "100", "120")
"""The compute capabilities that the kernels are tested for, without the dot."""

_SYMBOLS = 2  # ELF: the type of the section that holds the symbol table
_HAS_PAYLOAD = 4  # the format byte of an attribute whose 16 bits are a size
_STACK_BYTES, _REGISTERS = 0x11, 0x2F


@dataclass(frozen=True)
class Usage:
    """What one kernel uses on one architecture.

    Attributes:
        kernel: the entry point.
        architecture: the compute capability, such as "90".
        registers: for each thread.
        stack_bytes: of slow memory for each thread, for what does not fit into registers.
        shared_bytes: for each block.
    """

    kernel: str
    architecture: str
    registers: int
    stack_bytes: int
    shared_bytes: int


def compile_source(stem: str, architecture: str) -> tuple[bytes, str]:
    """Compile ``<stem>.cu``: the code, and what the compiler had to say.

    Raises:
        nvrtc.NvrtcMissingError: there is no compiler.
        RuntimeError: it refuses the source or the architecture.
    """
    options = (*OPTIONS, f"-arch=sm_{architecture}")
    about = f"{stem}.cu for sm_{architecture}"
    return nvrtc.compile_to_cubin(kernel_source.source(stem), about, options)


@dataclass(frozen=True)
class Report:
    """A source compiled for one architecture.

    Attributes:
        stem: the name of the source file without ``.cu``.
        architecture: the compute capability.
        log: the compiler's warnings; empty if there are none.
        kernels: what each kernel in it uses.
    """

    stem: str
    architecture: str
    log: str
    kernels: tuple[Usage, ...]


def compile_sources(stems: Sequence[str], architectures: Sequence[str]) -> Iterator[Report]:
    """Compile some sources for some architectures, on all processors; in the order given.

    Raises:
        RuntimeError: see :func:`compile_source`.
    """

    def report(job: tuple[str, str]) -> Report:
        code, log = compile_source(*job)
        return Report(*job, log, tuple(usage(code, job[1])))

    jobs = [(stem, architecture) for architecture in architectures for stem in stems]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        try:
            yield from pool.map(report, jobs)
        finally:
            pool.shutdown(cancel_futures=True)


def usage(code: bytes, architecture: str) -> list[Usage]:
    """What each kernel in some compiled code uses, by name."""
    sections = _sections(code)
    table = next(s for s in sections if s.type == _SYMBOLS)
    symbols = _symbol_names(table.data, sections[table.link].data)
    registers: dict[str, int] = {}
    stack: dict[str, int] = {}
    about_all = next(s for s in sections if s.name == ".nv.info")
    for attribute, symbol, value in _attributes(about_all.data):
        if attribute == _REGISTERS:
            registers[symbols[symbol]] = value
        elif attribute == _STACK_BYTES:
            stack[symbols[symbol]] = value
    shared = {s.name: s.size for s in sections if s.name.startswith(".nv.shared.")}
    return [
        Usage(name, architecture, count, stack.get(name, 0), shared.get(f".nv.shared.{name}", 0))
        for name, count in sorted(registers.items())
    ]


def cache_folder() -> Path:
    """CuPy's folder of compiled code, which need not be there."""
    return Path(os.environ.get("CUPY_CACHE_DIR", "~/.cupy/kernel_cache")).expanduser()


def clear() -> int:
    """Delete our compiled kernels from CuPy's folder of compiled code; how many files.

    CuPy names the files after a hash, so ours are known by the kernels in them.
    """
    folder = cache_folder()
    marks = [
        f"{name}_{suffix}\0".encode()
        for name in kernel_source.entries()
        for suffix in kernel_source.SUFFIXES
    ]
    removed = 0
    for file in folder.glob("*.cubin") if folder.is_dir() else ():
        code = file.read_bytes()
        if any(b"\0" + mark in code for mark in marks):
            file.unlink()
            removed += 1
    return removed


@dataclass(frozen=True)
class _Section:
    """A part of an ELF file; ``link`` is the number of another one, ``data`` what it holds."""

    name: str
    type: int
    link: int
    size: int
    data: bytes


def _sections(code: bytes) -> list[_Section]:
    (start,) = struct.unpack_from("<Q", code, 40)
    header_size, count, names_index = struct.unpack_from("<HHH", code, 58)
    headers = [
        struct.unpack_from("<IIQQQQIIQQ", code, start + i * header_size) for i in range(count)
    ]
    names = code[headers[names_index][4] :]
    return [
        _Section(_text(names, name), kind, link, size, code[offset : offset + size])
        for name, kind, _, _, offset, size, link, *_ in headers
    ]


def _symbol_names(table: bytes, names: bytes) -> list[str]:
    return [_text(names, start) for start, *_ in struct.iter_unpack("<IBBHQQ", table)]


def _text(names: bytes, start: int) -> str:
    return names[start : names.index(b"\0", start)].decode()


def _attributes(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Attribute, symbol and value of the records of that form."""
    at = 0
    while at + 4 <= len(data):
        form, attribute, size = struct.unpack_from("<BBH", data, at)
        at += 4
        if form == _HAS_PAYLOAD:
            if size == 8:
                yield (attribute, *struct.unpack_from("<II", data, at))
            at += size
