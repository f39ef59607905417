"""The optimizer steps of a CUDA device: one launch for a whole list of parameters.

Every step has its composed form in :class:`OptimizerSteps`, which says what it computes, and falls
back to it where the kernel does not apply: arrays that are not contiguous, of another type than
the four floating-point ones, or of several types.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..hyperparameters import Varying
from ..step_scratch import Array, Arrays, Scratch
from .array_list import pointers_of
from .launcher import Launcher
from .step_table import StepTable

MOST_STEP_BLOCKS = 2048
"""Blocks of an optimizer step: each makes the step's common factors once, then takes chunks."""

_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


class Steps(Launcher):
    """Overrides composed steps by launches."""

    def step_scratch(self, params: Arrays) -> Scratch:
        return StepTable(self, params)

    def _step(
        self,
        name: str,
        grads: Arrays,
        lists: list[Arrays],
        table: StepTable,
        scalars: tuple[Array, ...],
        scaling: tuple[Array | None, Array | None],
        numbers: tuple[float, ...],
    ) -> bool:
        """One launch over lists of arrays; False where that does not apply.

        Args:
            lists: parameters and their states.
            scalars: what changes from step to step, in the order of the kernel's arguments.
            scaling: the loss scale and the flag of infinite gradients.
            numbers: the kernel's last arguments.
        """
        if table.suffix is None:
            return False
        dtype = table.param_dtype
        places = pointers_of(grads, dtype)
        if places is None:
            # A gradient may be a view. A copy will do, unless it is to be written to.
            if scaling[0] is not None:
                return False
            grads = [self.dense(g) for g in grads]
            places = pointers_of(grads, dtype)
        pointers = table.pointers(lists)
        if places is None or pointers is None:
            return False
        arrays = table.arrays
        self.kernels.get(name, table.suffix)(
            max(1, min(arrays.count, MOST_STEP_BLOCKS)),
            *arrays.addresses(places),
            pointers,
            arrays.chunks,
            len(grads),
            arrays.count,
            *scalars,
            *scaling,
            *numbers,
        )
        return True

    def sgd_step(
        self,
        params: Arrays,
        grads: Arrays,
        momentum_buffers: Arrays,
        lr: Array,
        scratch: Any,
        **options: Any,
    ) -> None:
        lists = [params, momentum_buffers] if options["momentum"] else [params]
        numbers = _hyperparameters(options, "momentum", "dampening", "weight_decay")
        flags = _flags(options, "nesterov", "maximize")
        if _fits(scratch, lr) and self._step(
            "sgd_step", grads, lists, scratch, (lr,), _scaling(options), (*numbers, *flags)
        ):
            return
        super().sgd_step(params, grads, momentum_buffers, lr, scratch, **options)

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
        **options: Any,
    ) -> None:
        lists = [params, exp_avgs, exp_avg_sqs]
        lists += [max_exp_avg_sqs] if options["amsgrad"] else []
        numbers = _hyperparameters(options, "beta1", "beta2", "eps", "weight_decay")
        flags = _flags(options, "decoupled", "amsgrad", "maximize")
        if _fits(scratch, lr, step, _FLOAT64) and self._step(
            "adam_step",
            grads,
            lists,
            scratch,
            (lr, step, scratch.counter),
            _scaling(options),
            (*numbers, *flags),
        ):
            return
        moments = (exp_avgs, exp_avg_sqs, max_exp_avg_sqs)
        super().adam_step(params, grads, *moments, lr, step, scratch, **options)

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
        **options: Any,
    ) -> None:
        lists = [params, square_avgs]
        lists += [grad_avgs] if options["centered"] else []
        lists += [momentum_buffers] if options["momentum"] else []
        numbers = _hyperparameters(options, "alpha", "eps", "weight_decay", "momentum")
        flags = _flags(options, "centered", "maximize")
        if _fits(scratch, lr, step) and self._step(
            "rmsprop_step",
            grads,
            lists,
            scratch,
            (lr, step, scratch.counter),
            _scaling(options),
            (*numbers, *flags),
        ):
            return
        states = (square_avgs, grad_avgs, momentum_buffers)
        super().rmsprop_step(params, grads, *states, lr, step, scratch, **options)


def _hyperparameters(options: dict[str, Any], *names: str) -> tuple[Any, ...]:
    """The kernel's arguments that stand for its hyperparameters.

    Their numbers, the memory of those that vary, and a bit for each of these.
    """
    values = [options[name] for name in names]
    if Varying not in map(type, values):
        return (*map(float, values), None, 0)
    places = [k for k, v in enumerate(values) if type(v) is Varying]
    numbers = [0.0 if k in places else float(v) for k, v in enumerate(values)]
    return (*numbers, values[places[0]].numbers, sum(1 << k for k in places))


def _flags(options: dict[str, Any], *names: str) -> tuple[int, ...]:
    return tuple(int(options[name]) for name in names)


def _scaling(options: dict[str, Any]) -> tuple[Array | None, Array | None]:
    return options.get("grad_scale"), options.get("found_inf")


def _fits(scratch: Any, lr: Array, step: Array | None = None, lr_dtype: Any = None) -> bool:
    """Whether learning rate and step count have the types that the kernels read."""
    return (
        isinstance(scratch, StepTable)
        and lr.dtype == (lr_dtype or scratch.lr_dtype)
        and (step is None or step.dtype == _FLOAT32)
    )
