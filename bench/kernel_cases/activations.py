"""Activation functions and their derivatives."""

from __future__ import annotations

from .work import Maker, primitive

SLOPE = 0.1
BETA, THRESHOLD = 1.0, 20.0

CASES: dict[str, Maker] = {
    "sigmoid_forward": primitive("sigmoid", lambda o, x: o.sigmoid(x)),
    "sigmoid_backward": primitive(
        "sigmoid_grad", lambda o, y, dy: o.ops.aten.sigmoid_backward(dy, y), 2
    ),
    "relu_forward": primitive("relu", lambda o, x: o.relu(x)),
    "relu_backward": primitive(
        "relu_grad", lambda o, y, dy: o.ops.aten.threshold_backward(dy, y, 0), 2
    ),
    "tanh_forward": primitive("tanh", lambda o, x: o.tanh(x)),
    "tanh_backward": primitive("tanh_grad", lambda o, y, dy: o.ops.aten.tanh_backward(dy, y), 2),
    "gelu_forward": primitive("gelu", lambda o, x: o.nn.functional.gelu(x), numbers=("none",)),
    "gelu_backward": primitive(
        "gelu_grad", lambda o, x, dy: o.ops.aten.gelu_backward(dy, x), 2, ("none",)
    ),
    "gelu_tanh_forward": primitive(
        "gelu", lambda o, x: o.nn.functional.gelu(x, approximate="tanh"), numbers=("tanh",)
    ),
    "gelu_tanh_backward": primitive(
        "gelu_grad",
        lambda o, x, dy: o.ops.aten.gelu_backward(dy, x, approximate="tanh"),
        2,
        ("tanh",),
    ),
    "silu_forward": primitive("silu", lambda o, x: o.nn.functional.silu(x)),
    "silu_backward": primitive("silu_grad", lambda o, x, dy: o.ops.aten.silu_backward(dy, x), 2),
    "leaky_relu_forward": primitive(
        "leaky_relu", lambda o, x: o.nn.functional.leaky_relu(x, SLOPE), numbers=(SLOPE,)
    ),
    "leaky_relu_backward": primitive(
        "leaky_relu_grad",
        lambda o, x, dy: o.ops.aten.leaky_relu_backward(dy, x, SLOPE, False),
        2,
        (SLOPE,),
    ),
    "softplus_forward": primitive(
        "softplus",
        lambda o, x: o.nn.functional.softplus(x, BETA, THRESHOLD),
        numbers=(BETA, THRESHOLD),
    ),
    "softplus_backward": primitive(
        "softplus_grad",
        lambda o, x, dy: o.ops.aten.softplus_backward(dy, x, BETA, THRESHOLD),
        2,
        (BETA, THRESHOLD),
    ),
}
