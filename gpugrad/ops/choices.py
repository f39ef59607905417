"""The larger and the smaller of two operands, element by element."""

from __future__ import annotations

from typing import Any

from .binary import ALWAYS, Binary


class _Choice(Binary):
    """Of two operands one is taken; where they are equal, each gets half the gradient."""

    keeps_x, keeps_y = ALWAYS, ALWAYS
    primitive = "maximum"
    loses = "lt"

    def _share(self, xp: Any, grad: Any, mine: Any, other: Any) -> Any:
        # Asking who lost, not who won, lets the gradient through where either is nan.
        kept = xp.where(xp.eq(mine, other), xp.mul(grad, 0.5), grad)
        return xp.where(getattr(xp, self.loses)(mine, other), xp.zeros_like(kept), kept)

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return self._share(xp, grad, self.x, self.y)

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return self._share(xp, grad, self.y, self.x)


class Maximum(_Choice):
    """The larger; nan if either is.

    Tensors broadcast; ties share the gradient evenly.

    >>> import gpugrad
    >>> gpugrad.maximum(gpugrad.tensor([1.0, 5.0]), gpugrad.tensor(3.0))
    tensor([3., 5.])
    """

    primitive, loses = "maximum", "lt"


class Minimum(_Choice):
    """The smaller; nan if either is.

    Tensors broadcast; ties share the gradient evenly.

    >>> import gpugrad
    >>> gpugrad.minimum(gpugrad.tensor([1.0, 5.0]), gpugrad.tensor(3.0))
    tensor([1., 3.])
    """

    primitive, loses = "minimum", "gt"


class _Preference(Binary):
    """Of two operands the one that is a number; x where they are equal."""

    keeps_x, keeps_y = ALWAYS, ALWAYS
    primitive = "fmax"
    holds = "ge"

    def _x_taken(self, xp: Any) -> Any:
        return xp.logical_or(getattr(xp, self.holds)(self.x, self.y), xp.isnan(self.y))

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, self._x_taken(xp))

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.logical_not(self._x_taken(xp)))


class Fmax(_Preference):
    """The larger; a nan loses against a number.

    >>> import gpugrad
    >>> gpugrad.fmax(gpugrad.tensor([1.0, gpugrad.nan]), gpugrad.tensor(0.5))
    tensor([1.0000, 0.5000])
    """

    primitive, holds = "fmax", "ge"


class Fmin(_Preference):
    """The smaller; a nan loses against a number.

    >>> import gpugrad
    >>> gpugrad.fmin(gpugrad.tensor([1.0, gpugrad.nan]), gpugrad.tensor(0.5))
    tensor([0.5000, 0.5000])
    """

    primitive, holds = "fmin", "le"
