"""Convolution over any number of dimensions, its transpose, and columns of windows.

A convolution and its two gradients are linear in both of their operands, and each is a gradient of
the others: the three nodes here are closed under differentiation.
"""

from __future__ import annotations

from typing import Any

from ..autograd.engine import Node
from ..backend.windows import Geometry

Sizes = tuple[int, ...]


class Convolution(Node):
    """The kernel laid over ``x`` at every place."""

    __slots__ = ("geometry", "groups", "weight", "x")
    saves = {"x": 0, "weight": 1}

    def forward(self, xp: Any, x: Any, weight: Any, *rest: Any) -> Any:
        *bias, self.geometry, self.groups = rest
        self.x, self.weight = x, weight
        return xp.conv(x, weight, bias[0] if bias else None, self.geometry, self.groups)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        edge_x, edge_weight, *edge_bias = self.edges
        x, g, groups = self.x, self.geometry, self.groups
        grad_x = grad_weight = None
        if edge_x is not None:
            grad_x = xp.conv_transpose(grad, self.weight, g, groups, tuple(x.shape[2:]))
        if edge_weight is not None:
            grad_weight = xp.conv_weight(x, grad, g, groups)
        return (grad_x, grad_weight, *_for_bias(xp, grad, edge_bias))


class ConvolutionTranspose(Node):
    """Each element of ``x`` times the kernel, added up: the gradient of a convolution."""

    __slots__ = ("geometry", "groups", "weight", "x")
    saves = {"x": 0, "weight": 1}
    torch_name = "Convolution"

    def forward(self, xp: Any, x: Any, weight: Any, *rest: Any) -> Any:
        *bias, self.geometry, self.groups, size = rest
        self.x, self.weight = x, weight
        out = xp.conv_transpose(x, weight, self.geometry, self.groups, size)
        if bias:
            xp.add(out, xp.reshape(bias[0], (-1,) + (1,) * len(size)), out=out)
        return out

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        edge_x, edge_weight, *edge_bias = self.edges
        g, groups = self.geometry, self.groups
        grad_x = grad_weight = None
        if edge_x is not None:
            grad_x = xp.conv(grad, self.weight, None, g, groups)
        if edge_weight is not None:
            grad_weight = xp.conv_weight(grad, self.x, g, groups)
        return (grad_x, grad_weight, *_for_bias(xp, grad, edge_bias))


class ConvolutionWeight(Node):
    """The gradient of a convolution in its kernel."""

    __slots__ = ("geometry", "grad", "groups", "x")
    saves = {"x": 0, "grad": 1}
    torch_name = "ConvolutionBackwardBackward0"

    def forward(self, xp: Any, x: Any, grad: Any, geometry: Geometry, groups: int) -> Any:
        self.x, self.grad, self.geometry, self.groups = x, grad, geometry, groups
        return xp.conv_weight(x, grad, geometry, groups)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_grad = self.edges
        g, groups, size = self.geometry, self.groups, tuple(self.x.shape[2:])
        return (
            None if edge_x is None else xp.conv_transpose(self.grad, grad, g, groups, size),
            None if edge_grad is None else xp.conv(self.x, grad, None, g, groups),
        )


def _for_bias(xp: Any, grad: Any, edges: Any) -> tuple[Any, ...]:
    """The gradient of the bias, if there is one."""
    if not edges:
        return ()
    return (None if edges[0] is None else xp.channel_sum(grad),)


class Im2col(Node):
    """What lies under each window, as columns."""

    __slots__ = ("geometry", "size")
    torch_name = "Im2Col"

    def forward(self, xp: Any, x: Any, geometry: Geometry) -> Any:
        self.geometry, self.size = geometry, x.shape[2:]
        return xp.unfold(x, geometry)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.fold(grad, self.geometry, self.size),)


class Col2im(Node):
    """Columns added up where :class:`Im2col` took them from."""

    __slots__ = ("geometry",)
    torch_name = "Col2Im"

    def forward(self, xp: Any, x: Any, geometry: Geometry, size: Sizes) -> Any:
        self.geometry = geometry
        return xp.fold(x, geometry, size)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.unfold(grad, self.geometry),)


class ConstantPadNd(Node):
    """A number around each dimension; negative widths cut elements off."""

    __slots__ = ("widths",)

    def forward(self, xp: Any, x: Any, widths: tuple[tuple[int, int], ...], value: Any) -> Any:
        self.widths = widths
        return xp.pad(x, widths, value)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.pad(grad, tuple((-low, -high) for low, high in self.widths), 0),)
