"""What optimizers do otherwise on a processor that reads arrays without waiting."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .hyperparameters import Number, Varying
from .optimizer_steps import OptimizerSteps
from .step_scratch import Array, Arrays, Scratch, compute_dtype

SHORT = 2**16
"""Up to this many elements BLAS adds up squares; NumPy loses fewer digits in longer sums."""


class HostSteps(OptimizerSteps):
    """Composed forms in which scalars are Python's.

    Python's arithmetic takes a tenth of the time that NumPy needs for 0-d arrays and rounds the
    same way.
    """

    def adam_scalars(
        self,
        lr: Array,
        step: Array,
        scratch: Scratch,
        *,
        beta1: Number,
        beta2: Number,
        decay: Number,
    ) -> Arrays:
        """As :meth:`AdamSteps.adam_scalars`."""
        if Varying in (type(beta1), type(beta2), type(decay)):
            beta1, beta2, decay = map(self._now, (beta1, beta2, decay))
        rate, count = lr.item(), step.item() + 1
        step[()] = count
        step_size, root_correction, shrink = scratch.scalars
        step_size[()] = rate / (1 - beta1**count)
        root_correction[()] = math.sqrt(1 - beta2**count)
        shrink[()] = 1 - rate * decay
        return scratch.scalars

    def _now(self, number: Number) -> float:
        """As :meth:`Hyperparameters._now`."""
        return number.value.item() if isinstance(number, Varying) else number

    def _count_up(self, step: Array) -> float:
        """As :meth:`StepParts._count_up`."""
        count: float = step.item() + 1
        step[()] = count
        return count

    def scaled_step(
        self,
        step: Callable[[], None],
        grads: Arrays,
        written: list[Arrays],
        grad_scale: Array | None,
        found_inf: Array | None,
    ) -> None:
        """As :meth:`Gradients.scaled_step`."""
        if found_inf is None or not found_inf.item():
            super().scaled_step(step, grads, written, grad_scale, None)

    def total_norm(self, arrays: Arrays, p: float, out: Array | None = None) -> Array:
        """As :meth:`Gradients.total_norm`."""
        dtype = arrays[0].dtype
        if p != 2 or dtype.itemsize == 2 or any(x.size > SHORT for x in arrays):
            return super().total_norm(arrays, p, out)
        flat = [x.reshape(-1) for x in arrays]
        total = math.sqrt(sum(float(x.dot(x)) for x in flat))
        return self.into(np.asarray(total, dtype), out)

    def clip_by_norm(self, arrays: Arrays, norm: Array, max_norm: float) -> None:
        """As :meth:`Gradients.clip_by_norm`."""
        factor = max_norm / (norm.item() + 1e-6)
        if factor >= 1:
            return
        scale = np.asarray(factor, compute_dtype(norm.dtype))
        for x in arrays:
            self.mul(x, scale, x)
