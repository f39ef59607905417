"""The backward pass: what it accumulates, where it stops, and which errors it gives."""

from __future__ import annotations

import threading
from typing import Any

import pytest

import gpugrad
from gpugrad.autograd.engine import Node
from gpugrad.backend import backend_of

SECOND_TIME = r"^Trying to backward through the graph a second time"
NO_GRAPH = r"^element 0 of tensors does not require grad and does not have a grad_fn$"


def leaf(*values: float) -> Any:
    return gpugrad.tensor(list(values), requires_grad=True)


# --- accumulation --------------------------------------------------------------------------------


def test_gradients_add_up() -> None:
    x = leaf(1.0, 2.0)
    (x * 3).sum().backward()
    (x * x).sum().backward()
    assert x.grad.tolist() == [5.0, 7.0]


def test_one_leaf_used_many_times() -> None:
    x = leaf(2.0)
    (x * x + x * 3 + x / x + (x - x)).sum().backward()
    assert x.grad.tolist() == [7.0]


def test_accumulation_keeps_the_same_grad_tensor() -> None:
    x = leaf(1.0)
    x.sum().backward()
    first = x.grad
    (x * 2).sum().backward()
    assert x.grad is first
    assert first.tolist() == [3.0]


def test_what_a_user_holds_is_not_written_to() -> None:
    """Gradients that are passed in, or equal for two leaves, stay apart from those in ``grad``."""
    x, y, given = leaf(1.0, 2.0), leaf(3.0, 4.0), gpugrad.tensor([1.0, 10.0])
    for _ in range(3):
        (x + y).backward(given)
    assert x.grad.tolist() == y.grad.tolist() == [3.0, 30.0]
    x.grad.zero_()
    assert given.tolist() == [1.0, 10.0]
    assert y.grad.tolist() == [3.0, 30.0]


def test_a_zeroed_gradient_is_gone() -> None:
    x = leaf(1.0)
    x.sum().backward()
    x.grad = None
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0]


def test_gradients_reach_every_leaf_and_nothing_else() -> None:
    x, y, constant = leaf(1.0), leaf(2.0), gpugrad.tensor([3.0])
    middle = x * constant
    (middle * y).sum().backward()
    assert x.grad.tolist() == [6.0]
    assert y.grad.tolist() == [3.0]
    assert constant.grad is None


def test_diamonds_are_passed_once() -> None:
    """A node with several users gets the sum of their gradients before it runs."""
    x = leaf(1.0)
    calls = []
    y = x * 2
    y.register_hook(lambda grad: calls.append(grad.tolist()))
    for _ in range(20):
        y = y + y
    y.sum().backward()
    assert x.grad.tolist() == [2.0 * 2**20]
    assert calls == [[2.0**20]]


def test_integer_results_do_not_require_gradients() -> None:
    x = leaf(1.5, 2.5)
    assert not (x > 2).requires_grad
    assert not x.long().requires_grad
    assert not x.argmax().requires_grad


def test_gradient_type_is_the_leaf_s() -> None:
    x = leaf(1.0)
    (x.double() * gpugrad.tensor([2.0], dtype=gpugrad.float64)).sum().backward()
    assert x.grad.dtype is gpugrad.float32


# --- backward's arguments ------------------------------------------------------------------------


def test_backward_with_a_gradient() -> None:
    x = leaf(1.0, 2.0)
    (x * x).backward(gpugrad.tensor([1.0, 10.0]))
    assert x.grad.tolist() == [2.0, 40.0]


def test_backward_of_one_element_of_any_shape() -> None:
    x = leaf(3.0)
    (x * x).reshape(1, 1).backward()
    assert x.grad.tolist() == [6.0]


def test_backward_of_several_tensors() -> None:
    x = leaf(1.0)
    gpugrad.autograd.backward([(x * 2).sum(), x * 3], [None, gpugrad.tensor([10.0])])
    assert x.grad.tolist() == [32.0]


def test_backward_into_chosen_leaves() -> None:
    x, y = leaf(1.0), leaf(2.0)
    (x * y).sum().backward(inputs=[x])
    assert x.grad.tolist() == [2.0]
    assert y.grad is None


def test_backward_of_a_leaf() -> None:
    x = leaf(1.0)
    x.backward(gpugrad.tensor([5.0]))
    assert x.grad.tolist() == [5.0]


@pytest.mark.parametrize(
    "run, error, text",
    [
        (
            lambda x: (x * 2).backward(),
            RuntimeError,
            "^grad can be implicitly created only for scalar outputs$",
        ),
        (lambda x: gpugrad.ones(1).backward(), RuntimeError, NO_GRAPH),
        (lambda x: x.detach().sum().backward(), RuntimeError, NO_GRAPH),
        (
            lambda x: (x * 2).backward(gpugrad.ones(3)),
            RuntimeError,
            r"^Mismatch in shape: grad_output\[0\] has a shape of torch.Size\(\[3\]\) and "
            r"output\[0\] "
            r"has a shape of torch.Size\(\[2\]\)\.$",
        ),
        (lambda x: (x * 2).backward(3.0), TypeError, "float"),
        (
            lambda x: x.sum().backward(inputs=[]),
            RuntimeError,
            r"^`inputs` argument to `backward\(\)` cannot be empty.$",
        ),
    ],
)
def test_backward_refuses(run: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        run(leaf(1.0, 2.0))


# --- the graph's lifetime ------------------------------------------------------------------------


def test_a_second_backward_is_refused() -> None:
    x = leaf(1.0)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match=SECOND_TIME):
        y.backward()


def test_a_part_that_was_freed_is_refused() -> None:
    x = leaf(1.0)
    shared = x.exp()
    (shared * 2).sum().backward()
    with pytest.raises(RuntimeError, match=SECOND_TIME):
        (shared * 3).sum().backward()


def test_nodes_that_save_nothing_run_again() -> None:
    x = leaf(1.0)
    y = (x + 1).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2.0]


def test_retain_graph() -> None:
    x = leaf(3.0)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward(retain_graph=True)
    y.backward()
    assert x.grad.tolist() == [18.0]
    with pytest.raises(RuntimeError, match=SECOND_TIME):
        y.backward()


# --- autograd.grad -------------------------------------------------------------------------------


def test_grad_leaves_the_leaves_alone() -> None:
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    grads = gpugrad.autograd.grad((x * y).sum(), [x, y])
    assert [g.tolist() for g in grads] == [[3.0, 4.0], [1.0, 2.0]]
    assert x.grad is None
    assert y.grad is None


def test_grad_of_results_inside_the_graph() -> None:
    x = leaf(2.0)
    y = x * x
    z = y * 3
    by_y, by_x = gpugrad.autograd.grad(z.sum(), (y, x))
    assert by_y.tolist() == [3.0]
    assert by_x.tolist() == [12.0]


def test_grad_by_the_output_itself() -> None:
    x = leaf(2.0)
    y = (x * x).sum()
    assert gpugrad.autograd.grad(y, y)[0].item() == 1.0


def test_grad_stops_at_its_inputs() -> None:
    """What lies behind the inputs is not freed."""
    x = leaf(2.0)
    y = x.exp()
    z = (y * y).sum()
    gpugrad.autograd.grad(z, y)
    y.sum().backward()
    assert x.grad.tolist() == pytest.approx([7.389056])


def test_grad_by_one_of_several_outputs() -> None:
    x = leaf(1.0, 2.0, 3.0)
    _, second, _ = (x * x).unbind()
    assert gpugrad.autograd.grad(second * 2, x)[0].tolist() == [0.0, 8.0, 0.0]


def test_unused_inputs() -> None:
    x, y = leaf(1.0), leaf(2.0)
    z = (x * 2).sum()
    with pytest.raises(RuntimeError, match="^The differentiated Tensor at index 1 appears to"):
        gpugrad.autograd.grad(z, [x, y], retain_graph=True)
    assert gpugrad.autograd.grad(z, [x, y], retain_graph=True, allow_unused=True)[1] is None
    filled = gpugrad.autograd.grad(z, [x, y], materialize_grads=True)
    assert filled[1].tolist() == [0.0]


def test_materialized_and_unused_contradict() -> None:
    x = leaf(1.0)
    with pytest.raises(ValueError, match="^Expected allow_unused to be True or not passed"):
        gpugrad.autograd.grad(x.sum(), x, allow_unused=False, materialize_grads=True)


def test_grad_by_what_needs_none() -> None:
    x, y = leaf(1.0), gpugrad.ones(1)
    with pytest.raises(RuntimeError, match="^One of the differentiated Tensors does not"):
        gpugrad.autograd.grad((x * y).sum(), y)


def test_batched_gradients_are_rows_of_a_jacobian() -> None:
    x = leaf(1.0, 2.0)
    y = x * x * gpugrad.tensor([1.0, 10.0])
    (rows,) = gpugrad.autograd.grad(y, x, gpugrad.eye(2), is_grads_batched=True)
    assert rows.tolist() == [[2.0, 0.0], [0.0, 40.0]]


def test_grad_and_backward_share_a_graph() -> None:
    x = leaf(2.0)
    y = (x**3).sum()
    (slope,) = gpugrad.autograd.grad(y, x, retain_graph=True)
    y.backward()
    assert slope.tolist() == x.grad.tolist() == [12.0]


# --- what a node shows ---------------------------------------------------------------------------


def test_next_functions() -> None:
    x, constant = leaf(1.0), gpugrad.ones(1)
    node = (x.exp() * constant).grad_fn
    (exp, number), nothing = node.next_functions
    assert (node.name(), exp.name(), number) == ("MulBackward0", "ExpBackward0", 0)
    assert nothing == (None, 0)
    ((accumulate, _),) = exp.next_functions
    assert accumulate.variable is x
    assert type(accumulate).__name__ == "AccumulateGrad"
    (parent, second), *_ = (x.repeat(2).unbind()[1] * 2).grad_fn.next_functions
    assert (parent.name(), second) == ("UnbindBackward0", 1)


def test_leaves_and_results() -> None:
    x = leaf(1.0)
    assert x.is_leaf
    assert x.grad_fn is None
    assert not (x * 2).is_leaf
    assert gpugrad.ones(1).is_leaf
    assert (gpugrad.ones(1) * 2).is_leaf


# --- threads and depth ---------------------------------------------------------------------------


def test_threads_accumulate_into_one_leaf() -> None:
    x = leaf(1.0)

    def work() -> None:
        for _ in range(50):
            (x * 2).sum().backward()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert x.grad.tolist() == [400.0]


def test_a_chain_of_200_000_ops() -> None:
    x = leaf(1.0)
    y = x
    for _ in range(200_000):
        y = y + 1
    y.sum().backward()
    assert x.grad.tolist() == [1.0]
    del y  # a million nodes must not be freed by recursion either


def test_attributes_are_found_the_quick_way() -> None:
    # With a __getattr__ Python takes the slow way to every attribute: a step takes a third longer.
    for cls in (gpugrad.Tensor, Node, type(backend_of(gpugrad.ones(1).array))):
        assert not hasattr(cls, "__getattr__")
