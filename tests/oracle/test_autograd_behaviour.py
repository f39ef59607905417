"""What programs and tests observe of autograd, the same in both libraries.

Each case is a function of a library that yields what is compared: values, texts of errors, and
whatever it appends by hooks. Its outcomes are compared as text.
"""

from __future__ import annotations

import functools
import importlib
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

torch = pytest.importorskip("torch")

Case = Callable[[Any], Iterator[Any]]
CASES: dict[str, Case] = {}


def case(function: Case) -> Case:
    CASES[function.__name__] = function
    return function


def tried(action: Callable[[], Any]) -> Any:
    """The result of an action, or its exception as text."""
    try:
        return action()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def outcomes(library: str, function: Case) -> list[str]:
    lib = importlib.import_module(library)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = [str(item) for item in function(lib)]
    shown = [w for w in caught if w.category in (UserWarning, FutureWarning)]
    found += [str(w.message).split("(Triggered")[0].strip() for w in shown]
    return [re.sub("0x[0-9a-f]+", "0x", text.replace("gpugrad", "torch")) for text in found]


@case
def hooks_in_their_order(lib: Any) -> Iterator[Any]:
    x = lib.ones(2, requires_grad=True)
    y = x * 2
    seen: list[Any] = []
    y.register_hook(lambda g: seen.append(("first", g.tolist())))
    y.retain_grad()
    y.register_hook(lambda g: g * 2)
    y.register_hook(lambda g: seen.append(("last", g.tolist())))
    x.register_hook(lambda g: seen.append(("leaf", g.tolist(), x.grad)))
    x.register_post_accumulate_grad_hook(lambda t: seen.append(("after", t.grad.tolist())))
    y.sum().backward()
    yield seen
    yield y.grad


@case
def retained_gradients_follow_changes_in_place(lib: Any) -> Iterator[Any]:
    x = lib.ones(2, requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    y.sum().backward()
    yield y.grad
    yield x.grad


@case
def node_hooks(lib: Any) -> Iterator[Any]:
    x = lib.ones(2, requires_grad=True)
    y = (x * 2).sum()
    seen: list[Any] = []
    y.grad_fn.register_hook(lambda passed, given: seen.append((passed, given)))
    y.grad_fn.register_prehook(lambda given: (given[0] * 5,))
    leaf = y.grad_fn.next_functions[0][0].next_functions[0][0]
    yield leaf.name()
    yield isinstance(leaf, lib.autograd.graph.Node)
    y.grad_fn.metadata["note"] = 1
    yield y.grad_fn.metadata
    leaf.register_hook(lambda passed, given: seen.append((passed, given)))
    y.backward()
    yield seen


@case
def arguments_of_grad(lib: Any) -> Iterator[Any]:
    grad = lib.autograd.grad
    x, w = lib.ones(2, requires_grad=True), lib.ones(2, requires_grad=True)
    yield tried(lambda: grad(x.sum(), w))
    yield tried(lambda: grad(x.sum(), lib.ones(2)))
    yield tried(lambda: grad(x * 2, x))
    yield tried(lambda: grad(x.sum(), [w, x], allow_unused=True))
    yield tried(lambda: grad(x.sum(), [w, x], materialize_grads=True))
    yield tried(lambda: grad(x.sum(), [w, x], materialize_grads=True, allow_unused=False))
    yield tried(lambda: grad(x * 2, x, lib.ones(3)))
    yield tried(lambda: grad(x.sum(), 3))
    yield tried(lambda: grad(x.sum(), []))
    yield tried(lambda: x.sum().backward(inputs=[]))
    yield tried(lambda: x.sum().backward(inputs=[3]))
    yield tried(lambda: lib.autograd.backward(x.sum(), grad_variables=lib.ones(())))
    edge = lib.autograd.graph.get_gradient_edge(x * 3)
    yield tried(lambda: grad(edge, x, lib.ones(2)))


@case
def batches_of_gradients(lib: Any) -> Iterator[Any]:
    x, w = lib.arange(3.0).requires_grad_(), lib.ones(2, requires_grad=True)
    y = x**2
    options = {"is_grads_batched": True, "retain_graph": True, "allow_unused": True}
    yield tried(lambda: lib.autograd.grad(y, [x, w], lib.eye(3), **options))
    more = {**options, "materialize_grads": True}
    yield tried(lambda: lib.autograd.grad(y, [x, w], lib.eye(3), **more))
    yield tried(lambda: lib.autograd.grad(y, x, lib.ones(3), **options))
    yield tried(lambda: lib.autograd.grad(y, [x], [None], **options))


@case
def assigned_gradients(lib: Any) -> Iterator[Any]:
    x = lib.ones(2, requires_grad=True)
    for wrong in (lib.ones(3), lib.ones(2, dtype=lib.float64), 2, x):
        yield tried(functools.partial(setattr, x, "grad", wrong))
    x.grad = lib.ones(2)
    yield x.grad
    del x.grad
    yield x.grad
    yield tried(lambda: setattr(x, "data", lib.zeros(2, dtype=lib.int64)))


@case
def views_without_grad_mode(lib: Any) -> Iterator[Any]:
    base = lib.ones(3)
    with lib.no_grad():
        view = base[:2]
    yield tried(lambda: view.mul_(lib.ones(2, requires_grad=True)))
    made = lib.ones(3, requires_grad=True) * 1
    with lib.no_grad():
        view = made[:2]
    yield tried(lambda: view.mul_(2))
    yield tried(lambda: made[0].detach_())


@case
def writing_to_expanded_tensors(lib: Any) -> Iterator[Any]:
    x = lib.ones(3).expand(2, 3)
    yield tried(lambda: x.masked_fill_(x > 0, 2.0))
    yield tried(lambda: x.index_put_((lib.tensor([0]),), lib.tensor(4.0)))
    yield tried(lambda: x.index_fill_(0, lib.tensor([0]), 7.0))
    yield tried(lambda: x.add_(1))
    yield tried(lambda: x.index_add_(0, lib.tensor([0]), lib.ones(1, 3)))


@case
def hooks_on_saved_tensors(lib: Any) -> Iterator[Any]:
    x = lib.ones(2, requires_grad=True)
    kinds: list[Any] = []

    def pack(tensor: Any) -> Any:
        kinds.append((tensor is x, lib.is_grad_enabled()))
        return tensor

    with lib.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        y = x.sin()
    y.sum().backward()
    yield kinds
    yield x.grad

    def changing(tensor: Any) -> Any:
        return tensor.add_(1)

    with lib.autograd.graph.saved_tensors_hooks(changing, lambda t: t):
        yield tried(lambda: x.sin())


@case
def strict_functional(lib: Any) -> Iterator[Any]:
    f = lib.autograd.functional
    x, v = lib.arange(3.0), lib.ones(3)
    yield tried(lambda: f.jacobian(lambda a: lib.ones(2), x, strict=True))
    yield tried(lambda: f.jacobian(lambda a, b: a * 2, (x, x), strict=True))
    yield tried(lambda: f.jacobian(lambda a: a * 2, x, strict=True, create_graph=True))
    yield tried(lambda: f.jacobian(lambda a: a.tolist(), x))
    yield tried(lambda: f.jacobian(lambda a: a, [x]))
    yield tried(lambda: f.jacobian(lambda a: a, x, strategy="forward-mode"))
    yield tried(lambda: f.jacobian(lambda a: a**2, x, strategy="forward-mode", vectorize=True))
    yield tried(lambda: f.jacobian(lambda a: a, x, strict=True, vectorize=True))
    yield tried(lambda: f.hessian(lambda a: a.sum(), x, strict=True))
    yield tried(lambda: f.hessian(lambda a: a, x))
    yield tried(lambda: f.vjp(lambda a: a.exp(), x))
    yield tried(lambda: f.jvp(lambda a: a.exp(), x))
    yield tried(lambda: f.vjp(lambda a: a.exp(), x, lib.ones(2)))
    yield tried(lambda: f.jvp(lambda a, b: a * b, (x, x), v))
    yield tried(lambda: f.vjp(lambda a: lib.ones(3), x, v))
    yield tried(lambda: f.jvp(lambda a: lib.ones(3), x, v, strict=True))
    yield tried(lambda: f.hvp(lambda a: a.sum(), x, v, strict=True))
    yield tried(lambda: f.vhp(lambda a: a * 2, x, v))
    yield tried(lambda: f.hvp(lambda a: (a**3).sum(), x, v))


@case
def tangents(lib: Any) -> Iterator[Any]:
    forward_ad = lib.autograd.forward_ad
    x, t = lib.arange(3.0), lib.ones(3)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, t)
        yield forward_ad.unpack_dual(dual**2).tangent
        yield forward_ad.unpack_dual((dual.sin() * dual).sum())
        yield forward_ad.unpack_dual(x)
        yield tried(lambda: forward_ad.make_dual(x, lib.ones(2)))
    yield tried(lambda: forward_ad.make_dual(x, t))


@case
def inference_tensors(lib: Any) -> Iterator[Any]:
    w = lib.ones(2, requires_grad=True)
    with lib.inference_mode():
        a = lib.ones(2)
        yield [a.is_inference(), (a * 2).is_inference(), w.view(2).is_inference()]
        yield tried(lambda: a._version)
        with lib.inference_mode(False):
            yield [lib.ones(2).is_inference(), lib.is_grad_enabled()]
    yield [a.is_inference(), a.clone().is_inference(), a.view(2).is_inference()]
    yield tried(lambda: a.requires_grad_())


@case
def checkpoints_and_partial_passes(lib: Any) -> Iterator[Any]:
    module = importlib.import_module(lib.__name__ + ".utils.checkpoint")
    x = lib.ones(2, requires_grad=True)
    y = module.checkpoint(lambda t: t.sin(), x, use_reentrant=True)
    yield tried(lambda: lib.autograd.grad(y.sum(), x))
    with module.set_checkpoint_early_stop(False):
        y = module.checkpoint(lambda t: t.sin(), x, use_reentrant=False)
    yield lib.autograd.grad(y.sum(), x)


@case
def gradients_given_in_another_type(lib: Any) -> Iterator[Any]:
    x = lib.ones(2, requires_grad=True)
    v = lib.ones(2, dtype=lib.float64, requires_grad=True)
    (first,) = lib.autograd.grad(x * x, x, v, create_graph=True)
    yield first
    first.sum().backward()
    yield [v.grad, x.grad]


@case
def passes_into_edges(lib: Any) -> Iterator[Any]:
    edge_of = lib.autograd.graph.get_gradient_edge
    x = lib.ones(2, requires_grad=True)
    y = x * 2
    y.sum().backward(inputs=[edge_of(y), edge_of(x)], retain_graph=True)
    yield x.grad
    y.sum().backward(inputs=[y])
    yield [x.grad, y.grad]


@pytest.mark.parametrize("name", CASES)
def test_both_libraries_agree(name: str) -> None:
    assert outcomes("gpugrad", CASES[name]) == outcomes("torch", CASES[name])
