"""C sources compiled when first used, and kept on the disk for later processes.

A library is stored under a hash of all that its machine code depends on: the source with our
headers in it, the flags, the compiler and the processor. Behind the code stands a checksum, so that
a damaged file is compiled anew instead of being run. When a library is added, those that were not
used for longest make room, see :mod:`.pruning`.

>>> from gpugrad.native import toolchain
>>> library = toolchain.load("double twice(double x) { return 2 * x; }")
>>> library is None or library.twice is not None
True
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from pathlib import Path

from ..atomic_file import replace_file
from ..backend import kernel_source
from .pruning import mark_used, prune

SWITCH = "GPUGRAD_NATIVE"
"""Set to 0 in the environment, it leaves everything to NumPy."""

FOLDER = "GPUGRAD_CACHE_DIR"
"""The environment's name for the folder of compiled code."""

COMPILERS = ("cc", "gcc", "clang")

FLAGS = (
    "-std=gnu11",
    "-O3",
    "-march=native",
    # The same formula must give the same bits wherever the compiler puts it.
    "-ffp-contract=off",
    # Nobody reads errno or the floating-point flags: without them, loops become vector code.
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fwrapv",  # integers overflow as NumPy's do
    "-fPIC",
    "-shared",
    "-pthread",
)

LONGEST = 120
"""Seconds after which a compilation is given up."""

_CHECKSUM = hashlib.sha256().digest_size

_lock = threading.RLock()
_loaded: dict[str, ctypes.CDLL | None] = {}
_warned = False


@functools.cache
def compiler() -> tuple[str, ...] | None:
    """The command that compiles C: ``$CC``, or the first of :data:`COMPILERS` that is there."""
    if os.name != "posix":
        return None
    asked = shlex.split(os.environ.get("CC", ""))
    for command in ([asked] if asked else []) + [[name] for name in COMPILERS]:
        path = shutil.which(command[0])
        if path is not None:
            return (path, *command[1:])
    return None


@functools.cache
def available() -> bool:
    """Whether C code may be used; says nothing about whether the compiler works."""
    return os.environ.get(SWITCH) != "0" and compiler() is not None


def status() -> str:
    """For a person: which compiler is used, or why none is."""
    if os.environ.get(SWITCH) == "0":
        return f"off ({SWITCH}=0)"
    command = compiler()
    if command is None:
        return f"off (no C compiler: none of {', '.join(COMPILERS)} was found)"
    version = _version(command)
    return f"on ({shlex.join(command)}: {version.partition(chr(10))[0] or 'does not run'})"


def folder() -> Path:
    """Where compiled code is kept."""
    chosen = os.environ.get(FOLDER)
    if chosen:
        return Path(chosen).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "gpugrad"


def load(source: str) -> ctypes.CDLL | None:
    """The library made of a C source; None without a compiler, or if it fails, with one warning.

    Args:
        source: C11. It may include our own headers, ``"native_math.h"`` and its like.
    """
    if not available():
        return None
    with _lock:
        if source not in _loaded:
            _loaded[source] = _load(kernel_source.inline_text("generated.c", source))
        return _loaded[source]


def _load(text: str) -> ctypes.CDLL | None:
    command = compiler()
    assert command is not None
    path = folder() / f"{_key(text, command)}.so"
    code = _whole(path)
    if code is None:
        code = _compiled(text, command)
        if code is None:
            return None
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(str(path), code + hashlib.sha256(code).digest())
        except OSError:  # a full or read-only disk
            return _opened_once(code)
        prune(path.parent)
    else:
        mark_used(path)
    try:
        return ctypes.CDLL(str(path))
    except OSError:  # deleted by another process meanwhile, as a rule
        return _opened_once(code)


def _opened_once(code: bytes) -> ctypes.CDLL | None:
    """The library of this process only; its file is gone when it has been loaded."""
    with tempfile.TemporaryDirectory(prefix="gpugrad-") as scratch:
        path = Path(scratch) / "library.so"
        path.write_bytes(code)
        try:
            return ctypes.CDLL(str(path))
        except OSError as error:
            _warn(str(error))
            return None


def _whole(path: Path) -> bytes | None:
    """The code of a library that is as it was written; running a damaged one could end the process.

    None where it is not, or where there is none.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    code = data[:-_CHECKSUM]
    return code if hashlib.sha256(code).digest() == data[-_CHECKSUM:] else None


def _compiled(text: str, command: tuple[str, ...]) -> bytes | None:
    with tempfile.TemporaryDirectory(prefix="gpugrad-") as scratch:
        source, result = Path(scratch) / "source.c", Path(scratch) / "library.so"
        source.write_text(text, encoding="utf-8")
        call = [*command, *FLAGS, "-o", str(result), str(source), "-lm"]
        try:
            done = subprocess.run(
                call, capture_output=True, text=True, errors="replace", timeout=LONGEST
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            _warn(str(error))
            return None
        if done.returncode != 0 or not result.is_file():
            _warn(done.stderr.strip()[-2000:] or f"it ended with status {done.returncode}")
            return None
        return result.read_bytes()


def _warn(message: str) -> None:
    global _warned
    if not _warned:
        _warned = True
        warnings.warn(
            f"the C compiler failed, so NumPy computes instead ({SWITCH}=0 turns C code off): "
            f"{message}",
            UserWarning,  # the package keeps NumPy's RuntimeWarnings to itself
            stacklevel=2,
        )


def _key(text: str, command: tuple[str, ...]) -> str:
    parts = (text, *FLAGS, *command, _version(command), processor(), platform.platform())
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


@functools.cache
def _version(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout


@functools.cache
def processor() -> str:
    """The processor's model and abilities, which ``-march=native`` goes by."""
    names = ("model name", "flags", "Features", "CPU implementer", "CPU part")
    found = {}
    if sys.platform.startswith("linux"):
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if not line.strip():
                    break  # the other processors are alike
                if name.strip() in names:
                    found[name.strip()] = value.strip()
    return f"{platform.machine()} {platform.processor()} {found}"
