"""Inverses, determinants, solutions and decompositions."""

from __future__ import annotations

import math

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor, linalg
from tests.ops.checks import Size, check_gradients, same, spread

T = gpugrad.tensor


def regular(*batch: int) -> Tensor:
    """Well-conditioned square matrices."""
    leaf: Tensor = (spread(*batch, 3, 3) + 2 * gpugrad.eye(3)).detach().requires_grad_()
    return leaf


def definite() -> Tensor:
    a = regular()
    leaf: Tensor = (a @ a.mT).detach().requires_grad_()
    return leaf


def test_inverse() -> None:
    same(linalg.inv(T([[2.0, 0.0], [0.0, 4.0]])), [[0.5, 0.0], [0.0, 0.25]])
    x = regular(2)
    np.testing.assert_allclose((x @ x.inverse()).tolist(), [np.eye(3)] * 2, atol=1e-14)
    check_gradients(linalg.inv, x)


@pytest.mark.parametrize(
    "batch, shape", [((), (3,)), ((), (3, 2)), ((2,), (2, 3)), ((2,), (2, 3, 2))]
)
def test_solve(batch: Size, shape: Size) -> None:
    a, b = regular(*batch), spread(*shape)
    x = linalg.solve(a, b)
    vectors = len(shape) == len(batch) + 1
    again = (a @ x.unsqueeze(-1)).squeeze(-1) if vectors else a @ x
    np.testing.assert_allclose(again.tolist(), b.tolist(), atol=1e-13)
    check_gradients(linalg.solve, a, b)


def test_solve_broadcasts_and_from_the_right() -> None:
    a, b = regular(), spread(2, 3, 2)
    assert linalg.solve(a, b).shape == (2, 3, 2)
    check_gradients(linalg.solve, a, b)
    x = linalg.solve(a, b.mT, left=False)
    np.testing.assert_allclose((x @ a).tolist(), b.mT.tolist(), atol=1e-13)


def test_solve_triangular() -> None:
    a, b = regular(), spread(3, 2)
    x = linalg.solve_triangular(a, b, upper=True)
    np.testing.assert_allclose((a.triu() @ x).tolist(), b.tolist(), atol=1e-13)
    y = linalg.solve_triangular(a, b, upper=False, unitriangular=True)
    np.testing.assert_allclose(((a.tril(-1) @ y) + y).tolist(), b.tolist(), atol=1e-13)


def test_determinants() -> None:
    x = regular(2)
    expected = np.linalg.det(x.detach().numpy())
    np.testing.assert_allclose(x.det().tolist(), expected, rtol=1e-13)
    sign, log = x.slogdet()
    np.testing.assert_allclose((sign * log.exp()).tolist(), expected, rtol=1e-13)
    assert repr(gpugrad.slogdet(gpugrad.eye(2))) == (
        "torch.return_types.slogdet(\nsign=tensor(1.),\nlogabsdet=tensor(0.))"
    )
    assert math.isnan(gpugrad.logdet(-gpugrad.eye(3)).item())
    check_gradients(linalg.det, x)
    check_gradients(lambda x: linalg.slogdet(x).logabsdet, x)
    check_gradients(gpugrad.logdet, definite())


def test_determinant_of_a_singular_matrix_has_a_gradient() -> None:
    x = T([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)
    x.det().backward()
    np.testing.assert_allclose(x.grad.tolist(), [[4.0, -2.0], [-2.0, 1.0]], atol=1e-5)


def test_cholesky() -> None:
    a = definite()
    lower = linalg.cholesky(a)
    np.testing.assert_allclose((lower @ lower.mT).tolist(), a.tolist(), atol=1e-13)
    assert linalg.cholesky(a, upper=True).tolist() == lower.mT.tolist()
    check_gradients(lambda a: linalg.cholesky(a @ a.mT), regular())


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (3, 4), (2, 4, 3)])
def test_qr(shape: Size) -> None:
    a = spread(*shape)
    q, r = linalg.qr(a)
    np.testing.assert_allclose((q @ r).tolist(), a.tolist(), atol=1e-14)
    assert q.shape[-1] == r.shape[-2] == min(shape[-2:])
    check_gradients(lambda a: linalg.qr(a)[0].abs(), a)
    check_gradients(lambda a: linalg.qr(a)[1].abs(), a)


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (2, 3, 4)])
def test_svd(shape: Size) -> None:
    a = spread(*shape)
    u, s, vh = linalg.svd(a, full_matrices=False)
    np.testing.assert_allclose((u * s.unsqueeze(-2) @ vh).tolist(), a.tolist(), atol=1e-14)
    assert linalg.svd(a).Vh.shape[-2:] == (shape[-1],) * 2
    check_gradients(lambda a: linalg.svd(a, full_matrices=False).U.abs(), a)
    check_gradients(lambda a: linalg.svd(a, full_matrices=False).Vh.abs(), a)
    check_gradients(linalg.svdvals, a)
    v = gpugrad.svd(a).V
    assert v.tolist() == vh.mT.tolist()


def test_eigh() -> None:
    a = definite()
    w, v = linalg.eigh(a)
    np.testing.assert_allclose((v * w @ v.mT).tolist(), a.tolist(), atol=1e-13)

    check_gradients(lambda a: linalg.eigh(a + a.mT).eigenvalues, regular())
    check_gradients(lambda a: linalg.eigh(a + a.mT).eigenvectors.abs(), regular())
    assert linalg.eigvalsh(a, UPLO="U").tolist() == pytest.approx(w.tolist())


def test_pinv() -> None:
    for shape in ((3, 2), (2, 3), (2, 3, 2)):
        a = spread(*shape)
        np.testing.assert_allclose((a @ linalg.pinv(a) @ a).tolist(), a.tolist(), atol=1e-13)
        check_gradients(linalg.pinv, a)


@pytest.mark.parametrize(
    "call, error, text",
    [
        ("inv(zeros(2, 2))", linalg.LinAlgError, "The diagonal element 1 is zero"),
        ("inv(stack([eye(2), ones(2, 2)]))", linalg.LinAlgError, r"\(Batch element 1\): The dia"),
        ("inv(zeros(2, 3))", RuntimeError, "they are 2 by 3 matrices"),
        ("inv(zeros(2))", RuntimeError, "must have at least 2 dimensions"),
        ("inv(eye(2).long())", RuntimeError, "Expected a floating point or complex"),
        ("inv(eye(2).half())", RuntimeError, "Low precision dtypes not supported. Got Half"),
        ("solve(zeros(2, 2), zeros(2))", linalg.LinAlgError, "the input matrix is singular"),
        ("solve(eye(2), zeros(3))", RuntimeError, "Incompatible shapes of A and B"),
        ("cholesky(-eye(2))", linalg.LinAlgError, "leading minor of order 1 is not positive"),
        ("cholesky(tensor([[1.0, 2], [2, 1]]))", linalg.LinAlgError, "minor of order 2"),
        ("qr(eye(2), 'no')", RuntimeError, "unrecognized mode 'no'"),
        ("eigh(eye(2), 'X')", RuntimeError, "to be 'L' or 'U', but got X"),
    ],
)
def test_errors(call: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        eval(call, {**vars(gpugrad), **vars(linalg)})
