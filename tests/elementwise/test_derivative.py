"""Derived gradients against differences: of every function, at corners, of random expressions."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.autograd import gradcheck, gradgradcheck
from gpugrad.backend.expressions.functions import FUNCTIONS, NAMED
from gpugrad.elementwise import Elementwise, elementwise
from gpugrad.elementwise.derivative import RULES

ABOVE_ONE = {"acosh"}
"""Functions that are not defined between 0 and 1."""


def samples(count: int, low: float = 0.15, shape: tuple[int, ...] = (3,)) -> list[Any]:
    draw = np.random.default_rng(1)
    return [
        gpugrad.tensor(draw.uniform(low, low + 0.8, shape), requires_grad=True)
        for _ in range(count)
    ]


def of_function(name: str) -> Elementwise:
    names = "xy"[: NAMED[name].arity]
    return elementwise(", ".join(names), f"{name}({', '.join(names)})")


def test_every_function_has_a_rule() -> None:
    numbers = {n for n, f in FUNCTIONS.items() if not f.gives_condition}
    assert set(RULES) | {"where"} == numbers


@pytest.mark.parametrize("name", [n for n, f in NAMED.items() if not f.gives_condition])
def test_of_a_function(name: str) -> None:
    function = of_function(name)
    low = 1.15 if name in ABOVE_ONE else 0.15
    assert gradcheck(function, samples(len(function.inputs), low))
    if "0" not in (str(function.derivative(n)) for n in function.inputs):
        assert gradgradcheck(function, samples(len(function.inputs), low))
    if name not in ABOVE_ONE | {"log", "log2", "log10", "sqrt", "rsqrt", "pow"}:
        assert gradcheck(function, samples(len(function.inputs), -0.95))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + y", ("1", "1")),
        ("x - y", ("1", "-1")),
        ("x * y", ("y", "x")),
        ("x / y", ("1 / y", "-(x / y / y)")),
        ("x * x", ("x + x", "0")),
        ("3 * x + 2", ("3", "0")),
        ("exp(2 * x)", ("exp(2 * x) * 2", "0")),
        ("log(x) * y", ("y / x", "log(x)")),
        ("x > y ? x : y * y", ("x > y ? 1 : 0", "x > y ? 0 : y + y")),
        ("(x > y) * y", ("0", "x > y ? 1 : 0")),
        ("floor(x) + isnan(y)", ("0", "0")),
    ],
)
def test_written_out(text: str, expected: tuple[str, str]) -> None:
    function = elementwise("x, y", text)
    assert (str(function.derivative("x")), str(function.derivative("y"))) == expected
    assert function.gradcheck()


def test_an_unknown_input() -> None:
    with pytest.raises(ValueError, match="no input 'z'; there are x, y"):
        elementwise("x, y", "x", name="first").derivative("z")


@pytest.mark.parametrize(
    ("text", "at", "expected"),
    [
        ("fabs(x)", (0.0, 0.0), (0.0, 0.0)),
        ("fmax(x, y)", (1.0, 1.0), (1.0, 0.0)),
        ("fmin(x, y)", (1.0, 1.0), (1.0, 0.0)),
        ("fmin(x, y)", (1.0, math.nan), (1.0, 0.0)),
        ("fmax(x, y)", (math.nan, 1.0), (0.0, 1.0)),
        ("copysign(x, y)", (-2.0, 1.0), (-1.0, 0.0)),
        ("copysign(x, y)", (0.0, 1.0), (0.0, 0.0)),
        ("pow(x, y)", (0.0, 0.0), (0.0, 0.0)),
        ("pow(x, y)", (0.0, 2.0), (0.0, 0.0)),
        ("pow(x, 0)", (0.0, 2.0), (0.0, 0.0)),
        ("fmod(x, y)", (7.0, 2.0), (1.0, -3.0)),
        # What is not chosen does not count, even where it is nan or infinite.
        ("x > 0 ? sqrt(x) : y", (0.0, 1.0), (0.0, 1.0)),
        ("x > 0 ? log(x) * y : 0", (-1.0, 1.0), (0.0, 0.0)),
    ],
)
def test_at_corners(text: str, at: tuple[float, float], expected: tuple[float, float]) -> None:
    x, y = (gpugrad.tensor(v, dtype=gpugrad.float64, requires_grad=True) for v in at)
    elementwise("x, y", text)(x, y).backward()
    assert x.grad is not None and y.grad is not None
    assert (x.grad.item(), y.grad.item()) == expected


# --- random expressions ---------------------------------------------------------------------------

SMOOTH = ("exp", "sin", "cos", "tanh", "atan", "sinh", "erf", "asinh", "expm1", "cbrt", "fabs")


def any_expression(choose: random.Random, depth: int) -> str:
    """Text for an expression of x, y and z that is smooth almost everywhere and not too large."""
    if depth == 0:
        return choose.choice(["x", "y", "z", f"{choose.uniform(0.5, 2):.3f}"])

    def part() -> str:
        return any_expression(choose, depth - choose.randint(1, depth))

    kind = choose.randrange(9)
    if kind < 3:
        return f"({part()} {choose.choice('+-*')} {part()})"
    if kind == 3:
        return f"({part()} / (1.5 + sin({part()})))"
    if kind == 4:
        return f"({part()} {choose.choice(['<', '>='])} {part()} ? {part()} : {part()})"
    if kind == 5:
        return f"{choose.choice(['fmin', 'fmax', 'hypot', 'atan2'])}({part()}, 1.1 + {part()})"
    if kind == 6:
        return f"-log1p(fabs({part()}))"
    if kind == 7:
        return f"pow(1.2 + cos({part()}), {choose.choice(['2', '1.5', '-1', '0.5'])})"
    return f"{choose.choice(SMOOTH)}(0.4 * {part()})"


@pytest.mark.parametrize("seed", range(40))
def test_of_random_expressions(seed: int) -> None:
    text = any_expression(random.Random(seed), 5)
    function = elementwise("x, y, z", text)
    operands = [s.detach() for s in samples(3, 0.2, (5,))]
    values = [o.numpy() for o in operands]
    step = 1e-5
    for i, name in enumerate(function.inputs):
        around = []
        for by in (-2, -1, 1, 2):
            moved = list(operands)
            moved[i] = gpugrad.tensor(values[i] + by * step)
            around.append(function(*moved).numpy())
        # An error of the fourth order in the step.
        expected = (around[0] - 8 * around[1] + 8 * around[2] - around[3]) / (12 * step)
        derived = function.derivative(name)
        np.testing.assert_allclose(
            derived(*operands).numpy(), expected, rtol=1e-6, atol=1e-7, err_msg=f"d{name} {text}"
        )
        again = elementwise("x, y, z", str(derived))
        assert again.expression is derived.expression, text


@pytest.mark.parametrize("seed", range(40, 50))
def test_second_derivatives_of_random_expressions(seed: int) -> None:
    text = any_expression(random.Random(seed), 4)
    function = elementwise("x, y, z", text)
    assert gradcheck(function, samples(3)), text
    assert gradgradcheck(function, samples(3)), text


def test_third_derivatives() -> None:
    x = gpugrad.tensor(0.7, dtype=gpugrad.float64, requires_grad=True)
    y = elementwise("x", "exp(2 * x)")(x)
    for order in range(1, 4):
        (y,) = gpugrad.autograd.grad(y, x, create_graph=True)
        assert y.item() == pytest.approx(2**order * math.exp(1.4))
