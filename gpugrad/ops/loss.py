"""Losses that have a kernel of their own; the others are composed in ``nn.functional``."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.engine import CONSTANT, SHORTCUT, Node
from ..autograd.parts import Edge, part
from ..native.pointwise import LARGE_BYTES
from .operands import sum_to


class MseLoss(Node):
    """``(x - y)**2``: each, their sum or their mean."""

    __slots__ = ("reduction", "x", "y")
    saves = {"x": 0, "y": 1}

    def forward(self, xp: Any, x: Any, y: Any, reduction: str) -> Any:
        self.x, self.y, self.reduction = x, y, reduction
        return xp.mse(x, y, reduction)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        x, y = self.x, self.y
        scale = 2.0 / max(math.prod(x.shape), 1) if self.reduction == "mean" else 2.0
        grad_x = xp.mse_grad(x, y, grad, scale)
        return grad_x, None if self.edges[1] is None else xp.neg(grad_x)


class NllLoss(Node):
    """``-weight[t] * x[..., t, ...]`` for the class t of each position (dimension 1, or 0).

    Positions whose class is ``ignore_index`` count nothing; the mean divides by the weights' sum.
    """

    __slots__ = ("axis", "index", "reduction", "scale", "shape")
    saves = {"index": CONSTANT, "scale": CONSTANT}
    is_flat = True  # as in PyTorch, whose rule reads the input

    def forward(
        self, xp: Any, x: Any, target: Any, weight: Any, ignore_index: int, reduction: str
    ) -> Any:
        self.shape, self.reduction = x.shape, reduction
        self.axis = axis = 1 if x.ndim > 1 else 0
        counted = xp.ne(target, ignore_index)
        safe = xp.where(counted, target, xp.zeros_like(target))
        column = (*target.shape[:axis], 1, *target.shape[axis:])
        self.index = xp.reshape(safe, column)
        scale = xp.cast(counted, x.dtype)
        if weight is not None:
            scale = xp.mul(scale, xp.getitem(weight, safe))
        scale = xp.asarray(scale)
        picked = xp.reshape(xp.take_along_axis(x, self.index, axis), target.shape)
        losses = xp.neg(xp.mul(picked, scale))
        if reduction == "mean":
            total = xp.asarray(xp.sum(scale))
            # Where every position is ignored, 0 / 0 must not reach the gradient.
            self.scale = xp.asarray(xp.where(counted, xp.div(scale, total), scale))
            return xp.div(xp.sum(losses), total)
        self.scale = scale
        return losses if reduction == "none" else xp.sum(losses)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        spread = xp.neg(xp.mul(self.scale, grad))
        # A position that does not count gets 0 from a gradient of nan or inf too.
        spread = xp.where(xp.eq(self.scale, 0), xp.zeros_like(spread), spread)
        spread = xp.reshape(spread, self.index.shape)
        return (xp.scatter_along_axis(spread, self.index, self.axis, self.shape),)


class CrossEntropy(Node):
    """``-log_softmax(x)[i, t[i]]`` of a matrix of logits, in one pass each way.

    Rows whose class is ``ignore_index`` count nothing.
    """

    __slots__ = ("count", "ignore_index", "reduction", "softmax", "target", "x")
    saves = {"x": 0, "target": CONSTANT, "count": CONSTANT, "softmax": SHORTCUT}
    torch_name = "NllLoss"

    def forward(self, xp: Any, x: Any, target: Any, ignore_index: int, reduction: str) -> Any:
        self.x, self.target, self.ignore_index = x, target, ignore_index
        self.reduction, self.count = reduction, None
        losses, self.softmax = xp.cross_entropy(x, target, ignore_index)
        if reduction == "none":
            return losses
        if reduction == "sum":
            return xp.sum(losses)
        mean, self.count = xp.cross_entropy_mean(losses, target, ignore_index)
        return mean

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        softmax = self.softmax if self.softmax is not None else xp.softmax(self.x, 1)
        arrays = softmax, self.target, grad, self.count
        return (xp.cross_entropy_grad(*arrays, self.ignore_index),)

    @property
    def next_functions(self) -> tuple[Edge, ...]:
        return (part("LogSoftmaxBackward0", self, "logarithms", *super().next_functions),)


class BinaryCrossEntropy(Node):
    """``-(y log x + (1 - y) log(1 - x))``, logarithms kept above -100 as in PyTorch."""

    __slots__ = ("x", "y")
    saves = {"x": 0, "y": 1}

    def forward(self, xp: Any, x: Any, y: Any) -> Any:
        self.x, self.y = x, y
        log_x = xp.maximum(xp.log(x), -100.0)
        log_rest = xp.maximum(xp.log1p(xp.neg(x)), -100.0)
        return xp.cast(xp.sub(xp.mul(xp.sub(y, 1), log_rest), xp.mul(y, log_x)), x.dtype)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        x, y = self.x, self.y
        edge_x, edge_y = self.edges
        grad_x = grad_y = None
        if edge_x is not None:
            spread = xp.maximum(xp.mul(xp.sub(1, x), x), 1e-12)
            grad_x = xp.mul(grad, xp.div(xp.sub(x, y), spread))
        if edge_y is not None:
            odds = xp.sub(xp.maximum(xp.log1p(xp.neg(x)), -100.0), xp.maximum(xp.log(x), -100.0))
            grad_y = xp.mul(grad, odds)
        return grad_x, grad_y


class BinaryCrossEntropyWithLogits(Node):
    """``-(p y log s(x) + (1 - y) log(1 - s(x)))`` with the sigmoid s, without overflow."""

    __slots__ = ("pos_weight", "x", "y")
    saves = {"x": 0, "y": 1, "pos_weight": CONSTANT}

    def forward(self, xp: Any, x: Any, y: Any, pos_weight: Any) -> Any:
        self.x, self.y, self.pos_weight = x, y, pos_weight
        if pos_weight is None:
            return (xp.large if x.nbytes >= LARGE_BYTES else xp).bce_with_logits(x, y)
        # log(1 + exp(-x)) by its stable form
        tail = xp.add(xp.log1p(xp.exp(xp.neg(xp.abs(x)))), xp.maximum(xp.neg(x), 0.0))
        weighted = xp.mul(self._log_weight(xp, y), tail)
        return xp.cast(xp.add(xp.mul(xp.sub(1, y), x), weighted), x.dtype)

    def _log_weight(self, xp: Any, y: Any) -> Any:
        return xp.add(xp.mul(xp.sub(self.pos_weight, 1), y), 1)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        x, y = self.x, self.y
        edge_x, edge_y = self.edges
        grad_x = grad_y = None
        if grad.nbytes >= LARGE_BYTES:
            xp = xp.large
        if edge_x is not None and self.pos_weight is None:
            grad_x = xp.bce_with_logits_grad(x, y, grad)
        elif edge_x is not None:
            falling = xp.mul(self._log_weight(xp, y), xp.sub(xp.sigmoid(x), 1))
            grad_x = xp.mul(grad, xp.add(xp.sub(1, y), falling))
        if edge_y is not None:
            if self.pos_weight is None:
                grad_y = xp.mul(grad, xp.neg(x))
            else:
                tail = xp.softplus(xp.neg(x), 1.0, 50.0)
                grad_y = xp.mul(grad, xp.sub(xp.mul(xp.sub(self.pos_weight, 1), tail), x))
        return grad_x, grad_y


class HuberLoss(Node):
    """``s * d**2 / 2`` where ``d = |x - y| <= delta``, else ``s * delta * (d - delta / 2)``.

    P. J. Huber, "Robust estimation of a location parameter", 1964.
    """

    __slots__ = ("delta", "scale", "shapes", "x", "y")
    saves = {"x": 0, "y": 1}

    def forward(self, xp: Any, x: Any, y: Any, delta: float, scale: float) -> Any:
        self.x, self.y, self.delta, self.scale = x, y, delta, scale
        self.shapes = x.shape, y.shape
        return (xp.large if x.nbytes >= LARGE_BYTES else xp).huber(x, y, delta, scale)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        if grad.nbytes >= LARGE_BYTES:
            xp = xp.large
        edge_x, edge_y = self.edges
        slope = xp.huber_grad(self.x, self.y, grad, self.delta, self.scale)
        grad_x = None if edge_x is None else sum_to(xp, slope, self.shapes[0])
        return grad_x, None if edge_y is None else sum_to(xp, xp.neg(slope), self.shapes[1])
