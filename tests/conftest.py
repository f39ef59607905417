"""Devices for tests, and a seal on everything that one test could leave behind for the next."""

from __future__ import annotations

import random
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.autograd.grad_mode import mode
from gpugrad.backend import BACKENDS, cublas, probe
from gpugrad.backend import cuda as cuda_backend
from gpugrad.backend.cpu import CPU
from gpugrad.backend.primitives import Primitives
from gpugrad.cuda import memory
from gpugrad.native import toolchain
from gpugrad.random import generator
from tests import host_cupy
from tests.native_switch import switched

DEVICES = ("cpu", "host", pytest.param("cuda", marks=pytest.mark.cuda))
"""For ``pytest.mark.parametrize("device", DEVICES, indirect=True)``, or a part of it.

``host`` is the CUDA backend over arrays that only pretend to be on a device.
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--require-gpu",
        action="store_true",
        help="tests that need a CUDA device fail where there is none, instead of being skipped",
    )
    parser.addoption(
        "--seed", type=int, default=0, help="what every test's random numbers start from (0)"
    )


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("cuda") is None:
        return
    reason = gpugrad.cuda.unavailable_reason()
    if reason is not None:
        if item.config.getoption("--require-gpu"):
            pytest.fail(f"--require-gpu was given, but: {reason}", pytrace=False)
        pytest.skip(f"needs a CUDA device: {reason}")


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Iterator[None]:
    """Tests that come to bfloat16 are skipped where NumPy cannot have it."""
    try:
        return (yield)
    except TypeError as error:
        if "needs the package ml_dtypes" in str(error) and find_spec("ml_dtypes") is None:
            pytest.skip(str(error))
        raise


# --- C code ---------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _numpy_replays(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is compiled is replayed by NumPy: hundreds of programs would be compiled to C."""
    if "generated" not in request.fixturenames:
        monkeypatch.setattr(CPU, "rewritten", Primitives.rewritten)


@pytest.fixture
def generated() -> Iterator[None]:
    """What is compiled is replayed by C programs."""
    if toolchain.compiler() is None:
        pytest.skip(f"needs C code: it is {toolchain.status()}")
    with switched(True):
        yield


# --- devices --------------------------------------------------------------------------------------


@pytest.fixture(params=DEVICES)
def device(request: pytest.FixtureRequest) -> str:
    """The device to give to the library: the test runs on ``cpu``, ``host`` and ``cuda``."""
    return device_named(request)


def device_named(request: pytest.FixtureRequest) -> str:
    """What ``device=`` should be for a fixture's parameter out of :data:`DEVICES`."""
    if request.param == "host":
        request.getfixturevalue("host")
        return "cuda"
    return str(request.param)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[host_cupy.Copies]:
    """The CUDA backend over the stand-in for CuPy; gives the count of copies."""
    yield from host_of(1, monkeypatch)


@pytest.fixture
def two_devices(monkeypatch: pytest.MonkeyPatch) -> Iterator[host_cupy.Copies]:
    """Like :func:`host`, with ``cuda:0`` and ``cuda:1``."""
    yield from host_of(2, monkeypatch)


def host_of(devices: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[host_cupy.Copies]:
    forget_cuda(monkeypatch)
    monkeypatch.setattr(cublas, "load", lambda module: host_cupy.Cublas())
    with host_cupy.installed(devices) as copies:
        probe.probe()
        copies.reset()
        yield copies
    BACKENDS.pop(host_cupy.ndarray, None)
    probe.probe.cache_clear()


def forget_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the library look for CUDA anew, now and after the test."""
    probe.probe.cache_clear()
    monkeypatch.setattr(cuda_backend, "_made", None)
    monkeypatch.setattr(generator, "_cuda_generators", {})
    monkeypatch.setattr(memory, "_watches", {})
    monkeypatch.setattr(memory, "_reserved_peak", {})
    monkeypatch.setattr(memory, "_hooked", type(memory._hooked)())


# --- the seal -------------------------------------------------------------------------------------


def settings() -> dict[str, Any]:
    """What a test must put back if it changes it."""
    return {
        "default dtype": gpugrad.get_default_dtype(),
        "print options": gpugrad.get_printoptions(),
        "grad mode": mode.enabled,
        "inference mode": mode.inference,
    }


def put_back(before: dict[str, Any]) -> None:
    gpugrad.set_default_dtype(before["default dtype"])
    gpugrad.set_printoptions(**before["print options"])
    mode.enabled, mode.inference = before["grad mode"], before["inference mode"]


@pytest.fixture(autouse=True)
def sealed(request: pytest.FixtureRequest) -> Iterator[None]:
    """Random numbers start from a seed and end as they were; settings left changed fail a test."""
    before = settings()
    random_state, cuda_seed = gpugrad.get_rng_state(), generator._cuda_seed
    seed = request.config.getoption("--seed")
    gpugrad.manual_seed(seed)
    random.seed(seed)
    np.random.seed(seed)
    yield
    gpugrad.set_rng_state(random_state)
    generator._cuda_seed = cuda_seed
    after = settings()
    put_back(before)
    left = [
        f"{name} is {after[name]}, was {before[name]}"
        for name in before
        if after[name] != before[name]
    ]
    assert not left, "the test left settings changed: " + "; ".join(left)
