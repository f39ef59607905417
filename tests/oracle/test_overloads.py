"""The ways to call each function, against PyTorch: values, gradients, node names, refusals.

Each expression is evaluated in both libraries over tensors made anew. What comes before the last
semicolon are statements.
"""

from __future__ import annotations

import math
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gpugrad
from tests.oracle.comparison import is_tensor, plain
from tests.oracle.expressions import (
    overloads_inplace,
    overloads_picking,
    overloads_pointwise,
    overloads_shape,
)

torch = pytest.importorskip("torch")

EXPRESSIONS = [
    line
    for module in (overloads_pointwise, overloads_shape, overloads_picking, overloads_inplace)
    for line in module.EXPRESSIONS.splitlines()
]

LEAVES = ("x", "y", "v", "s", "d", "x3", "w")


def names(lib: ModuleType) -> dict[str, Any]:
    """What the expressions may use."""
    lib.manual_seed(0)
    x = [[0.3, -1.2, 2.0], [0.1, 0.2, -0.4]]
    y = [[1.5, 0.7, -0.3], [2.1, -0.2, 0.4]]
    edges = [math.nan, math.inf, -math.inf, 1.0, -0.0, 0.0]
    return {
        "torch": lib,
        "T": lib.tensor,
        "F": lib.nn.functional,
        "math": math,
        "np": np,
        "inf": math.inf,
        "nan": math.nan,
        "x": lib.tensor(x, requires_grad=True),
        "y": lib.tensor(y, requires_grad=True),
        "c": lib.tensor(x, requires_grad=True) * 1,
        "v": lib.tensor([1.0, 2.0, 3.0], requires_grad=True),
        "s": lib.tensor(2.0, requires_grad=True),
        "d": lib.tensor([[4.0, 1.0], [1.0, 3.0]], dtype=lib.float64, requires_grad=True),
        "x3": lib.arange(24.0).reshape(2, 3, 4).requires_grad_(),
        "w": lib.tensor(edges, requires_grad=True),
        "h": lib.tensor([0.5, 1.5], dtype=lib.float16),
        "i": lib.tensor([2, 0]),
        "I": lib.tensor([[1, 2, 3], [4, 5, 6]]),
        "J": lib.tensor([[2, -2, 3], [-4, 2, 1]]),
        "u": lib.tensor([1, 2, 250], dtype=lib.uint8),
        "b": lib.tensor([[True, False, True], [False, False, True]]),
        "e": lib.empty(0),
        "o": lib.empty(2, 3),
        "oi": lib.empty(2, 3, dtype=lib.int64),
    }


def results(value: Any) -> list[Any]:
    if isinstance(value, (tuple, list)) and type(value).__name__ != "Size":
        return [part for item in value for part in results(item)]
    return [value]


def evaluated(lib: ModuleType, source: str) -> tuple[str, list[Any], list[Any]]:
    """An error with its text, or results and the gradients of a sum over them."""
    space = names(lib)
    *statements, expression = source.split(";")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for statement in statements:
                exec(statement.strip(), space)
            found = results(eval(expression.strip(), space))
        except Exception as error:
            return f"{type(error).__name__}: {plain(str(error)).splitlines()[0]}", [], []
        outputs = [r for r in found if is_tensor(r) and r.requires_grad and not r.is_leaf]
        grads: list[Any] = []
        if outputs:
            leaves = [space[n] for n in LEAVES if space[n].requires_grad and space[n].is_leaf]
            total = sum((r * (r.detach() * 0.37).cos()).sum() for r in outputs)
            try:
                grads = list(lib.autograd.grad(total, leaves, allow_unused=True))
            except RuntimeError as error:
                return f"no gradient: {plain(str(error)).splitlines()[0]}", found, []
    return "", found, grads


def elements(tensor: Any) -> Any:
    return np.asarray(tensor.detach().double().tolist(), np.float64).reshape(tuple(tensor.shape))


def same(mine: Any, theirs: Any, where: str) -> None:
    if not is_tensor(theirs):
        assert plain(repr(mine)) == plain(repr(theirs)), where
        return
    assert isinstance(mine, gpugrad.Tensor)
    assert str(mine.dtype) == str(theirs.dtype), where
    assert tuple(mine.shape) == tuple(theirs.shape), where
    assert mine.requires_grad == theirs.requires_grad, where
    kind = [None if t.grad_fn is None else t.grad_fn.name() for t in (mine, theirs)]
    assert kind[0] == kind[1], where
    tolerance = 2e-3 if str(theirs.dtype).endswith("16") else 1e-5
    np.testing.assert_allclose(elements(mine), elements(theirs), tolerance, tolerance)


@pytest.mark.parametrize("source", EXPRESSIONS)
def test_as_in_torch(source: str) -> None:
    error, found, grads = evaluated(gpugrad, source)
    their_error, expected, their_grads = evaluated(torch, source)
    assert error == their_error
    assert len(found) == len(expected)
    for mine, theirs in zip(found, expected, strict=True):
        same(mine, theirs, "result")
    for mine, theirs in zip(grads, their_grads, strict=True):
        if mine is None or theirs is None:
            left = theirs if mine is None else mine
            assert left is None or not elements(left).any()
        else:
            same(mine, theirs, "gradient")
