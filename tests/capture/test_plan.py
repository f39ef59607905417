"""Planning: what is dropped, folded, placed and bound."""

from __future__ import annotations

import random
import sys
import tracemalloc
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor
from gpugrad.backend import cpu
from gpugrad.backend.arena import ALIGNMENT, arrange
from gpugrad.backend.noted_steps import Root
from gpugrad.backend.recorder import Recorder
from gpugrad.capture.plan import Plan, constant, lifetimes, needed
from tests.capture.training import drawn


def program_of(compiled: Any) -> Any:
    (program,) = [e.program for e in compiled._entries.values() if e.program is not None]
    return program


def replayed(function: Any, *shapes: tuple[int, ...]) -> Any:
    """A compiled function that has been traced, without gradients."""
    compiled = gpugrad.compile(function)
    for turn in range(4):
        compiled(*(drawn(turn + n, *shape) for n, shape in enumerate(shapes)))
    return compiled


def names(program: Any) -> list[str]:
    return [step.name for step in program._first.plan._steps]


# --- steps ---------------------------------------------------------------------------------------


def test_steps_that_nobody_needs_are_dropped() -> None:
    def function(x: Tensor) -> Any:
        x.exp().sum()
        (x * 5).tanh()
        return x + 1

    program = program_of(replayed(function, (3,)))
    assert len(program.trace.steps) > 1
    assert names(program) == ["add"]


def test_random_draws_stay() -> None:
    """Nobody looks at the numbers, but the next ones depend on them."""

    def function(x: Tensor) -> Any:
        gpugrad.rand(2)
        return x + 1

    program = program_of(replayed(function, (3,)))
    assert "uniform" in names(program)


@pytest.mark.parametrize("index", [slice(1, None), 1, -2, (None, 1), (..., slice(1, 2))])
def test_writes_to_memory_from_outside_stay(index: Any) -> None:
    kept = gpugrad.zeros(3)

    def function(x: Tensor) -> None:
        kept[index] = x[index] * 2

    compiled = replayed(function, (3,))
    compiled(gpugrad.ones(3))
    expected = gpugrad.zeros(3)
    expected[index] = 2
    assert kept.equal(expected)


def test_constants_are_computed_once() -> None:
    def function(x: Tensor) -> Any:
        table = (gpugrad.full((3,), 2.0) * 2 + 1).exp()
        return x + table

    compiled = replayed(function, (3,))
    plan = program_of(compiled)._first.plan
    assert len(plan.calls) == 1
    assert len(constant(plan._steps)) == len(plan._steps) - 1
    x = drawn(9, 3)
    assert compiled(x).equal(function(x))


def test_constants_that_are_written_to_are_none() -> None:
    def function(x: Tensor) -> Any:
        total = gpugrad.zeros(3)
        total += x
        total += x
        return total

    compiled = replayed(function, (3,))
    for turn in range(4):
        assert compiled(drawn(turn, 3)).equal(function(drawn(turn, 3)))


def test_views_are_no_steps() -> None:
    compiled = replayed(lambda x: x.t()[1:].reshape(-1)[::2].unsqueeze(0) + 1, (4, 3))
    assert set(names(program_of(compiled))) <= {"add", "reshape"}
    assert len(program_of(compiled)._first.plan.calls) <= 2


# --- memory --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_arrays_never_overlap_while_both_are_alive(seed: int) -> None:
    rng = random.Random(seed)
    lives = {}
    for _ in range(rng.randrange(1, 60)):
        first = rng.randrange(50)
        life = (first, rng.randrange(first, 50))
        lives[Root(None, 0, rng.choice([0, 1, 3, 64, 65, 200, 1000]), life[0])] = life
    places, total = arrange(lives)
    assert places.keys() == lives.keys()
    for one, (first, last) in lives.items():
        assert places[one] % ALIGNMENT == 0
        assert places[one] + one.nbytes <= total
        for other, (start, end) in lives.items():
            if one is not other and start <= last and first <= end:
                apart = (
                    places[one] + one.nbytes <= places[other]
                    or places[other] + other.nbytes <= places[one]
                )
                assert apart, (one, other)
    largest = max(
        sum(max(r.nbytes, 1) for r, (a, b) in lives.items() if a <= t <= b) for t in range(50)
    )
    assert total >= largest


@pytest.mark.parametrize("seed", range(12))
def test_random_programs(seed: int) -> None:
    """Memory is shared, and results are those of eager mode."""
    rng = random.Random(seed)
    plan = [(rng.randrange(6), rng.randrange(100), rng.randrange(100)) for _ in range(30)]

    def function(x: Tensor, y: Tensor) -> list[Tensor]:
        values = [x, y, x + 1]
        for kind, a, b in plan:
            one, other = values[a % len(values)], values[b % len(values)]
            made = [
                lambda p, q: p * q,
                lambda p, q: p.sin() + q,
                lambda p, q: p.t().clone().t() - q,
                lambda p, q: (p.clone().mul_(0.5)).add_(q),
                lambda p, q: p.sum(0, keepdim=True) + q * 0.1,
                lambda p, q: p.roll(1, 0).clamp(-2, 2) + q[:1],
            ][kind](one, other)
            values.append(made.clamp(-3, 3))
        return values[-3:]

    compiled = replayed(function, (4, 4), (4, 4))
    for turn in range(3):
        x, y = drawn(turn + 5, 4, 4), drawn(turn + 9, 4, 4)
        for mine, theirs in zip(compiled(x, y), function(x, y), strict=True):
            np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


def test_memory_is_shared() -> None:
    """A chain of ten arrays takes no more memory than two."""

    def function(x: Tensor) -> Any:
        for _ in range(10):
            x = (x * 2).sin()
        return x.sum()

    program = program_of(replayed(function, (1000,)))
    plan = program._first.plan
    single = 4 * 1000
    assert sum(r.nbytes for r in lifetimes(plan._steps)) >= 20 * single
    assert plan.arena_bytes <= 2 * (single + ALIGNMENT)


def test_no_growth() -> None:
    """A thousand replays leave nothing behind."""
    w = gpugrad.ones(64, requires_grad=True)
    optimizer = gpugrad.optim.Adam([w])

    def step(x: Tensor) -> Any:
        optimizer.zero_grad()
        loss = ((w * x) ** 2).sum()
        loss.backward()
        optimizer.step()
        return loss.detach()

    compiled = replayed(step, (64,))
    x = drawn(0, 64)
    tracemalloc.start()
    try:
        for _ in range(3000):  # until the interpreter's own lists of free objects are full
            compiled(x)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(1000):
            compiled(x)
        assert tracemalloc.get_traced_memory()[0] - before < 10_000
    finally:
        tracemalloc.stop()


# --- inputs --------------------------------------------------------------------------------------


def test_inputs_are_used_where_they_lie() -> None:
    """Without gradients, nothing is copied that is used as a whole."""
    compiled = replayed(lambda x, y: x @ y + y, (3, 3), (3, 3))
    inputs = program_of(compiled)._first.plan.inputs
    assert [i.copy for i in inputs] == [None, None]
    assert [len(i.places) for i in inputs] == [1, 2]


def test_inputs_are_copied_where_a_part_is_used() -> None:
    compiled = replayed(lambda x, y: x[1:] + y, (3,), (2,))
    first, second = program_of(compiled)._first.plan.inputs
    assert first.copy is not None
    assert second.copy is None


def test_inputs_are_copied_for_the_derivative() -> None:
    w = gpugrad.ones(3, requires_grad=True)
    compiled = replayed(lambda x: x * w, (3,))
    assert all(i.copy is not None for i in program_of(compiled)._first.plan.inputs)


def test_no_input_is_kept_alive() -> None:
    """After a replay the plan may hold the last arguments, and those of tracing, and no others."""
    compiled = replayed(lambda x: x + 1, (3,))
    arrays = [drawn(turn, 3).numpy() for turn in range(6)]
    counts = [sys.getrefcount(a) for a in arrays]
    for array in arrays:
        compiled(gpugrad.from_numpy(array))
    assert [sys.getrefcount(a) for a in arrays][:-1] == counts[:-1]


def test_plan_of_recorded_primitives() -> None:
    """Straight from the backend, without tensors."""
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    recorder = Recorder(cpu)
    with recorder.listen():
        recorder.ref(x)
        y = cpu.mul(cpu.add(x, 1), 2)
        cpu.exp(x)
        kept = recorder.ref(y)
    assert [s.name for s in recorder.steps] == ["add", "mul", "exp"]
    assert [s.name for s in needed(recorder.steps, {kept.root})] == ["add", "mul"]
    plan = Plan(cpu, recorder.steps, [x], [kept])
    other = np.ones((2, 3), np.float32)
    plan.run([other])
    np.testing.assert_array_equal(plan.array(kept), (other + 1) * 2)


def words(text: str) -> list[str]:
    return text.split()
