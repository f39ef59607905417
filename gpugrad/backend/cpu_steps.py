"""Optimizer steps on the CPU: C code does lists with large parameters, if there is a compiler."""

from __future__ import annotations

from typing import Any

from ..native import steps
from .host_steps import HostSteps
from .step_scratch import Array, Arrays, Scratch


class LargeSteps(HostSteps):
    """The results are the composed forms' to the last bit."""

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
        if scratch.in_bulk and not _scaled(options):
            before = step.item()
            decay, eps = self._now(options["weight_decay"]), self._now(options["eps"])
            betas = self._now(options["beta1"]), self._now(options["beta2"])
            scalars = self.adam_scalars(
                lr,
                step,
                scratch,
                beta1=betas[0],
                beta2=betas[1],
                decay=decay if options["decoupled"] else 0.0,
            )
            ways = options["decoupled"], options["amsgrad"], options["maximize"]
            if steps.adam_step(lists, scalars, decay, betas, eps, *ways):
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
        if scratch.in_bulk and not _scaled(options):
            decay, momentum = self._now(options["weight_decay"]), self._now(options["momentum"])
            numbers = decay, momentum, self._now(options["dampening"])
            ways = options["nesterov"], options["maximize"]
            if steps.sgd_step(params, grads, momentum_buffers, lr, *numbers, *ways):
                return
        super().sgd_step(params, grads, momentum_buffers, lr, scratch, **options)


def _scaled(options: dict[str, Any]) -> bool:
    """Whether gradients are to be divided first, or a step perhaps left out."""
    return options.get("grad_scale") is not None or options.get("found_inf") is not None
