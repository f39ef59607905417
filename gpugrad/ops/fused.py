"""Pairs of functions in one node, with one kernel each way on a GPU."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.engine import OUTPUT, Node
from ..backend.pairs import ACTIVATIONS, KEEP_OUTPUT
from .arguments import require_tensor, word

REDUCTIONS = ("none", "mean", "sum")


class BiasActivation(Node):
    """``activation(x + bias)`` for a function whose gradient is computed of its result."""

    __slots__ = ("activation", "kept")
    saves = {"kept": OUTPUT}

    def forward(self, xp: Any, x: Any, bias: Any, activation: str) -> Any:
        self.activation = activation
        self.kept = xp.bias_activation(x, bias, activation)
        return self.kept

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        in_x, in_bias = xp.bias_activation_grad(
            self.kept, None, grad, self.activation, self.wanted()
        )
        return in_x, in_bias

    def wanted(self) -> tuple[bool, bool]:
        """Whether the gradients in x and in the bias are."""
        edge_x, edge_bias = self.edges
        return edge_x is not None, edge_bias is not None


class BiasGelu(BiasActivation):
    """``gelu(x + bias)``, whose gradient is computed of x and bias."""

    __slots__ = ("bias",)
    saves = {"kept": 0, "bias": 1}

    def forward(self, xp: Any, x: Any, bias: Any, activation: str) -> Any:
        self.activation, self.kept, self.bias = activation, x, bias
        return xp.bias_activation(x, bias, activation)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        in_x, in_bias = xp.bias_activation_grad(
            self.kept, self.bias, grad, self.activation, self.wanted()
        )
        return in_x, in_bias


class Bias(BiasActivation):
    """``x + bias``."""

    __slots__ = ()
    saves = {}

    def forward(self, xp: Any, x: Any, bias: Any, activation: str) -> Any:
        return xp.bias_activation(x, bias, activation)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        wants_x, wants_bias = self.wanted()
        return grad if wants_x else None, xp.column_sum(grad) if wants_bias else None


class SigmoidMseLoss(Node):
    """``(sigmoid(x) - y)**2``: each, their sum or their mean."""

    __slots__ = ("reduction", "x", "y")
    saves = {"x": 0, "y": 1}

    def forward(self, xp: Any, x: Any, y: Any, reduction: str) -> Any:
        self.x, self.y, self.reduction = x, y, reduction
        return xp.sigmoid_mse(x, y, reduction)[0]

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_y = self.edges
        scale = 2.0 / max(math.prod(self.x.shape), 1) if self.reduction == "mean" else 2.0
        wanted = (edge_x is not None, edge_y is not None)
        in_x, in_y = xp.sigmoid_mse_grad(self.x, self.y, grad, scale, wanted)
        return in_x, in_y


# --- functions -----------------------------------------------------------------------------------


def bias_activation(input: Any, bias: Any, activation: str = "relu") -> Any:
    """``activation(input + bias)``, with one number of ``bias`` for each column.

    On a GPU one kernel computes it, and one kernel both gradients: the sum of the gradient over the
    rows, which is the bias's, is made while the gradient is.

    Args:
        input: shape (..., columns), of a floating-point type.
        bias: shape (columns,), of the same type.
        activation: ``"none"``, ``"relu"``, ``"sigmoid"``, ``"tanh"``, ``"gelu"``, or
            ``"gelu_tanh"``, which is gelu's approximation by tanh.

    Returns:
        Shape (..., columns), of the same type.

    Raises:
        ValueError: there is no such activation.
        RuntimeError: the shapes or types do not fit.

    >>> import gpugrad
    >>> x = gpugrad.tensor([[1.0, -2.0], [3.0, 4.0]])
    >>> gpugrad.fused.bias_activation(x, gpugrad.tensor([-2.0, 1.0]), "relu")
    tensor([[0., 0.],
            [1., 5.]])
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}")
    x, b = _two_arrays("bias_activation", input, "bias", bias)
    if x.ndim == 0 or b.shape != x.shape[-1:]:
        raise RuntimeError(
            f"bias_activation: bias must have one number for each column of input, got shapes "
            f"{list(b.shape)} and {list(x.shape)}"
        )
    if activation == "none":
        return Bias.apply(input, bias, activation)
    return (BiasActivation if activation in KEEP_OUTPUT else BiasGelu).apply(
        input, bias, activation
    )


def sigmoid_mse_loss(input: Any, target: Any, reduction: str = "mean") -> Any:
    """The squared error ``(sigmoid(input) - target)**2``.

    On a GPU one kernel computes it, and one kernel the gradients. What ``mse_loss`` gives for
    ``sigmoid(input)``, without the sigmoid in memory.

    Args:
        input: any shape, of a floating-point type.
        target: the same shape and type.
        reduction: ``"mean"``, ``"sum"`` or ``"none"``.

    Returns:
        A scalar, or for ``"none"`` a tensor of the shape of ``input``.

    Raises:
        ValueError: there is no such reduction.
        RuntimeError: the shapes or types do not fit.

    >>> import gpugrad
    >>> gpugrad.fused.sigmoid_mse_loss(gpugrad.zeros(3), gpugrad.tensor([0.0, 0.5, 1.0]), "sum")
    tensor(0.5000)
    """
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction must be one of {', '.join(REDUCTIONS)}, got {reduction!r}")
    x, y = _two_arrays("sigmoid_mse_loss", input, "target", target)
    if x.shape != y.shape:
        raise RuntimeError(
            f"sigmoid_mse_loss: input and target must have the same shape, got {list(x.shape)} "
            f"and {list(y.shape)}"
        )
    return SigmoidMseLoss.apply(input, target, reduction)


def _two_arrays(function: str, input: Any, name: str, other: Any) -> tuple[Any, Any]:
    """The arrays of two tensors of one floating-point type."""
    require_tensor(function, "input", 1, input)
    require_tensor(function, name, 2, other)
    x, y = input.array, other.array
    if x.dtype != y.dtype or x.dtype.kind not in "fV":
        raise RuntimeError(
            f"{function}: input and {name} must be of one floating-point type, got {word(x)} and "
            f"{word(y)}"
        )
    return x, y
