"""``einsum``, ``tensordot``, products with something added, chains and powers."""

from __future__ import annotations

import numpy as np
import pytest

import gpugrad
from tests.ops.checks import Size, check_gradients, same, spread

T = gpugrad.tensor
SQUARE = ((3, 3),)


@pytest.mark.parametrize(
    "equation, shapes",
    [
        ("ij,jk->ik", ((2, 3), (3, 4))),
        ("ij,kj", ((2, 3), (4, 3))),
        ("ij,ij->", ((2, 3), (2, 3))),
        ("ij,ij->ij", ((2, 3), (2, 3))),
        ("i,j->ji", ((2,), (3,))),
        ("ii", SQUARE),
        ("ii->i", SQUARE),
        ("ba", ((2, 3),)),
        ("ij->j", ((2, 3),)),
        ("bij,bjk->bik", ((2, 2, 3), (2, 3, 2))),
        ("bij,bji->b", ((2, 2, 3), (2, 3, 2))),
        ("...ij,...jk->...ik", ((4, 2, 3), (3, 2))),
        ("i...,i->...", ((2, 3, 4), (2,))),
        ("ij,jk,kl->il", ((2, 3), (3, 4), (4, 2))),
        ("i,i,j->j", ((3,), (3,), (2,))),
        ("bij,kj->bki", ((2, 2, 3), (4, 3))),
        (" n d , n d -> n ", ((2, 3), (2, 3))),
        ("biib->b", ((2, 3, 3, 2),)),
    ],
)
def test_einsum_agrees_with_numpy(equation: str, shapes: tuple[Size, ...]) -> None:
    operands = [spread(*shape, seed=i) for i, shape in enumerate(shapes)]
    found = gpugrad.einsum(equation, *operands)
    expected = np.einsum(equation, *(o.detach().numpy() for o in operands))
    np.testing.assert_allclose(found.detach().numpy(), expected, rtol=1e-12, atol=1e-14)
    check_gradients(lambda *x: gpugrad.einsum(equation, *x) ** 2, *operands)


def test_einsum_in_other_spellings() -> None:
    x, y = spread(2, 3), spread(3, 4, seed=1)
    expected = (x @ y).tolist()
    assert gpugrad.einsum(x, [0, 1], y, [1, 2], [0, 2]).tolist() == expected
    assert gpugrad.einsum("ij,jk->ik", [x, y]).tolist() == expected
    wide = gpugrad.einsum("bij,bjk->bik", gpugrad.ones(1, 2, 3), gpugrad.ones(4, 3, 2))
    assert wide.shape == (4, 2, 2)


@pytest.mark.parametrize(
    "equation, shapes, text",
    [
        ("ij,jk", [(2, 3)], "fewer operands were provided"),
        ("ij", [(2, 3), (2, 3)], "more operands were provided"),
        ("ijk", [(2, 3)], r"number of subscripts in the equation \(3\) does not match"),
        ("ij,jk->ik", [(2, 3), (2, 3)], "subscript j has size 2 for operand 1 which does not"),
        ("ij->ii", [(2, 3)], "output subscript i appears more than once"),
        ("ij->k", [(2, 3)], "output subscript k does not appear"),
        ("i1->i", [(2, 3)], "invalid subscript given at index 1"),
    ],
)
def test_einsum_errors(equation: str, shapes: list[Size], text: str) -> None:
    with pytest.raises(RuntimeError, match=text):
        gpugrad.einsum(equation, *(gpugrad.ones(s) for s in shapes))


def test_tensordot() -> None:
    x, y = spread(2, 3, 4), spread(4, 3, 5, seed=1)
    found = gpugrad.tensordot(x, y, ([1, 2], [1, 0])).detach().numpy()
    expected = np.tensordot(x.detach().numpy(), y.detach().numpy(), ([1, 2], [1, 0]))
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert gpugrad.tensordot(x, y, 1).shape == (2, 3, 3, 5)
    assert gpugrad.tensordot(x, y, 0).shape == (2, 3, 4, 4, 3, 5)
    check_gradients(lambda x, y: gpugrad.tensordot(x, y, 1), spread(2, 3), spread(3, 2))
    for dims, text in ((-1, "dims >= 0"), (4, "dims < ndim_a or ndim_b"), (2, "need to match")):
        with pytest.raises(RuntimeError, match=text):
            gpugrad.tensordot(x, y, dims)


def test_products_with_something_added() -> None:
    a, b = gpugrad.ones(3, 2, 4), gpugrad.ones(3, 4, 2)
    same(gpugrad.baddbmm(gpugrad.ones(2, 2), a, b, beta=2, alpha=3), np.full((3, 2, 2), 14.0))
    same(gpugrad.addbmm(gpugrad.ones(2, 2), a, b), np.full((2, 2), 13.0))
    same(gpugrad.ones(2).addmv(gpugrad.ones(2, 3), gpugrad.ones(3)), [4.0, 4.0])
    same(gpugrad.ones(2, 2).addr(T([1.0, 2.0]), T([3.0, 4.0])), [[4.0, 5.0], [7.0, 9.0]])
    # With beta 0 what is added does not count, not even nan.
    assert gpugrad.full((2,), float("nan")).addmv(a[0], b[0][:, 0], beta=0).tolist() == [4.0, 4.0]
    x = gpugrad.ones(2)
    assert x.addmv_(gpugrad.ones(2, 3), gpugrad.ones(3)) is x
    with pytest.raises(RuntimeError, match=r"size mismatch, got input \(3\), mat \(2x3\), vec"):
        gpugrad.addmv(gpugrad.ones(3), gpugrad.ones(2, 3), gpugrad.ones(3))


def test_inner_products() -> None:
    x = T([[1.0, 2.0], [3.0, 4.0]])
    assert x.inner(x).tolist() == [[5.0, 11.0], [11.0, 25.0]]
    assert x.inner(T(2.0)).tolist() == [[2.0, 4.0], [6.0, 8.0]]
    assert x[0].vdot(x[1]).item() == 11.0
    assert x[0].ger(x[1]).tolist() == [[3.0, 4.0], [6.0, 8.0]]
    assert gpugrad.linalg.vecdot(x, x).tolist() == [5.0, 25.0]
    with pytest.raises(RuntimeError, match="the last dimension must match"):
        x.inner(gpugrad.ones(3))


def test_matrix_power() -> None:
    x = T([[1.0, 1.0], [0.0, 1.0]])
    for n in (-3, 0, 1, 2, 5):
        same(x.matrix_power(n), [[1.0, n], [0.0, 1.0]])
    assert x.matrix_power(1) is not x
    with pytest.raises(RuntimeError, match="they are 2 by 3 matrices"):
        gpugrad.matrix_power(gpugrad.ones(2, 3), 2)


def test_multi_dot() -> None:
    shapes = ((2, 10), (10, 3), (3, 8), (8,))
    chain = [spread(*shape, seed=i) for i, shape in enumerate(shapes)]
    expected = np.linalg.multi_dot([t.detach().numpy() for t in chain])
    np.testing.assert_allclose(
        gpugrad.linalg.multi_dot(chain).detach().numpy(), expected, rtol=1e-12
    )
    with pytest.warns(UserWarning, match="chain_matmul is deprecated"):
        assert gpugrad.chain_matmul(*chain[:3]).shape == (2, 8)
    with pytest.raises(RuntimeError, match="at least 2 tensors but got 1"):
        gpugrad.linalg.multi_dot(chain[:1])
    with pytest.raises(RuntimeError, match="tensors 0 and 1 with shapes"):
        gpugrad.linalg.multi_dot([chain[0], chain[0]])


def test_gradients() -> None:
    m = spread(3, 3)
    check_gradients(lambda m: m.matrix_power(3), m)
    check_gradients(lambda m, v: m[0].addmv(m, v, beta=2, alpha=3), m, spread(3, seed=1))
    check_gradients(lambda m, v: m.addr(v, v), m, spread(3, seed=1))
    check_gradients(
        lambda a, b: gpugrad.addbmm(a[0] @ b[0], a, b), spread(2, 2, 3), spread(2, 3, 2)
    )
