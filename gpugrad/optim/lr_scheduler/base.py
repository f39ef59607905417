"""The base of the learning rate schedules."""

from __future__ import annotations

import warnings
from typing import Any

from ...tensor import Tensor
from ..optimizer import Optimizer

Rate = float | Tensor


def current(optimizer: Optimizer, key: str = "lr") -> list[Any]:
    """``group[key]`` of every group; tensors are copied, as they change in place."""
    values = [group[key] for group in optimizer.param_groups]
    return [v.clone() if isinstance(v, Tensor) else v for v in values]


def assign(group: dict[str, Any], key: str, value: Rate) -> None:
    """Set ``group[key]``; a tensor stays the same tensor."""
    if isinstance(group[key], Tensor):
        group[key].fill_(float(value))
    else:
        group[key] = value


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """``value`` as a list with one entry for each group.

    Raises ValueError if it is a list already and has another length.
    """
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        value = [value] * groups
    elif len(value) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. "
            f"{name} has {len(value)} values, param_groups has {groups}."
        )
    return [v.clone() if isinstance(v, Tensor) else v for v in value]


class LRScheduler:
    """Base class of the schedules that are stepped without arguments.

    A schedule of your own defines :meth:`get_lr`, which may use ``self.last_epoch``,
    ``self.base_lrs`` and ``self.optimizer``. Constructing a schedule sets the optimizer's learning
    rates to its first values: load the optimizer's saved state afterwards.

    Args:
        optimizer: the optimizer whose ``param_groups[i]["lr"]`` is changed.
        last_epoch: how many steps have been taken, when a schedule is resumed; -1 to begin.

    Attributes:
        base_lrs: the learning rates at the beginning.
        last_epoch: the number of steps taken.

    Raises:
        TypeError: ``optimizer`` is not one.
        KeyError: ``last_epoch`` is given, but the groups hold no ``"initial_lr"``.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.optimizer = optimizer
        for i, (group, lr) in enumerate(
            zip(optimizer.param_groups, current(optimizer), strict=True)
        ):
            if last_epoch == -1:
                group.setdefault("initial_lr", lr)
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming "
                    "scheduler with last_epoch >= 0. Load the optimizer's saved state before, or "
                    "leave last_epoch at -1 for a new run"
                )
        self.base_lrs: list[Any] = current(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Every attribute except the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the attributes from what :meth:`state_dict` gave."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """The learning rates that are in force, one for each group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """The learning rates for ``self.last_epoch``, calculated from those before.

        To be called by :meth:`step` only; use :meth:`get_last_lr` to look at them.
        """
        raise NotImplementedError

    def step(self, epoch: int | None = None) -> None:
        """Go on by one step, after ``optimizer.step()``.

        Args:
            epoch: deprecated in PyTorch: go to this step instead.
        """
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call "
                "`optimizer.step()` before `lr_scheduler.step()`, or the first value of the "
                "learning rate schedule is skipped.",
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_IS_DEPRECATED, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._get_lr_called_within_step = True
        try:
            closed = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
            values = self.get_lr() if closed is None else closed()
        finally:
            self._get_lr_called_within_step = False
        for group, lr in zip(self.optimizer.param_groups, values, strict=True):
            assign(group, "lr", lr)
        self._last_lr = current(self.optimizer)

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use "
                "`get_last_lr()`.",
                stacklevel=3,
            )


EPOCH_IS_DEPRECATED = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where "
    "possible. Please use `scheduler.step()` to step the scheduler."
)
