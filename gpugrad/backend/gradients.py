"""What happens to a list of gradients between a backward pass and the optimizer's step.

The composed forms, as in :mod:`.optimizer_steps`: lists are of one device and one dtype, results
and flags stay in 0-d arrays, and nothing is read back from the device.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from .step_scratch import Array, Arrays, compute_dtype


class Gradients:
    """The primitives over lists of gradients, in composed form."""

    abs: Any
    add: Any
    amax: Any
    amin: Any
    any: Any
    cast: Any
    constant: Any
    copy: Any
    div: Any
    into: Any
    isfinite: Any
    logical_not: Any
    minimum: Any
    mul: Any
    ne: Any
    pow: Any
    sqrt: Any
    square: Any
    stack: Any
    sum: Any
    where: Any

    # --- clipping -------------------------------------------------------------------------------

    def total_norm(self, arrays: Arrays, p: float, out: Array | None = None) -> Array:
        """The p-norm of all arrays as if they were one vector, 0-d, of their dtype.

        ::

            (sum of |x|**p) ** (1 / p), or the largest |x| if p is infinite, the smallest if -inf

        Calculated as the norm of the arrays' norms, which is the same, but for ``p`` = 0: that is
        then the number of arrays that are not all zero, as in PyTorch. 16-bit arrays are added up
        in float32.
        """
        dtype = arrays[0].dtype
        if dtype.itemsize == 2:
            arrays = [self.cast(x, "float32") for x in arrays]
        each = [self._norm(x, p) for x in arrays]
        total = each[0] if len(each) == 1 and p != 0 else self._norm(self.stack(each), p)
        return self.into(self.cast(total, dtype), out)

    def _norm(self, x: Array, p: float) -> Array:
        if p == 0:
            return self.sum(self.cast(self.ne(x, 0), x.dtype))
        if p == 2:
            return self.sqrt(self.sum(self.square(x)))
        if math.isinf(p) and not x.size:
            return self.sum(x)  # 0
        sizes = self.abs(x)
        if p == math.inf:
            return self.amax(sizes)
        if p == -math.inf:
            return self.amin(sizes)
        if p == 1:
            return self.sum(sizes)
        dtype = x.dtype.name
        return self.pow(
            self.sum(self.pow(sizes, self.constant(p, dtype))), self.constant(1 / p, dtype)
        )

    def clip_by_norm(self, arrays: Arrays, norm: Array, max_norm: float) -> None:
        """``x * min(max_norm / (norm + 1e-6), 1)`` for every array, in place.

        ``norm`` is 0-d and may be of another floating-point type.
        """
        wide = compute_dtype(norm.dtype)
        room = self.add(self.cast(norm, wide), self.constant(1e-6, wide))
        factor = self.minimum(
            self.div(self.constant(max_norm, wide), room), self.constant(1.0, wide)
        )
        for x in arrays:
            self.mul(x, factor, x)

    # --- the scale of the loss --------------------------------------------------------------------

    def unscale(self, arrays: Arrays, found_inf: Array, inverse_scale: Array | None = None) -> None:
        """Look for infinities and nan, and multiply, in place.

        ::

            found_inf = 1 if any x is not finite, else as before
            x = x * inverse_scale                               if inverse_scale

        Both are 0-d float32.
        """
        for x in arrays:
            bad = self.any(self.logical_not(self.isfinite(x)))
            self.copy(self.where(bad, self.constant(1.0, "float32"), found_inf), found_inf)
            if inverse_scale is not None:
                self.mul(x, inverse_scale, x)

    def update_scale(
        self,
        scale: Array,
        growth_tracker: Array,
        found_inf: Array,
        *,
        growth_factor: float,
        backoff_factor: float,
        growth_interval: int,
    ) -> None:
        """Adjust the scale of the loss, in place.

        ::

            scale = scale * backoff_factor     if found_inf is not 0
            scale = scale * growth_factor      if that is finite, every growth_interval-th time in a
                                               row that found_inf is 0; growth_tracker counts them

        Scale and flag are 0-d float32, the count is 0-d int32.
        """
        bad = self.ne(found_inf, self.constant(0.0, "float32"))
        count = self.add(growth_tracker, self.constant(1, "int32"))
        early = self.ne(count, self.constant(growth_interval, "int64"))
        none = self.constant(0, "int32")
        wide = self.cast(scale, "float64")
        grown = self.cast(self.mul(wide, self.constant(growth_factor, "float64")), "float32")
        grown = self.where(self.isfinite(grown), grown, scale)
        reduced = self.mul(wide, self.constant(backoff_factor, "float64"))
        self.copy(self.where(bad, reduced, self.where(early, scale, grown)), scale)
        self.copy(self.where(bad, none, self.where(early, count, none)), growth_tracker)

    def scaled_step(
        self,
        step: Callable[[], None],
        grads: Arrays,
        written: list[Arrays],
        grad_scale: Array | None,
        found_inf: Array | None,
    ) -> None:
        """Divide the gradients by ``grad_scale``, in place, and call ``step``.

        Where ``found_inf`` is not 0, all is as before: the gradients and what the step writes to.
        """
        changed = [x for arrays in (grads, *written) for x in arrays]
        before = [] if found_inf is None else [self.copy(x) for x in changed]
        if grad_scale is not None:
            for g in grads:
                self.div(g, grad_scale, g)
        step()
        if found_inf is not None:
            skipped = self.ne(found_inf, self.constant(0.0, "float32"))
            for x, old in zip(changed, before, strict=True):
                self.copy(self.where(skipped, old, x), x)
