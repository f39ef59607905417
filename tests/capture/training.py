"""Two runs of one training program, in eager mode and compiled, and what they must agree in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import gpugrad
from gpugrad import Tensor

STEPS = 12


def drawn(turn: int, *shape: int, dtype: str = "float32") -> Any:
    """Numbers that differ from step to step."""
    rng = np.random.default_rng(1000 * turn + sum(shape))
    return gpugrad.tensor(rng.standard_normal(shape).astype(dtype))


def classes(turn: int, count: int, number: int) -> Any:
    return gpugrad.tensor(np.random.default_rng(turn).integers(0, number, count))


class Job:
    """What a program trains, and its step.

    Attributes:
        step: the function that is compiled or not.
        feed: the step's arguments in a turn.
        watched: tensors that must be equal after every step.
        between: called before every step, outside of it.
        after: called with each result.
    """

    def __init__(
        self,
        step: Callable[..., Any],
        feed: Callable[[int], tuple[Any, ...]],
        watched: Callable[[], list[Tensor]],
        between: Callable[[int], None] | None = None,
        after: Callable[[Any], None] | None = None,
    ) -> None:
        self.step, self.feed, self.watched, self.between = step, feed, watched, between
        self.after = after


def histories(make: Callable[[], Job], steps: int = STEPS) -> tuple[list[Any], list[Any], Any]:
    """Results and watched arrays after each step: in eager mode and compiled; and the function."""
    eager, _ = history(make, lambda step: step, steps)
    compiled, function = history(make, gpugrad.compile, steps)
    return eager, compiled, function


def history(make: Callable[[], Job], wrap: Any, steps: int) -> tuple[list[Any], Any]:
    gpugrad.manual_seed(0)
    job = make()
    function = wrap(job.step)
    found = []
    for turn in range(steps):
        if job.between is not None:
            job.between(turn)
        result = function(*job.feed(turn))
        if job.after is not None:
            job.after(result)
        found.append([array(t) for t in tensors(result)] + [array(t) for t in job.watched()])
    return found, function


def tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [t for item in value for t in tensors(item)]
    return []


def array(tensor: Tensor) -> Any:
    return tensor.detach().cpu().numpy().copy()


def equal(found: Tensor, expected: Any) -> None:
    """The same numbers."""
    np.testing.assert_array_equal(array(found), np.asarray(expected.detach()))


def check(make: Callable[[], Job], steps: int = STEPS, plans: int = 1) -> Any:
    """Eager and compiled runs agree to the last bit, and the compiled one has replayed."""
    eager, compiled, function = histories(make, steps)
    for turn, (a, b) in enumerate(zip(eager, compiled, strict=True)):
        assert len(a) == len(b)
        for place, (one, other) in enumerate(zip(a, b, strict=True)):
            np.testing.assert_array_equal(other, one, err_msg=f"step {turn}, tensor {place}")
    assert programs(function) >= plans
    return function


def programs(function: Any) -> int:
    return sum(entry.program is not None for entry in function._entries.values())


def parameters(*modules: Any) -> Callable[[], list[Tensor]]:
    """Parameters, buffers and gradients of modules."""

    def found() -> list[Tensor]:
        everything = [t for m in modules for t in (*m.parameters(), *m.buffers())]
        return everything + [t.grad for t in everything if t.grad is not None]

    return found


def step_of(w: Tensor) -> Callable[[Tensor], None]:
    def step(x: Tensor) -> None:
        w.grad = None
        (w * x).sum().backward()

    return step


def same(found: Any, expected: Any) -> None:
    """Tensors of the same types and numbers, which want gradients or not alike."""
    mine, theirs = tensors(found), tensors(expected)
    assert len(mine) == len(theirs)
    for a, b in zip(mine, theirs, strict=True):
        assert a.dtype is b.dtype
        assert a.requires_grad == b.requires_grad
        np.testing.assert_array_equal(array(a), array(b))


def warm(function: Any, *shapes: tuple[int, ...]) -> None:
    """Let a function be traced."""
    for turn in range(3):
        function(*(drawn(turn, *shape) for shape in shapes))
