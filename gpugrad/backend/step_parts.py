"""What the steps of several optimizers have in common; see :mod:`.optimizer_steps`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from .gradients import Gradients
from .hyperparameters import Hyperparameters
from .step_scratch import Array, Arrays, Scratch

Lists = Iterable[tuple[Array, ...]]
"""What a step needs of each parameter; see :func:`scalable`."""


def scalable(step: Callable[..., None]) -> Callable[..., None]:
    """Make of a loop over parameters a step that takes ``grad_scale`` and ``found_inf``, too.

    They mean what they mean to :meth:`OptimizerSteps.sgd_step`. The other arguments of such a step
    are ``params, grads, states, lr, counts, scratch`` and named options. ``states`` holds a list of
    arrays for each thing that is remembered of every parameter, and ``counts`` the 0-d arrays of
    what is remembered of all together, first the number of steps. All of these are written to.

    The loop has instead of the first three, for each parameter, the parameter itself, its gradient,
    what is remembered of it and two arrays to write over.
    """

    @wraps(step)
    def either(
        self: Gradients,
        params: Arrays,
        grads: Arrays,
        states: list[Arrays],
        lr: Array,
        counts: Arrays,
        scratch: Scratch,
        *,
        grad_scale: Array | None = None,
        found_inf: Array | None = None,
        **options: Any,
    ) -> None:
        def once() -> None:
            lists = zip(params, grads, *states, scratch.first, scratch.second, strict=True)
            step(self, lists, lr, counts, scratch, **options)

        if grad_scale is None and found_inf is None:
            once()
        else:
            self.scaled_step(once, grads, [params, *states, counts], grad_scale, found_inf)

    return either


class StepParts(Gradients, Hyperparameters):
    """Parts of a step, on scalars and on the arrays of one parameter."""

    maximum: Any
    module: Any
    neg: Any

    def _count_up(self, step: Array) -> Any:
        """Add 1 to the number of steps, and give it in float64.

        What follows from it is calculated with Python's operators, which give 0-d arrays on a
        device, where nothing is read back; on the CPU it is a Python number.
        """
        self.add(step, self.constant(1.0, "float32"), step)
        return self.cast(step, "float64")

    def _scalar(self, value: Any, dtype: Any) -> Array:
        """What has been calculated, as an operand beside arrays of ``dtype``."""
        return self.module.asarray(value, dtype)

    def _direction(
        self, p: Array, g: Array, s: Array, t: Array, decay: Array | None, maximize: bool
    ) -> Array:
        """The gradient to follow, in the dtype in which the step calculates.

        ::

            (-grad if maximize else grad) + decay * p

        It is the gradient's own array or ``t``; ``s`` and ``t`` are written over.
        """
        if maximize:
            g = self.neg(g, t)
        if decay is not None:
            self.mul(p, decay, s)
            return self.add(g, s, t)
        return g if g.dtype == s.dtype else self.copy(g, t)

    def _approach(
        self, mean: Array, g: Array, keep: Array, take: Array, from_mean: bool, s: Array
    ) -> None:
        """``mean = keep * mean + take * g`` for numbers with the sum 1.

        From the nearer end: exactly ``g`` where ``keep`` is 0.
        """
        self.sub(g, mean, s)
        if from_mean:
            self.mul(s, take, s)
            self.add(mean, s, mean)
        else:
            self.mul(s, keep, s)
            self.sub(g, s, mean)

    def _approach_square(self, mean: Array, g: Array, keep: Array, take: Array, s: Array) -> None:
        """``mean = keep * mean + take * g * g``."""
        self.mul(g, take, s)
        self.mul(s, g, s)
        self.mul(mean, keep, mean)
        self.add(mean, s, mean)
