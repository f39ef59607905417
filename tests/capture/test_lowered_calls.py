"""Lowered calls, in the place of a primitive in a plan: they compute the same to the last bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu
from gpugrad.backend.lowering import RULES


def words(text: str) -> list[str]:
    return text.split()


ONE = words(
    "neg abs sign square sqrt cbrt reciprocal exp exp2 expm1 log log2 log10 log1p sin cos tan asin "
    "acos atan sinh cosh tanh asinh acosh atanh floor ceil round trunc isnan isinf isfinite "
    "signbit logical_not"
)
TWO = words(
    "add sub mul div pow atan2 hypot logaddexp logaddexp2 nextafter maximum minimum fmax fmin "
    "copysign eq ne lt le gt ge logical_and logical_or logical_xor"
)
INTEGERS = words("bitwise_not bitwise_and bitwise_or bitwise_xor left_shift right_shift")

CASES: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    **{name: [(("ab",), {}), (("r",), {})] for name in ONE},
    **{name: [(("ab", "ab"), {}), (("ab", "b"), {}), (("ab", 0.3), {})] for name in TWO},
    "sigmoid": [(("ab",), {}), (("t",), {})],
    "sigmoid_grad": [(("ab", "ab"), {})],
    "tanh_grad": [(("ab", "ab"), {})],
    "relu": [(("ab",), {}), (("special",), {})],
    "relu_grad": [(("ab", "ab"), {}), (("relu", "special"), {})],
    "dot": [(("ab", "bc"), {}), (("ab", "b"), {})],
    "matmul": [(("ab", "bc"), {}), (("nab", "nbc"), {}), (("ab", "nbc"), {})],
    "linear": [(("ab", "cb", "c"), {}), (("ab", "cb", None), {})],
    "mean": [(("ab",), {}), (("ab", (0,)), {}), (("ab", (1,), True), {})],
    "sum": [(("ab",), {}), (("ab", (0,)), {}), (("ab", 1), {}), (("large",), {}), (("t", 0), {})],
    "mse": [(("ab", "ab", how), {}) for how in ("mean", "sum", "none")],
    "mse_grad": [(("ab", "ab", "0", 0.25), {}), (("ab", "ab", "ab", 2.0), {})],
    "copy": [(("ab",), {}), (("t",), {})],
    "column_sum": [(("ab",), {}), (("nab",), {})],
}
ELSEWHERE = {"sgd_step", "adam_step", "rmsprop_step"}
"""Whole steps are compared in test_compiled_step_forms.py, test_many_small_parameters."""

SIZES = {"a": 3, "b": 5, "c": 4, "n": 2}


def operand(name: Any, dtype: str, seed: int) -> Any:
    if not isinstance(name, str) or name in ("mean", "sum", "none"):
        return name
    rng = np.random.default_rng(seed)
    if name == "special":
        values = np.array([[0.0, -0.0, np.inf, -np.inf, np.nan]] * 3)
    elif name == "relu":
        values = np.maximum(rng.standard_normal((3, 5)), 0)
    elif name == "large":
        values = rng.standard_normal((40, 50))
    elif name == "t":
        values = rng.standard_normal((5, 3)).T
    elif name == "r":
        values = rng.standard_normal((3, 5))[::-1, ::2]
    else:
        values = rng.standard_normal([SIZES[n] for n in name if n in SIZES])
    return values.astype(dtype, copy=False) if dtype == "float64" else values.astype(dtype)


def test_every_rule_has_cases() -> None:
    assert set(CASES) | set(INTEGERS) | ELSEWHERE == set(RULES)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("name", CASES)
def test_lowered_calls_compute_the_same(name: str, dtype: str) -> None:
    with np.errstate(all="ignore"):
        for args, kwargs in CASES[name]:
            compare(name, [operand(a, dtype, n) for n, a in enumerate(args)], kwargs)


@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
@pytest.mark.parametrize("name", [*INTEGERS, "add", "mul", "maximum", "eq", "sum", "copy"])
def test_lowered_calls_on_integers(name: str, dtype: str) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.integers(1, 7, (3, 5)).astype(dtype) for _ in range(2)]
    compare(name, arrays[: 1 if name in ("bitwise_not", "sum", "copy") else 2], {})


def compare(name: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    function = getattr(cpu, name)
    expected = np.asarray(function(*args, **kwargs))
    out = np.empty_like(expected)
    before = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
    calls = cpu.lowered(name, args, kwargs, out)
    if calls is None:
        narrow = out.dtype == np.float16 and name in ("sum", "mse")  # added up in float32
        assert narrow or name in ("matmul", "linear", "mean", "mse_grad", "column_sum", *TWO, *ONE)
        return
    for _ in range(2):  # a replay finds what the last one left
        for call, given in calls:
            call(*given)
    np.testing.assert_array_equal(out, expected)
    assert (np.signbit(out) == np.signbit(expected)).all() if out.dtype.kind == "f" else True
    for a, b in zip(args, before, strict=True):
        np.testing.assert_array_equal(a, b)
