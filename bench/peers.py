"""Who takes part: gpugrad, and every installed library that does the same work.

A contestant that is not installed, does not run on the device or cannot do a step is left out with
its reason, never silently.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .contest import BenchError, Step
from .steps.catalog import STEPS as TORCH_STEPS
from .steps.torch_api import EAGER, How

OURS = "gpugrad"
OURS_COMPILED = "gpugrad compiled"

PACKAGES = {
    "torch": "torch",
    "jax": "jax",
    "autograd": "autograd",
    "mygrad": "mygrad",
    "tinygrad": "tinygrad",
    "numpy": "numpy",
    "cupy": "cupy",
}
"""What ``--peers`` takes, and the package that has to be there for it."""

EVERYWHERE = ("cpu", "cuda")
ON = {
    "torch": EVERYWHERE,
    "jax": EVERYWHERE,
    "tinygrad": EVERYWHERE,
    "autograd": ("cpu",),
    "mygrad": ("cpu",),
    "numpy": ("cpu",),
    "cupy": ("cuda",),
}


@dataclass
class Contestant:
    """A library, with the steps that it has.

    Attributes:
        name: as in tables.
        steps: what builds each step, by name.
    """

    name: str
    steps: dict[str, Callable[[], Step]] = field(default_factory=dict)


class MissingError(BenchError):
    """A peer that was asked for cannot take part; says why."""


def installed(peer: str) -> bool:
    """Whether the peer's package is there; it is not imported."""
    return importlib.util.find_spec(PACKAGES[peer]) is not None


def available(device: str) -> list[str]:
    """The peers that are installed and run on the device."""
    return [peer for peer in PACKAGES if device in ON[peer] and installed(peer)]


def contestants(peers: list[str], device: str, threads: int) -> Iterator[Contestant]:
    """gpugrad eager and compiled, then the peers.

    Raises:
        MissingError: a peer is not installed, or does not run on the device.
    """
    gpugrad = importlib.import_module("gpugrad")
    yield _torch_api(OURS, gpugrad, device, EAGER)
    yield _torch_api(OURS_COMPILED, gpugrad, device, How(whole=gpugrad.compile))
    for peer in peers:
        if device not in ON[peer]:
            raise MissingError(f"{peer} does not run on {device}")
        if not installed(peer):
            raise MissingError(f"{peer} is not installed: pip install {PACKAGES[peer]}")
        yield from _MAKERS[peer](device, threads)


def _torch_api(name: str, torch: Any, device: str, how: How) -> Contestant:
    def builder(make: Callable[..., Step]) -> Callable[[], Step]:
        def build() -> Step:
            step = make(torch, device, how)
            if device == "cuda":
                step.synchronize = torch.cuda.synchronize
                step.peak_bytes = _peak_on_device(torch)
            elif name != "PyTorch" and name != "torch.compile":
                step.peak_bytes = _peak_on_host
            return step

        return build

    return Contestant(name, {step: builder(make) for step, make in TORCH_STEPS.items()})


def _peak_on_host(run: Callable[[], Any]) -> int:
    """The most that a step held beyond what was there before, of memory that Python knows of.

    NumPy reports its arrays to ``tracemalloc``; PyTorch and JAX do not.
    """
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        run()
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _peak_on_device(torch: Any) -> Callable[[Callable[[], Any]], int]:
    def peak(run: Callable[[], Any]) -> int:
        torch.cuda.synchronize()
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        run()
        torch.cuda.synchronize()
        return int(torch.cuda.max_memory_allocated() - before)

    return peak


def _torch(device: str, threads: int) -> Iterator[Contestant]:
    torch = importlib.import_module("torch")
    torch.set_num_threads(threads)
    if device == "cuda" and not torch.cuda.is_available():
        raise MissingError("this PyTorch has no CUDA: install a build that has")
    yield _torch_api("PyTorch", torch, device, EAGER)
    compiled = How(forward=torch.compile, update=torch.compile)
    contestant = _torch_api("torch.compile", torch, device, compiled)
    # One kernel over 500 parameters keeps its compiler busy for many minutes.
    del contestant.steps["optimizer"]
    yield contestant


def _jax(device: str, threads: int) -> Iterator[Contestant]:
    # Both are read when JAX first looks for its devices.
    eigen = "true" if threads > 1 else "false"
    flags = f"--xla_cpu_multi_thread_eigen={eigen} intra_op_parallelism_threads={threads}"
    os.environ.setdefault("XLA_FLAGS", flags)
    os.environ.setdefault("NPROC", str(threads))
    if device == "cpu":
        os.environ.setdefault("JAX_PLATFORMS", "cpu")
    jax = importlib.import_module("jax")
    importlib.import_module("jax.scipy.special")
    if device == "cuda" and jax.default_backend() != "gpu":
        raise MissingError("this JAX has no CUDA: pip install 'jax[cuda13]'")
    from .steps.jax_jit import STEPS

    yield _library("JAX jit", STEPS, jax)


def _tinygrad(device: str, threads: int) -> Iterator[Contestant]:
    os.environ.setdefault("DEV", "CPU" if device == "cpu" else "CUDA")
    os.environ.setdefault("THREADS", "0" if threads == 1 else "1")
    if device == "cpu" and shutil.which(os.environ.get("CC", "clang")) is None:
        raise MissingError("tinygrad compiles with clang, which is not there (CC can name it)")
    tinygrad = importlib.import_module("tinygrad")
    importlib.import_module("tinygrad.nn.optim")
    from .steps.tinygrad_jit import STEPS

    yield _library("tinygrad", STEPS, tinygrad)


def _over_numpy(name: str, package: str, steps: str) -> Callable[[str, int], Iterator[Contestant]]:
    def make(device: str, threads: int) -> Iterator[Contestant]:
        library = importlib.import_module(package)
        table = importlib.import_module(f"bench.steps.{steps}").STEPS
        yield _library(name, table, library, _peak_on_host)

    return make


def _cupy(device: str, threads: int) -> Iterator[Contestant]:
    cupy = importlib.import_module("cupy")
    from .steps.by_hand import STEPS

    contestant = _library("CuPy", STEPS, cupy)
    for name, build in contestant.steps.items():
        contestant.steps[name] = _synchronized(build, cupy.cuda.Device().synchronize)
    yield contestant


def _synchronized(build: Callable[[], Step], synchronize: Callable[[], Any]) -> Callable[[], Step]:
    def built() -> Step:
        step = build()
        step.synchronize = synchronize
        return step

    return built


def _library(
    name: str,
    steps: dict[str, Callable[[Any], Step]],
    library: Any,
    peak_bytes: Callable[[Callable[[], Any]], int | None] | None = None,
) -> Contestant:
    def builder(make: Callable[[Any], Step]) -> Callable[[], Step]:
        def build() -> Step:
            step = make(library)
            step.peak_bytes = peak_bytes or step.peak_bytes
            return step

        return build

    return Contestant(name, {step: builder(make) for step, make in steps.items()})


_MAKERS: dict[str, Callable[[str, int], Iterator[Contestant]]] = {
    "torch": _torch,
    "jax": _jax,
    "autograd": _over_numpy("autograd", "autograd", "hips_autograd"),
    "mygrad": _over_numpy("MyGrad", "mygrad", "mygrad_steps"),
    "tinygrad": _tinygrad,
    "numpy": _over_numpy("NumPy", "numpy", "by_hand"),
    "cupy": _cupy,
}
