"""``max``, ``min``, ``median``, ``mode``, ``kthvalue``: values, places, ties, nan, gradients."""

from __future__ import annotations

import math

import pytest

import gpugrad
from tests.ops.checks import check_gradients, same, spread

X = [[1.0, 3.0, 2.0], [4.0, 0.0, 4.0]]


def test_max_along_a_dimension() -> None:
    result = gpugrad.tensor(X).max(1)
    assert result.values.tolist() == [3.0, 4.0]
    assert result.indices.tolist() == [1, 0]  # the first of two that tie
    assert repr(result) == (
        "torch.return_types.max(\nvalues=tensor([3., 4.]),\nindices=tensor([1, 0]))"
    )
    values, indices = gpugrad.max(gpugrad.tensor(X), dim=-1, keepdim=True)
    assert values.shape == indices.shape == (2, 1)


def test_max_of_all_and_of_two() -> None:
    x = gpugrad.tensor(X)
    assert x.max().item() == 4.0
    assert gpugrad.max(x, gpugrad.tensor(2.5)).tolist() == [[2.5, 3.0, 2.5], [4.0, 2.5, 4.0]]
    assert gpugrad.min(x, other=gpugrad.tensor(2.5))[1].tolist() == [2.5, 0.0, 2.5]


def test_nan_is_the_extreme() -> None:
    x = gpugrad.tensor([1.0, math.nan, 3.0])
    for result in (x.max(0), x.min(0), x.median(0)):
        assert math.isnan(result.values.item())
        assert result.indices.item() == 1
    assert x.nanmedian().item() == 1.0


def test_gradient_goes_to_the_element_shown() -> None:
    x = gpugrad.tensor(X, requires_grad=True)
    x.max(1).values.sum().backward()
    assert x.grad.tolist() == [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]
    assert x.max(1).values.grad_fn.name() == "MaxBackward0"
    assert not x.max(1).indices.requires_grad


def test_scalars_have_one_element() -> None:
    x = gpugrad.tensor(3.0, requires_grad=True)
    for result in (x.max(0), x.median(-1), x.mode(), x.kthvalue(1)):
        assert result.values.shape == result.indices.shape == ()
        assert result.indices.item() == 0


def test_median_takes_the_lower_of_two() -> None:
    assert gpugrad.tensor([4.0, 1.0, 3.0, 2.0]).median().item() == 2.0
    assert gpugrad.tensor([[3, 1, 2], [6, 5, 4]]).median(1).values.tolist() == [2, 5]
    assert math.isnan(gpugrad.zeros(0).median().item())


def test_mode_takes_the_smallest_of_several() -> None:
    values, indices = gpugrad.tensor([[2, 1, 2, 1, 3], [7, 7, 1, 2, 7]]).mode()
    assert values.tolist() == [1, 7]
    assert indices.tolist() == [3, 4]  # the last place


def test_kthvalue() -> None:
    values, indices = gpugrad.tensor(X).kthvalue(2, 1)
    assert values.tolist() == [2.0, 4.0]
    assert indices.tolist() == [2, 0]
    with pytest.raises(RuntimeError, match="selected number k out of range for dimension 1"):
        gpugrad.tensor(X).kthvalue(4)


@pytest.mark.parametrize("name", ["max", "min"])
def test_nans_share_the_gradient_of_the_nan_they_make(name: str) -> None:
    x = gpugrad.tensor([1.0, float("nan"), 2.0, float("nan")], requires_grad=True)
    getattr(x, name)().backward()
    assert x.grad.tolist() == [0.0, 0.5, 0.0, 0.5]


def test_aminmax_shares_gradients_among_ties() -> None:
    x = gpugrad.tensor(X, requires_grad=True)
    low, high = x.aminmax(dim=1)
    same(low, [1.0, 0.0])
    (low + high).sum().backward()
    same(x.grad, [[1.0, 1.0, 0.0], [0.5, 1.0, 0.5]])


def test_gradients() -> None:
    x = spread(3, 4)
    check_gradients(lambda x: x.max(1).values.exp(), x)
    check_gradients(lambda x: x.min(0, True).values ** 3, x)
    check_gradients(lambda x: x.median(1).values ** 2, x)
    check_gradients(lambda x: x.kthvalue(2, 0).values.sin(), x)


@pytest.mark.parametrize(
    "call, error, text",
    [
        ("zeros(0).max()", RuntimeError, r"max\(\): Expected reduction dim to be specified"),
        ("zeros(0, 3).max(0)", IndexError, "reduction dim 0 to have non-zero size"),
        ("zeros(0, 2).mode(0)", IndexError, "reduction dim 0 to have non-zero size"),
        ("zeros(2).max(1.5)", TypeError, "invalid combination of arguments"),
        ("zeros(2).max(5)", IndexError, "Dimension out of range"),
        ("max([1])", TypeError, "argument 'input' .position 1. must be Tensor, not list"),
        ("tensor([True]).median()", NotImplementedError, "not implemented for 'Bool'"),
        ("zeros(0).aminmax()", RuntimeError, "cannot compute aminmax over an empty"),
    ],
)
def test_errors(call: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        eval(call, dict(vars(gpugrad)))


@pytest.mark.parametrize("name", ["median", "nanmedian"])
@pytest.mark.parametrize("values", [[1, 1, 2], [2, 1, 2, 3, 2], [[2, 1], [2, 3]], [math.nan, 1], 4])
def test_elements_equal_to_the_median_share_its_gradient(name: str, values: object) -> None:
    x = gpugrad.tensor(values, dtype=gpugrad.float64, requires_grad=True)
    middle = getattr(x, name)()
    (3 * middle).backward()
    assert x.grad is not None
    taken = (x == middle) | (x.isnan() & middle.isnan())
    assert gpugrad.equal(x.grad, 3 * taken / taken.sum())
    assert not (x.grad == 0).all()
