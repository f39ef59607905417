"""Sparse tensors: forms, products, arithmetic, gradients and the printed form."""

from __future__ import annotations

import copy
import pickle

import pytest

import gpugrad
from gpugrad import sparse
from gpugrad.testing import assert_close

AT, HELD, SIZE = [[0, 1, 1, 0], [2, 0, 2, 2]], [3.0, 4.0, 5.0, 1.0], (2, 3)
DENSE = gpugrad.tensor([[0.0, 0.0, 4.0], [4.0, 0.0, 5.0]])


def made(**options: object) -> sparse.SparseTensor:
    """A matrix of which one place comes twice."""
    return sparse.sparse_coo_tensor(AT, HELD, SIZE, **options)  # type: ignore[arg-type]


def test_forms() -> None:
    x = made()
    assert isinstance(x, gpugrad.Tensor)
    assert x.is_sparse and not DENSE.is_sparse
    assert x.layout is gpugrad.sparse_coo
    assert (x.shape, x.dtype, x.dim(), x.numel(), len(x)) == ((2, 3), gpugrad.float32, 2, 6, 2)
    assert_close(x.to_dense(), DENSE)
    whole = x.coalesce()
    assert whole.indices().tolist() == [[0, 1, 1], [2, 0, 2]]
    assert whole.values().tolist() == [4.0, 4.0, 5.0]
    with pytest.raises(RuntimeError, match="uncoalesced"):
        x.indices()
    back = DENSE.to_sparse()
    assert back.is_coalesced() and back.indices().tolist() == whole.indices().tolist()
    assert_close(x.t().to_dense(), DENSE.t())
    rows = x.to_sparse_csr()
    assert rows.crow_indices().tolist() == [0, 1, 3]
    assert rows.col_indices().tolist() == [2, 0, 2]
    again = sparse.sparse_csr_tensor(rows.crow_indices(), rows.col_indices(), rows.values(), SIZE)
    assert_close(again.to_dense(), DENSE)


def test_entries_with_dimensions_of_their_own() -> None:
    x = sparse.sparse_coo_tensor([[2, 0, 2]], [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], (3, 2))
    assert (x.sparse_dim(), x.dense_dim()) == (1, 1)
    assert x.to_dense().tolist() == [[3.0, 4.0], [0.0, 0.0], [6.0, 8.0]]
    assert x.coalesce().values().tolist() == [[3.0, 4.0], [6.0, 8.0]]


def test_products() -> None:
    x, y = made(), gpugrad.arange(6.0).reshape(3, 2)
    for product in (x @ y, x.mm(y), gpugrad.mm(x, y), gpugrad.spmm(x, y), sparse.mm(x, y)):
        assert_close(product, DENSE @ y)
    assert_close(x @ y[:, 0], DENSE @ y[:, 0])
    assert_close(gpugrad.ones(4, 2) @ x, gpugrad.ones(4, 2) @ DENSE)
    assert_close((x @ x.t()).to_dense(), DENSE @ DENSE.t())
    assert_close(sparse.addmm(gpugrad.ones(2, 2), x, y, beta=2), 2 + DENSE @ y)
    with pytest.raises(RuntimeError, match="2x3 and 2x2"):
        x @ gpugrad.ones(2, 2)


def test_arithmetic_keeps_to_the_entries() -> None:
    x = made()
    for found, expected in (
        (x * 2, DENSE * 2),
        (2 * x, DENSE * 2),
        (x / 2, DENSE / 2),
        (-x, -DENSE),
        (x + x, 2 * DENSE),
        (x - x, 0 * DENSE),
        (x * x, DENSE * DENSE),
        (x * (DENSE + 1), DENSE * (DENSE + 1)),
        (x.pow(2), DENSE**2),
        (x.sqrt(), DENSE.sqrt()),
        (x.double(), DENSE.double()),
    ):
        assert found.is_sparse
        assert_close(found.to_dense(), expected)
    assert_close(gpugrad.ones(2, 3) + x, DENSE + 1)


def test_other_functions_take_the_dense_form() -> None:
    assert_close(gpugrad.exp(made()), DENSE.exp())
    assert_close(made().sum(), DENSE.sum())
    assert_close(sparse.sum(made(), 0).to_dense(), DENSE.sum(0))
    assert_close(sparse.sum(made(), (0, 1)), DENSE.sum())


def test_softmax_over_what_is_stored() -> None:
    expected = DENSE.masked_fill(DENSE == 0, -float("inf")).softmax(1)
    assert_close(sparse.softmax(made(), 1).to_dense(), expected)
    stored = DENSE != 0
    assert_close(sparse.log_softmax(made(), 1).to_dense()[stored], expected.log()[stored])


@pytest.mark.parametrize("large", [False, True])
def test_gradients_reach_the_values(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparse.functions, "LARGEST_DENSE", 0 if large else 100)
    held = gpugrad.tensor(HELD, requires_grad=True)
    y = gpugrad.arange(6.0).reshape(3, 2).requires_grad_()
    for _ in range(2):  # a step of training takes the matrix again
        held.grad = y.grad = None
        x = sparse.sparse_coo_tensor(AT, held, SIZE)
        sparse.mm(x, y).square().sum().backward()
    outer = 2 * (DENSE @ y.detach())
    assert held.grad is not None and y.grad is not None
    assert_close(held.grad, (outer @ y.detach().t())[AT[0], AT[1]])
    assert_close(y.grad, DENSE.t() @ outer)


def test_a_constant_matrix_serves_many_steps() -> None:
    x, weight = made(), gpugrad.ones(3, 1, requires_grad=True)
    for _ in range(2):
        weight.grad = None
        sparse.mm(x, weight).sum().backward()
    assert weight.grad is not None
    assert_close(weight.grad, DENSE.sum(0)[:, None])


def test_gradient_of_a_sparse_leaf_is_sparse() -> None:
    x = made().coalesce().requires_grad_()
    (x @ gpugrad.ones(3, 1)).sum().backward()
    assert x.grad.is_sparse
    assert x.grad.values().tolist() == [1.0, 1.0, 1.0]


def test_gradients_reach_the_values_through_the_dense_form() -> None:
    x = made().coalesce().requires_grad_()
    with gpugrad.no_grad():
        x.exp()  # leaves nothing that later passes would take
    for _ in range(2):
        x.exp().sum().backward()
    assert_close(x.grad.values(), 2 * x.values().detach().exp())
    x.grad = None
    assert x.grad is None


def test_a_tensor_made_of_values_with_gradients_is_no_leaf() -> None:
    held = gpugrad.tensor(HELD, requires_grad=True)
    x = sparse.sparse_coo_tensor(AT, held, SIZE)
    assert not x.is_leaf
    assert "grad_fn=<SparseCooTensorWithDimsAndTensorsBackward0>" in repr(x)
    x.retain_grad()
    seen: list[gpugrad.Tensor] = []
    x.register_hook(seen.append)
    x.sum().backward()
    assert held.grad is not None and held.grad.tolist() == [1.0] * 4
    assert x.grad.is_sparse and seen[0].is_sparse


def test_values_keep_their_own_answer_to_requires_grad() -> None:
    held = gpugrad.tensor(HELD)
    x = sparse.sparse_coo_tensor(AT, held, SIZE).requires_grad_()
    assert x.requires_grad and not held.requires_grad
    rows = made().to_sparse_csr()
    assert rows.to_sparse().requires_grad_().requires_grad and not rows.requires_grad


def test_products_follow_changed_values() -> None:
    x, y = made().coalesce(), gpugrad.ones(3, 1)
    assert_close(x @ y, DENSE @ y)
    x.values().mul_(3)
    assert_close(x @ y, 3 * DENSE @ y)


def test_changes_in_place() -> None:
    for x in (made(), made().coalesce(), made().to_sparse_csr()):
        same = x
        x += x
        assert_close(x.to_dense(), 2 * DENSE)
        x.sub_(x, alpha=0.5).mul_(4)
        x /= 2
        assert x is same
        assert_close(x.to_dense(), 2 * DENSE)
        assert_close(x.neg_().to_dense(), -2 * DENSE)
        assert_close(x @ gpugrad.ones(3, 1), -2 * DENSE.sum(1, True))
        assert x.zero_()._nnz() == 0
    x = made().copy_(2 * made().coalesce())
    assert_close(x.to_dense(), 2 * DENSE)
    leaf = made().requires_grad_()
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        leaf.mul_(2)
    with pytest.raises(RuntimeError, match="between dense and sparse"):
        leaf.copy_(DENSE)


@pytest.mark.parametrize("name", ["fill_", "sigmoid_", "relu_", "clamp_", "normal_", "t_"])
def test_changes_of_the_dense_form_are_refused(name: str) -> None:
    with pytest.raises(NotImplementedError, match=name):
        getattr(made(), name)()
    with pytest.raises(NotImplementedError, match="__setitem__"):
        made()[0] = 1.0
    x = made()
    with pytest.raises(RuntimeError, match="read-only"):
        x.reshape(6).fill_(1.0)
    assert_close(x @ gpugrad.ones(3, 1), DENSE.sum(1, True))


def test_copies() -> None:
    x = made().requires_grad_()
    twin = copy.deepcopy(x)
    assert twin.requires_grad and twin.is_leaf
    with gpugrad.no_grad():
        twin.mul_(2)
    assert_close(x.detach().to_dense(), DENSE)
    back = pickle.loads(pickle.dumps(made()))
    assert back.is_sparse and not back.is_coalesced()
    assert_close(back.to_dense(), DENSE)


def test_sums_that_keep_dimensions() -> None:
    x = made()
    for dim in (0, 1, -1):
        assert_close(x.sum(dim, keepdim=True).to_dense(), DENSE.sum(dim, True))
    assert_close(x.sum((0, 1), keepdim=True), DENSE.sum((0, 1), True))
    tall = sparse.sparse_coo_tensor([[2, 0]], [[1.0, 2.0], [3.0, 4.0]], (3, 2))
    assert_close(tall.sum(1, keepdim=True).to_dense(), tall.to_dense().sum(1, True))
    assert_close(tall.sum(0, keepdim=True), tall.to_dense().sum(0, True))


def test_printed_form() -> None:
    assert repr(made()) == (
        "tensor(indices=tensor([[0, 1, 1, 0],\n"
        "                       [2, 0, 2, 2]]),\n"
        "       values=tensor([3., 4., 5., 1.]),\n"
        "       size=(2, 3), nnz=4, layout=torch.sparse_coo)"
    )
    assert repr(made().to_sparse_csr()) == (
        "tensor(crow_indices=tensor([0, 1, 3]),\n"
        "       col_indices=tensor([2, 0, 2]),\n"
        "       values=tensor([4., 4., 5.]), size=(2, 3), nnz=3,\n"
        "       layout=torch.sparse_csr)"
    )
    assert "size=(2, 0)" in repr(sparse.sparse_coo_tensor((2, 3)))


def test_refusals() -> None:
    with pytest.raises(RuntimeError, match="for dim 1, size is 2 but found index 2"):
        sparse.sparse_coo_tensor(AT, HELD, (2, 2))
    with pytest.raises(RuntimeError, match="nnz from indices: 4, nnz from values: 2"):
        sparse.sparse_coo_tensor(AT, HELD[:2], SIZE)
    with pytest.raises(RuntimeError, match=r"Use add\(dense, sparse\)"):
        made() + DENSE
    with pytest.raises(RuntimeError, match="found negative index -1 for dim 1"):
        sparse.sparse_coo_tensor([[0], [-1]], [1.0], SIZE)
    with pytest.raises(RuntimeError, match=r"\[2, 3\] != \[3, 2\]"):
        made() + made().t()
    with pytest.raises(RuntimeError, match="equal dimensionality"):
        made() * made().t()
    with pytest.raises(RuntimeError, match="zero-dim dense tensor divisor"):
        made() / DENSE
    with pytest.raises(RuntimeError, match="zeroth power"):
        made() ** 0
    with pytest.raises(RuntimeError, match="only matrices"):
        gpugrad.ones(2, 2, 2).to_sparse_csr()
    with pytest.raises(RuntimeError, match="duplicate"):
        sparse.spdiags(gpugrad.ones(2, 2), gpugrad.tensor([0, 0]), (2, 2))
    with pytest.raises(TypeError, match="to_dense"):
        made().numpy()
    with pytest.raises(RuntimeError, match="layout but got Sparse$"):
        made().crow_indices()
    with pytest.raises(RuntimeError, match="layout but got SparseCsr$"):
        made().to_sparse_csr().indices()


@pytest.mark.parametrize(
    ("starts", "columns", "message"),
    [
        ([0, 1, 4], [1, 0, 1], r"\[..., -1\] == nnz"),
        ([0, 1, 3], [1, 0, 5], "0 <= col_indices < ncols"),
        ([0, 1, 3], [1, 0, -1], "0 <= col_indices < ncols"),
        ([0, 3], [1, 0, 1], r"number of rows \+ 1 \(=3\), but got 2"),
        ([0, 4, 3], [1, 0, 1], "crow_indices.* <= ncols"),
    ],
)
def test_rows_that_do_not_fit(starts: list[int], columns: list[int], message: str) -> None:
    with pytest.raises(RuntimeError, match=message):
        sparse.sparse_csr_tensor(starts, columns, [1.0, 2.0, 3.0], (2, 2))


def test_older_constructor_and_diagonals() -> None:
    x = sparse.FloatTensor(gpugrad.tensor(AT), gpugrad.tensor(HELD), gpugrad.Size(SIZE))
    assert_close(x.to_dense(), DENSE)
    lines = gpugrad.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    found = sparse.spdiags(lines, gpugrad.tensor([0, -1]), (3, 3)).to_dense()
    assert found.tolist() == [[1.0, 0.0, 0.0], [4.0, 2.0, 0.0], [0.0, 5.0, 3.0]]
