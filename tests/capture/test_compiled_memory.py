"""Memory of compiled functions: results that are held, arguments that share or are written to."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor
from gpugrad.backend.noted_steps import CaptureError
from tests.capture.training import array, drawn, equal, programs, step_of

# --- memory --------------------------------------------------------------------------------------


def test_held_results() -> None:
    compiled = gpugrad.compile(lambda x: (x * 2, x.exp().sum()))
    kept = [compiled(drawn(turn, 4)) for turn in range(10)]
    for turn, (double, total) in enumerate(kept):
        equal(double, drawn(turn, 4) * 2)
        equal(total, drawn(turn, 4).exp().sum())


@pytest.mark.parametrize("what", ["tensor", "NumPy view", "view", "detached"])
def test_held_gradients(what: str) -> None:
    """The gradient of one step stays as it is in the next."""
    w = gpugrad.ones(3, requires_grad=True)
    compiled = gpugrad.compile(step_of(w))
    kept: list[Any] = []
    for turn in range(12):
        compiled(drawn(turn, 3))
        assert w.grad is not None
        if what == "tensor":
            kept.append(w.grad)
        elif what == "NumPy view":
            kept.append(w.grad.numpy()[:])
        elif what == "view":
            kept.append(w.grad[:2])
        else:
            kept.append(w.grad.detach())
    for turn, grad in enumerate(kept):
        np.testing.assert_array_equal(np.asarray(grad), array(drawn(turn, 3))[: len(grad)])


def test_aliased_arguments() -> None:
    """The same tensor twice, and two that share memory, while one is written to."""

    def function(x: Tensor, y: Tensor) -> Any:
        x.add_(1)
        return x * y

    compiled = gpugrad.compile(function)
    for turn in range(12):
        a, b = drawn(turn, 3), drawn(turn + 30, 3)
        c, d = a.clone(), b.clone()
        if turn % 2:
            equal(compiled(a, b), function(c, d))
        else:
            equal(compiled(a, a), function(c, c))
        equal(a, c)
        equal(b, d)


def test_argument_written_to() -> None:
    """A buffer that is passed in; another one is no error."""
    compiled = gpugrad.compile(lambda total, x: total.add_(x))
    for _ in range(3):
        total, expected = gpugrad.zeros(3), gpugrad.zeros(3)
        for turn in range(6):
            result = compiled(total, drawn(turn, 3))
            expected.add_(drawn(turn, 3))
            assert result is total
            equal(total, expected)


def test_version_of_an_argument_written_to() -> None:
    """Autograd notices that a saved tensor was changed by a replay."""
    compiled = gpugrad.compile(lambda x: x.mul_(2))
    buffer = gpugrad.ones(3)
    for _ in range(4):
        compiled(buffer)
    w = gpugrad.ones(3, requires_grad=True)
    result = (w * buffer).sum()
    compiled(buffer)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        result.backward()


def test_argument_that_is_used_under_another_name() -> None:
    """A tensor of the surroundings, passed while tracing: later arguments do not replace it."""
    table = drawn(50, 3)
    compiled = gpugrad.compile(lambda x: x * 2 + table)
    for turn in range(12):
        x = table if turn < 5 else drawn(turn, 3)
        equal(compiled(x), x * 2 + table)


def test_argument_that_is_a_parameter() -> None:
    w = gpugrad.ones(3, requires_grad=True)
    compiled = gpugrad.compile(lambda x: (x * w).sum())
    for turn in range(6):
        w.grad = None
        result = compiled(w)
        result.backward()
        assert w.grad is not None
        equal(w.grad, 2 * w)
        with gpugrad.no_grad():
            w.add_(drawn(turn, 3))


def test_batches_of_a_data_set() -> None:
    """Parts of one large tensor: each lies elsewhere."""
    data = drawn(0, 12, 3)
    compiled = gpugrad.compile(lambda x, y: (x * 2).sum() + y.sum())
    for turn in range(10):
        x, y = data[turn : turn + 2], data[turn + 1 : turn + 3]
        equal(compiled(x, y), (x * 2).sum() + y.sum())


def test_argument_whose_memory_is_used_again() -> None:
    """What a call computed does not depend on what becomes of its arguments."""
    compiled = gpugrad.compile(lambda x: x + 1)
    x = gpugrad.zeros(3)
    results = []
    for turn in range(6):
        x.fill_(turn)
        results.append(compiled(x))
    assert [r[0].item() for r in results] == [1, 2, 3, 4, 5, 6]


def test_numpy_arrays_as_arguments() -> None:
    """They are no tensors, and would be frozen."""
    compiled = gpugrad.compile(lambda x, k: x * gpugrad.from_numpy(k))
    with pytest.raises(CaptureError, match="NumPy array"):
        compiled(drawn(0, 3), np.ones(3, np.float32))
    lenient = gpugrad.compile(lambda x, k: x * gpugrad.from_numpy(k), fullgraph=False)
    with pytest.warns(UserWarning, match="NumPy array"):
        lenient(drawn(0, 3), np.ones(3, np.float32))
    for turn in range(4):
        equal(lenient(drawn(turn, 3), np.full(3, turn, np.float32)), drawn(turn, 3) * turn)


# --- leaves made or given ------------------------------------------------------------------------


def test_leaf_made_inside() -> None:
    """A score function: the derivative by an argument, with a leaf of the function's own."""

    def score(x: Tensor) -> Any:
        own = x.detach().requires_grad_()
        (grad,) = gpugrad.autograd.grad((own**3).sum(), own)
        return grad

    compiled = gpugrad.compile(score)
    for turn in range(6):
        equal(compiled(drawn(turn, 3)), score(drawn(turn, 3)))
    assert programs(compiled) == 1


def test_new_leaf_as_an_argument_in_each_call() -> None:
    """It gets its gradient, one plan serves all, and none is kept alive."""

    def backward(x: Tensor) -> None:
        (x**2).sum().backward()

    compiled = gpugrad.compile(backward)
    seen = []
    for turn in range(8):
        x = drawn(turn, 3).requires_grad_()
        compiled(x)
        assert x.grad is not None
        equal(x.grad, 2 * x)
        seen.append(weakref.ref(x))
    del x
    gc.collect()
    assert programs(compiled) == 1
    assert sum(ref() is not None for ref in seen) <= 1  # the one that was traced
