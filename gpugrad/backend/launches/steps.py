"""The optimizer steps of a CUDA device: one launch for a whole list of parameters.

Every step has its composed form in :class:`OptimizerSteps`, which says what it computes, and falls
back to it where the kernel does not apply: arrays that are not contiguous, of another type than
the four floating-point ones, or of several types.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..hyperparameters import Varying
from ..step_scratch import Array, Arrays, Scratch
from .array_list import pointers_of
from .launcher import Launcher
from .step_table import StepTable

MOST_STEP_BLOCKS = 2048
"""Blocks of an optimizer step: each makes the step's common factors once, then takes chunks."""

_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


class Form(NamedTuple):
    """Which of a step's arguments its kernel takes.

    Attributes:
        states: for each list of states, the option without which it is empty, or "" for none.
        numbers: hyperparameters, in the order of the kernel's arguments.
        flags: options that are on or off.
        lr_dtype: the learning rate's type; unless given, that in which the step calculates.
    """

    states: tuple[str, ...]
    numbers: tuple[str, ...]
    flags: tuple[str, ...]
    lr_dtype: np.dtype[Any] | None = None


FORMS = {
    "sgd_step": Form(
        ("momentum",), ("momentum", "dampening", "weight_decay"), ("nesterov", "maximize")
    ),
    "adam_step": Form(
        ("", "", "amsgrad"),
        ("beta1", "beta2", "eps", "weight_decay"),
        ("decoupled", "amsgrad", "maximize"),
        _FLOAT64,
    ),
    "rmsprop_step": Form(
        ("", "centered", "momentum"),
        ("alpha", "eps", "weight_decay", "momentum"),
        ("centered", "maximize"),
    ),
}


class Steps(Launcher):
    """Overrides composed steps by launches."""

    def step_scratch(self, params: Arrays) -> Scratch:
        return StepTable(self, params)

    def _launched(self, name: str, args: tuple[Any, ...], options: dict[str, Any]) -> bool:
        """One launch over lists of arrays; False where that does not apply.

        Args:
            args: parameters, gradients, states, learning rate, the count of steps if the step has
                one, scratch.
        """
        form, scratch = FORMS[name], args[-1]
        params, grads, *states = args[: 2 + len(form.states)]
        scalars = args[2 + len(form.states) : -1]
        if not isinstance(scratch, StepTable) or not _readable(scratch, form, *scalars):
            return False
        suffix, dtype = scratch.suffix, scratch.param_dtype
        if suffix is None:
            return False
        if len(scalars) == 2:
            scalars += (scratch.counter,)
        scaling = options.get("grad_scale"), options.get("found_inf")
        places = pointers_of(grads, dtype)
        if places is None:
            # A gradient may be a view. A copy will do, unless it is to be written to.
            if scaling[0] is not None:
                return False
            grads = [self.dense(g) for g in grads]
            places = pointers_of(grads, dtype)
        used = (s for s, need in zip(states, form.states, strict=True) if options.get(need, True))
        pointers = scratch.pointers([params, *used])
        if places is None or pointers is None:
            return False
        arrays = scratch.arrays
        self.kernels.get(name, suffix)(
            max(1, min(arrays.count, MOST_STEP_BLOCKS)),
            *arrays.addresses(places),
            pointers,
            arrays.chunks,
            len(grads),
            arrays.count,
            *scalars,
            *scaling,
            *_hyperparameters([options[number] for number in form.numbers]),
            *(int(options[flag]) for flag in form.flags),
        )
        return True

    def sgd_step(self, *args: Any, **options: Any) -> None:
        if not self._launched("sgd_step", args, options):
            super().sgd_step(*args, **options)

    def adam_step(self, *args: Any, **options: Any) -> None:
        if not self._launched("adam_step", args, options):
            super().adam_step(*args, **options)

    def rmsprop_step(self, *args: Any, **options: Any) -> None:
        if not self._launched("rmsprop_step", args, options):
            super().rmsprop_step(*args, **options)


def _hyperparameters(values: list[Any]) -> tuple[Any, ...]:
    """The kernel's arguments that stand for its hyperparameters.

    Their numbers, the memory of those that vary, and a bit for each of these.
    """
    if Varying not in map(type, values):
        return (*map(float, values), None, 0)
    places = [k for k, v in enumerate(values) if type(v) is Varying]
    numbers = [0.0 if k in places else float(v) for k, v in enumerate(values)]
    return (*numbers, values[places[0]].numbers, sum(1 << k for k in places))


def _readable(scratch: StepTable, form: Form, lr: Array, step: Array | None = None) -> bool:
    """Whether learning rate and count of steps have the types that the kernels read."""
    wanted = form.lr_dtype or scratch.lr_dtype
    return lr.dtype == wanted and (step is None or step.dtype == _FLOAT32)
