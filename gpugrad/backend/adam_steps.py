"""Adam's update of a list of parameters in composed form; see :mod:`.optimizer_steps`."""

from __future__ import annotations

from functools import partial
from typing import Any

from .gradients import Gradients
from .hyperparameters import Hyperparameters, Number, is_high
from .step_scratch import Array, Arrays, Scratch


class AdamSteps(Gradients, Hyperparameters):
    """Adam and AdamW."""

    maximum: Any
    neg: Any

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
        *,
        beta1: Number,
        beta2: Number,
        eps: Number,
        weight_decay: Number,
        decoupled: bool,
        amsgrad: bool,
        maximize: bool,
        grad_scale: Array | None = None,
        found_inf: Array | None = None,
    ) -> None:
        """Adam, and AdamW where ``decoupled``; counts ``step`` up.

        ::

            g = -grad if maximize else grad
            p = p * (1 - lr * weight_decay) if decoupled, else g = g + weight_decay * p
            m = m + (1 - beta1) * (g - m)
            v = beta2 * v + (1 - beta2) * g * g
            h = maximum(h, v) if amsgrad else v
            p = p - lr / (1 - beta1**step) * m / (sqrt(h) / sqrt(1 - beta2**step) + eps)

        ``max_exp_avg_sqs`` is empty without ``amsgrad``. ``lr`` is a 0-d float64, ``step`` 0-d:
        1 - beta2**step loses half of its digits in float32. ``grad_scale`` and ``found_inf`` as
        for :meth:`OptimizerSteps.sgd_step`; what is skipped is not counted either.

        Source: Kingma and Ba, "Adam" (2015); Loshchilov and Hutter, "Decoupled weight decay
        regularization" (2019); Reddi and others, "On the convergence of Adam and beyond" (2018).
        """
        if grad_scale is not None or found_inf is not None:
            again = partial(
                self.adam_step,
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
            written = [params, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, [step]]
            self.scaled_step(again, grads, written, grad_scale, found_inf)
            return
        add, sub, mul, div, sqrt = self.add, self.sub, self.mul, self.div, self.sqrt
        step_size, root_correction, shrink = self.adam_scalars(
            lr, step, scratch, beta1=beta1, beta2=beta2, decay=weight_decay if decoupled else 0.0
        )
        keep1, keep2, epsilon, decay, take1, take2 = self._step_operands(
            scratch, (beta1, beta2, eps, weight_decay), (beta1, beta2)
        )
        from_mean = is_high(beta1)
        states = (exp_avgs, exp_avg_sqs, max_exp_avg_sqs or exp_avg_sqs)
        lists = zip(params, grads, *states, scratch.first, scratch.second, strict=True)
        for p, g, m, v, h, s, t in lists:
            if maximize:
                g = self.neg(g, t)
            if weight_decay:
                if decoupled:
                    mul(p, shrink, p)
                else:
                    mul(p, decay, s)
                    g = add(g, s, t)
            sub(g, m, s)
            if from_mean:
                mul(s, take1, s)
                add(m, s, m)
            else:  # from the other end: exact where beta1 is 0
                mul(s, keep1, s)
                sub(g, s, m)
            mul(g, take2, s)
            mul(s, g, s)
            mul(v, keep2, v)
            add(v, s, v)
            if amsgrad:
                self.maximum(h, v, out=h)
            sqrt(h, s)
            div(s, root_correction, s)
            add(s, epsilon, s)
            mul(m, step_size, t)
            div(t, s, t)
            sub(p, t, p)

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
        """Count ``step`` up and give ``lr / (1 - beta1**step)``, ``sqrt(1 - beta2**step)`` and
        ``1 - lr * decay``, calculated in float64 on the device.
        """
        wide, (step_size, root_correction, shrink) = scratch.wide, scratch.scalars
        one = self.constant(1.0, "float64")
        self.add(step, self.constant(1.0, "float32"), step)
        self.pow(self._operand(beta1, "float64"), step, wide)
        self.sub(one, wide, wide)
        self.div(lr, wide, step_size)
        self.pow(self._operand(beta2, "float64"), step, wide)
        self.sub(one, wide, wide)
        self.sqrt(wide, root_correction)
        if decay:
            self.mul(lr, self._operand(decay, "float64"), wide)
            self.sub(one, wide, shrink)
        return scratch.scalars
