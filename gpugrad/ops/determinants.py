"""Determinants and their logarithms, with their gradients."""

from __future__ import annotations

from typing import Any

from .. import return_types
from ..autograd.engine import OUTPUT, Node, TensorBase
from .linalg import LinalgInvEx
from .matmul import swap
from .matrix_checks import check_square
from .select import where


class LinalgDet(Node):
    """The determinant."""

    __slots__ = ("out", "x")
    saves = {"x": 0, "out": OUTPUT}

    def forward(self, xp: Any, x: Any) -> Any:
        self.x, self.out = x, xp.asarray(xp.module.linalg.det(x))
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        if not isinstance(self.x, TensorBase):
            return (xp.mul(_wide(xp, grad), _cofactors(xp, self.x)),)
        scale = _wide(xp, xp.mul(grad, self.out))
        return (xp.mul(scale, swap(xp, LinalgInvEx.apply(self.x))),)


class LinalgSlogdet(Node):
    """The sign of the determinant and the logarithm of its absolute value."""

    __slots__ = ("x",)
    saves = {"x": 0}

    def forward(self, xp: Any, x: Any) -> tuple[Any, Any]:
        self.x = x
        sign, log = xp.module.linalg.slogdet(x)
        return xp.asarray(sign), xp.asarray(log)

    def backward(self, xp: Any, grads: Any) -> tuple[Any]:
        if grads[1] is None:
            return (xp.zeros_like(self.x),)
        inverse = LinalgInvEx.apply if isinstance(self.x, TensorBase) else xp.module.linalg.inv
        return (xp.mul(_wide(xp, grads[1]), swap(xp, inverse(self.x))),)


def _wide(xp: Any, x: Any) -> Any:
    """With two further dimensions of size one."""
    return xp.reshape(x, (*x.shape, 1, 1))


def _cofactors(xp: Any, x: Any) -> Any:
    """The gradient of the determinant, of singular matrices too.

    With ``A = U S V``: ``det(U) det(V) U T V``, where T is diagonal and has the products of all
    other singular values.
    """
    u, s, v = xp.module.linalg.svd(x)
    n = s.shape[-1]
    apart = xp.module.eye(n, dtype="bool")
    others = xp.prod(xp.where(apart, xp.full((), 1, s.dtype), s[..., None, :]), -1)
    sign = xp.asarray(xp.mul(xp.module.linalg.det(u), xp.module.linalg.det(v)))
    return xp.mul(_wide(xp, sign), xp.matmul(xp.mul(u, others[..., None, :]), v))


def det(input: Any) -> Any:
    """The determinant of a square matrix, or of each in a batch.

    Singular matrices have a gradient; second derivatives need an inverse.

    >>> import gpugrad
    >>> gpugrad.linalg.det(gpugrad.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(-2.)
    """
    check_square("linalg.det", input)
    return LinalgDet.apply(input)


def linalg_slogdet(input: Any) -> Any:
    """The sign of the determinant and the logarithm of its absolute value, as a named pair.

    >>> import gpugrad
    >>> gpugrad.linalg.slogdet(-gpugrad.eye(3)).sign
    tensor(-1.)
    """
    check_square("linalg.slogdet", input)
    return return_types.linalg_slogdet(LinalgSlogdet.apply(input))


def slogdet(input: Any) -> Any:
    """:func:`gpugrad.linalg.slogdet` under its older name."""
    return return_types.slogdet(linalg_slogdet(input))


def logdet(input: Any) -> Any:
    """The logarithm of the determinant: nan if that is negative, minus infinity if zero.

    >>> import gpugrad
    >>> gpugrad.logdet(2 * gpugrad.eye(2))
    tensor(1.3863)
    """
    sign, log = linalg_slogdet(input)
    return where(sign < 0, float("nan"), log)
