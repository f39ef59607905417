"""What replays on the stand-in device make of recorded primitives."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gpugrad.backend import get_backend
from gpugrad.backend.recorder import Recorder
from gpugrad.capture.plan import Plan
from gpugrad.device import device
from tests import host_cupy

Array = Any
TOLERANCE = {"float64": 1e-12, "float32": 2e-6, "float16": 4e-3}


def array(*shape: int, dtype: str = "float32", seed: int = 0) -> Array:
    """Normally distributed numbers in device memory."""
    values = np.random.default_rng(seed + math.prod(shape)).standard_normal(shape).astype(dtype)
    return host_cupy.module.array(values)


def replayed(function: Callable[..., Any], *arrays: Array) -> list[str]:
    """The names of the steps that a replay of a function of primitives and arrays takes.

    Checks that two replays, the first one without a graph, give the results that the function
    gives, and leave the arrays as it does.
    """
    xp = get_backend(device("cuda"))
    before = [a.get() for a in arrays]

    def restore() -> None:
        for a, values in zip(arrays, before, strict=True):
            a[...] = host_cupy.module.array(values)

    recorder = Recorder(xp)
    with recorder.listen():
        for a in arrays:
            recorder.ref(a)
        found = function(xp, *arrays)
        results = [recorder.ref(r) for r in (found if isinstance(found, tuple) else (found,))]
    expected = [r.array.get() for r in results] + [a.get() for a in arrays]
    restore()
    plan = Plan(xp, recorder.steps, [], results)
    for _ in range(2):
        restore()
        plan.run([])
        for have, want in zip([*map(plan.array, results), *arrays], expected, strict=True):
            rtol = TOLERANCE[have.dtype.name] if have.dtype.kind == "f" else 0
            np.testing.assert_allclose(have.get(), want, rtol=rtol, atol=rtol)
    return [step.name for step in plan._steps]
