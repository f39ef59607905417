"""Factorisations and functions of matrices that the array modules do not have."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

Array = Any

DEGREE = 13
PADE = tuple(
    math.factorial(2 * DEGREE - k)
    * math.factorial(DEGREE)
    / (math.factorial(2 * DEGREE) * math.factorial(k) * math.factorial(DEGREE - k))
    for k in range(DEGREE + 1)
)
"""Coefficients of the diagonal Padé approximant of the exponential."""

LARGEST = 5.371920351148152
"""The norm up to which that approximant is exact in float64."""


class Factorisations:
    """LU factors and the exponential of :class:`~gpugrad.backend.primitives.Primitives`."""

    module: Any

    if TYPE_CHECKING:  # the other primitives

        def __getattr__(self, name: str) -> Any: ...

    def lu_factors(self, a: Array, pivot: bool, out: Any = None) -> tuple[Array, ...]:
        """Packed LU factors, LAPACK's row exchanges, the order that they make, failures.

        Failures are the number of the first zero pivot, or 0.
        """
        m = self.module
        rows, columns = a.shape[-2:]
        k = min(rows, columns)
        a = a.copy()
        order = m.broadcast_to(m.arange(rows), a.shape[:-1]).copy()
        exchanges = m.empty((*a.shape[:-2], k), "int32")
        info = m.zeros(a.shape[:-2], "int32")
        numbers = m.arange(rows)
        for j in range(k):
            best = m.argmax(m.abs(a[..., j:, j]), -1) + j if pivot else m.full(a.shape[:-2], j)
            exchanges[..., j] = best + 1
            best = best[..., None]
            place = m.where(numbers == best, j, m.where(numbers == j, best, numbers))
            a = m.take_along_axis(a, place[..., None], -2)
            order = m.take_along_axis(order, place, -1)
            pivots = a[..., j, j]
            info = m.where((info == 0) & (pivots == 0), j + 1, info).astype("int32")
            factor = a[..., j + 1 :, j] / m.where(pivots == 0, 1, pivots)[..., None]
            a[..., j + 1 :, j] = factor
            a[..., j + 1 :, j + 1 :] -= factor[..., None] * a[..., j : j + 1, j + 1 :]
        found = (a, exchanges, order, m.asarray(info))
        if out is None:
            return found
        return tuple(self.into(f, o) for f, o in zip(found, out, strict=True))

    def matrix_exp(self, x: Array, out: Array | None = None) -> Array:
        """The exponential of square matrices.

        Scaling and squaring with a Padé approximant (N. Higham, "The scaling and squaring method
        for the matrix exponential revisited", SIAM J. Matrix Anal. Appl. 26 (2005)), computed in
        float64.
        """
        m, n = self.module, x.shape[-1]
        if x.size == 0:
            return self.copy(x, out=out)
        size = float(self.to_host(m.abs(x).sum(-2).max()))
        times = max(0, math.ceil(math.log2(size / LARGEST))) if 0 < size < math.inf else 0
        kind, x = x.dtype, self.asarray(x.astype("float64") / 2.0**times)
        one = m.eye(n)
        square = m.matmul(x, x)
        odd = even = None
        for k in range(DEGREE, -1, -2):
            odd = PADE[k] * one if odd is None else m.matmul(odd, square) + PADE[k] * one
            even = PADE[k - 1] * one if even is None else m.matmul(even, square) + PADE[k - 1] * one
        odd = m.matmul(x, odd)
        result = m.linalg.solve(even - odd, even + odd)
        for _ in range(times):
            result = m.matmul(result, result)
        return self.into(self.cast(result, kind), out)
