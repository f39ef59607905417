"""Views: shared memory, gradients through views, and in-place changes seen from all sides."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad


def leaf(*shape: int) -> Any:
    count = 1
    for n in shape:
        count *= n
    return gpugrad.arange(1.0, count + 1).reshape(shape).requires_grad_()


VIEWS: dict[str, Any] = {
    "select": lambda x: x[1],
    "slice": lambda x: x[:, 1:],
    "step": lambda x: x[:, ::2],
    "newaxis": lambda x: x[:, None],
    "ellipsis": lambda x: x[..., 0],
    "transpose": lambda x: x.transpose(0, 1),
    "t": lambda x: x.t(),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "permute": lambda x: x.permute(1, 0),
    "view": lambda x: x.view(3, 2),
    "reshape": lambda x: x.reshape(-1),
    "flatten": lambda x: x.flatten(),
    "squeeze": lambda x: x.unsqueeze(0).squeeze(0),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "chain": lambda x: x.t()[1:].view(2, 2, 1)[0],
    "view_as": lambda x: x.view_as(gpugrad.ones(6)),
    "movedim": lambda x: x.movedim(0, 1),
    "unflatten": lambda x: x.unflatten(1, (3, 1)),
    "detach": lambda x: x.detach(),
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_share_memory(name: str) -> None:
    x = leaf(2, 3).detach()
    view = VIEWS[name](x)
    view.fill_(-1)
    assert (x == -1).sum().item() == view.numel()
    x.zero_()
    assert (view == 0).all()
    assert view._version == x._version == 2


@pytest.mark.parametrize("name", [n for n in VIEWS if n != "detach"])
def test_gradients_through_a_changed_base(name: str) -> None:
    """A view taken before an in-place change of its base has the changed base's gradient."""
    x = leaf(2, 3)
    y = x * 1
    view = VIEWS[name](y)
    y.mul_(x)
    assert view.tolist() == VIEWS[name](x * x).tolist()
    (found,) = gpugrad.autograd.grad(view.sum(), x, retain_graph=True)
    (expected,) = gpugrad.autograd.grad(VIEWS[name](x * x).sum(), x)
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("name", [n for n in VIEWS if n != "detach"])
def test_gradients_through_a_changed_view(name: str) -> None:
    """Changing a view puts a node into the graph of its base."""
    x = leaf(2, 3)
    y = x * 2
    VIEWS[name](y).mul_(10)
    assert type(y.grad_fn).__name__ == "CopySlices"
    (found,) = gpugrad.autograd.grad(y.sum(), x)
    mask = gpugrad.zeros(2, 3)
    VIEWS[name](mask).fill_(1)
    assert found.tolist() == (2 + 18 * mask).tolist()


def test_a_view_of_a_view_changed() -> None:
    x = leaf(4)
    y = x * 1
    outer = y[1:]
    inner = outer[1:]
    inner.mul_(x[:2])
    assert y.tolist() == [1.0, 2.0, 3.0, 8.0]
    assert outer.tolist() == [2.0, 3.0, 8.0]
    (found,) = gpugrad.autograd.grad((outer * gpugrad.tensor([1.0, 10.0, 100.0])).sum(), x)
    assert found.tolist() == [30.0, 401.0, 10.0, 200.0]


def test_changes_of_several_views_in_turn() -> None:
    x = leaf(3)
    y = gpugrad.zeros(3)
    product = x[0] * x[1]
    y[0] = product
    y[1] = product * x[2]
    y[2] = y[1] + y[0]
    y[0] = 0
    assert y.tolist() == [0.0, 6.0, 8.0]
    (found,) = gpugrad.autograd.grad(y.sum(), x)
    # y1 = x0 x1 x2 and y2 = y1 + x0 x1
    assert found.tolist() == [14.0, 7.0, 4.0]


def test_a_sibling_view_follows() -> None:
    x = leaf(4)
    y = x * 1
    first, second = y[:3], y[1:]
    first.mul_(2)
    assert second.tolist() == [4.0, 6.0, 4.0]
    assert second.requires_grad
    (found,) = gpugrad.autograd.grad(second.sum(), x)
    assert found.tolist() == [0.0, 2.0, 2.0, 1.0]


def test_a_stale_view_is_differentiated_itself() -> None:
    """The view was taken before the change, and nothing is computed from it after the change."""
    x = leaf(3)
    y = x * 1
    view = y[0]
    y.mul_(2)
    view.backward(retain_graph=True)
    assert x.grad.tolist() == [2.0, 0.0, 0.0]
    y.mul_(3)
    assert gpugrad.autograd.grad(view, x)[0].tolist() == [6.0, 0.0, 0.0]


def test_a_stale_view_first_used_in_no_grad() -> None:
    x = leaf(3)
    y = x * 1
    view = y[:2]
    y.mul_(x)
    with gpugrad.no_grad():
        assert (view + 0).tolist() == [1.0, 4.0]
        assert view.requires_grad
    (view * 10).sum().backward()
    assert x.grad.tolist() == [20.0, 40.0, 0.0]


def test_a_view_of_a_constant_joins_the_graph() -> None:
    x, buffer = leaf(2), gpugrad.zeros(3)
    row = buffer[:2]
    row.copy_(x)
    assert buffer.requires_grad
    assert type(buffer.grad_fn).__name__ == "CopySlices"
    (found,) = gpugrad.autograd.grad((buffer * buffer).sum(), x)
    assert found.tolist() == [2.0, 4.0]


def test_overwriting_cuts_the_old_gradient() -> None:
    x, z = leaf(3), leaf(2)
    y = x * 5
    y[1:] = z
    by_x, by_z = gpugrad.autograd.grad(y.sum(), (x, z))
    assert by_x.tolist() == [5.0, 0.0, 0.0]
    assert by_z.tolist() == [1.0, 1.0]


def test_a_stale_view_keeps_what_others_saved() -> None:
    """A change of memory that an earlier node saved is noticed through any view."""
    x = leaf(3)
    y = x * 1
    z = y[1:] * y[1:]
    y[0] = 7
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_views_know_their_base() -> None:
    x = gpugrad.zeros(4)
    view = x[1:][:2]
    assert view._base is x
    assert view._is_view()
    assert x._base is None
    assert not (x + 1)._is_view()
    assert view.storage_offset() == 1
    assert view.stride() == (1,)


def test_views_that_come_together_are_not_changed_in_place() -> None:
    y = leaf(4) * 1
    for parts in (y.unbind(), y.split(2), y.chunk(2)):
        with pytest.raises(
            RuntimeError, match=r"^Output 0 of \w+ is a view and is being modified in"
        ):
            parts[0].add_(1)
    with pytest.raises(RuntimeError, match="^Output 0 of Unbind is a view"):
        for element in y:
            element.mul_(2)
    plain = gpugrad.zeros(4)
    plain.unbind()[0].add_(1)
    plain.split(2)[1].fill_(3)
    assert plain.tolist() == [1.0, 0.0, 3.0, 3.0]


def test_gradients_of_parts_that_come_together() -> None:
    x = leaf(5)
    first, _, third = x.split((2, 1, 2))
    ((first * 2).sum() + third[0] * 10).backward()
    assert x.grad.tolist() == [2.0, 2.0, 0.0, 10.0, 0.0]
    x.grad = None
    rows = leaf(3, 2)
    (rows.unbind(1)[1] * 3).sum().backward()
    assert rows.grad.tolist() == [[0.0, 3.0]] * 3


def test_expanded_views_sum_their_gradient() -> None:
    x = leaf(3, 1)
    wide = x.expand(2, 3, 4)
    assert wide.stride() == (0, 1, 0)
    (wide * 2).sum().backward()
    assert x.grad.tolist() == [[16.0]] * 3


def test_iteration_gives_views() -> None:
    x = gpugrad.zeros(2, 3)
    for number, row in enumerate(x):
        row += number
    assert x.tolist() == [[0.0] * 3, [1.0] * 3]


def test_shapes_change_in_place() -> None:
    x = gpugrad.zeros(1, 2, 3)
    assert x.squeeze_(0) is x
    assert x.shape == (2, 3)
    assert x.transpose_(0, 1).shape == (3, 2)
    assert x.unsqueeze_(0).shape == (1, 3, 2)
    x = leaf(2, 3)
    y = x * 2
    y.t_()
    assert y.shape == (3, 2)
    (y * gpugrad.tensor([1.0, 10.0])).sum().backward()
    assert x.grad.tolist() == [[2.0] * 3, [20.0] * 3]


def test_view_needs_strides_that_allow_it() -> None:
    x = leaf(2, 3).t()
    with pytest.raises(RuntimeError, match="^view size is not compatible with input tensor's size"):
        x.view(6)
    assert x.reshape(6).tolist() == [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]
    assert x.contiguous().view(6).tolist() == [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]


def test_detach_and_data_share_memory() -> None:
    x = leaf(2)
    y = x * 1
    y.detach()[0] = 9.0
    assert y.tolist() == [9.0, 2.0]
    x.data[1] = 5.0
    assert x.tolist() == [1.0, 5.0]
    x.data = gpugrad.tensor([7.0, 8.0, 9.0])
    assert x.tolist() == [7.0, 8.0, 9.0]
    assert x.requires_grad
    assert x.is_leaf


def test_clone_does_not_share_memory() -> None:
    x = leaf(2)
    y = x.clone()
    assert y.requires_grad
    y.detach().zero_()
    assert x.tolist() == [1.0, 2.0]
    (found,) = gpugrad.autograd.grad((x.clone() * 3).sum(), x)
    assert found.tolist() == [3.0, 3.0]
