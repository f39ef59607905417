"""What the backward passes of convolution and pooling compute besides, in composed form."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

Array = Any


class ComposedWindows:
    """A part of :class:`~gpugrad.backend.composed.ComposedForms`."""

    if TYPE_CHECKING:  # the other primitives; at run time it would slow every look-up down

        def __getattr__(self, name: str) -> Any: ...

    def channel_sum(self, x: Array, out: Array | None = None) -> Array:
        """The sum over all dimensions but the second, which is the gradient of a bias."""
        return self.into(self.sum(x, (0, *range(2, x.ndim))), out)

    def window_max_grad(
        self, grad: Array, index: Array, shape: tuple[int, ...], out: Array | None = None
    ) -> Array:
        """``grad`` added to zeros of ``shape`` where :meth:`window_argmax` has found it.

        ``index`` has the shape of ``grad``, but for its planes, which are flat: the row-major
        numbers in the planes of ``shape``.
        """
        lead = index.shape[:-1]
        flat = self.reshape(grad, index.shape)
        size = (*lead, math.prod(shape[len(lead) :]))
        spread = self.scatter_along_axis(flat, index, len(lead), size)
        return self.into(self.reshape(spread, shape), out)
