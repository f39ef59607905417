"""In-place changes: gradients through them, version counters, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

import gpugrad

LEAF = "^a leaf Variable that requires grad is being used in an in-place operation.$"
LEAF_VIEW = "^a view of a leaf Variable that requires grad is being used in an in-place operation.$"


def leaf(*values: float) -> Any:
    return gpugrad.tensor(list(values), requires_grad=True)


def gradient(y: Any, x: Any) -> Any:
    found: list[float] = gpugrad.autograd.grad(y.sum(), x)[0].tolist()
    return found


# --- gradients -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change, expected",
    [
        (lambda y, x: y.add_(5), [2.0, 2.0]),
        (lambda y, x: y.mul_(x), [4.0, 8.0]),
        (lambda y, x: y.mul_(3), [6.0, 6.0]),
        (lambda y, x: y.sub_(x), [1.0, 1.0]),
        (lambda y, x: y.div_(x), [0.0, 0.0]),
        (lambda y, x: y.pow_(2), [8.0, 16.0]),
        (lambda y, x: y.copy_(x), [1.0, 1.0]),
        (lambda y, x: y.zero_(), [0.0, 0.0]),
        (lambda y, x: y.fill_(3), [0.0, 0.0]),
        (lambda y, x: y.fill_(x[0]), [2.0, 0.0]),
        (lambda y, x: y.square_(), [8.0, 16.0]),
        (lambda y, x: y.neg_(), [-2.0, -2.0]),
        (lambda y, x: y.clamp_(0, 3), [2.0, 0.0]),
        (lambda y, x: y.exp_(), [2 * 7.389056, 2 * 54.59815]),
        (lambda y, x: y.sin_().add_(x), [1 + 2 * -0.4161468, 1 + 2 * -0.6536436]),
    ],
)
def test_gradient_of_in_place_methods(change: Any, expected: list[float]) -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    assert change(y, x) is y
    assert gradient(y, x) == pytest.approx(expected)


@pytest.mark.parametrize(
    "change, expected",
    [
        ("y += x", [3.0, 3.0]),
        ("y -= 1", [2.0, 2.0]),
        ("y *= x", [4.0, 8.0]),
        ("y /= 4", [0.5, 0.5]),
        ("y **= 3", [24.0, 96.0]),
    ],
)
def test_gradient_of_in_place_operators(change: str, expected: list[float]) -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    names = {"x": x, "y": y}
    exec(change, names)
    assert names["y"] is y
    assert gradient(y, x) == expected


def test_a_tensor_joins_the_graph_in_place() -> None:
    x = leaf(1.0, 2.0)
    total = gpugrad.zeros(2)
    assert total.is_leaf
    for k in range(3):
        total += x * k
    assert total.requires_grad
    assert not total.is_leaf
    assert total.grad_fn.name() == "AddBackward0"
    assert gradient(total, x) == [3.0, 3.0]


def test_in_place_steps_broadcast_their_operand() -> None:
    x = gpugrad.tensor([[1.0], [2.0]], requires_grad=True)
    y = gpugrad.zeros(2, 3)
    y += x
    assert gradient(y, x) == [[3.0], [3.0]]


def test_constants_change_without_a_graph() -> None:
    x = gpugrad.ones(2)
    x.add_(1).mul_(3)
    assert x.tolist() == [6.0, 6.0]
    assert x.grad_fn is None
    assert x._version == 2


def test_outside_of_the_graph_values_change_and_history_stays() -> None:
    x = leaf(1.0, 2.0)
    y = x * 2
    with gpugrad.no_grad():
        x += 10
        y.zero_()
    assert x.tolist() == [11.0, 12.0]
    assert y.grad_fn.name() == "MulBackward0"
    assert gradient(y, x) == [2.0, 2.0]


def test_a_training_step_by_hand() -> None:
    w = leaf(1.0, 2.0)
    for _ in range(2):
        (w * w).sum().backward()
        with gpugrad.no_grad():
            w -= 0.25 * w.grad
            w.grad.zero_()
    assert w.tolist() == [0.25, 0.5]
    assert w.is_leaf


# --- versions ------------------------------------------------------------------------------------


def test_versions_count_changes_of_shared_memory() -> None:
    x = gpugrad.zeros(4)
    view, detached = x[1:], x.detach()
    x.add_(1)
    view.zero_()
    detached.mul_(2)
    x[0] = 3
    x[[1, 2]] = 4
    assert x._version == view._version == detached._version == 5
    data = x.data
    data.add_(1)
    assert (data._version, x._version) == (1, 5)


def stale(kind: str, shape: str, origin: str, version: int, expected: int) -> str:
    text = (
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: [torch.{kind} {shape}]{origin} is at version {version}; expected version "
        f"{expected} instead. Hint:"
    )
    return "^" + re.escape(text)


def test_a_changed_operand_is_refused() -> None:
    x, w = leaf(1.0, 2.0), gpugrad.ones(2)
    y = x * w
    w.add_(1)
    with pytest.raises(RuntimeError, match=stale("FloatTensor", "[2]", "", 1, 0)):
        y.sum().backward()


def test_a_changed_result_is_refused() -> None:
    x = gpugrad.ones(2, 3, dtype=gpugrad.float64, requires_grad=True)
    y = x.exp()
    y.add_(1).mul_(2)
    origin = ", which is output 0 of Exp,"
    with pytest.raises(RuntimeError, match=stale("DoubleTensor", "[2, 3]", origin, 2, 0)):
        y.sum().backward()


def test_a_result_changed_in_one_view_is_refused() -> None:
    x = leaf(1.0, 2.0)
    y = x.sigmoid()
    y.detach()[0] = 0
    origin = ", which is output 0 of Sigmoid,"
    with pytest.raises(RuntimeError, match=stale("FloatTensor", "[2]", origin, 1, 0)):
        y.sum().backward()


def test_what_is_not_saved_may_change() -> None:
    x = leaf(1.0, 2.0)
    y = x + 1
    z = y * 3
    y.zero_()
    assert gradient(z, x) == [3.0, 3.0]
    a = x * 2
    b = a.sin()  # keeps a
    c = a + b
    b.zero_()
    assert gradient(c, x) == pytest.approx([2 + 2 * -0.4161468, 2 + 2 * -0.6536436])


def test_a_leaf_changed_in_no_grad_is_noticed() -> None:
    x = leaf(1.0, 2.0)
    y = x * x
    with gpugrad.no_grad():
        x.add_(1)
    with pytest.raises(RuntimeError, match="is at version 1; expected version 0 instead"):
        y.sum().backward()


def test_changes_through_data_are_not_noticed() -> None:
    x = leaf(1.0, 2.0)
    y = x * x
    x.data.add_(1)
    assert gradient(y, x) == [4.0, 6.0]


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x.add_(1),
        lambda x: x.zero_(),
        lambda x: x.exp_(),
        lambda x: x.copy_(gpugrad.ones(2)),
        lambda x: x.fill_(0),
        lambda x: x.__iadd__(1),
        lambda x: x.clamp_(0, 1),
        lambda x: x.__setitem__(gpugrad.tensor([True, False]), 0.0),
    ],
)
def test_leaves_are_not_changed_in_place(change: Any) -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=LEAF):
        change(x)
    assert x.tolist() == [1.0, 2.0]
    assert x._version == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda x: x[0].add_(1),
        lambda x: x[1:].zero_(),
        lambda x: x.view(2, 1).exp_(),
        lambda x: x.__setitem__(0, 5.0),
        lambda x: x.__setitem__(slice(1, None), gpugrad.ones(1)),
        lambda x: x[1:][0].fill_(3),
    ],
)
def test_views_of_leaves_are_not_changed_in_place(change: Any) -> None:
    x = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match=LEAF_VIEW):
        change(x)
    assert x.tolist() == [1.0, 2.0]


def test_results_must_fit_shape_and_type() -> None:
    x, i = gpugrad.ones(2), gpugrad.ones(2, dtype=gpugrad.int64)
    with pytest.raises(RuntimeError, match=r"doesn't match the broadcast shape \[3, 2\]"):
        x.add_(gpugrad.ones(3, 2))
    with pytest.raises(
        RuntimeError, match="^result type Float can't be cast to the desired output"
    ):
        i.add_(1.5)
    with pytest.raises(
        RuntimeError, match="^result type Float can't be cast to the desired output"
    ):
        i /= 2
    with pytest.raises(
        RuntimeError, match="^result type Float can't be cast to the desired output"
    ):
        i.exp_()
    assert i.tolist() == [1, 1]
    i += gpugrad.tensor(3, dtype=gpugrad.int32)
    assert i.dtype is gpugrad.int64
    x.add_(gpugrad.ones(2, dtype=gpugrad.float64))
    assert x.dtype is gpugrad.float32


def test_expanded_memory_is_not_written_to() -> None:
    x = gpugrad.ones(1).expand(3)
    changes: list[Any] = [lambda: x.add_(1), lambda: x.exp_(), lambda: x.copy_(gpugrad.ones(3))]
    for change in changes:
        with pytest.raises(RuntimeError, match="^unsupported operation: more than one element"):
            change()


def test_wrong_operands_are_refused() -> None:
    x = gpugrad.ones(2)
    with pytest.raises(TypeError, match="add_"):
        x.add_("a")
    with pytest.raises(TypeError, match="mul_"):
        x.mul_(None)
    with pytest.raises(TypeError):
        x += "a"


def test_requires_grad_in_place() -> None:
    x = gpugrad.ones(2)
    assert x.requires_grad_() is x
    assert (x * 2).requires_grad
    x.requires_grad_(False)
    assert not (x * 2).requires_grad
    y = leaf(1.0) * 2
    with pytest.raises(RuntimeError, match="^you can only change requires_grad flags of leaf"):
        y.requires_grad = False
    with pytest.raises(RuntimeError, match="^only Tensors of floating point"):
        gpugrad.ones(2, dtype=gpugrad.int64).requires_grad_()


def test_detach_in_place() -> None:
    x = leaf(1.0)
    y = x * 2
    assert y.detach_() is y
    assert y.is_leaf
    assert not y.requires_grad
    with pytest.raises(RuntimeError, match="^Can't detach views in-place"):
        (x * 2)[:1].detach_()
