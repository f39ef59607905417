"""The optimizers' kernels on the host against their composed forms in float64."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu
from tests.kernels.arrays import Placed, assert_near, compute, numpy_dtype, ordinary
from tests.kernels.emulation import BACKWARD, FORWARD, TYPES, launch

Array = Any

SIZES = (1, 0, 3, 700, 1500)
CHUNK = 512
STEPS = 3


class Lists:
    """Lists of arrays of the same sizes, in float64 and as the kernel sees them."""

    def __init__(self, suffix: str, lists: int, start: tuple[float, ...]) -> None:
        self.suffix = suffix
        self.exact: list[list[Array]] = []
        self.placed: list[list[Placed]] = []
        for k in range(lists):
            scale = start[k]
            values = [ordinary(suffix, n, 10 * k + i, scale) for i, n in enumerate(SIZES)]
            if k >= 3:  # means of squares are not negative
                values = [np.abs(v) for v in values]
            self.exact.append(values)
            dtype = numpy_dtype(suffix)
            # One array is aligned in all lists, one in none, one differs between the lists.
            offsets = [0, 0, 1, 1, k % 2]
            pairs = zip(values, offsets, strict=True)
            self.placed.append([Placed(v, dtype, off) for v, off in pairs])
        self.chunks = np.array(
            [
                (i, first, min(CHUNK, n - first))
                for i, n in enumerate(SIZES)
                for first in range(0, n, CHUNK)
            ],
            np.int64,
        )
        self.pointers = np.array(
            [[p.array.ctypes.data for p in row] for row in self.placed], np.int64
        )

    @property
    def table(self) -> tuple[Any, ...]:
        return (self.pointers, self.chunks, len(SIZES), len(self.chunks))

    def check(self, where: str) -> None:
        """All lists agree, and the gradients are as they were."""
        assert all(p.unchanged() for p in self.placed[0]), where
        for k in range(1, len(self.exact)):
            for value, place in zip(self.exact[k], self.placed[k], strict=True):
                # 16-bit states are rounded in every step, in float64 they are not.
                size = np.abs(value) + 0.05 * STEPS
                if place.array.itemsize == 2:
                    size = size * 2.0**13 * (8 if self.suffix == "bfloat16" else 1)
                assert_near(place.array, value, self.suffix, size, 16, where=f"{where}, list {k}")
                assert place.unchanged(outside_only=True), where


@pytest.mark.parametrize("suffix", TYPES)
def test_sgd(suffix: str) -> None:
    for momentum, dampening, decay, nesterov, maximize in (
        (0.0, 0.0, 0.0, False, False),
        (0.0, 0.0, 0.1, False, True),
        (0.9, 0.0, 0.0, True, False),
        (0.9, 0.25, 0.1, False, True),
    ):
        lists = Lists(suffix, 3 if momentum else 2, (1.0, 1.0, 0.5))
        grads, params = lists.exact[0], lists.exact[1]
        buffers = lists.exact[2] if momentum else []
        lr = np.array(0.05, compute(suffix))
        flags = {"nesterov": nesterov, "maximize": maximize}
        for step in range(STEPS):
            cpu.sgd_step(
                params,
                grads,
                buffers,
                lr.astype(np.float64),
                cpu.step_scratch(params),
                momentum=momentum,
                dampening=dampening,
                weight_decay=decay,
                **flags,
            )
            args = (*lists.table, lr, momentum, dampening, decay, *map(int, flags.values()))
            launch("sgd_step", suffix, 2, args, step % 2)
        lists.check(f"sgd {momentum} {flags}")


@pytest.mark.parametrize("suffix", TYPES)
def test_adam(suffix: str) -> None:
    for (decoupled, amsgrad, maximize), beta1 in zip(
        itertools.product((False, True), repeat=3), itertools.cycle((0.9, 0.0, 0.4)), strict=False
    ):
        lists = Lists(suffix, 5 if amsgrad else 4, (1.0, 1.0, 0.1, 0.5, 0.5))
        grads, params, means, squares = lists.exact[:4]
        highest = lists.exact[4] if amsgrad else []
        lr, step, exact = np.array(0.01), np.array(4, np.float32), np.array(4, np.float32)
        counter = np.zeros(1, np.uint32)
        settings: dict[str, Any] = {"beta1": beta1, "beta2": 0.99, "eps": 1e-8, "weight_decay": 0.1}
        flags = {"decoupled": decoupled, "amsgrad": amsgrad, "maximize": maximize}
        for turn in range(STEPS):
            cpu.adam_step(
                params,
                grads,
                means,
                squares,
                highest,
                lr,
                exact,
                cpu.step_scratch(params),
                **settings,
                **flags,
            )
            args = (*lists.table, lr, step, counter, *settings.values(), *map(int, flags.values()))
            launch("adam_step", suffix, 1 + turn, args, (FORWARD, BACKWARD)[turn % 2])
            assert step == exact and not counter.any()
        lists.check(f"adam {flags}")


@pytest.mark.parametrize("suffix", TYPES)
def test_rmsprop(suffix: str) -> None:
    for centered, momentum, maximize in itertools.product((False, True), (0.0, 0.9), (False, True)):
        count = 3 + centered + (momentum > 0)
        lists = Lists(suffix, count, (1.0, 1.0, 0.0, 0.0, 0.0))
        grads, params, squares = lists.exact[:3]
        for k in range(len(SIZES)):  # above the square of the mean
            squares[k] += 3.0
            lists.placed[2][k].array[...] = 3.0
        means = lists.exact[3] if centered else []
        buffers = lists.exact[-1] if momentum else []
        lr, step = np.array(0.01, compute(suffix)), np.array(0, np.float32)
        exact, counter = step.copy(), np.zeros(1, np.uint32)
        settings: dict[str, Any] = {
            "alpha": 0.9,
            "eps": 1e-4,
            "weight_decay": 0.1,
            "momentum": momentum,
        }
        for _ in range(STEPS):
            cpu.rmsprop_step(
                params,
                grads,
                squares,
                means,
                buffers,
                lr.astype(np.float64),
                exact,
                cpu.step_scratch(params),
                centered=centered,
                maximize=maximize,
                **settings,
            )
            args = (*lists.table, lr, step, counter, *settings.values(), int(centered))
            launch("rmsprop_step", suffix, 3, (*args, int(maximize)))
            assert step == exact and not counter.any()
        lists.check(f"rmsprop {centered} {momentum}")


def test_no_parameters_at_all() -> None:
    step, counter = np.array(0, np.float32), np.zeros(1, np.uint32)
    nothing = np.zeros(1, np.int64)
    numbers = (0.9, 0.99, 1e-8, 0.0, 0, 0, 0)
    launch(
        "adam_step", "float32", 1, (nothing, nothing, 0, 0, np.array(0.1), step, counter, *numbers)
    )
    assert step == 1
