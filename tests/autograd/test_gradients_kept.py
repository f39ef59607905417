"""What ``grad`` holds: hooks before it, changes in place, assignments; and passes from edges."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad


@pytest.fixture
def x() -> Any:
    return gpugrad.ones(2, requires_grad=True)


def test_a_kept_gradient_is_what_all_hooks_have_made_of_it(x: Any) -> None:
    y = x * 3
    y.retain_grad()
    y.register_hook(lambda g: g * 2)
    y.sum().backward()
    assert (y.grad.tolist(), x.grad.tolist()) == ([2.0, 2.0], [6.0, 6.0])


def test_a_kept_gradient_is_that_of_the_changed_value(x: Any) -> None:
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    y.sum().backward()
    assert y.grad.tolist() == [1.0, 1.0]
    z = x * 2
    z.retain_grad()
    z[0].mul_(5)
    z.sum().backward()
    assert z.grad.tolist() == [1.0, 1.0]


def test_assignments_are_checked(x: Any) -> None:
    with pytest.raises(RuntimeError, match=r"gradient of size '\[3\]' to a tensor of size '\[2\]'"):
        x.grad = gpugrad.ones(3)
    with pytest.raises(RuntimeError, match="gradient with dtype 'double' to a tensor with grad_d"):
        x.grad = gpugrad.ones(2, dtype=gpugrad.float64)
    with pytest.raises(TypeError, match="to be a Tensor or None but got grad of type int"):
        x.grad = 2
    with pytest.raises(RuntimeError, match="can't assign Variable as its own grad"):
        x.grad = x
    x.grad = gpugrad.ones(2)
    del x.grad
    assert x.grad is None


def test_a_pass_from_an_edge(x: Any) -> None:
    edge = gpugrad.autograd.graph.get_gradient_edge((x * 2).exp())
    (found,) = gpugrad.autograd.grad(edge, x, gpugrad.ones(2))
    assert gpugrad.allclose(found, 2 * gpugrad.tensor(2.0).exp())
    with pytest.raises(RuntimeError, match="implicitly created only for scalar outputs"):
        gpugrad.autograd.grad(gpugrad.autograd.graph.get_gradient_edge(x * 2), x)


def test_the_former_name_of_grad_tensors(x: Any) -> None:
    with pytest.warns(FutureWarning, match="`grad_variables` is deprecated"):
        gpugrad.autograd.backward(x * 2, grad_variables=gpugrad.ones(2))
    assert x.grad.tolist() == [2.0, 2.0]


def test_notes_on_nodes_stay(x: Any) -> None:
    y = x * 2
    y.grad_fn.metadata["note"] = 1
    assert y.grad_fn.metadata == {"note": 1}
    leaf = y.grad_fn.next_functions[0][0]
    assert isinstance(leaf, gpugrad.autograd.graph.Node)
    leaf.metadata["leaf"] = 2
    assert y.grad_fn.next_functions[0][0].metadata == {"leaf": 2}
    assert (x**2).grad_fn._saved_exponent == 2
    assert (x**1.5).grad_fn._saved_exponent == 1.5


def test_a_pack_hook_gets_the_leaf_itself_and_records_nothing(x: Any) -> None:
    seen: list[Any] = []

    def pack(tensor: Any) -> Any:
        seen.append((tensor is x, (tensor * 2).requires_grad))
        return tensor

    with gpugrad.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        y = x.sin()
    y.sum().backward()
    assert seen == [(True, False)]
    assert gpugrad.allclose(x.grad, x.detach().cos())


def test_expanded_tensors_may_be_filled_with_a_warning() -> None:
    x = gpugrad.ones(3).expand(2, 3)
    with pytest.warns(UserWarning, match="Use of masked_fill_ on expanded tensors is deprecated"):
        x.masked_fill_(x > 0, 2.0)
    assert x.tolist() == [[2.0] * 3] * 2
    with pytest.warns(UserWarning, match="Use of index_put_ on expanded tensors is deprecated"):
        x.index_put_((gpugrad.tensor([0]),), gpugrad.tensor(4.0))
    with pytest.warns(UserWarning, match="Use of index_fill_ on expanded tensors is deprecated"):
        x.index_fill_(0, gpugrad.tensor([0]), 7.0)
    assert x.tolist() == [[7.0] * 3] * 2
    with pytest.raises(RuntimeError, match="more than one element of the written-to tensor"):
        x.index_add_(0, gpugrad.tensor([0]), gpugrad.ones(1, 3))
