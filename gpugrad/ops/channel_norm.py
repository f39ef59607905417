"""Batch norm and group norm as one node each."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import SHORTCUT, Node, wrap
from ..backend import BACKENDS


class NativeBatchNorm(Node):
    """``(x - mean) / sqrt(variance + eps) * weight + bias``, computed already."""

    __slots__ = ("eps", "mean", "variance", "weight", "x")
    saves = {"x": 0, "weight": 1, "mean": SHORTCUT, "variance": SHORTCUT}

    def forward(self, xp: Any, x: Any, weight: Any, *rest: Any) -> Any:
        *_, y, self.mean, self.variance, self.eps = rest
        self.x, self.weight = x, weight
        return y

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        wanted = [edge is not None for edge in self.edges]
        wanted += [False] * (3 - len(wanted))
        mean, variance = self.mean, self.variance
        if mean is None:
            _, mean, variance = xp.batch_norm(self.x, None, None, self.eps)
        found = xp.batch_norm_grad(
            grad, self.x, self.weight, mean, variance, self.eps, tuple(wanted)
        )
        return tuple(found[: len(self.edges)])


class BatchNormWithoutWeight(NativeBatchNorm):
    """``(x - mean) / sqrt(variance + eps)``, computed already."""

    __slots__ = ()
    saves = {"x": 0, "mean": SHORTCUT, "variance": SHORTCUT}
    torch_name = "NativeBatchNorm"

    def forward(self, xp: Any, x: Any, *rest: Any) -> Any:
        return super().forward(xp, x, None, *rest)


class NativeGroupNorm(Node):
    """``(x - mean) * rstd * weight + bias`` in each group of channels of each sample."""

    __slots__ = ("eps", "groups", "mean", "rstd", "weight", "x")
    saves = {"x": 0, "weight": 1, "mean": SHORTCUT, "rstd": SHORTCUT}

    def forward(self, xp: Any, x: Any, weight: Any, *rest: Any) -> Any:
        *bias, self.groups, self.eps = rest
        self.x, self.weight = x, weight
        y, self.mean, self.rstd = xp.group_norm(
            x, weight, bias[0] if bias else None, self.groups, self.eps
        )
        return y

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        wanted = [edge is not None for edge in self.edges]
        wanted += [False] * (3 - len(wanted))
        mean, rstd = self.mean, self.rstd
        if mean is None:
            _, mean, rstd = xp.group_norm(self.x, None, None, self.groups, self.eps)
        found = xp.group_norm_grad(
            grad, self.x, self.weight, mean, rstd, self.groups, tuple(wanted)
        )
        return tuple(found[: len(self.edges)])


class GroupNormWithoutWeight(NativeGroupNorm):
    """``(x - mean) * rstd``"""

    __slots__ = ()
    saves = {"x": 0, "mean": SHORTCUT, "rstd": SHORTCUT}
    torch_name = "NativeGroupNorm"

    def forward(self, xp: Any, x: Any, *rest: Any) -> Any:
        return super().forward(xp, x, None, *rest)


# --- functions -----------------------------------------------------------------------------------


def batch_norm(input: Any, weight: Any, bias: Any, eps: float) -> tuple[Any, Any, Any]:
    """The channels normalized over the batch, times weight plus bias; their mean and variance.

    Args:
        input: shape (N, C, *), floating point, with elements.
        weight, bias: shape (C,), or None; a bias needs a weight.

    Mean and variance have the shape (C,), and no derivatives.

    >>> import gpugrad
    >>> from gpugrad.ops.channel_norm import batch_norm
    >>> batch_norm(gpugrad.tensor([[1.0], [3.0]]), None, None, 0.0)[0]
    tensor([[-1.],
            [ 1.]])
    """
    xp = BACKENDS[type(input.array)]
    arrays = [None if t is None else t.array for t in (weight, bias)]
    y, mean, variance = xp.batch_norm(input.array, *arrays, eps)
    rest = y, mean, variance, eps
    if weight is None:
        result = BatchNormWithoutWeight.apply(input, *rest)
    elif bias is None:
        result = NativeBatchNorm.apply(input, weight, *rest)
    else:
        result = NativeBatchNorm.apply(input, weight, bias, *rest)
    return result, wrap(mean), wrap(variance)


def group_norm(input: Any, groups: int, weight: Any, bias: Any, eps: float) -> Any:
    """Each of ``groups`` parts of the channels of a sample normalized, times weight plus bias.

    Args:
        input: shape (N, C, *), floating point, with elements.
        weight, bias: shape (C,), or None; a bias needs a weight.

    >>> import gpugrad
    >>> from gpugrad.ops.channel_norm import group_norm
    >>> group_norm(gpugrad.tensor([[1.0, 3.0, 5.0, 9.0]]), 2, None, None, 0.0)
    tensor([[-1.,  1., -1.,  1.]])
    """
    if weight is None:
        return GroupNormWithoutWeight.apply(input, groups, eps)
    operands = (input, weight) if bias is None else (input, weight, bias)
    return NativeGroupNorm.apply(*operands, groups, eps)
