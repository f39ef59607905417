"""The optimizers' kernels on the host against their composed forms in float64."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu
from gpugrad.backend.kernel_source import ADDRESSES
from tests.kernels.arrays import assert_near, compute, ordinary
from tests.kernels.emulation import BACKWARD, FORWARD, TYPES, launch
from tests.kernels.lists import Lists

Array = Any

SIZES = (1, 0, 3, 700, 5000, 40)
STEPS = 3
NO_SCALING = (None, None)
FIXED = (None, 0)
"""No hyperparameter in memory."""


def draw(suffix: str, start: tuple[float, ...], sizes: Any = SIZES) -> Lists:
    """Normally distributed numbers, of the size that ``start`` gives for each list."""
    values = [
        [ordinary(suffix, n, 10 * k + i, scale) for i, n in enumerate(sizes)]
        for k, scale in enumerate(start)
    ]
    for k in range(3, len(values)):  # means of squares are not negative
        values[k] = [np.abs(v) for v in values[k]]
    return Lists(suffix, values)


def check(lists: Lists, where: str, steps: int = STEPS, gradients: bool = True) -> None:
    """All lists agree, and the gradients, if they should be, are as they were."""
    if gradients:
        assert all(p.unchanged() for p in lists.placed[0]), where
    for k in range(int(gradients), len(lists.exact)):
        for value, place in zip(lists.exact[k], lists.placed[k], strict=True):
            # 16-bit states are rounded in every step, in float64 they are not.
            size = np.abs(value) + 0.05 * steps
            if place.array.itemsize == 2:
                size = size * 2.0**13 * (8 if lists.suffix == "bfloat16" else 1)
            assert_near(place.array, value, lists.suffix, size, 16, where=f"{where}, list {k}")
            assert place.unchanged(outside_only=True), where


@pytest.mark.parametrize("suffix", TYPES)
def test_sgd(suffix: str) -> None:
    for momentum, dampening, decay, nesterov, maximize in (
        (0.0, 0.0, 0.0, False, False),
        (0.0, 0.0, 0.1, False, True),
        (0.9, 0.0, 0.0, True, False),
        (0.9, 0.25, 0.1, False, True),
    ):
        lists = draw(suffix, (1.0, 1.0, 0.5) if momentum else (1.0, 1.0))
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
            numbers = (momentum, dampening, decay, *FIXED, *map(int, flags.values()))
            launch("sgd_step", suffix, 2, (*lists.table, lr, *NO_SCALING, *numbers), step % 2)
        check(lists, f"sgd {momentum} {flags}")


@pytest.mark.parametrize("suffix", TYPES)
def test_adam(suffix: str) -> None:
    for (decoupled, amsgrad, maximize), beta1 in zip(
        itertools.product((False, True), repeat=3), itertools.cycle((0.9, 0.0, 0.4)), strict=False
    ):
        lists = draw(suffix, (1.0, 1.0, 0.1, 0.5, 0.5)[: 5 if amsgrad else 4])
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
            numbers = (*settings.values(), *FIXED, *map(int, flags.values()))
            args = (*lists.table, lr, step, counter, *NO_SCALING, *numbers)
            launch("adam_step", suffix, 1 + turn, args, (FORWARD, BACKWARD)[turn % 2])
            assert step == exact and not counter.any()
        check(lists, f"adam {flags}")


@pytest.mark.parametrize("suffix", TYPES)
def test_rmsprop(suffix: str) -> None:
    for centered, momentum, maximize in itertools.product((False, True), (0.0, 0.9), (False, True)):
        count = 3 + centered + (momentum > 0)
        lists = draw(suffix, (1.0, 1.0, 0.0, 0.0, 0.0)[:count])
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
            numbers = (*settings.values(), *FIXED, int(centered), int(maximize))
            args = (*lists.table, lr, step, counter, *NO_SCALING, *numbers)
            launch("rmsprop_step", suffix, 3, args)
            assert step == exact and not counter.any()
        check(lists, f"rmsprop {centered} {momentum}")


@pytest.mark.parametrize("count", [ADDRESSES, ADDRESSES + 1])
def test_as_many_arrays_as_fit_and_one_more(count: int) -> None:
    lists = draw("float32", (1.0, 1.0), [i % 4 for i in range(count)])
    lr = np.array(0.5, np.float32)
    launch("sgd_step", "float32", 3, (*lists.table, lr, *NO_SCALING, 0.0, 0.0, 0.0, *FIXED, 0, 0))
    grads, params = lists.exact
    lists.exact[1] = [p - 0.5 * g for p, g in zip(params, grads, strict=True)]
    check(lists, f"{count} arrays")


# name, start of each list, whether it has a step count, numbers; of the optimizers' kernels
SCALED: dict[str, tuple[tuple[float, ...], bool, tuple[Any, ...]]] = {
    "sgd_step": ((1.0, 1.0, 0.5), False, (0.9, 0.1, 0.1, *FIXED, 0, 1)),
    "adam_step": ((1.0, 1.0, 0.1, 0.5), True, (0.9, 0.99, 1e-8, 0.1, *FIXED, 1, 0, 0)),
    "rmsprop_step": ((1.0, 1.0, 2.0, 0.5), True, (0.9, 1e-4, 0.1, 0.9, *FIXED, 0, 1)),
}


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("name", SCALED)
def test_gradients_are_divided_by_the_scale(name: str, suffix: str) -> None:
    start, counted, numbers = SCALED[name]
    scaled, plain = draw(suffix, (8.0, *start[1:])), draw(suffix, start)
    lr = np.array(0.01, "float64" if name == "adam_step" else compute(suffix))
    for lists, scale in ((scaled, np.array(8, np.float32)), (plain, None)):
        for k in range(2, len(start)):  # squares, for one
            for p in lists.placed[k]:
                p.array[...] = np.abs(p.array.astype("f8"))
        step, counter = np.array(2, np.float32), np.zeros(1, np.uint32)
        counts = (step, counter) if counted else ()
        found = np.zeros((), np.float32)
        launch(name, suffix, 2, (*lists.table, lr, *counts, scale, found, *numbers))
        assert step == 2 + counted
    for row, other in zip(scaled.placed, plain.placed, strict=True):
        for p, q in zip(row, other, strict=True):
            np.testing.assert_array_equal(p.array, q.array)
            assert p.unchanged(outside_only=True)
    assert all(p.unchanged() for p in plain.placed[0])
    assert not all(p.unchanged() for p in scaled.placed[0])


@pytest.mark.parametrize("name", SCALED)
def test_a_step_with_infinite_gradients_changes_nothing(name: str) -> None:
    start, counted, numbers = SCALED[name]
    lists = draw("float32", start)
    lr = np.array(0.01, "float64" if name == "adam_step" else "float32")
    step, counter = np.array(2, np.float32), np.zeros(1, np.uint32)
    counts = (step, counter) if counted else ()
    scaling = (np.array(8, np.float32), np.array(1, np.float32))
    launch(name, "float32", 2, (*lists.table, lr, *counts, *scaling, *numbers))
    assert lists.unchanged and step == 2 and not counter.any()


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("name", SCALED)
def test_hyperparameters_in_memory(name: str, suffix: str) -> None:
    """Each by itself and all together: as if they were given by value."""
    start, counted, numbers = SCALED[name]
    count = numbers.index(None)
    lr = np.array(0.01, "float64" if name == "adam_step" else compute(suffix))

    def taken(values: tuple[float, ...], memory: Any, varying: int) -> list[Any]:
        lists = draw(suffix, start, (5, 300))
        for place in lists.placed[2]:  # squares, for one
            place.array[...] = np.abs(place.array.astype("f8"))
        step, counter = np.array(2, np.float32), np.zeros(1, np.uint32)
        counts = (step, counter) if counted else ()
        args = (*lists.table, lr, *counts, *NO_SCALING, *values, memory, varying)
        launch(name, suffix, 2, (*args, *numbers[count + 2 :]))
        return [p.array for row in lists.placed[1:] for p in row]

    right = numbers[:count]
    expected = taken(right, None, 0)
    for varying in (*(1 << k for k in range(count)), (1 << count) - 1):
        chosen = [varying >> k & 1 for k in range(count)]
        memory = np.where(chosen, right, 0.3)
        values = tuple(0.7 if one else n for one, n in zip(chosen, right, strict=True))
        for found, wanted in zip(taken(values, memory, varying), expected, strict=True):
            np.testing.assert_array_equal(found, wanted)


def test_no_parameters_at_all() -> None:
    step, counter = np.array(0, np.float32), np.zeros(1, np.uint32)
    numbers = (0.9, 0.99, 1e-8, 0.0, *FIXED, 0, 0, 0)
    table = Lists("float32", [[], []]).table
    args = (*table, np.array(0.1), step, counter, *NO_SCALING, *numbers)
    launch("adam_step", "float32", 1, args)
    assert step == 1
