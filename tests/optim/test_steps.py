"""The backend's steps by themselves: what a recorded and replayed step relies on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpugrad.backend import backend_of, optimizer_steps
from gpugrad.backend.cpu import CPU

SGD = {
    "momentum": 0.0,
    "dampening": 0.0,
    "weight_decay": 0.0,
    "nesterov": False,
    "maximize": False,
}
ADAM = {
    "beta1": 0.9,
    "beta2": 0.999,
    "eps": 1e-8,
    "weight_decay": 0.1,
    "decoupled": True,
    "amsgrad": False,
    "maximize": False,
}


def test_the_learning_rate_is_read_at_every_call() -> None:
    params, grads = [np.ones(3, "f4")], [np.ones(3, "f4")]
    backend = backend_of(params[0])
    scratch = backend.step_scratch(params)
    lr = np.full((), 0.5, "f4")
    backend.sgd_step(params, grads, [], lr, scratch, **SGD)
    lr[...] = 0.25
    backend.sgd_step(params, grads, [], lr, scratch, **SGD)
    assert params[0].tolist() == [0.25, 0.25, 0.25]


class Composed(CPU):
    """NumPy with Adam's scalars calculated in arrays, as on a device."""

    adam_scalars = optimizer_steps.OptimizerSteps.adam_scalars


def run_adam(backend: Any, steps: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(1)
    params = [rng.standard_normal(5).astype("f4")]
    averages, squares = [np.zeros(5, "f4")], [np.zeros(5, "f4")]
    lr, step = np.full((), 0.1), np.zeros((), "f4")
    scratch = backend.step_scratch(params)
    for _ in range(steps):
        grads = [rng.standard_normal(5).astype("f4")]
        backend.adam_step(params, grads, averages, squares, [], lr, step, scratch, **ADAM)
    return params[0], step


def test_scalars_are_the_same_on_the_host_and_in_arrays() -> None:
    for backend in (Composed(), CPU()):
        params, step = run_adam(backend, 12)
        assert step.item() == 12
        assert step.dtype == np.float32
        assert params.tolist() == run_adam(CPU(), 12)[0].tolist()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_scratch_is_shared_by_all_parameters(dtype: str) -> None:
    params = [np.ones((2, 3), dtype), np.ones((), dtype), np.ones((0, 4), dtype)]
    scratch = backend_of(params[0]).step_scratch(params)
    assert [s.shape for s in scratch.first] == [(2, 3), (), (0, 4)]
    assert np.shares_memory(scratch.first[0], scratch.first[1])
    assert not np.shares_memory(scratch.first[0], scratch.second[0])
    assert scratch.first[0].dtype == (dtype if dtype != "float16" else "float32")


def test_half_precision_is_rounded_once() -> None:
    params, grads = [np.full(1, 1.0, "f2")], [np.full(1, 0.7, "f2")]
    backend = backend_of(params[0])
    lr = np.full((), 1e-3, "f4")
    backend.sgd_step(params, grads, [], lr, backend.step_scratch(params), **SGD)
    assert params[0][0] == np.float16(1 - np.float32(1e-3) * np.float32(grads[0][0]))


def test_constants_are_kept_but_not_for_ever() -> None:
    backend = CPU()
    first = backend.constant(0.5, "float32")
    assert backend.constant(0.5, "float32") is first
    assert backend.constant(0.5, "float64").dtype == np.float64
    for i in range(300):
        backend.constant(i / 7, "float32")
    assert len(backend._constants) <= 256
    assert backend.constant(0.5, "float32").item() == 0.5
