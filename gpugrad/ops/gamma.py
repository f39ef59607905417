"""The gamma function's logarithm and its derivatives, zeta, incomplete gamma functions."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes
from ..autograd.engine import TensorBase
from .arguments import needs_tensor, word
from .binary import FOR_Y, Binary
from .unary import Unary


class Lgamma(Unary):
    """``log |gamma(x)|``; infinite at 0, -1, -2, ..."""

    primitive = "lgamma"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.digamma(self.x))


class Digamma(Unary):
    """The derivative of :func:`lgamma`; nan at -1, -2, ..., infinite at 0."""

    primitive = "digamma"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.polygamma(self.x, 1))


class Polygamma(Unary):
    """The n-th derivative of :func:`digamma`."""

    primitive = "polygamma"
    keeps_x = True

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.polygamma(self.x, self.params[0] + 1))


def _no_derivative(name: str) -> Exception:
    return NotImplementedError(f"the derivative for '{name}' is not implemented.")


class SpecialZeta(Binary):
    """Hurwitz's zeta function; a gradient for its second operand only."""

    primitive = "zeta"
    floating = True
    keeps_x, keeps_y = FOR_Y, FOR_Y

    def grad_x(self, xp: Any, grad: Any) -> Any:
        raise _no_derivative("zeta")

    def grad_y(self, xp: Any, grad: Any) -> Any:
        slope = xp.mul(xp.zeta(xp.add(self.x, 1), self.y), self.x)
        return xp.neg(xp.mul(grad, slope))


class Igamma(Binary):
    """The regularised lower incomplete gamma function; a gradient for its second operand only."""

    primitive = "igamma"
    floating = True
    keeps_x, keeps_y = FOR_Y, FOR_Y
    sign = 1

    def grad_x(self, xp: Any, grad: Any) -> Any:
        raise _no_derivative(f"{self.primitive}: input")

    def grad_y(self, xp: Any, grad: Any) -> Any:
        power = xp.mul(xp.log(self.y), xp.sub(self.x, 1))
        density = xp.exp(xp.sub(xp.sub(power, self.y), xp.lgamma(self.x)))
        return xp.mul(grad, xp.mul(density, self.sign))


class Igammac(Igamma):
    """The regularised upper incomplete gamma function; a gradient for its second operand only."""

    primitive = "igammac"
    sign = -1


# --- functions -----------------------------------------------------------------------------------


def lgamma(input: Any) -> Any:
    """The logarithm of the absolute value of the gamma function; infinite at 0, -1, -2, ...

    >>> import gpugrad
    >>> gpugrad.lgamma(gpugrad.tensor([1.0, 5.0]))
    tensor([0.0000, 3.1781])
    """
    return Lgamma.apply(input)


def lgamma_(input: Any) -> Any:
    """:func:`lgamma` in place."""
    return Lgamma.apply_(input)


def digamma(input: Any) -> Any:
    """The derivative of :func:`lgamma`; nan at -1, -2, ..., infinite at 0.

    >>> import gpugrad
    >>> gpugrad.digamma(gpugrad.tensor([1.0, 0.5]))
    tensor([-0.5772, -1.9635])
    """
    return Digamma.apply(input)


def digamma_(input: Any) -> Any:
    """:func:`digamma` in place."""
    return Digamma.apply_(input)


def polygamma(n: int, input: Any) -> Any:
    """The n-th derivative of :func:`digamma`. Raises RuntimeError for negative ``n``.

    >>> import gpugrad
    >>> gpugrad.polygamma(1, gpugrad.tensor([1.0, 0.5]))
    tensor([1.6449, 4.9348])
    """
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return Polygamma.apply(input, n)


def polygamma_method(self: Any, n: int) -> Any:
    """The n-th derivative of :func:`digamma`."""
    return polygamma(n, self)


def polygamma_(self: Any, n: int) -> Any:
    """:func:`polygamma` in place."""
    if n < 0:
        raise RuntimeError("polygamma(n, x) does not support negative n.")
    return Polygamma.apply_(self, n)


def mvlgamma(input: Any, p: int) -> Any:
    """The logarithm of the multivariate gamma function of ``p`` dimensions.

    ``p (p - 1) / 4 log(pi) + sum_j lgamma(input - j / 2)`` for j from 0 to p - 1.

    >>> import gpugrad
    >>> gpugrad.mvlgamma(gpugrad.tensor([2.0, 3.0]), 2)
    tensor([0.4516, 1.5502])
    """
    kind = input.array.dtype
    if p < 1:
        raise RuntimeError("p has to be greater than or equal to 1")
    if kind.kind == "b":
        raise RuntimeError("mvlgamma: expected a tensor of numbers, got Bool")
    x = input if kind.kind in "fV" else input.to(dtypes.get_default_dtype())
    total = lgamma(x)
    for j in range(1, p):
        total = total + lgamma(x - j / 2)
    return total + p * (p - 1) / 4 * math.log(math.pi) if p > 1 else total


def mvlgamma_(input: Any, p: int) -> Any:
    """:func:`mvlgamma` in place."""
    if input.array.dtype.kind in "iub":
        raise RuntimeError(
            f"mvlgamma: result type {word(input.array)} can't be cast to the desired output type "
            "Float"
        )
    return input.copy_(mvlgamma(input.clone(), p))


def igamma(input: Any, other: Any) -> Any:
    """The share of ``gamma(input)`` that its integral ``t**(input - 1) exp(-t)`` has below other.

    Both must be floating point; the gradient is that of ``other``.

    >>> import gpugrad
    >>> gpugrad.igamma(gpugrad.tensor([1.0]), gpugrad.tensor([1.0]))
    tensor([0.6321])
    """
    return _incomplete(Igamma.apply, "igamma", input, other)


def igamma_(input: Any, other: Any) -> Any:
    """:func:`igamma` in place."""
    return _incomplete(Igamma.apply_, "igamma", input, other)


def igammac(input: Any, other: Any) -> Any:
    """The share of ``gamma(input)`` that its integral has above ``other``: ``1 - igamma``.

    >>> import gpugrad
    >>> gpugrad.igammac(gpugrad.tensor(1.0), gpugrad.tensor(0.0))
    tensor(1.)
    """
    return _incomplete(Igammac.apply, "igammac", input, other)


def igammac_(input: Any, other: Any) -> Any:
    """:func:`igammac` in place."""
    return _incomplete(Igammac.apply_, "igammac", input, other)


def _incomplete(apply: Any, name: str, input: Any, other: Any) -> Any:
    for position, value in enumerate((input, other)):
        if not isinstance(value, TensorBase):
            raise TypeError(
                f"{name}(): argument '{('input', 'other')[position]}' (position {position + 1}) "
                f"must be Tensor, not {type(value).__name__}"
            )
    if all(v.array.dtype.kind not in "fV" for v in (input, other)):
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{word(input.array)}'")
    return apply(input, other)


def zeta(input: Any, other: Any) -> Any:
    """Hurwitz's zeta function, the sum over k of ``(other + k) ** -input``.

    The gradient is that of ``other``.

    >>> import gpugrad
    >>> gpugrad.special.zeta(gpugrad.tensor([2.0, 4.0]), 1)
    tensor([1.6449, 1.0823])
    """
    tensors = [v for v in (input, other) if isinstance(v, TensorBase)]
    if not tensors:
        raise needs_tensor("special_zeta", input, other)
    if all(t.array.dtype.kind in "fV" and t.array.dtype.itemsize == 2 for t in tensors):
        raise NotImplementedError(f"\"zeta_cpu\" not implemented for '{word(tensors[0].array)}'")
    return SpecialZeta.apply(input, other)
