"""Batch norm and group norm in composed form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

Array = Any
Wanted = tuple[bool, bool, bool]


class ComposedNorms:
    """The part of :class:`~gpugrad.backend.composed.ComposedForms` that normalizes channels.

    Arrays have the shape (N, C, \\*size), weight and bias (C).
    """

    if TYPE_CHECKING:  # the other primitives; at run time it would slow every look-up down

        def __getattr__(self, name: str) -> Any: ...

    def batch_norm(
        self,
        x: Array,
        weight: Array | None,
        bias: Array | None,
        eps: float,
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array, Array, Array]:
        """``(x - mean) / sqrt(variance + eps) * weight + bias``, mean and variance.

        Both are those of each channel, over all samples, and of shape (C,).
        """
        axes = _all_but_channels(x)
        mean = self.mean(x, axes, True)
        centred = self.sub(x, mean)
        variance = self.mean(self.square(centred), axes, True)
        y = self._affine(self.mul(centred, self.rsqrt(self.add(variance, eps))), weight, bias)
        mean, variance = (self.reshape(a, (x.shape[1],)) for a in (mean, variance))
        return self._all_into((y, mean, variance), out)

    def batch_norm_grad(
        self,
        grad: Array,
        x: Array,
        weight: Array | None,
        mean: Array,
        variance: Array,
        eps: float,
        wanted: Wanted,
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array | None, Array | None, Array | None]:
        """The gradients of :meth:`batch_norm` in x, weight and bias; None for those not wanted.

        With ``rstd = 1 / sqrt(variance + eps)`` and ``h = (x - mean) * rstd``: in x,
        ``(grad - mean(grad) - h * mean(grad * h)) * rstd * weight``, with the means of each
        channel; in weight ``sum(grad * h)`` and in bias ``sum(grad)``.
        """
        axes, channels = _all_but_channels(x), x.shape[1]
        rstd = self._along_channels(self.rsqrt(self.add(variance, eps)), x)
        normal = self.mul(self.sub(x, self._along_channels(mean, x)), rstd)
        total = self.sum(grad, axes, True)
        along = self.sum(self.mul(grad, normal), axes, True)
        found: list[Array | None] = [None, None, None]
        if wanted[0]:
            count = math.prod(x.shape) // channels
            bend = self.mul(normal, self.div(along, count))
            across = self.sub(self.sub(grad, self.div(total, count)), bend)
            factor = rstd if weight is None else self.mul(rstd, self._along_channels(weight, x))
            found[0] = self.mul(across, factor)
        if wanted[1]:
            found[1] = self.reshape(along, (channels,))
        if wanted[2]:
            found[2] = self.reshape(total, (channels,))
        return self._all_into(found, out)

    def group_norm(
        self,
        x: Array,
        weight: Array | None,
        bias: Array | None,
        groups: int,
        eps: float,
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array, Array, Array]:
        """``(x - mean) * rstd * weight + bias``, mean and rstd, of shape (N * groups, 1).

        Both are those of each of ``groups`` equal parts of the channels of a sample;
        ``rstd = 1 / sqrt(variance + eps)``.
        """
        y, mean, rstd = self.layer_norm(self._in_groups(x, groups), None, None, eps)
        y = self._affine(self.reshape(y, x.shape), weight, bias)
        return self._all_into((y, mean, rstd), out)

    def group_norm_grad(
        self,
        grad: Array,
        x: Array,
        weight: Array | None,
        mean: Array,
        rstd: Array,
        groups: int,
        wanted: Wanted,
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array | None, Array | None, Array | None]:
        """The gradients of :meth:`group_norm` in x, weight and bias; None for those not wanted."""
        rows, axes = self._in_groups(x, groups), _all_but_channels(x)
        found: list[Array | None] = [None, None, None]
        if wanted[0]:
            g = grad if weight is None else self.mul(grad, self._along_channels(weight, x))
            g = self._in_groups(g, groups)
            in_rows = self.layer_norm_grad(g, rows, None, mean, rstd, (True, False, False))[0]
            found[0] = self.reshape(in_rows, x.shape)
        if wanted[1]:
            normal = self.reshape(self.mul(self.sub(rows, mean), rstd), x.shape)
            found[1] = self.sum(self.mul(grad, normal), axes)
        if wanted[2]:
            found[2] = self.sum(grad, axes)
        return self._all_into(found, out)

    def _affine(self, x: Array, weight: Array | None, bias: Array | None) -> Array:
        """``x * weight + bias``, as far as they are there."""
        if weight is not None:
            x = self.mul(x, self._along_channels(weight, x))
        return x if bias is None else self.add(x, self._along_channels(bias, x))

    def _along_channels(self, vector: Array, x: Array) -> Array:
        """A vector in the shape in which each number belongs to a channel of ``x``."""
        return self.reshape(vector, (1, x.shape[1], *(1,) * (x.ndim - 2)))

    def _in_groups(self, x: Array, groups: int) -> Array:
        """A matrix with a row for each group of each sample."""
        rows = x.shape[0] * groups
        return self.reshape(x, (rows, math.prod(x.shape) // max(rows, 1)))

    def _all_into(
        self, found: Sequence[Array | None], out: tuple[Array, ...] | None
    ) -> tuple[Any, Any, Any]:
        """Three results, those that are not None stored in the arrays that were given for them."""
        first, second, third = found
        if out is None:
            return first, second, third
        first, second, third = (
            a if a is None else self.into(a, b) for a, b in zip(found, out, strict=True)
        )
        return first, second, third


def _all_but_channels(x: Array) -> tuple[int, ...]:
    return (0, *range(2, x.ndim))
