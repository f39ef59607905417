"""Schedules that ask a function of the step."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from ..optimizer import Optimizer
from .base import LRScheduler, current

Factor = Callable[[int], float]


def state_of(function: Any) -> dict[str, Any] | None:
    """The attributes of a callable object; None for a function, which is not saved."""
    return None if isinstance(function, types.FunctionType) else function.__dict__.copy()


class FunctionLR(LRScheduler):
    """A schedule with one function for each group."""

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Factor | list[Factor], last_epoch: int
    ) -> None:
        groups = len(optimizer.param_groups)
        if not isinstance(lr_lambda, (list, tuple)):
            lr_lambda = [lr_lambda] * groups
        elif len(lr_lambda) != groups:
            raise ValueError(f"Expected {groups} lr_lambdas, but got {len(lr_lambda)}")
        self.lr_lambdas = list(lr_lambda)
        self._check_functions()
        super().__init__(optimizer, last_epoch)

    def _check_functions(self) -> None:
        """Refuse what is no function; PyTorch does so in some schedules only."""

    def state_dict(self) -> dict[str, Any]:
        """Every attribute except the optimizer; of the functions, the attributes of those that are
        callable objects.
        """
        state = super().state_dict()
        del state["lr_lambdas"]  # last, as PyTorch has them
        state["lr_lambdas"] = [state_of(f) for f in self.lr_lambdas]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the attributes from what :meth:`state_dict` gave."""
        functions = self.lr_lambdas
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "lr_lambdas"})
        for f, saved in zip(functions, state_dict["lr_lambdas"], strict=True):
            if saved is not None:
                f.__dict__.update(saved)


class LambdaLR(FunctionLR):
    """The initial rate times a function of the step.

    Args:
        optimizer: the optimizer to schedule.
        lr_lambda: a function of the number of steps, or a list with one for each group.
        last_epoch: how many steps have been taken, when a schedule is resumed.

    Raises:
        ValueError: a list of another length than the groups.

    >>> import gpugrad
    >>> optimizer = gpugrad.optim.SGD([gpugrad.zeros(1)], lr=1.0)
    >>> scheduler = gpugrad.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 / (1 + step))
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Factor | list[Factor], last_epoch: int = -1
    ) -> None:
        super().__init__(optimizer, lr_lambda, last_epoch)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        pairs = zip(self.base_lrs, self.lr_lambdas, strict=True)
        return [lr * f(self.last_epoch) for lr, f in pairs]


class MultiplicativeLR(FunctionLR):
    """Multiply the rate by a function of the step at every step.

    Args:
        optimizer: the optimizer to schedule.
        lr_lambda: a function of the number of steps, or a list with one for each group.
        last_epoch: how many steps have been taken, when a schedule is resumed.

    Raises:
        ValueError: a list of another length than the groups.
        TypeError: something that is no function.

    >>> import gpugrad
    >>> optimizer = gpugrad.optim.SGD([gpugrad.zeros(1)], lr=1.0)
    >>> scheduler = gpugrad.optim.lr_scheduler.MultiplicativeLR(optimizer, lambda step: 0.5)
    >>> for _ in range(2):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.25]
    """

    def __init__(
        self, optimizer: Optimizer, lr_lambda: Factor | list[Factor], last_epoch: int = -1
    ) -> None:
        super().__init__(optimizer, lr_lambda, last_epoch)

    def _check_functions(self) -> None:
        for f in self.lr_lambdas:
            if not callable(f):
                raise TypeError(f"lr_lambda should be a function, but got {type(f).__name__}")

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        if self._is_initial:
            return current(self.optimizer)
        pairs = zip(self.optimizer.param_groups, self.lr_lambdas, strict=True)
        return [group["lr"] * f(self.last_epoch) for group, f in pairs]
