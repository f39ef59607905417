"""Updates after Adam's example, in composed form; see :mod:`.optimizer_steps`.

The arguments are those that :func:`.step_parts.scalable` describes; ``lr`` is a 0-d float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .hyperparameters import Number, Varying, is_high
from .step_parts import Lists, StepParts, scalable
from .step_scratch import Array, Arrays, Scratch


class AdamVariants(StepParts):
    """Adamax, NAdam and RAdam."""

    @scalable
    def adamax_step(
        self,
        lists: Lists,
        lr: Array,
        counts: Arrays,
        scratch: Scratch,
        *,
        beta1: Number,
        beta2: Number,
        eps: Number,
        weight_decay: Number,
        maximize: bool,
    ) -> None:
        """Adamax over the states ``m`` and ``u``.

        ::

            g = (-grad if maximize else grad) + weight_decay * p
            m = m + (1 - beta1) * (g - m)
            u = maximum(beta2 * u, abs(g) + eps)
            p = p - lr / (1 - beta1**step) * m / u

        Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015), section 7.1.
        """
        dtype = scratch.dtype
        t = self._count_up(counts[0])
        size = self._scalar(lr / (1 - self._now(beta1) ** t), dtype)
        keep1, keep2, epsilon, decay, take1 = self._step_operands(
            scratch, (beta1, beta2, eps, weight_decay), (beta1,)
        )
        from_mean, decay = is_high(beta1), decay if weight_decay else None
        for p, g, m, u, s, other in lists:
            g = self._direction(p, g, s, other, decay, maximize)
            self._approach(m, g, keep1, take1, from_mean, s)
            self.mul(u, keep2, u)
            self.abs(g, s)
            self.add(s, epsilon, s)
            self.maximum(u, s, out=u)
            self.mul(m, size, s)
            self.div(s, u, s)
            self.sub(p, s, p)

    @scalable
    def nadam_step(
        self,
        lists: Lists,
        lr: Array,
        counts: Arrays,
        scratch: Scratch,
        *,
        beta1: Number,
        beta2: Number,
        eps: Number,
        weight_decay: Number,
        momentum_decay: Number,
        decoupled: bool,
        maximize: bool,
    ) -> None:
        """NAdam over the states ``m`` and ``v``; ``counts`` are ``step`` and ``product``.

        ::

            g = -grad if maximize else grad
            p = p * (1 - lr * weight_decay) if decoupled, else g = g + weight_decay * p
            mu(t) = beta1 * (1 - 0.96 ** (t * momentum_decay) / 2)
            product = product * mu(step)
            m = m + (1 - beta1) * (g - m)
            v = beta2 * v + (1 - beta2) * g * g
            d = sqrt(v / (1 - beta2**step)) + eps
            p = p - lr * (1 - mu(step)) / (1 - product) * g / d
            p = p - lr * mu(step + 1) / (1 - product * mu(step + 1)) * m / d

        Source: Dozat, "Incorporating Nesterov momentum into Adam" (2016).
        """
        step, product = counts
        dtype = scratch.dtype
        t = self._count_up(step)
        first, slope = self._now(beta1), self._now(momentum_decay)
        mu = first * (1 - 0.5 * 0.96 ** (t * slope))
        mu_next = first * (1 - 0.5 * 0.96 ** ((t + 1) * slope))
        self.mul(product, self._scalar(mu, product.dtype), product)
        so_far = self.cast(product, "float64")
        of_gradient = self._scalar(lr * (1 - mu) / (1 - so_far), dtype)
        of_mean = self._scalar(lr * mu_next / (1 - so_far * mu_next), dtype)
        correction = self._scalar(1 - self._now(beta2) ** t, dtype)
        options = (beta1, beta2, weight_decay, decoupled, maximize)
        epsilon = self._operand(eps, dtype)
        for p, g, m, v, s, other in self._with_moments(lists, lr, scratch, *options):
            self.div(v, correction, s)
            self.sqrt(s, s)
            self.add(s, epsilon, s)
            self.mul(g, of_gradient, other)
            self.div(other, s, other)
            self.sub(p, other, p)
            self.mul(m, of_mean, other)
            self.div(other, s, other)
            self.sub(p, other, p)

    @scalable
    def radam_step(
        self,
        lists: Lists,
        lr: Array,
        counts: Arrays,
        scratch: Scratch,
        *,
        beta1: Number,
        beta2: Number,
        eps: Number,
        weight_decay: Number,
        decoupled: bool,
        maximize: bool,
    ) -> None:
        """RAdam over the states ``m`` and ``v``.

        ::

            g = -grad if maximize else grad
            p = p * (1 - lr * weight_decay) if decoupled, else g = g + weight_decay * p
            m = m + (1 - beta1) * (g - m)
            v = beta2 * v + (1 - beta2) * g * g
            rho_inf = 2 / (1 - beta2) - 1
            rho = rho_inf - 2 * step * beta2**step / (1 - beta2**step)
            r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
            a = r * sqrt(1 - beta2**step) / (sqrt(v) + eps) if rho > 5 else 1
            p = p - lr / (1 - beta1**step) * m * a

        Source: Liu and others, "On the variance of the adaptive learning rate and beyond" (2020).
        """
        dtype = scratch.dtype
        t = self._count_up(counts[0])
        size = self._scalar(lr / (1 - self._now(beta1) ** t), dtype)
        second = self._now(beta2)
        longest = 2 / (1 - second) - 1
        # Else rho, which is never larger, is not either.
        adapts = beta2.high if isinstance(beta2, Varying) else longest > 5
        if adapts:
            rectified, adaption = self._rectification(t, second, longest)
            adaption = self._scalar(adaption, dtype)
        options = (beta1, beta2, weight_decay, decoupled, maximize)
        epsilon, one = self._operand(eps, dtype), self.constant(1.0, dtype)
        for p, _, m, v, s, other in self._with_moments(lists, lr, scratch, *options):
            self.mul(m, size, other)
            if adapts:
                self.sqrt(v, s)
                self.add(s, epsilon, s)
                self.div(adaption, s, s)
                self.mul(other, self.where(rectified, s, one), other)
            self.sub(p, other, p)

    def _with_moments(
        self,
        lists: Lists,
        lr: Array,
        scratch: Scratch,
        beta1: Number,
        beta2: Number,
        weight_decay: Number,
        decoupled: bool,
        maximize: bool,
    ) -> Iterator[tuple[Array, ...]]:
        """What ``lists`` gives, with the gradient to follow, once ``m`` and ``v`` are of this step.

        ::

            p = p * (1 - lr * weight_decay) if decoupled, else g = g + weight_decay * p
            m = m + (1 - beta1) * (g - m)
            v = beta2 * v + (1 - beta2) * g * g
        """
        keep1, keep2, decay, take1, take2 = self._step_operands(
            scratch, (beta1, beta2, weight_decay), (beta1, beta2)
        )
        from_mean, shrinks = is_high(beta1), decoupled and weight_decay
        if shrinks:
            shrink = self._scalar(1 - lr * self._now(weight_decay), scratch.dtype)
        added = decay if weight_decay and not decoupled else None
        for p, g, m, v, s, other in lists:
            direction = self._direction(p, g, s, other, added, maximize)
            if shrinks:
                self.mul(p, shrink, p)
            self._approach(m, direction, keep1, take1, from_mean, s)
            self._approach_square(v, direction, keep2, take2, s)
            yield p, direction, m, v, s, other

    def _rectification(self, t: Array, beta2: Any, longest: Any) -> tuple[Any, Any]:
        """Whether ``rho > 5``, and ``r * sqrt(1 - beta2**t)``, which is only meant in that case."""
        power = beta2**t
        rho = longest - 2 * t * power / (1 - power)
        rho_above = self.maximum(rho, self.constant(5.0, "float64"))
        whole = (longest - 4) * (longest - 2)
        share = (rho_above - 4) * (rho_above - 2) * longest / (whole * rho_above)
        return rho > 5, (share * (1 - power)) ** 0.5
