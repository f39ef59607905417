"""``gpugrad info``: what is installed and what can be computed on, for a person or a bug report."""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Iterator
from importlib import metadata

import numpy as np

import gpugrad
from gpugrad.native import blas, toolchain

_OPTIONAL = ("safetensors", "matplotlib", "rich", "scikit-learn")
_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")


def run() -> int:
    """Print one line a fact; always 0."""
    for name, fact in facts():
        print(f"{name:<14}{fact}")
    return 0


def facts() -> Iterator[tuple[str, str]]:
    """The names and values that `run` prints."""
    yield "gpugrad", gpugrad.__version__
    yield "python", f"{platform.python_version()} ({platform.platform()})"
    yield "numpy", np.__version__
    yield "cupy", _cupy()
    for name in _OPTIONAL:
        yield name, _version(name) or "not installed"
    yield "blas", _blas()
    yield "cpu", f"{os.cpu_count()} cores, blas threads: {_blas_threads()}"
    yield "native", toolchain.status()
    reason = gpugrad.cuda.unavailable_reason()
    if reason is not None:
        yield "cuda", f"not usable: {' '.join(reason.split())}"
        return
    for i in range(gpugrad.cuda.device_count()):
        yield f"cuda:{i}", gpugrad.cuda.get_device_name(i)


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _cupy() -> str:
    """Version and wheel of CuPy, which is published under one name for each CUDA release."""
    names = ("cupy-cuda13x", "cupy-cuda12x", "cupy")
    found = [f"{version} ({name})" for name in names if (version := _version(name))]
    return ", ".join(found) or "not installed"


def _blas() -> str:
    """The library that NumPy was built with, which does the CPU's matrix products."""
    build = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{build['name']} {build['version']}"


def _blas_threads() -> str:
    """Threads of the loaded library, or what the environment asks for where nobody can ask it."""
    if (number := blas.threads()) is not None:
        return str(number)
    try:
        threadpoolctl = importlib.import_module("threadpoolctl")
    except ImportError:
        asked = [f"{v}={os.environ[v]}" for v in _THREAD_VARIABLES if v in os.environ]
        return ", ".join(asked) or "the library's default"
    pools = [p for p in threadpoolctl.threadpool_info() if p["user_api"] == "blas"]
    return ", ".join(str(p["num_threads"]) for p in pools) or "unknown"
