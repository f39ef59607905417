"""A bias with the activation function after it, and dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from gpugrad.backend.pairs import KEEP_OUTPUT

from .work import Call, Maker, Work, called

P = 0.5
TORCH: dict[str, Any] = {
    "none": lambda o, x: x,
    "relu": lambda o, x: o.relu(x),
    "sigmoid": lambda o, x: o.sigmoid(x),
    "tanh": lambda o, x: o.tanh(x),
    "gelu": lambda o, x: o.nn.functional.gelu(x),
    "gelu_tanh": lambda o, x: o.nn.functional.gelu(x, approximate="tanh"),
}


def forward(activation: str) -> Maker:
    """``activation(x + bias)``."""

    def prepare(work: Work) -> tuple[Any, ...]:
        return work.normal(1, *work.matrix), work.normal(2, work.cols), activation

    return called("bias_activation", prepare, lambda o, x, b: TORCH[activation](o, x + b))


def backward(activation: str) -> Maker:
    """The gradients of x and of the bias."""
    of_output = activation in KEEP_OUTPUT

    def prepare(work: Work) -> tuple[Any, ...]:
        kept, grad = work.uniform(1, *work.matrix), work.normal(2, *work.matrix)
        bias = None if of_output else work.normal(3, work.cols)
        return kept, bias, grad, activation, (True, True)

    def bind(o: Any, kept: Any, *rest: Any) -> Call:
        x = kept.detach().requires_grad_()
        bias = o.zeros_like(kept[0]).requires_grad_()
        y, grad = TORCH[activation](o, x + bias), rest[-1]
        return lambda: o.autograd.grad(y, (x, bias), grad, retain_graph=True)

    return called("bias_activation_grad", prepare, bind=bind)


def _draw(work: Work) -> Any:
    """Seed and number of a draw of random numbers."""
    return work.xp.module.asarray(np.array([3, 5], np.int64))


def _torch_dropout_grad(o: Any, dy: Any, draw: Any) -> Call:
    mask = o.rand_like(dy) < P
    return lambda: o.ops.aten.native_dropout_backward(dy, mask, 1 / (1 - P))


CASES: dict[str, Maker] = {
    "bias_forward": forward("none"),
    "column_sum": called(
        "column_sum", lambda work: (work.normal(1, *work.matrix),), lambda o, x: x.sum(0)
    ),
    "bias_relu_forward": forward("relu"),
    "bias_relu_backward": backward("relu"),
    "bias_sigmoid_forward": forward("sigmoid"),
    "bias_sigmoid_backward": backward("sigmoid"),
    "bias_tanh_forward": forward("tanh"),
    "bias_tanh_backward": backward("tanh"),
    "bias_gelu_forward": forward("gelu"),
    "bias_gelu_backward": backward("gelu"),
    "bias_gelu_tanh_forward": forward("gelu_tanh"),
    "bias_gelu_tanh_backward": backward("gelu_tanh"),
    "dropout_forward": called(
        "draw_dropout",
        lambda work: (work.normal(1), _draw(work), P),
        lambda o, x, draw: o.nn.functional.dropout(x, P, True),
    ),
    "dropout_backward": called(
        "dropout", lambda work: (work.normal(1), _draw(work), P), bind=_torch_dropout_grad
    ),
}
