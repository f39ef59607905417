"""Updates with a rate of its own for every element, and averaged ones, in composed form.

See :mod:`.optimizer_steps`. The arguments are those that :func:`.step_parts.scalable` describes.
"""

from __future__ import annotations

from typing import Any

from .hyperparameters import Number
from .step_parts import Lists, StepParts, scalable
from .step_scratch import Array, Arrays, Scratch


class AccumulatorSteps(StepParts):
    """Adagrad, Adadelta, Rprop and ASGD."""

    clamp: Any
    eq: Any
    gt: Any
    lt: Any
    sign: Any

    @scalable
    def adagrad_step(
        self,
        lists: Lists,
        lr: Array,
        counts: Arrays,
        scratch: Scratch,
        *,
        lr_decay: Number,
        eps: Number,
        weight_decay: Number,
        maximize: bool,
    ) -> None:
        """Adagrad over the state ``total``; ``lr`` is a 0-d float64.

        ::

            g = (-grad if maximize else grad) + weight_decay * p
            total = total + g * g
            p = p - lr / (1 + (step - 1) * lr_decay) * g / (sqrt(total) + eps)

        Source: Duchi and others, "Adaptive subgradient methods for online learning and stochastic
        optimization" (2011).
        """
        dtype = scratch.dtype
        t = self._count_up(counts[0])
        size = self._scalar(lr / (1 + (t - 1) * self._now(lr_decay)), dtype)
        epsilon, decay = self._step_operands(scratch, (eps, weight_decay), ())
        decay = decay if weight_decay else None
        for p, g, total, s, other in lists:
            g = self._direction(p, g, s, other, decay, maximize)
            self.mul(g, g, s)
            self.add(total, s, total)
            self.sqrt(total, s)
            self.add(s, epsilon, s)
            self.mul(g, size, other)
            self.div(other, s, other)
            self.sub(p, other, p)

    @scalable
    def adadelta_step(
        self,
        lists: Lists,
        lr: Array,
        counts: Arrays,
        scratch: Scratch,
        *,
        rho: Number,
        eps: Number,
        weight_decay: Number,
        maximize: bool,
    ) -> None:
        """Adadelta over the states ``v`` and ``u``; ``lr`` is 0-d, of the calculation's dtype.

        ::

            g = (-grad if maximize else grad) + weight_decay * p
            v = rho * v + (1 - rho) * g * g
            delta = sqrt(u + eps) / sqrt(v + eps) * g
            u = rho * u + (1 - rho) * delta * delta
            p = p - lr * delta

        Source: Zeiler, "Adadelta: an adaptive learning rate method" (2012).
        """
        keep, epsilon, decay, take = self._step_operands(scratch, (rho, eps, weight_decay), (rho,))
        decay = decay if weight_decay else None
        self._count_up(counts[0])
        for p, g, v, u, s, delta in lists:
            g = self._direction(p, g, s, delta, decay, maximize)
            self._approach_square(v, g, keep, take, s)
            self.add(v, epsilon, s)
            self.sqrt(s, s)
            self.div(g, s, delta)
            self.add(u, epsilon, s)
            self.sqrt(s, s)
            self.mul(delta, s, delta)
            self._approach_square(u, delta, keep, take, s)
            self.mul(delta, lr, delta)
            self.sub(p, delta, p)

    @scalable
    def rprop_step(
        self,
        lists: Lists,
        lr: Array,
        counts: Arrays,
        scratch: Scratch,
        *,
        eta_minus: Number,
        eta_plus: Number,
        smallest: float,
        largest: float,
        maximize: bool,
    ) -> None:
        """Rprop over the states ``before`` and ``size``; ``lr`` is where sizes began.

        ::

            g = -grad if maximize else grad
            c = g * before
            size = clamp(size * (eta_plus if c > 0 else eta_minus if c < 0 else 1), ...)
            g = 0 if c < 0 else g
            p = p - sign(g) * size
            before = g

        Source: Riedmiller and Braun, "A direct adaptive method for faster backpropagation
        learning: the RPROP algorithm" (1993), without its way back after a change of sign.
        """
        self._count_up(counts[0])
        dtype = scratch.dtype
        zero, one = self.constant(0.0, dtype), self.constant(1.0, dtype)
        down, up = self._step_operands(scratch, (eta_minus, eta_plus), ())
        for p, g, before, size, s, other in lists:
            g = self._direction(p, g, s, other, None, maximize)
            self.mul(g, before, s)
            turned = self.lt(s, zero)
            factor = self.where(turned, down, self.where(self.gt(s, zero), up, one))
            self.mul(size, factor, size)
            self.clamp(size, smallest, largest, out=size)
            self.copy(self.where(turned, zero, g), before)
            self.sign(before, s)
            self.mul(s, size, s)
            self.sub(p, s, p)

    @scalable
    def asgd_step(
        self,
        lists: Lists,
        lr: Array,
        counts: Arrays,
        scratch: Scratch,
        *,
        lambd: Number,
        alpha: Number,
        t0: Number,
        weight_decay: Number,
        maximize: bool,
    ) -> None:
        """Averaged gradient descent over the state ``average``; ``lr`` is a 0-d float64.

        ``counts`` are ``step``, ``eta`` and ``mu``. ::

            g = (-grad if maximize else grad) + weight_decay * p
            p = p * (1 - lambd * eta) - eta * g
            average = p if mu is 1 else average + mu * (p - average)
            eta = lr / (1 + lambd * lr * step) ** alpha
            mu = 1 / maximum(1, step - t0)

        Source: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging"
        (1992).
        """
        step, eta, mu = counts
        dtype = scratch.dtype
        t = self._count_up(step)
        rate, pull = self.cast(eta, "float64"), self._now(lambd)
        shrink, size = self._scalar(1 - pull * rate, dtype), self._scalar(rate, dtype)
        weight, alone = self._scalar(mu, dtype), self.eq(mu, self.constant(1.0, "float32"))
        decay = self._operand(weight_decay, dtype) if weight_decay else None
        for p, g, average, s, other in lists:
            g = self._direction(p, g, s, other, decay, maximize)
            self.mul(p, shrink, p)
            self.mul(g, size, other)
            self.sub(p, other, p)
            self.sub(p, average, s)
            self.mul(s, weight, s)
            self.add(average, s, s)
            self.copy(self.where(alone, p, s), average)
        longer = self.maximum(t - self._now(t0), self.constant(1.0, "float64"))
        # Rounded as the count is, also where loaded ones are of the parameters' type.
        slower = (1 + pull * lr * t) ** self._now(alpha)
        self.copy(self._scalar(lr / slower, step.dtype), eta)
        self.copy(self._scalar(1 / longer, step.dtype), mu)
