"""Batch norm and group norm over NumPy: in C where there is a compiler, else as composed."""

from __future__ import annotations

from typing import Any

from ..native import channel_norms as native
from .primitives import Primitives

Array = Any
Wanted = tuple[bool, bool, bool]


class HostNorms(Primitives):
    """Every method's composed form in ``ComposedNorms`` says what it computes."""

    def batch_norm(
        self,
        x: Array,
        weight: Array | None,
        bias: Array | None,
        eps: float,
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array, Array, Array]:
        if x.size >= native.LARGE:
            found = native.batch_norm(x, weight, bias, eps)
            if found is not None:
                return self._all_into(found, out)
        return super().batch_norm(x, weight, bias, eps, out)

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
        if x.size >= native.LARGE:
            found = native.batch_norm_grad(grad, x, weight, mean, variance, eps, wanted)
            if found is not None:
                return self._all_into(found, out)
        return super().batch_norm_grad(grad, x, weight, mean, variance, eps, wanted, out)

    def group_norm(
        self,
        x: Array,
        weight: Array | None,
        bias: Array | None,
        groups: int,
        eps: float,
        out: tuple[Array, Array, Array] | None = None,
    ) -> tuple[Array, Array, Array]:
        if x.size >= native.LARGE:
            found = native.group_norm(x, weight, bias, groups, eps)
            if found is not None:
                return self._all_into(found, out)
        return super().group_norm(x, weight, bias, groups, eps, out)

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
        if x.size >= native.LARGE:
            found = native.group_norm_grad(grad, x, weight, mean, rstd, groups, wanted)
            if found is not None:
                return self._all_into(found, out)
        return super().group_norm_grad(grad, x, weight, mean, rstd, groups, wanted, out)
