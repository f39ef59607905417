"""Random programs of primitives, with writes into parts and in place, rewritten and replayed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from gpugrad.backend.generated import Generated
from gpugrad.backend.launches.generated import GeneratedKernels
from tests.capture import rewriting
from tests.capture.rewriting import array, replayed

PROGRAMS = 150
Array = Any


class RandomProgram:
    """Some steps on square matrices and a bias, chosen by a seed, the same in each call."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def __call__(self, xp: Any, *arrays: Array) -> tuple[Array, ...]:
        self._random = random.Random(self._seed)
        *self._outside, self._bias = arrays
        self._values, self._others = list(self._outside), list[Array]()
        kinds = [self._compute, self._layer, self._write, self._gradient, self._loss]
        for _ in range(self._random.randint(4, 14)):
            kind = self._random.choice(kinds)
            self._values.append(kind(xp, *self._random.choices(self._values, k=2)))
        return (*self._random.sample(self._values, 3), *self._others)

    def _one(self, acts: list[Callable[[], Array]]) -> Array:
        return self._random.choice(acts)()

    def _compute(self, xp: Any, a: Array, b: Array) -> Array:
        return self._one(
            [
                lambda: xp.tanh(a),
                lambda: xp.add(a, b),
                lambda: xp.maximum(a, b),
                lambda: xp.mul(a, 0.5),
                lambda: xp.where(xp.gt(a, b), a, xp.neg(b)),
                lambda: xp.copy(a),
                lambda: xp.cumsum(a, 0),
            ]
        )

    def _layer(self, xp: Any, a: Array, b: Array) -> Array:
        return self._one(
            [
                lambda: xp.relu(xp.linear(a, b, self._bias)),
                lambda: xp.gelu(xp.linear(a, b, self._bias), "none"),
                lambda: xp.sigmoid(xp.add(xp.matmul(a, b), self._bias)),
            ]
        )

    def _write(self, xp: Any, a: Array, b: Array) -> Array:
        p = self._random.choice(self._outside)
        self._one(
            [
                lambda: xp.sub(p, xp.mul(a, 0.1), out=p),
                lambda: xp.mul(xp.tanh(a), 0.3, out=b),
                lambda: xp.setitem(b, self._random.randint(0, 3), self._bias),
                lambda: xp.fill(b[:2], 0.5),
            ]
        )
        return p

    def _gradient(self, xp: Any, a: Array, b: Array) -> Array:
        grad = self._one(
            [
                lambda: xp.relu_grad(xp.relu(a), b),
                lambda: xp.sigmoid_grad(a, b),
                lambda: xp.tanh_grad(a, b),
            ]
        )
        self._others.append(xp.column_sum(grad))
        return grad

    def _loss(self, xp: Any, a: Array, b: Array) -> Array:
        p = xp.sigmoid(a)
        error = xp.mse(p, b, "mean")
        self._others.append(error)
        grad = xp.sigmoid_grad(p, xp.mse_grad(p, b, xp.ones_like(error), 0.1))
        return self._random.choice([p, grad, grad])


@pytest.mark.usefixtures("host")
def test_random_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    # No compiler for each program: what kernels compute is tested elsewhere.
    monkeypatch.setattr(GeneratedKernels, "generated", Generated.generated)
    monkeypatch.setitem(rewriting.TOLERANCE, "float32", 3e-4)
    taken: set[str] = set()
    for seed in range(PROGRAMS):
        arrays = [array(4, 4, seed=k) for k in range(4)]
        taken.update(replayed(RandomProgram(seed), *arrays, array(4, seed=9)))
    assert taken >= {"generated", "bias_activation", "bias_activation_grad", "sigmoid_mse"}
