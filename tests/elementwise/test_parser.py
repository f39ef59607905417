"""Reading expressions: values as C and Python compute them, and errors that show the place."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend.expressions.expression import literal
from gpugrad.elementwise import Elementwise, ExpressionError, elementwise, exp, where

X, Y = 0.75, -1.5


def value(function: Elementwise) -> float:
    operands = [gpugrad.tensor(v, dtype=gpugrad.float64) for v in (X, Y)]
    return float(function(*operands[: len(function.inputs)]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + y * 2", X + Y * 2),
        ("(x + y) * 2", (X + Y) * 2),
        ("x - y - 1", X - Y - 1),
        ("x - (y - 1)", X - (Y - 1)),
        ("x / y / 2", X / Y / 2),
        ("x / (y / 2)", X / (Y / 2)),
        ("x * -y", X * -Y),
        ("- -x + +y", X + Y),
        ("1 / 2 * x", 0.375),
        ("1.5f + .5 + 2. + 1e-1F + x", 4.1 + X),
        ("x < y ? 1 : x > 0.5 ? 2 : 3", 2.0),
        ("(x < y ? 1 : 2) * 3", 6.0),
        ("x > 0 && y > 0 || x == 0.75", 1.0),
        ("x > 0 || y > 0 && x == 1", 1.0),
        ("(x > 0 || y > 0) && x == 1", 0.0),
        ("!(x != 0.75) + !y", 1.0),
        ("(x >= 0.75) + (x <= 0.75) * 2", 3.0),
        ("x ? y : 1", Y),
        ("x && y", 1.0),
        ("true ? x : y", X),
        ("false + x", X),
        ("expf(x) + exp(x)", 2 * math.exp(X)),
        ("fabsf(y) + abs(y) + max(x, y) + minf(x, y)", 3.0 + X + Y),
        ("pow(x, 3) + powf(x, 2.5f)", X**3 + X**2.5),
        ("round(x * 2) + round(-0.5) + nearbyint(0.5)", 1.0),
        ("M_PI * x + M_E", math.pi * X + math.e),
        ("INFINITY > x ? 1 : NAN", 1.0),
        ("float t = x * x; const double s = t + 1; auto u = s; u * t", (X**2 + 1) * X**2),
        ("t = x; t += y; t *= 2; t -= 1; t /= 4; return t;", ((X + Y) * 2 - 1) / 4),
        ("bool near = x < 1; near ? x : y", X),
        ("x = x * 2; x", 2 * X),
        ("x /* the first */ + // and\n y", X + Y),
    ],
)
def test_value(text: str, expected: float) -> None:
    function = elementwise("x, y", text)
    assert value(function) == pytest.approx(expected, rel=1e-15)
    # What is printed can be read again, and is the same.
    assert elementwise("x, y", str(function)).expression is function.expression


@pytest.mark.parametrize(
    ("text", "problem", "position"),
    [
        ("x + ", "expected a value, found the end", 4),
        ("x + * y", "expected a value, found '*'", 4),
        ("(x + y", "expected ')' to close a bracket, found the end", 6),
        ("x + z", "unknown name 'z'", 4),
        ("expp(x)", "unknown function 'expp' (did you mean 'exp'?)", 0),
        ("exp(x, y)", "'exp' takes 1 argument, got 2", 0),
        ("1 + pow(x)", "'pow' takes 2 arguments, got 1", 4),
        ("exp + x", "the function 'exp' needs arguments in brackets", 0),
        ("x % y", "'%' is not understood: use fmod(x, y)", 2),
        ("x ^ 2", "'^' is not understood: use pow(x, y)", 2),
        ("x & y", "'&' is not understood: use && between conditions", 2),
        ("x[0]", "'[' is not understood: every input is read at one place, that of the result", 1),
        ("x = y", "expected ';' after a statement, found the end", 5),
        ("x + y = 1", "expected the end, found '=' (compare with '==')", 6),
        ("x y", "'x' is not a type: use float, double, bool or auto", 0),
        ("int t = x; t", "'int' is not a type: use float, double, bool or auto", 0),
        ("exp = x; exp", "expected a name to assign to, found 'exp'", 0),
        ("float t += x; t", "unknown name 't'", 6),
        ("t = x; u", "unknown name 'u'", 7),
        ("1.5x", "'1.5x' is not a number", 0),
        ("x ? y", "expected ':' after the first choice, found the end", 5),
        ("(float)x", "leave conversions out: everything is of one type", 1),
        ("float(x)", "leave conversions out: everything is of one type", 0),
        ("(" * 61 + "x", "too many brackets within each other: name parts of it", 60),
        ("-" * 61 + "x", "too many signs in a row", 60),
        ("", "expected a value, found the end", 0),
    ],
)
def test_error(text: str, problem: str, position: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        elementwise("x, y", text)
    assert str(caught.value).startswith(f"[elementwise] {problem}, at line ")
    assert caught.value.position == position


def test_an_error_points_at_its_place() -> None:
    with pytest.raises(ExpressionError) as caught:
        elementwise("x", "t = exp(x);\n  t + q * 2")
    assert str(caught.value) == (
        "[elementwise] unknown name 'q', at line 2, column 7:\n      t + q * 2\n          ^"
    )


def test_names_that_cannot_be_used() -> None:
    with pytest.raises(ValueError, match="'exp' cannot be the name of an input"):
        elementwise("x, exp", "x")
    with pytest.raises(ValueError, match="'2x' cannot be"):
        elementwise("2x", "1")
    with pytest.raises(ValueError, match="'xé' cannot be"):
        elementwise("xé", "1")
    with pytest.raises(ValueError, match="'x' is named twice"):
        elementwise("x, x", "x")
    with pytest.raises(ValueError, match="'a-b' cannot be the name of a kernel"):
        elementwise("x", "x", name="a-b")
    with pytest.raises(TypeError, match="takes names and an expression"):
        elementwise("x * 2")
    with pytest.raises(TypeError, match="a function, or names and an expression"):
        elementwise(lambda x: x, "x")


# --- from Python ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda x, y: x / (1 + exp(-y * x)), "x / (1 + exp(-y * x))"),
        (lambda x, y: 2 - x**2 + y**0.5 + 2**y, "2 - x * x + pow(y, 0.5) + pow(2, y)"),
        (lambda x, y: abs(-x) + round(y) + +x, "fabs(-x) + rint(y) + x"),
        (
            lambda x, y: where((x > 0) & ~(y <= 1) | (x == y), x, 1),
            "x > 0 && !(y <= 1) || x == y ? x : 1",
        ),
        (
            lambda x, y: where((x >= 0) & (y != 1), x.tanh(), y.abs()),
            "x >= 0 && y != 1 ? tanh(x) : fabs(y)",
        ),
        (lambda x, y: (x < y) * 3 / x.atan2(y), "(x < y) * 3 / atan2(x, y)"),
        (lambda x, y: np.float32(2) * x + True * y, "2 * x + y"),
        (lambda x, y: exp(0.0) * x + where(True, y, 0), "x + y"),
        (lambda x, *, y: x - y, "x - y"),
    ],
)
def test_python_function(function: Callable[..., Any], text: str) -> None:
    assert elementwise(function).expression is elementwise("x, y", text).expression


def test_a_python_function_gives_its_name() -> None:
    @gpugrad.cuda.elementwise
    def cubed(x: Any) -> Any:
        return x**3

    assert cubed.name == "cubed" and cubed.inputs == ("x",)
    assert elementwise(lambda x: x).name == "elementwise"
    assert repr(cubed) == 'elementwise("x", "x * x * x")'


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        (lambda x: x if x > 0 else 0, "use where(condition, x, y) in place of if"),
        (lambda x: 0 < x < 1, "& | ~ in place of and, or, not"),
        (lambda x: math.exp(x), "in place of those of math"),
        (lambda x: np.exp(x), "does not support ufuncs"),
        (lambda x: np.where(x > 0, x, 0), "NumPy and gpugrad cannot compute with a symbol"),
        (lambda x: gpugrad.exp(x), "must be Tensor, not Symbol"),
        (lambda x: x * gpugrad.ones(2), "make it an input"),
        (lambda x: (x, x), "must return one expression"),
        (lambda *x: x[0], "every input needs a name of its own: *x"),
        (lambda x: exp(x, x), "exp() takes 1 argument, got 2"),
    ],
)
def test_python_that_cannot_be_written_down(function: Callable[..., Any], problem: str) -> None:
    with pytest.raises(TypeError) as caught:
        elementwise(function)
    assert problem in str(caught.value)


def test_unknown_functions() -> None:
    with pytest.raises(AttributeError, match="no function 'gamma'"):
        elementwise(lambda x: x.gamma())
    with pytest.raises(AttributeError, match="no attribute 'gamma'"):
        _ = gpugrad.elementwise.gamma
    assert "tanh" in dir(gpugrad.elementwise)


# --- the tree -------------------------------------------------------------------------------------


def test_equal_parts_are_one() -> None:
    function = elementwise("x", "exp(x) * exp(x) + exp(x)")
    assert str(function) == "t0 = exp(x); t0 * t0 + t0"
    assert str(elementwise("t0", "exp(t0) * exp(t0)")) == "t1 = exp(t0); t1 * t1"


def test_what_is_known_is_computed() -> None:
    assert str(elementwise("x", "x * (2 + sqrt(16)) - log(1)")) == "x * 6"
    assert literal(0.0) is not literal(-0.0)
    assert literal(math.nan) is literal(math.nan)
    assert str(elementwise("x", "0 * x")) == "0 * x"  # nan if x is


def test_a_long_sum_needs_no_deep_recursion() -> None:
    function = elementwise("x", " + ".join(["x"] * 5000))
    assert value(function) == pytest.approx(5000 * X)
    assert value(function.derivative("x")) == 5000
