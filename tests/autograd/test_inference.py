"""Tensors made in inference mode."""

from __future__ import annotations

import copy
import pickle
import threading
from collections.abc import Callable
from typing import Any

import pytest

import gpugrad
from gpugrad.autograd import tensor_base


def test_made_inside() -> None:
    outside = gpugrad.ones(2, requires_grad=True)
    with gpugrad.inference_mode():
        made = gpugrad.ones(2)
        results = [made, made * 2, made.view(2, 1), outside * 2]
        view = outside.view(2, 1)
        with gpugrad.inference_mode(False):
            ordinary = gpugrad.ones(2)
            assert gpugrad.is_grad_enabled()
    assert all(t.is_inference() for t in results)
    assert not any(t.is_inference() for t in (outside, view, ordinary, made.clone()))
    assert gpugrad.is_inference(made)
    assert tensor_base.wrap.__code__.co_name == "wrap"  # nothing is left behind


def test_what_they_refuse() -> None:
    with gpugrad.inference_mode():
        x = gpugrad.ones(2)
    with pytest.raises(RuntimeError, match="do not track version counter"):
        _ = x._version
    with pytest.raises(RuntimeError, match="outside InferenceMode is not allowed"):
        x.requires_grad_()


CHANGES: dict[str, Callable[[Any], Any]] = {
    "operator": lambda x: x.__iadd__(1),
    "method": lambda x: x.exp_(),
    "number": lambda x: x.mul_(2.0),
    "tensor": lambda x: x.sub_(gpugrad.ones(2)),
    "with a gradient": lambda x: x.add_(gpugrad.ones(2, requires_grad=True)),
    "copy": lambda x: x.copy_(gpugrad.ones(2)),
    "zero": lambda x: x.zero_(),
    "fill": lambda x: x.fill_(3.0),
    "item": lambda x: x.__setitem__(0, 1.0),
    "mask": lambda x: x.__setitem__(x > 0, 1.0),
    "random": lambda x: x.normal_(),
    "scatter": lambda x: x.scatter_(0, gpugrad.tensor([0]), 1.0),
    "view": lambda x: x.view(2, 1).add_(1),
    "detached": lambda x: x.detach().add_(1),
    "out": lambda x: gpugrad.add(x, x, out=x),
    "clamp": lambda x: x.clamp_(0, 1),
    "masked_fill": lambda x: x.masked_fill_(x > 0, 1.0),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("grad", [True, False])
def test_are_not_changed_outside(name: str, grad: bool) -> None:
    with gpugrad.inference_mode():
        x = gpugrad.ones(2)
        CHANGES[name](x) if name != "with a gradient" else None
    message = "Inplace update to inference tensor outside InferenceMode is not allowed"
    with gpugrad.set_grad_enabled(grad), pytest.raises(RuntimeError, match=message):
        CHANGES[name](x)


SAVED: dict[str, Callable[[Any, Any], Any]] = {
    "mul": lambda w, x: w * x,
    "matmul": lambda w, x: w @ x,
    "where": lambda w, x: gpugrad.nn.functional.linear(x, w[None]),
    "mse": lambda w, x: gpugrad.nn.functional.mse_loss(w, x),
    "function": lambda w, x: Product.apply(w, x),
}


class Product(gpugrad.autograd.Function):
    @staticmethod
    def forward(ctx: Any, w: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return w * x


@pytest.mark.parametrize("name", SAVED)
def test_are_not_saved_for_backward(name: str) -> None:
    w = gpugrad.ones(2, requires_grad=True)
    with gpugrad.inference_mode():
        x = gpugrad.ones(2)
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        SAVED[name](w, x)
    with gpugrad.no_grad():
        SAVED[name](w, x)
    SAVED[name](w, x.clone())
    (w + x).sum().backward()  # saves nothing
    assert w.grad.tolist() == [1.0, 1.0]


def test_other_threads_make_ordinary_tensors() -> None:
    found: list[bool] = []
    with gpugrad.inference_mode():
        thread = threading.Thread(target=lambda: found.append(gpugrad.ones(1).is_inference()))
        thread.start()
        thread.join()
    assert found == [False]


def test_copies_are_ordinary() -> None:
    with gpugrad.inference_mode():
        x = gpugrad.ones(2)
    x.note = "mine"
    for made in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert not made.is_inference()
        assert made.note == "mine"
