"""The optimizer steps of a CUDA device: one launch for a whole list of parameters.

Every step has its composed form in :class:`OptimizerSteps`, which says what it computes, and falls
back to it where the kernel does not apply: arrays that are not contiguous, of another type than
the four floating-point ones, or of several types.
"""

from __future__ import annotations

from typing import Any

from ..kernels import suffix_of
from ..step_scratch import Array, Arrays, Scratch
from .launcher import Launcher
from .step_table import StepTable

MOST_STEP_BLOCKS = 2048
"""Blocks of an optimizer step: each makes the step's common factors once, then takes chunks."""


class Steps(Launcher):
    """Overrides composed steps by launches."""

    def step_scratch(self, params: Arrays) -> Scratch:
        return StepTable(self, params)

    def _step(self, name: str, lists: list[Arrays], scratch: Any, *rest: Any) -> bool:
        """One launch over lists of arrays, gradients first; False where that does not apply."""
        gradients, params = lists[:2]
        dtype = params[0].dtype
        suffix = suffix_of(dtype)
        if suffix is None or not isinstance(scratch, StepTable):
            return False
        # A gradient may be a view, of which a copy will do; all else is written to.
        dense = [self.dense(g) for g in gradients]
        for arrays in (dense, *lists[1:]):
            if not all(a.dtype == dtype and a.flags.c_contiguous for a in arrays):
                return False
        pointers = scratch.pointers([dense, *lists[1:]])
        count = len(scratch.chunks)
        kernel = self.kernels.get(name, suffix)
        blocks = max(1, min(count, MOST_STEP_BLOCKS))
        kernel(blocks, pointers, scratch.chunks, len(params), count, *rest)
        return True

    def sgd_step(
        self,
        params: Arrays,
        grads: Arrays,
        momentum_buffers: Arrays,
        lr: Array,
        scratch: Any,
        *,
        momentum: float,
        dampening: float,
        weight_decay: float,
        nesterov: bool,
        maximize: bool,
    ) -> None:
        numbers = (float(momentum), float(dampening), float(weight_decay))
        lists = [grads, params, momentum_buffers] if momentum else [grads, params]
        flags = (int(nesterov), int(maximize))
        if lr.dtype == scratch.dtype and self._step(
            "sgd_step", lists, scratch, lr, *numbers, *flags
        ):
            return
        super().sgd_step(
            params,
            grads,
            momentum_buffers,
            lr,
            scratch,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
        )

    def adam_step(
        self,
        params: Arrays,
        grads: Arrays,
        exp_avgs: Arrays,
        exp_avg_sqs: Arrays,
        max_exp_avg_sqs: Arrays,
        lr: Array,
        step: Array,
        scratch: Any,
        *,
        beta1: float,
        beta2: float,
        eps: float,
        weight_decay: float,
        decoupled: bool,
        amsgrad: bool,
        maximize: bool,
    ) -> None:
        lists = [grads, params, exp_avgs, exp_avg_sqs]
        if amsgrad:
            lists.append(max_exp_avg_sqs)
        numbers = (float(beta1), float(beta2), float(eps), float(weight_decay))
        flags = (int(decoupled), int(amsgrad), int(maximize))
        fits = lr.dtype == "float64" and step.dtype == "float32" and isinstance(scratch, StepTable)
        if fits and self._step(
            "adam_step", lists, scratch, lr, step, scratch.counter, *numbers, *flags
        ):
            return
        super().adam_step(
            params,
            grads,
            exp_avgs,
            exp_avg_sqs,
            max_exp_avg_sqs,
            lr,
            step,
            scratch,
            beta1=beta1,
            beta2=beta2,
            eps=eps,
            weight_decay=weight_decay,
            decoupled=decoupled,
            amsgrad=amsgrad,
            maximize=maximize,
        )

    def rmsprop_step(
        self,
        params: Arrays,
        grads: Arrays,
        square_avgs: Arrays,
        grad_avgs: Arrays,
        momentum_buffers: Arrays,
        lr: Array,
        step: Array,
        scratch: Any,
        *,
        alpha: float,
        eps: float,
        weight_decay: float,
        momentum: float,
        centered: bool,
        maximize: bool,
    ) -> None:
        lists = [grads, params, square_avgs]
        lists += [grad_avgs] if centered else []
        lists += [momentum_buffers] if momentum else []
        numbers = (float(alpha), float(eps), float(weight_decay), float(momentum))
        flags = (int(centered), int(maximize))
        fits = lr.dtype == scratch.dtype and step.dtype == "float32"
        if (
            fits
            and isinstance(scratch, StepTable)
            and self._step(
                "rmsprop_step", lists, scratch, lr, step, scratch.counter, *numbers, *flags
            )
        ):
            return
        super().rmsprop_step(
            params,
            grads,
            square_avgs,
            grad_avgs,
            momentum_buffers,
            lr,
            step,
            scratch,
            alpha=alpha,
            eps=eps,
            weight_decay=weight_decay,
            momentum=momentum,
            centered=centered,
            maximize=maximize,
        )
