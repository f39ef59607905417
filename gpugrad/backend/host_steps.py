"""What optimizers do otherwise on a processor that reads arrays without waiting."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..native import steps
from .optimizer_steps import OptimizerSteps
from .step_scratch import Array, Arrays, Scratch, compute_dtype

SHORT = 2**16
"""Up to this many elements BLAS adds up squares; NumPy loses fewer digits in longer sums."""


def _scaled(options: dict[str, Any]) -> bool:
    """Whether gradients are to be divided first, or a step perhaps left out."""
    return options.get("grad_scale") is not None or options.get("found_inf") is not None


class HostSteps(OptimizerSteps):
    """C code for large parameters, and composed forms in which scalars are Python's.

    Python's arithmetic takes a tenth of the time that NumPy needs for 0-d arrays and rounds the
    same way.
    """

    def adam_scalars(
        self, lr: Array, step: Array, scratch: Scratch, *, beta1: float, beta2: float, decay: float
    ) -> Arrays:
        """As :meth:`AdamSteps.adam_scalars`."""
        rate, count = lr.item(), step.item() + 1
        step[()] = count
        step_size, root_correction, shrink = scratch.scalars
        step_size[()] = rate / (1 - beta1**count)
        root_correction[()] = math.sqrt(1 - beta2**count)
        shrink[()] = 1 - rate * decay
        return scratch.scalars

    def _count_up(self, step: Array) -> float:
        """As :meth:`StepParts._count_up`."""
        count: float = step.item() + 1
        step[()] = count
        return count

    def adam_step(
        self,
        params: Arrays,
        grads: Arrays,
        exp_avgs: Arrays,
        exp_avg_sqs: Arrays,
        max_exp_avg_sqs: Arrays,
        lr: Array,
        step: Array,
        scratch: Scratch,
        **options: Any,
    ) -> None:
        """As :meth:`AdamSteps.adam_step`."""
        lists = params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs
        if not _scaled(options) and steps.large(params):
            before = step.item()
            decay = options["weight_decay"]
            scalars = self.adam_scalars(
                lr,
                step,
                scratch,
                beta1=options["beta1"],
                beta2=options["beta2"],
                decay=decay if options["decoupled"] else 0.0,
            )
            betas = options["beta1"], options["beta2"]
            ways = options["decoupled"], options["amsgrad"], options["maximize"]
            if steps.adam_step(lists, scalars, decay, betas, options["eps"], *ways):
                return
            step[()] = before  # it is counted below
        super().adam_step(*lists, lr, step, scratch, **options)

    def sgd_step(
        self,
        params: Arrays,
        grads: Arrays,
        momentum_buffers: Arrays,
        lr: Array,
        scratch: Scratch,
        **options: Any,
    ) -> None:
        """As :meth:`OptimizerSteps.sgd_step`."""
        if not _scaled(options) and steps.large(params):
            numbers = options["weight_decay"], options["momentum"], options["dampening"]
            ways = options["nesterov"], options["maximize"]
            if steps.sgd_step(params, grads, momentum_buffers, lr, *numbers, *ways):
                return
        super().sgd_step(params, grads, momentum_buffers, lr, scratch, **options)

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
