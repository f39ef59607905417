"""The parameter updates of the optimizers, over lists of arrays, in place.

Each step takes arrays of one device and one dtype and repeats, operation by operation, what
PyTorch's single-tensor path computes. These are the composed forms: they use elementwise
primitives with a given output only, so they run on every backend and are the reference for a
kernel that does a whole list at once.

What changes from step to step, the learning rate and the number of steps, comes in 0-d arrays and
the number of steps is counted up here, so a step that is recorded and replayed is never stale.
What stays the same comes as Python numbers.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import Any

from .step_scratch import Array, Arrays, Scratch


class OptimizerSteps:
    """The optimizer steps of :class:`Primitives`, in composed form."""

    add: Any
    sub: Any
    mul: Any
    div: Any
    pow: Any
    neg: Any
    sqrt: Any
    maximum: Any
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
        momentum: float,
        dampening: float,
        weight_decay: float,
        nesterov: bool,
        maximize: bool,
    ) -> None:
        """Stochastic gradient descent.

        ::

            g = (-grad if maximize else grad) + weight_decay * p
            b = momentum * b + (1 - dampening) * g             if momentum
            g = g + momentum * b if nesterov else b            if momentum
            p = p - lr * g

        ``momentum_buffers`` is empty where ``momentum`` is 0. ``lr`` is 0-d, of the dtype in
        which the step calculates.
        """
        add, sub, mul = self.add, self.sub, self.mul
        if not (momentum or weight_decay or maximize):
            for p, g, s in zip(params, grads, scratch.first, strict=True):
                mul(g, lr, s)
                sub(p, s, p)
            return
        dtype = scratch.dtype
        decay = self.constant(weight_decay, dtype)
        keep = self.constant(momentum, dtype)
        take = self.constant(1 - dampening, dtype)
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
        beta1: float,
        beta2: float,
        eps: float,
        weight_decay: float,
        decoupled: bool,
        amsgrad: bool,
        maximize: bool,
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
        1 - beta2**step loses half of its digits in float32.

        Source: Kingma and Ba, "Adam" (2015); Loshchilov and Hutter, "Decoupled weight decay
        regularization" (2019); Reddi and others, "On the convergence of Adam and beyond" (2018).
        """
        add, sub, mul, div, sqrt = self.add, self.sub, self.mul, self.div, self.sqrt
        dtype = scratch.dtype
        step_size, root_correction, shrink = self.adam_scalars(
            lr, step, scratch, beta1=beta1, beta2=beta2, decay=weight_decay if decoupled else 0.0
        )
        decay = self.constant(weight_decay, dtype)
        keep1 = self.constant(beta1, dtype)
        take1 = self.constant(1 - beta1, dtype)
        keep2 = self.constant(beta2, dtype)
        take2 = self.constant(1 - beta2, dtype)
        epsilon = self.constant(eps, dtype)
        highest = max_exp_avg_sqs or exp_avg_sqs
        lists = zip(
            params,
            grads,
            exp_avgs,
            exp_avg_sqs,
            highest,
            scratch.first,
            scratch.second,
            strict=True,
        )
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
            if beta1 > 0.5:
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
        self, lr: Array, step: Array, scratch: Scratch, *, beta1: float, beta2: float, decay: float
    ) -> Arrays:
        """Count ``step`` up and give ``lr / (1 - beta1**step)``, ``sqrt(1 - beta2**step)`` and
        ``1 - lr * decay``, calculated in float64 on the device.
        """
        wide, (step_size, root_correction, shrink) = scratch.wide, scratch.scalars
        one = self.constant(1.0, "float64")
        self.add(step, self.constant(1.0, "float32"), step)
        self.pow(self.constant(beta1, "float64"), step, wide)
        self.sub(one, wide, wide)
        self.div(lr, wide, step_size)
        self.pow(self.constant(beta2, "float64"), step, wide)
        self.sub(one, wide, wide)
        self.sqrt(wide, root_correction)
        if decay:
            self.mul(lr, self.constant(decay, "float64"), wide)
            self.sub(one, wide, shrink)
        return scratch.scalars

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
        alpha: float,
        eps: float,
        weight_decay: float,
        momentum: float,
        centered: bool,
        maximize: bool,
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
        the dtype in which the step calculates.

        Source: Tieleman and Hinton, "Lecture 6.5: rmsprop" (2012); centered: Graves, "Generating
        sequences with recurrent neural networks" (2013).
        """
        add, sub, mul, div, sqrt = self.add, self.sub, self.mul, self.div, self.sqrt
        dtype = scratch.dtype
        decay = self.constant(weight_decay, dtype)
        keep = self.constant(alpha, dtype)
        take = self.constant(1 - alpha, dtype)
        epsilon = self.constant(eps, dtype)
        push = self.constant(momentum, dtype)
        add(step, self.constant(1.0, "float32"), step)
        lists = zip(
            params,
            grads,
            square_avgs,
            grad_avgs or square_avgs,
            momentum_buffers or square_avgs,
            scratch.first,
            scratch.second,
            strict=True,
        )
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
                if alpha > 0.5:
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


class HostScalars:
    """Adam's scalars for arrays that the processor reads without waiting.

    Python's arithmetic takes a tenth of the time that NumPy needs for 0-d arrays and rounds the
    same way. Goes before :class:`OptimizerSteps` in a backend's base classes.
    """

    def adam_scalars(
        self, lr: Array, step: Array, scratch: Scratch, *, beta1: float, beta2: float, decay: float
    ) -> Arrays:
        """As :meth:`OptimizerSteps.adam_scalars`."""
        rate, count = lr.item(), step.item() + 1
        step[()] = count
        step_size, root_correction, shrink = scratch.scalars
        step_size[()] = rate / (1 - beta1**count)
        root_correction[()] = math.sqrt(1 - beta2**count)
        shrink[()] = 1 - rate * decay
        return scratch.scalars
