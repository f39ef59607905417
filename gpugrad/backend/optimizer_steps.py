"""The parameter updates of the optimizers, over lists of arrays, in place.

Each step takes arrays of one device and one dtype and repeats, operation by operation, what
PyTorch's single-tensor path computes. These are the composed forms: they use elementwise
primitives with a given output only, so they run on every backend and are the reference for a
kernel that does a whole list at once.

What changes from step to step, the learning rate and the number of steps, comes in 0-d arrays and
the number of steps is counted up here, so a step that is recorded and replayed is never stale.
What stays the same comes as Python numbers; where one of these is known to change, it may come as a
:class:`~.hyperparameters.Varying`.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import Any

from .accumulator_steps import AccumulatorSteps
from .adam_steps import AdamSteps
from .adam_variants import AdamVariants
from .hyperparameters import Number, is_high
from .step_scratch import Array, Arrays, Scratch


class OptimizerSteps(AdamSteps, AdamVariants, AccumulatorSteps):
    """The optimizer steps of :class:`Primitives`, in composed form."""

    empty: Any
    full: Any

    @cached_property
    def _constants(self) -> dict[tuple[float, str], Array]:
        return {}

    def constant(self, value: float, dtype: str) -> Array:
        """``value`` as an operand beside arrays of ``dtype`` that does not change their type.

        A kept 0-d array: NumPy takes twice as long over a Python number. Backends whose kernels
        take numbers by value return one.
        """
        key = (value, dtype)
        found = self._constants.get(key)
        if found is None:
            if len(self._constants) >= 256:  # a hyperparameter that is changed in every step
                self._constants.clear()
            found = self._constants[key] = self.full((), value, dtype)
        return found

    def step_scratch(self, params: Arrays) -> Scratch:
        """What the steps below want as ``scratch`` for these parameters."""
        return Scratch(self, params)

    def sgd_step(
        self,
        params: Arrays,
        grads: Arrays,
        momentum_buffers: Arrays,
        lr: Array,
        scratch: Scratch,
        *,
        momentum: Number,
        dampening: Number,
        weight_decay: Number,
        nesterov: bool,
        maximize: bool,
        grad_scale: Array | None = None,
        found_inf: Array | None = None,
    ) -> None:
        """Stochastic gradient descent.

        ::

            g = (-grad if maximize else grad) + weight_decay * p
            b = momentum * b + (1 - dampening) * g             if momentum
            g = g + momentum * b if nesterov else b            if momentum
            p = p - lr * g

        ``momentum_buffers`` is empty where ``momentum`` is 0. ``lr`` is 0-d, of the dtype in
        which the step calculates. With ``grad_scale``, gradients are divided by it first, in
        place. Nothing at all happens where ``found_inf`` is not 0. Both are 0-d float32.
        """
        if grad_scale is not None or found_inf is not None:
            again = partial(
                self.sgd_step,
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
            self.scaled_step(again, grads, [params, momentum_buffers], grad_scale, found_inf)
            return
        add, sub, mul = self.add, self.sub, self.mul
        if not (momentum or weight_decay or maximize):
            for p, g, s in zip(params, grads, scratch.first, strict=True):
                mul(g, lr, s)
                sub(p, s, p)
            return
        keep, decay, take = self._step_operands(scratch, (momentum, weight_decay), (dampening,))
        buffers = momentum_buffers or params
        lists = zip(params, grads, buffers, scratch.first, scratch.second, strict=True)
        for p, g, b, s, t in lists:
            if maximize:
                g = self.neg(g, t)
            if weight_decay:
                mul(p, decay, s)
                g = add(g, s, t)
            if momentum:
                mul(b, keep, b)
                if dampening:
                    mul(g, take, s)
                    add(b, s, b)
                else:
                    add(b, g, b)
                if nesterov:
                    mul(b, keep, s)
                    g = add(g, s, s)
                else:
                    g = b
            mul(g, lr, s)
            sub(p, s, p)

    def rmsprop_step(
        self,
        params: Arrays,
        grads: Arrays,
        square_avgs: Arrays,
        grad_avgs: Arrays,
        momentum_buffers: Arrays,
        lr: Array,
        step: Array,
        scratch: Scratch,
        *,
        alpha: Number,
        eps: Number,
        weight_decay: Number,
        momentum: Number,
        centered: bool,
        maximize: bool,
        grad_scale: Array | None = None,
        found_inf: Array | None = None,
    ) -> None:
        """RMSprop; counts ``step`` up.

        ::

            g = (-grad if maximize else grad) + weight_decay * p
            v = alpha * v + (1 - alpha) * g * g
            a = a + (1 - alpha) * (g - a)                      if centered
            d = sqrt(v - a * a if centered else v) + eps
            b = momentum * b + g / d                           if momentum
            p = p - (lr * b if momentum else lr * g / d)

        ``grad_avgs`` and ``momentum_buffers`` are empty where they are not used. ``lr`` is 0-d, of
        the dtype in which the step calculates. ``grad_scale`` and ``found_inf`` as for
        :meth:`sgd_step`; what is skipped is not counted either.

        Source: Tieleman and Hinton, "Lecture 6.5: rmsprop" (2012); centered: Graves, "Generating
        sequences with recurrent neural networks" (2013).
        """
        if grad_scale is not None or found_inf is not None:
            again = partial(
                self.rmsprop_step,
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
            written = [params, square_avgs, grad_avgs, momentum_buffers, [step]]
            self.scaled_step(again, grads, written, grad_scale, found_inf)
            return
        add, sub, mul, div, sqrt = self.add, self.sub, self.mul, self.div, self.sqrt
        keep, epsilon, decay, push, take = self._step_operands(
            scratch, (alpha, eps, weight_decay, momentum), (alpha,)
        )
        from_mean = is_high(alpha)
        add(step, self.constant(1.0, "float32"), step)
        states = (square_avgs, grad_avgs or square_avgs, momentum_buffers or square_avgs)
        lists = zip(params, grads, *states, scratch.first, scratch.second, strict=True)
        for p, g, v, a, b, s, t in lists:
            if maximize:
                g = self.neg(g, t)
            if weight_decay:
                mul(p, decay, s)
                g = add(g, s, t)
            mul(v, keep, v)
            mul(g, take, s)
            mul(s, g, s)
            add(v, s, v)
            if centered:
                sub(g, a, s)
                if from_mean:
                    mul(s, take, s)
                    add(a, s, a)
                else:
                    mul(s, keep, s)
                    sub(g, s, a)
                mul(a, a, s)
                sub(v, s, s)
                sqrt(s, s)
            else:
                sqrt(v, s)
            add(s, epsilon, s)
            if momentum:
                mul(b, push, b)
                div(g, s, s)
                add(b, s, b)
                mul(b, lr, s)
                sub(p, s, p)
            else:
                mul(g, lr, t)
                div(t, s, t)
                sub(p, t, p)
