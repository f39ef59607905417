"""Views by size and stride: what they share with their base, in the graph and out of it."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad


def base(grad: bool = True) -> Any:
    leaf = gpugrad.arange(6.0).reshape(2, 3).requires_grad_(grad)
    return leaf, leaf * 1


def test_it_is_a_view() -> None:
    _, x = base(grad=False)
    view = x.as_strided((3,), (2,))
    view.fill_(9)
    assert x.tolist() == [[9.0, 1.0, 9.0], [3.0, 9.0, 5.0]]
    assert view._base is x and view._version == x._version


def test_changes_of_the_view_reach_the_graph_of_its_base() -> None:
    leaf, x = base()
    x.as_strided((3,), (2,)).mul_(5)
    assert x.grad_fn.name() == "torch::autograd::CopySlices"
    x.sum().backward()
    assert leaf.grad.tolist() == [[5.0, 1.0, 5.0], [1.0, 5.0, 1.0]]


def test_changes_of_a_view_of_a_view() -> None:
    leaf, x = base()
    x[1].as_strided((2,), (2,)).zero_()
    (x * x).sum().backward()
    assert x.tolist() == [[0.0, 1.0, 2.0], [0.0, 4.0, 0.0]]
    assert leaf.grad.tolist() == [[0.0, 2.0, 4.0], [0.0, 8.0, 0.0]]


def test_a_base_in_another_order_has_its_gradient() -> None:
    leaf, x = base()
    x.t().as_strided((3,), (1,)).sum().backward()
    assert leaf.grad.tolist() == [[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]


def test_elements_that_share_memory_share_their_gradient() -> None:
    leaf = gpugrad.ones(2, requires_grad=True)
    wide = leaf.expand(3, 2)
    wide.as_strided((2,), (1,)).sum().backward()
    # Each of three elements has a third of what their place in memory gets, and expand adds them.
    assert leaf.grad.tolist() == pytest.approx([1.0, 1.0])


def test_second_gradients() -> None:
    x = gpugrad.arange(6, dtype=gpugrad.float64).reshape(2, 3).requires_grad_()
    assert gpugrad.autograd.gradgradcheck(lambda t: t.as_strided((3, 3), (1, 1)).sin(), (x,))
