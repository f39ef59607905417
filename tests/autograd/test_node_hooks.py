"""Hooks and attributes of graph nodes; hooks on several tensors; edges; saved tensors."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad.autograd.graph import (
    GradientEdge,
    allow_mutation_on_saved_tensors,
    get_gradient_edge,
    register_multi_grad_hook,
)


def leaf(*values: float) -> Any:
    return gpugrad.tensor(values or (1.0, 2.0), requires_grad=True)


# --- hooks of nodes ------------------------------------------------------------------------------


def test_a_hook_sees_what_comes_out_and_what_came_in() -> None:
    x, seen = leaf(), []
    y = x * 3
    y.grad_fn.register_hook(lambda out, given: seen.append((out, given)))
    y.sum().backward()
    ((out, given),) = seen
    assert [out[0].tolist(), out[1], given[0].tolist()] == [[3.0, 3.0], None, [1.0, 1.0]]


def test_hooks_replace_gradients_on_either_side() -> None:
    x = leaf()
    y = x * 3
    y.grad_fn.register_prehook(lambda given: (given[0] * 2,))
    y.grad_fn.register_hook(lambda out, given: (out[0] + given[0], None))
    y.sum().backward()
    assert x.grad.tolist() == [8.0, 8.0]


def test_a_removed_hook_is_silent() -> None:
    x = leaf()
    y = x.exp()
    y.grad_fn.register_prehook(lambda given: (given[0] * 0,)).remove()
    with y.grad_fn.register_hook(lambda out, given: (out[0] * 0,)):
        pass
    y.sum().backward()
    assert x.grad.tolist() == y.tolist()


def test_hooks_take_part_in_recorded_passes() -> None:
    x = leaf(2.0)
    y = x**3
    y.grad_fn.register_hook(lambda out, given: (out[0] * x.detach(),))
    (grad,) = gpugrad.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = gpugrad.autograd.grad(grad.sum(), x)
    assert [grad.item(), second.item()] == [24.0, 24.0]


def test_a_wrong_number_of_gradients_is_refused() -> None:
    y = leaf() * 3
    y.grad_fn.register_hook(lambda out, given: (out[0],))
    with pytest.raises(RuntimeError, match=r"incorrect number of values \(got 1, but expected 2\)"):
        y.sum().backward()


def test_hooks_of_a_leafs_accumulation() -> None:
    x, seen = leaf(), []
    accumulate = (x * 1).grad_fn.next_functions[0][0]
    accumulate.register_prehook(lambda given: (given[0] * 5,))
    handle = accumulate.register_hook(lambda out, given: seen.append((out, given[0].tolist())))
    (x * 1).sum().backward()
    handle.remove()
    (x * 1).sum().backward()
    assert seen == [((), [5.0, 5.0])]
    assert x.grad.tolist() == [10.0, 10.0]


def test_hooks_of_nodes_with_several_results() -> None:
    x, seen = leaf(), []
    first = x.unbind()[0]
    first.grad_fn.register_prehook(lambda given: seen.append([g and g.item() for g in given]))
    (first * 2).backward()
    assert seen == [[2.0, None]]


# --- attributes ----------------------------------------------------------------------------------


def test_saved_tensors_keep_their_place() -> None:
    x = leaf()
    y = x * 2
    z = y * y
    assert z.grad_fn._saved_self.grad_fn is y.grad_fn
    assert z.exp().grad_fn._saved_result.requires_grad
    assert (x**3.5).grad_fn._saved_exponent == 3.5
    with pytest.raises(AttributeError, match="has no attribute '_saved_nothing'"):
        _ = z.grad_fn._saved_nothing
    z.sum().backward()
    with pytest.raises(RuntimeError, match="a second time"):
        _ = z.grad_fn._saved_self


def test_nodes_are_numbered() -> None:
    x = leaf()
    y = x * 2
    assert y.sin().grad_fn._sequence_nr() > y.grad_fn._sequence_nr()
    assert y.grad_fn.requires_grad and y.grad_fn.metadata == {}


def test_reading_the_gradient_of_a_result_warns() -> None:
    x = leaf()
    y: Any = x * 2
    with pytest.warns(UserWarning, match="of a Tensor that is not a leaf Tensor"):
        assert y.grad is None
    y.retain_grad()
    assert y.grad is None and x.grad is None
    y.sum().backward()
    kept: Any = y.grad
    assert kept.tolist() == [1.0, 1.0]


def test_what_hooks_of_tensors_may_not_return() -> None:
    for value, text in (
        (gpugrad.ones(3), "hook 'replace' has changed the size of value"),
        (gpugrad.ones(2, dtype=gpugrad.float64), "hook 'replace' has changed the type of value"),
    ):
        for made in (leaf(), leaf() * 1):

            def replace(grad: Any, value: Any = value) -> Any:
                return value

            made.register_hook(replace)
            with pytest.raises(RuntimeError, match=text):
                made.sum().backward()


# --- several tensors -----------------------------------------------------------------------------


def test_all_gradients_together() -> None:
    x, y = leaf(), leaf()
    seen: list[Any] = []
    z = x * 2
    handle = register_multi_grad_hook((x, z, y), lambda grads: seen.append(grads))
    z.sum().backward()
    (grads,) = seen
    assert [g if g is None else g.tolist() for g in grads] == [[2.0, 2.0], [1.0, 1.0], None]
    (z.detach() * y).sum().backward()
    assert len(seen) == 2 and seen[1][0] is None
    handle.remove()
    (x * y).sum().backward()
    assert len(seen) == 2


def test_the_first_gradient() -> None:
    x = leaf()
    seen: list[Any] = []
    z = x * 2
    register_multi_grad_hook((x, z), seen.append, mode="any")
    z.sum().backward()
    assert [g.tolist() for g in seen] == [[1.0, 1.0]]


def test_only_what_a_pass_visits_is_waited_for() -> None:
    x, y = leaf(), leaf()
    seen: list[Any] = []
    register_multi_grad_hook((x, y), seen.append)
    gpugrad.autograd.grad((x * y).sum(), x)
    assert seen[0][1] is None and seen[0][0].tolist() == y.tolist()


def test_what_multi_hooks_refuse() -> None:
    with pytest.raises(ValueError, match="Expects mode to be one of"):
        register_multi_grad_hook((leaf(),), print, mode="some")
    with pytest.raises(AssertionError, match="Expected gradient function to be set"):
        register_multi_grad_hook((gpugrad.ones(1),), print)


# --- edges ---------------------------------------------------------------------------------------


def test_edges_stand_for_tensors() -> None:
    x = leaf()
    y = x * 2
    edges = [get_gradient_edge(x), get_gradient_edge(y)]
    assert edges[1] == GradientEdge(y.grad_fn, 0)
    found = gpugrad.autograd.grad((y * y).sum(), edges)
    assert [g.tolist() for g in found] == [[8.0, 16.0], [4.0, 8.0]]
    with pytest.raises(RuntimeError, match="does not require gradients"):
        get_gradient_edge(gpugrad.ones(1))


def test_edges_of_one_of_several_results() -> None:
    x = leaf()
    second = x.unbind()[1]
    edge = get_gradient_edge(second)
    assert edge.output_nr == 1
    (grad,) = gpugrad.autograd.grad(second * 3, edge)
    assert grad.item() == 3.0


# --- mutation ------------------------------------------------------------------------------------


def test_saved_tensors_may_change_where_that_is_allowed() -> None:
    x = leaf()
    with allow_mutation_on_saved_tensors():
        y = x.clone()
        z = (y**2).sum()
        y.zero_()
        z.backward()
    assert x.grad.tolist() == [2.0, 4.0]


def test_the_backward_pass_belongs_into_the_context() -> None:
    with allow_mutation_on_saved_tensors():
        z = (leaf() ** 2).sum()
    with pytest.raises(AssertionError, match="outside of the 'allow_mutation_on_saved_tensors'"):
        z.backward()
