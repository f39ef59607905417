"""Corners of ``autograd.Function``: what forward and backward may return, and in-place changes."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad.autograd import Function, grad


def made(forward: Any, backward: Any = lambda ctx, *grads: grads[0], **more: Any) -> Any:
    """A function class of two plain functions."""
    body = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Made", (Function,), {**body, **{k: staticmethod(v) for k, v in more.items()}})


@pytest.fixture
def x() -> Any:
    return gpugrad.ones(2, requires_grad=True)


def test_results_that_are_no_tensors_have_the_gradient_none(x: Any) -> None:
    seen: list[Any] = []

    def backward(ctx: Any, *grads: Any) -> Any:
        seen.extend(grads)
        return grads[0]

    result = made(lambda ctx, t: (t * 2, 3, None), backward).apply(x)
    assert result[1:] == (3, None)
    result[0].sum().backward()
    assert seen[1:] == [None, None]


@pytest.mark.parametrize(("returned", "word"), [(3, "int"), ([1], "list")])
def test_a_gradient_must_be_a_tensor(x: Any, returned: Any, word: str) -> None:
    f = made(lambda ctx, t: t * 2, lambda ctx, g: returned)
    with pytest.raises(RuntimeError, match=rf"expected Variable or None \(got {word}\)"):
        f.apply(x).sum().backward()


def test_the_node_shows_the_attributes_of_ctx(x: Any) -> None:
    def forward(ctx: Any, t: Any) -> Any:
        ctx.save_for_backward(t)
        ctx.scale, ctx.hooks, ctx.edges = 5, "mine", "also mine"
        return t * 5

    def backward(ctx: Any, g: Any) -> Any:
        assert (ctx.scale, ctx.hooks, ctx.edges) == (5, "mine", "also mine")
        assert (ctx.name(), ctx.next_functions[0][1]) == ("MadeBackward", 0)
        return g * ctx.scale

    y = made(forward, backward).apply(x)
    assert (type(y.grad_fn).__name__, y.grad_fn.scale) == ("MadeBackward", 5)
    assert y.grad_fn.saved_tensors[0] is x
    y.sum().backward()
    assert x.grad.tolist() == [5.0, 5.0]
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        _ = y.grad_fn.saved_tensors


def test_vjp_is_another_name_of_backward(x: Any) -> None:
    class Other(Function):
        @staticmethod
        def forward(ctx: Any, t: Any) -> Any:
            return t * 2

        @staticmethod
        def vjp(ctx: Any, g: Any) -> Any:
            return g * 9

    Other.apply(x).sum().backward()
    assert x.grad.tolist() == [9.0, 9.0]
    both: Any = type("Both", (Other,), {"backward": staticmethod(lambda ctx, g: g)})
    with pytest.raises(RuntimeError, match="both 'backward' and 'vjp'"):
        both.apply(x).sum().backward()


def test_setup_context_gets_arguments_that_were_left_out(x: Any) -> None:
    def setup(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.k = inputs[1]

    f = made(lambda t, k=4: t * k, lambda ctx, g: (g * ctx.k, None), setup_context=setup)
    f.apply(x).sum().backward()
    assert x.grad.tolist() == [4.0, 4.0]


def changing(ctx: Any, t: Any) -> Any:
    t.add_(1)
    ctx.mark_dirty(t)
    return t


def test_a_changed_leaf_is_refused(x: Any) -> None:
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad has been used"):
        made(changing).apply(x)


def test_what_was_changed_must_be_returned(x: Any) -> None:
    def forward(ctx: Any, t: Any) -> Any:
        return changing(ctx, t).clone()

    with pytest.raises(RuntimeError, match="marked as dirty during the forward method were not"):
        made(forward).apply(x * 1)


def test_a_changed_view_carries_its_gradient_to_the_base(x: Any) -> None:
    y = x * 1
    view = y[0]
    result = made(changing, lambda ctx, g: g * 7).apply(view)
    assert result is view and y.grad_fn.name().endswith("CopySlices")
    (y * gpugrad.tensor([1.0, 2.0])).sum().backward()
    assert x.grad.tolist() == [7.0, 2.0]


def test_two_changed_arguments_of_which_the_second_is_a_view() -> None:
    a = gpugrad.ones(2, requires_grad=True)
    b = gpugrad.ones(3, requires_grad=True)
    whole = b * 1

    def forward(ctx: Any, s: Any, t: Any) -> Any:
        t.mul_(s)
        ctx.mark_dirty(t)
        return t

    made(forward, lambda ctx, g: (g * 3, g * 5)).apply(a, whole[1:])
    whole.sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([3.0, 3.0], [1.0, 5.0, 5.0])


def test_a_view_made_inside_may_not_be_changed(x: Any) -> None:
    y = x * 1
    for forward in (lambda ctx, t: t.view(2, 1), lambda ctx, t: t):
        view = made(forward, lambda ctx, g: g.reshape(2)).apply(y)
        assert view._is_view() and view._base is y
        with pytest.raises(RuntimeError, match="created inside a custom Function"):
            view.mul_(2)


def test_the_error_for_saved_tensors_that_were_changed(x: Any) -> None:
    def forward(ctx: Any, t: Any) -> Any:
        ctx.save_for_backward(t)
        return t * t

    f = made(forward, lambda ctx, g: g * ctx.saved_tensors[0])
    b = x * 1
    y = f.apply(b)
    b.add_(1)
    with pytest.raises(RuntimeError, match=r"FloatTensor \[2\]\], which is output 0 of Add, is at"):
        y.sum().backward()


def test_results_saved_for_backward_have_second_derivatives(x: Any) -> None:
    def forward(ctx: Any, t: Any) -> Any:
        y = t.exp()
        ctx.save_for_backward(y)
        return y

    f = made(forward, lambda ctx, g: g * ctx.saved_tensors[0])
    (first,) = grad(f.apply(x).sum(), x, create_graph=True)
    (second,) = grad(first.sum(), x)
    assert gpugrad.allclose(second, x.detach().exp())


def test_results_marked_constant_and_gradients_that_are_not_made_up(x: Any) -> None:
    seen: list[Any] = []

    def forward(ctx: Any, t: Any) -> Any:
        constant = t.sign()
        ctx.mark_non_differentiable(constant)
        ctx.set_materialize_grads(False)
        ctx.save_for_forward(t)
        return t * 2, constant, t * 3

    def backward(ctx: Any, *grads: Any) -> Any:
        seen.extend(grads)
        return grads[0] * 2

    double, constant, triple = made(forward, backward).apply(x)
    assert not constant.requires_grad and triple.requires_grad
    double.sum().backward()
    assert seen[0].tolist() == [1.0, 1.0]
    assert seen[1:] == [None, None]
    assert x.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_come_back_in_the_type_of_the_argument(x: Any, create_graph: bool) -> None:
    kinds: list[Any] = []
    y = x * 3
    y.register_hook(lambda g: kinds.append(g.dtype))
    f = made(lambda ctx, t: t * 2, lambda ctx, g: g.double() * 2)
    grad(f.apply(y).sum(), x, create_graph=create_graph)
    assert kinds == [gpugrad.float32]
