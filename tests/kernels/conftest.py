"""Every test that launches kernels runs twice: over the emulation, and on a GPU where there is one.

The GPU's half is marked ``cuda``.
"""

from __future__ import annotations

import functools
import importlib

import pytest

from tests.kernels.on_device import Machine

MACHINES = ("emulated", pytest.param("cuda", marks=pytest.mark.cuda))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module that launches kernels has `launch` among its names, which the fixture replaces."""
    if hasattr(metafunc.module, "launch"):
        metafunc.parametrize("machine", MACHINES, indirect=True)


@pytest.fixture(autouse=True)
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where the kernels of a test run."""
    name = str(getattr(request, "param", "emulated"))
    if name == "cuda":
        monkeypatch.setattr(request.module, "launch", gpu().launch)
    return name


@functools.cache
def gpu() -> Machine:
    return Machine(importlib.import_module("cupy"))
