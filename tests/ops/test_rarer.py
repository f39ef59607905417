"""Special functions at their edges, factorisations by what they multiply to, changes of size."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import cpu
from tests.ops.checks import same

T = gpugrad.tensor
INF, NAN = math.inf, math.nan
LIBM = np.array([0.1, 0.7, 1.0, 1.4, 2.0, 2.6, 7.9, 8.1, 30.0, 171.0, 1e5])


def test_lgamma_agrees_with_the_c_library() -> None:
    below = np.array([-0.5, -3.7, -10.2])
    points = np.concatenate([LIBM, below])
    expected = [math.lgamma(v) for v in points]
    np.testing.assert_allclose(cpu.lgamma(points), expected, rtol=1e-13, atol=1e-14)
    assert T([0.0, -1.0, INF, -INF]).lgamma().tolist() == [INF, INF, INF, INF]


def test_digamma_and_polygamma_by_their_recurrences() -> None:
    x = np.concatenate([np.linspace(-4.87, -0.13, 50), np.linspace(0.1, 12.0, 100)])
    np.testing.assert_allclose(cpu.digamma(x + 1), cpu.digamma(x) + 1 / x, rtol=1e-9, atol=1e-9)
    for n in (1, 2, 4):
        step = (-1.0) ** n * math.factorial(n) * x ** -(n + 1.0)
        near = np.abs(x - np.round(x)) > 0.05
        found, expected = cpu.polygamma(x + 1, n) - step, cpu.polygamma(x, n)
        np.testing.assert_allclose(found[near], expected[near], rtol=1e-7)
    same(gpugrad.digamma(T([1.0])), [-0.57721566])
    assert math.isnan(T([-2.0]).digamma().item())
    with pytest.raises(RuntimeError, match="negative n"):
        gpugrad.polygamma(-1, T([1.0]))
    assert T([1.0]).polygamma_(1).item() == pytest.approx(math.pi**2 / 6)


def test_zeta_at_known_places() -> None:
    same(gpugrad.special.zeta(T([2.0, 4.0]), 1.0), [math.pi**2 / 6, math.pi**4 / 90])
    assert gpugrad.special.zeta(T([1.0, 0.5]), 1.0).tolist()[0] == INF
    # Folded at zero: the sum over all k of (q + k)**-2 is (pi / sin(pi q))**2.
    q = np.array([-2.3, -0.4])
    both = cpu.zeta(np.full(2, 2.0), q) + cpu.zeta(np.full(2, 2.0), 1 - q)
    np.testing.assert_allclose(both, (math.pi / np.sin(math.pi * q)) ** 2, rtol=1e-12)


def test_incomplete_gamma_functions_of_whole_numbers() -> None:
    a, x = np.meshgrid(np.arange(1.0, 30.0), np.linspace(0.1, 60.0, 40))
    terms = [np.exp(k * np.log(x) - x - math.lgamma(k + 1)) for k in range(30)]
    upper = sum(np.where(k < a, term, 0.0) for k, term in enumerate(terms))
    np.testing.assert_allclose(cpu.igammac(a, x), upper, rtol=1e-11, atol=1e-300)
    np.testing.assert_allclose(cpu.igamma(a, x), 1 - upper, rtol=1e-9, atol=1e-14)
    assert gpugrad.igamma(T([1.0, 0.0, -1.0]), T([0.0, 1.0, 1.0])).tolist()[:2] == [0.0, 1.0]
    with pytest.raises(NotImplementedError, match="igamma: input"):
        a1 = T([1.0], requires_grad=True)
        gpugrad.igamma(a1, T([1.0])).backward()


def test_normal_distribution() -> None:
    x = np.linspace(-37.0, 8.0, 200)
    expected = [0.5 * math.erfc(-v / math.sqrt(2)) for v in x]
    np.testing.assert_allclose(cpu.ndtr(x), expected, rtol=1e-12)
    np.testing.assert_allclose(cpu.log_ndtr(x), np.log(expected), rtol=1e-11, atol=1e-16)
    np.testing.assert_allclose(cpu.ndtri(cpu.ndtr(x[:160])), x[:160], rtol=1e-11, atol=1e-12)
    assert gpugrad.special.ndtri(T([0.0, 1.0])).tolist() == [-INF, INF]
    same(gpugrad.special.erfcx(T([0.0, 1e4])), [1.0, 1 / (1e4 * math.sqrt(math.pi))])


def test_bessel_functions_by_their_wronskians() -> None:
    x = np.linspace(0.1, 40.0, 400)
    j0, j1, y0, y1 = cpu.bessel_j0(x), cpu.bessel_j1(x), cpu.bessel_y0(x), cpu.bessel_y1(x)
    np.testing.assert_allclose(j1 * y0 - j0 * y1, 2 / (math.pi * x), rtol=1e-11)
    products = cpu.i0e(x) * cpu.k1(x, True) + cpu.i1e(x) * cpu.k0(x, True)
    np.testing.assert_allclose(products, 1 / x, rtol=1e-13)
    same(gpugrad.special.airy_ai(T([0.0])), [0.35502805])
    assert gpugrad.special.bessel_y0(T([0.0, -1.0])).tolist()[0] == -INF


def test_polynomials_of_low_degrees() -> None:
    x = gpugrad.linspace(-1.5, 1.5, 7, dtype=gpugrad.float64)
    special = gpugrad.special
    same(special.chebyshev_polynomial_t(x, 3) + 1, 4 * x**3 - 3 * x + 1)
    same(special.chebyshev_polynomial_u(x, 2) + 1, 4 * x**2)
    same(special.chebyshev_polynomial_v(x, 1) + 9, 2 * x + 8)
    same(special.chebyshev_polynomial_w(x, 1) + 9, 2 * x + 10)
    same(special.hermite_polynomial_h(x, 2), 4 * x**2 - 2)
    same(special.laguerre_polynomial_l(x, 2), (x**2 - 4 * x + 2) / 2)
    assert special.legendre_polynomial_p(x, T([0, 1, 2, 2, 1, 0, -1]))[-1].item() == 0.0


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (2, 3, 3)])
def test_lu_multiplies_to_the_matrix(shape: tuple[int, ...]) -> None:
    gpugrad.manual_seed(0)
    a = gpugrad.randn(*shape, dtype=gpugrad.float64)
    p, lower, upper = gpugrad.linalg.lu(a)
    same(p @ lower @ upper, a)
    same(lower, lower.tril())
    same(upper, upper.triu())
    again = gpugrad.lu_unpack(*gpugrad.linalg.lu_factor(a))
    same(again[0] @ again[1] @ again[2], a)


def test_solving_with_factors() -> None:
    a = T([[1.0, 2.0], [4.0, 3.0]], dtype=gpugrad.float64)
    b = T([[1.0], [2.0]], dtype=gpugrad.float64)
    factors = gpugrad.linalg.lu_factor(a)
    same(a @ gpugrad.linalg.lu_solve(*factors, b), b)
    same(a.T @ gpugrad.linalg.lu_solve(*factors, b, adjoint=True), b)
    same(gpugrad.linalg.lu_solve(*factors, b.T, left=False) @ a, b.T)
    assert gpugrad.linalg.lu_factor_ex(gpugrad.zeros(2, 2)).info.item() == 1
    spd = a @ a.T
    same(spd @ gpugrad.cholesky_solve(b, gpugrad.linalg.cholesky(spd)), b)


def test_failures_are_reported() -> None:
    batch = gpugrad.stack([gpugrad.eye(2), -gpugrad.eye(2), gpugrad.zeros(2, 2)])
    assert gpugrad.linalg.cholesky_ex(batch).info.tolist() == [0, 1, 1]
    found = gpugrad.linalg.inv_ex(batch)
    assert found.info.tolist() == [0, 0, 1]
    same(found.inverse[1], -gpugrad.eye(2))
    with pytest.raises(gpugrad.linalg.LinAlgError):
        gpugrad.linalg.inv_ex(batch, check_errors=True)


def test_matrix_exponential() -> None:
    angle = 0.7
    turn = gpugrad.linalg.matrix_exp(T([[0.0, -angle], [angle, 0.0]]))
    same(turn, [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    large = T([[30.0, 0.0], [0.0, -30.0]], dtype=gpugrad.float64)
    assert large.matrix_exp()[0, 0].item() == pytest.approx(math.exp(30))


def test_equations_of_tensors() -> None:
    gpugrad.manual_seed(0)
    a = gpugrad.randn(2, 3, 6, dtype=gpugrad.float64)
    b = gpugrad.randn(2, 3, dtype=gpugrad.float64)
    same(gpugrad.tensordot(a, gpugrad.linalg.tensorsolve(a, b), 1), b)
    c = gpugrad.randn(4, 2, 2, dtype=gpugrad.float64)
    one = gpugrad.tensordot(gpugrad.linalg.tensorinv(c, 1), c, 1).reshape(4, 4)
    np.testing.assert_allclose(one.numpy(), np.eye(4), atol=1e-12)
    assert gpugrad.linalg.cond(T([[2.0, 0.0], [0.0, 0.5]]), 1).item() == 4.0
    assert gpugrad.linalg.cond(gpugrad.zeros(2, 2), 1).item() == INF


def test_resizing_in_place() -> None:
    x = gpugrad.arange(6)
    assert x.resize_(2, 2).tolist() == [[0, 1], [2, 3]]
    assert x.resize_as_(gpugrad.zeros(3)).shape == (3,)
    assert x.resize_(6).tolist() == [0, 1, 2, 3, 4, 5]  # they were there in memory
    assert gpugrad.arange(6).reshape(2, 3).t().resize_(4).tolist() == [0, 1, 2, 3]
    part = x[2:4]
    assert part.resize_(3).tolist() == [2, 3, 4]
    part.fill_(0)
    assert x.tolist() == [0, 1, 0, 0, 0, 5]
    longer = x[4:].resize_(3)
    assert longer[:2].tolist() == [0, 5]
    assert gpugrad.zeros(0).resize_(2).shape == (2,)
    with pytest.raises(RuntimeError, match="require grad"):
        gpugrad.ones(2, requires_grad=True).resize_(1)


def test_tensors_of_given_strides() -> None:
    assert gpugrad.empty_strided((2, 3), (1, 2)).stride() == (1, 2)
    assert gpugrad.empty_permuted((2, 3), (1, 0)).stride() == (1, 2)
    assert gpugrad.scalar_tensor(3).dtype is gpugrad.float32


def test_out_that_shares_memory_is_refused() -> None:
    x = gpugrad.arange(6.0)
    with pytest.raises(RuntimeError, match="input tensor and the written-to tensor"):
        gpugrad.add(x[:3], 1, out=x[1:4])
    gpugrad.add(x, 1, out=x)
    assert x[0].item() == 1.0
    with pytest.raises(RuntimeError, match="more than one element"):
        gpugrad.cat([x], out=gpugrad.zeros(1).expand(6))
    assert gpugrad.arange(3, out=gpugrad.empty(0, dtype=gpugrad.int32)).dtype is gpugrad.int32


def test_masked_reductions() -> None:
    x = T([[1.0, 2.0], [3.0, 4.0]])
    mask = T([[True, False], [True, True]])
    assert gpugrad.masked.sum(x, 0, mask=mask).tolist() == [4.0, 4.0]
    assert gpugrad.masked.amax(x, 1, mask=mask).tolist() == [1.0, 4.0]
    assert gpugrad.masked.argmin(x, 1, mask=mask).tolist() == [0.0, 0.0]
    same(gpugrad.masked.var(x, mask=mask), 7 / 3)
    assert gpugrad.masked.softmax(x, 1, mask=mask)[0].tolist() == [1.0, 0.0]


def test_windows() -> None:
    same(gpugrad.hann_window(4), [0.0, 0.5, 1.0, 0.5])
    same(gpugrad.bartlett_window(5, periodic=False), [0.0, 0.5, 1.0, 0.5, 0.0])
    assert gpugrad.kaiser_window(1).tolist() == [1.0]
    assert gpugrad.hamming_window(0).shape == (0,)


@pytest.mark.parametrize(
    ("cuts", "parts"),
    [
        ((3, 1), [[0, 1, 2], [], [1, 2, 3, 4]]),
        ((-9, 4, 3), [[], [0, 1, 2, 3], [], [3, 4]]),
        (T([1, 3]), [[0], [1, 2], [3, 4]]),
    ],
)
def test_parts_may_go_back(cuts: Any, parts: list[list[int]]) -> None:
    x = gpugrad.arange(5.0, requires_grad=True)
    found = gpugrad.tensor_split(x, cuts)
    assert [p.tolist() for p in found] == parts
    gpugrad.cat(found).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [sum(part.count(n) for part in parts) for n in range(5)]


def test_unsafe_parts_are_changed_in_place() -> None:
    x = gpugrad.arange(4.0, requires_grad=True)
    for parts in (gpugrad.unsafe_chunk(x * 1, 2), gpugrad.unsafe_split(x * 1, 2)):
        first, second = parts
        assert first.grad_fn.name() == "UnsafeSplitBackward0"
        first.add_(1)
        first.mul_(2)
        x.grad = None
        (first.sum() + second.sum()).backward()
        assert x.grad is not None and x.grad.tolist() == [2.0, 2.0, 1.0, 1.0]


def test_histograms_name_the_dimension() -> None:
    points = T([[1.0, 2.0], [3.0, INF]])
    with pytest.raises(RuntimeError, match=r"dimension 1's range \[2, inf\] is not finite"):
        gpugrad.histogramdd(points, [2, 2])
    with pytest.raises(RuntimeError, match="got min 5 max 4 for dimension 1"):
        gpugrad.histogramdd(points, [2, 2], range=[0.0, 1.0, 5.0, 4.0])


def test_the_next_number_has_the_gradient_of_the_first_operand() -> None:
    x, y = (T(v, requires_grad=True) for v in ([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]))
    gpugrad.nextafter(x, y).sum().backward()
    assert x.grad is not None and y.grad is not None
    assert x.grad.tolist() == [0.0, 1.0, 1.0]
    assert y.grad.tolist() == [0.0, 0.0, 0.0]


def test_equations_solved_with_a_report() -> None:
    a, b = gpugrad.eye(2).expand(2, 2, 2).clone(), gpugrad.ones(2, 2, 1)
    a.requires_grad_()
    result, info = gpugrad.linalg.solve_ex(a, b)
    assert info.tolist() == [0, 0] and info.dtype is gpugrad.int32
    result.sum().backward()
    assert a.grad is not None and (a.grad == -1).all()
    with gpugrad.no_grad():
        a[1] = 1.0
    result, info = gpugrad.linalg.solve_ex(a, b)
    assert info.tolist() == [0, 2]
    assert result[0].tolist() == [[1.0], [1.0]] and result[1].isnan().all()
    with pytest.raises(gpugrad.linalg.LinAlgError, match="singular"):
        gpugrad.linalg.solve_ex(a, b, check_errors=True)
