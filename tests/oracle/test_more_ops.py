"""Choosing, ordering, accumulating and linear algebra against PyTorch.

Every case is an expression evaluated with both libraries. Compared are kinds, types, shapes and
values of the results, first and second derivatives, and errors with their texts.
"""

from __future__ import annotations

import math
import warnings
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gpugrad
from tests.oracle.expressions import GROUPS

torch = pytest.importorskip("torch")

TOLERANCES = {"torch.float64": 1e-9, "torch.float32": 2e-6}
"""Relative and absolute; PyTorch sums in another order. Half precision gets 1e-2."""

LEAVES: dict[str, Any] = {
    "x": (3, 4),
    "y": (3, 4),
    "v": (5,),
    "w": (5,),
    "c": (2, 3, 4),
    "d": (2, 4, 3),
    "s": (),
}
"""Tensors of normally distributed numbers that require gradients."""


def arrays() -> dict[str, Any]:
    """The values of all float64 leaves."""
    rng = np.random.default_rng(0)
    found = {name: rng.standard_normal(shape) for name, shape in LEAVES.items()}
    found["m"] = rng.standard_normal((3, 3)) + 2 * np.eye(3)
    found["bm"] = rng.standard_normal((2, 3, 3)) + 2 * np.eye(3)
    root = rng.standard_normal((3, 3))
    found["spd"] = root @ root.T + np.eye(3)
    found["pos"] = rng.uniform(0.2, 2, (3, 4))
    found["u"] = rng.uniform(0.05, 0.95, (3, 4))
    found["ti"] = np.array([[1.0, 2, 2, 0], [3, 3, 1, 3], [0, 0, 0, 0]])  # ties
    found["xn"] = np.array([[1.0, math.nan, 2, 0], [3, 3, 1, 3], [math.nan] * 4])
    return found


def names(lib: ModuleType) -> tuple[dict[str, Any], list[Any]]:
    """What the expressions may use, and the leaves among it."""
    tensor = lib.tensor
    leaves = {n: tensor(a.tolist(), dtype=lib.float64) for n, a in arrays().items()}
    for leaf in leaves.values():
        leaf.requires_grad_()
    others = {
        "torch": lib,
        "T": tensor,
        "inf": math.inf,
        "nan": math.nan,
        "f": tensor([[1.5, -2.0, 0.0], [3.0, 0.5, -1.0]]),
        "f2": tensor([[1.0, 3.0, 2.0], [4.0, 0.0, 4.0]], requires_grad=True),
        "h": tensor([1.0, 2.5], dtype=lib.float16),
        "i": tensor([[3, 1, 2], [1, 0, 5]]),
        "k": tensor([0, 2, 1, 0]),
        "k2": tensor([[0, 2, 1, 0], [1, 1, 0, 2]]),
        "i32": tensor([2, 0], dtype=lib.int32),
        "b": tensor(
            [[True, False, True, True], [False, False, True, False], [True] * 2 + [False] * 2]
        ),
        "z": lib.zeros(0),
        "z3": lib.zeros(0, 3),
    }
    return {**others, **leaves}, list(leaves.values())


def tensors(value: Any) -> list[Any]:
    """All tensors and numbers in nested tuples and lists."""
    if isinstance(value, (tuple, list)):
        return [t for item in value for t in tensors(item)]
    return [value]


def is_tensor(value: Any) -> bool:
    return isinstance(value, (torch.Tensor, gpugrad.Tensor))


def weighted(lib: ModuleType, results: list[Any], phase: float) -> Any:
    """The sum of all elements, each with a weight of its own."""
    total = 0
    for number, t in enumerate(results):
        weights = np.cos(np.arange(t.numel()) * 1.3 + phase + number + 0.4)
        total = total + (t * lib.tensor(weights.tolist(), dtype=t.dtype).reshape(t.shape)).sum()
    return total


def gradients(lib: ModuleType, results: list[Any], leaves: list[Any]) -> list[Any]:
    """First derivatives by the leaves, and second ones; a text where there are none."""
    found: list[Any] = []
    try:
        first = lib.autograd.grad(
            weighted(lib, results, 0.0), leaves, create_graph=True, allow_unused=True
        )
        found.append([None if g is None else g.detach().numpy() for g in first])
        again = [g for g in first if g is not None and g.requires_grad]
        if again:
            second = lib.autograd.grad(weighted(lib, again, 7.0), leaves, allow_unused=True)
            found.append([None if g is None else g.detach().numpy() for g in second])
    except (RuntimeError, NotImplementedError) as error:
        found.append(f"{type(error).__name__}: {error}")
    return found


def outcome(lib: ModuleType, source: str) -> Any:
    """Results and derivatives, or the error."""
    known, leaves = names(lib)
    *statements, expression = source.split(";")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for statement in statements:
                exec(statement.strip(), known)
            value = eval(expression.strip(), known)
        except Exception as error:  # whatever it is, it is compared
            return type(error).__name__, str(error).replace("gpugrad", "torch").split("\n")[0]
        results = tensors(value)
        wanted = [t for t in results if is_tensor(t) and t.requires_grad]
        wanted = [t for t in wanted if "Unique" not in str(t.grad_fn)]  # PyTorch has none for it
        return type(value).__name__, results, gradients(lib, wanted, leaves) if wanted else []


def assert_same(actual: Any, expected: Any, tolerance: float, what: str) -> None:
    np.testing.assert_allclose(actual, expected, tolerance, tolerance, err_msg=what)


def compare_results(ours: list[Any], theirs: list[Any]) -> None:
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        if not is_tensor(a):
            assert a == b
            continue
        assert (str(a.dtype), tuple(a.shape)) == (str(b.dtype), tuple(b.shape))
        if a.dtype.is_floating_point:
            tolerance = TOLERANCES.get(str(a.dtype), 1e-2)
            assert_same(a.detach().numpy(), b.detach().numpy(), tolerance, "values")
        else:
            assert a.tolist() == b.tolist()


def compare_gradients(ours: list[Any], theirs: list[Any]) -> None:
    for order, (mine, other) in enumerate(zip(ours, theirs, strict=False), 1):
        if isinstance(other, str):
            return  # PyTorch has no such derivative
        assert not isinstance(mine, str), mine
        for number, (a, b) in enumerate(zip(mine, other, strict=True)):
            if a is None and b is None:
                continue
            a, b = (np.zeros(()) if g is None else g for g in (a, b))
            assert_same(a, b, 1e-7, f"derivative {order} by leaf {number}")


CASES = [
    pytest.param(line.strip(), id=f"{group}-{number}")
    for group, lines in GROUPS.items()
    for number, line in enumerate(lines.strip().splitlines())
]


@pytest.mark.parametrize("source", CASES)
def test_expression(source: str) -> None:
    ours, theirs = outcome(gpugrad, source), outcome(torch, source)
    assert ours[0] == theirs[0], (source, ours, theirs)
    if len(theirs) == 2:
        assert ours[1] == theirs[1]
        return
    compare_results(ours[1], theirs[1])
    compare_gradients(ours[2], theirs[2])
