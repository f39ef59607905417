"""Special functions, one-sided clamps, logic in place, and functions of three operands."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gpugrad
from tests.ops.checks import check_gradients, same, spread

T = gpugrad.tensor
INF, NAN = math.inf, math.nan


def test_erfinv() -> None:
    same(T([0.5, -0.2, 0.0]).erfinv(), [0.47693628, -0.17914345, 0.0])
    assert T([1.0, -1.0]).erfinv().tolist() == [INF, -INF]
    assert math.isnan(T([1.5]).erfinv().item())
    y = np.concatenate([np.linspace(-1, 1, 1001)[1:-1], 1 - 10.0 ** -np.arange(1, 16)])
    x = T(y).erfinv()
    np.testing.assert_allclose(x.erf().numpy(), y, rtol=1e-15, atol=1e-16)
    # Near 1 the complement is what has digits.
    np.testing.assert_allclose(x[-5:].erfc().numpy(), 1 - y[-5:], rtol=1e-12)


def test_logit_and_sinc() -> None:
    same(T([0.5, 0.9]).logit(), [0.0, 2.1972246])
    assert T([0.0, 1.0]).logit().tolist() == [-INF, INF]
    same(T([0.0, 1.0]).logit(0.1), [-2.1972246, 2.1972246])
    same(T([0.0, 0.5]).sinc(), [1.0, 0.63661975])


def test_xlogy() -> None:
    x, y = T([0.0, 0.0, 2.0, 1.0]), T([0.0, NAN, 1.0, 0.0])
    np.testing.assert_array_equal(gpugrad.xlogy(x, y).numpy(), [0.0, NAN, 0.0, -INF])
    same(gpugrad.xlogy(2, T([1.0, math.e])), [0.0, 2.0])
    same(T([1.0, 3.0]).xlogy(math.e), [1.0, 3.0])
    assert gpugrad.xlogy(T([1, 2]), 1).dtype is gpugrad.float32


def test_nan_to_num() -> None:
    x = T([NAN, INF, -INF, 1.0])
    largest = float(np.finfo(np.float32).max)
    assert x.nan_to_num().tolist() == [0.0, largest, -largest, 1.0]
    assert x.nan_to_num(1, 2, 3).tolist() == [1.0, 2.0, 3.0, 1.0]
    assert x.half().nan_to_num()[1].item() == 65504.0
    assert T([1, 2]).nan_to_num().tolist() == [1, 2]


def test_small_ones() -> None:
    assert T([1.5, -1.5]).frac().tolist() == [0.5, -0.5]
    same(T([180]).deg2rad(), [math.pi])
    same(T([math.pi]).rad2deg(), [180.0])
    assert gpugrad.heaviside(T([-1.0, 0.0, 2.0, NAN]), T(0.5)).tolist() == [0.0, 0.5, 1.0, 0.0]
    assert T([2]).float_power(0.5).dtype is gpugrad.float64
    assert T([INF, -INF, NAN]).isposinf().tolist() == [True, False, False]
    assert T([INF, -INF, NAN]).isneginf().tolist() == [False, True, False]
    x = T([1.0])
    assert gpugrad.positive(x) is x


def test_clamps_of_one_side() -> None:
    x = T([1.0, 3.0], requires_grad=True)
    assert x.clamp_min(2).tolist() == [2.0, 3.0]
    assert x.clamp_max(T([0.5, 9.0])).tolist() == [0.5, 3.0]
    assert T([1, 2]).clamp_min(1.5).tolist() == [1.5, 2.0]
    x.clamp_min(2).sum().backward()
    same(x.grad, [0.0, 1.0])
    y = T([1.0, 3.0])
    assert y.clamp_min_(2).clamp_max_(2.5).tolist() == [2.0, 2.5]


def test_logic_in_place_keeps_the_type() -> None:
    x = T([2.0, 0.0])
    assert x.logical_not_().tolist() == [0.0, 1.0]
    assert x.logical_or_(T([True, False])).tolist() == [1.0, 1.0]
    assert x.logical_xor_(T([True, False])).tolist() == [0.0, 1.0]
    assert x.logical_and_(T([True, False])).dtype is gpugrad.float32


def test_lerp() -> None:
    x, y = T([0.0, 1.0]), T([10.0, 2.0])
    assert x.lerp(y, 0.5).tolist() == [5.0, 1.5]
    assert gpugrad.lerp(x, y, T([0.0, 1.0])).tolist() == [0.0, 2.0]
    assert x.lerp_(y, 0.1).tolist() == pytest.approx([1.0, 1.1])


def test_addcmul_and_addcdiv() -> None:
    x = T([1.0, 2.0])
    assert x.addcmul(T([3.0, 4.0]), T(2.0), value=0.5).tolist() == [4.0, 6.0]
    assert x.addcdiv(T([3.0, 4.0]), T(2.0), value=2).tolist() == [4.0, 6.0]
    assert T([1, 2]).addcmul(T([1, 2]), T([1, 2])).tolist() == [2, 6]
    assert x.addcdiv_(x, x).tolist() == [2.0, 3.0]


def test_cross() -> None:
    x, y = T([[1, 0, 0]]), T([[0, 1, 0]])
    assert gpugrad.cross(x, y, dim=1).tolist() == [[0, 0, 1]]
    assert gpugrad.linalg.cross(y, x).tolist() == [[0, 0, -1]]
    with pytest.warns(UserWarning, match="without specifying the dim arg is deprecated"):
        gpugrad.cross(x, y)


def test_sums_without_nan() -> None:
    x = T([[1.0, NAN], [2.0, 5.0]], requires_grad=True)
    assert x.nansum().item() == 8.0
    assert x.nansum(0).tolist() == [3.0, 5.0]
    assert x.nanmean(1, keepdim=True).tolist() == [[1.0], [3.5]]
    assert gpugrad.nansum(T([1, 2])).item() == 3
    x.nanmean().backward()
    same(x.grad, [[1 / 3, 0.0], [1 / 3, 1 / 3]])


def test_gradients() -> None:
    x, y, z = spread(2, 3), spread(2, 3, seed=1), spread(3, low=0.3, high=2.0, seed=2)
    u = spread(4, low=0.1, high=0.9)
    for name in ("erfinv", "logit", "sinc", "frac", "deg2rad", "rad2deg"):
        check_gradients(lambda u, name=name: getattr(u, name)().sin(), u)
    check_gradients(lambda u: u.logit(0.3), u)
    check_gradients(lambda x: x.nan_to_num() ** 2, x)
    check_gradients(lambda x: x.clamp_min(0.1) ** 2, x)
    check_gradients(lambda x, y: x.clamp_max(y) ** 2, x, y)
    check_gradients(gpugrad.xlogy, x, z)
    check_gradients(lambda z: gpugrad.xlogy(2.0, z), z)
    check_gradients(lambda x, y: gpugrad.lerp(x, y, 0.7) ** 2, x, y)
    check_gradients(lambda x, y, z: gpugrad.lerp(x, y, z), x, y, z)
    check_gradients(lambda x, y, z: gpugrad.addcmul(x, y, z, value=2), x, y, z)
    check_gradients(lambda x, y, z: gpugrad.addcdiv(x, y, z, value=2), x, y, z)
    check_gradients(lambda x, y, z: (x * 1).addcdiv_(y, z), x, y, z)
    check_gradients(lambda x, y: gpugrad.cross(x, y, dim=1), x, y)
    check_gradients(lambda x: x.nansum(1) ** 2, x)


@pytest.mark.parametrize(
    "call, error, text",
    [
        ("x.lerp(x.double(), 0.5)", RuntimeError, "expected dtype float for `end` but got dtype d"),
        ("x.long().lerp(x.long(), 1)", NotImplementedError, "not implemented for 'Long'"),
        ("x.addcmul(x, 2.0)", TypeError, "argument 'tensor2' .position 3. must be Tensor"),
        ("x.long().addcdiv(x.long(), x.long())", RuntimeError, "Integer division with addcdiv"),
        ("x.addcmul(x, zeros(5))", RuntimeError, "must match the size of tensor b"),
        ("heaviside(x, x.long())", RuntimeError, "tensors with different dtypes"),
        ("x.long().frac()", NotImplementedError, "not implemented for 'Long'"),
        ("x.long().nanmean()", RuntimeError, "floating point or complex dtype but got Long"),
        ("linalg.cross(x, x)", RuntimeError, "dimension -1 must have length 3. Got 2 and 2"),
        ("positive(x > 0)", RuntimeError, "on a bool tensor is not supported"),
    ],
)
def test_errors(call: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        eval(call, {**vars(gpugrad), "x": T([1.0, 2.0])})
