"""Optimizer steps on the CPU: C code does lists with large parameters, if there is a compiler."""

from __future__ import annotations

from typing import Any

import numpy as np

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
        if scratch.in_bulk and _by_value(options):
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
        if scratch.in_bulk and _by_value(options):
            numbers = options["weight_decay"], options["momentum"], options["dampening"]
            ways = options["nesterov"], options["maximize"]
            if steps.sgd_step(params, grads, momentum_buffers, lr, *numbers, *ways):
                return
        super().sgd_step(params, grads, momentum_buffers, lr, scratch, **options)


NUMBERS = frozenset((float, int, bool, np.float64, type(None)))


def _by_value(options: dict[str, Any]) -> bool:
    """Whether there are but numbers among the options.

    Else gradients are to be divided first, or a step perhaps left out, or a recorded step reads
    hyperparameters from memory: its replays are other code.
    """
    return NUMBERS.issuperset(map(type, options.values()))
