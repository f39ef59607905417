"""Schedules along a curve: half a cosine, and the one-cycle policy."""

from __future__ import annotations

import math
from typing import Any, Literal, TypedDict

from ..optimizer import Optimizer
from .base import LRScheduler, current, per_group
from .momentum import MomentumSchedule


class CosineAnnealingLR(LRScheduler):
    """Fall along half a cosine from the initial rate to ``eta_min`` in ``T_max`` steps, then rise.

    Args:
        optimizer: the optimizer to schedule.
        T_max: steps to the lowest rate.
        eta_min: the lowest rate.
        last_epoch: how many steps have been taken, when a schedule is resumed.

    The rate is calculated from the one before, so a rate that is changed in between is kept in
    proportion.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).

    >>> import gpugrad
    >>> optimizer = gpugrad.optim.SGD([gpugrad.zeros(1)], lr=1.0)
    >>> scheduler = gpugrad.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=3)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.75]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,  # noqa: N803
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        low, period, epoch = self.eta_min, self.T_max, self.last_epoch
        groups = self.optimizer.param_groups
        if self._is_initial:
            return current(self.optimizer)
        if self._step_count == 1 and epoch > 0:
            height = 1 + math.cos(epoch * math.pi / period)
            return [low + (base - low) * height / 2 for base in self.base_lrs]
        if (epoch - 1 - period) % (2 * period) == 0:
            # The step after the lowest rate, where there is nothing to be in proportion to.
            height = 1 - math.cos(math.pi / period)
            pairs = zip(groups, self.base_lrs, strict=True)
            return [group["lr"] + (base - low) * height / 2 for group, base in pairs]
        height = 1 + math.cos(math.pi * epoch / period)
        before = 1 + math.cos(math.pi * (epoch - 1) / period)
        return [height / before * (group["lr"] - low) + low for group in groups]

    def _get_closed_form_lr(self) -> list[Any]:
        height = 1 + math.cos(math.pi * self.last_epoch / self.T_max)
        return [self.eta_min + (base - self.eta_min) * height / 2 for base in self.base_lrs]


class _Phase(TypedDict):
    """A stretch of the one-cycle policy; the values at its ends are options of the group.

    These go into saved states: the layout is PyTorch's.
    """

    end_step: float
    start_lr: str
    end_lr: str
    start_momentum: str
    end_momentum: str


class OneCycleLR(MomentumSchedule):
    """Up to ``max_lr`` and down to almost nothing in one cycle, with momentum the other way round.

    To be stepped after every batch.

    Args:
        optimizer: the optimizer to schedule.
        max_lr: the highest rate, or a list with one for each group.
        total_steps: the length of the cycle.
        epochs, steps_per_epoch: their product is the length, where ``total_steps`` is not given.
        pct_start: the share of the cycle in which the rate rises.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        cycle_momentum: change ``momentum``, or the first of ``betas``, too.
        base_momentum, max_momentum: between which values, or lists with one for each group.
        div_factor: ``max_lr`` over the first rate.
        final_div_factor: the first rate over the last.
        three_phase: come down to the first rate as slowly as it went up, and only then lower.
        last_epoch: how many steps have been taken, when a schedule is resumed.

    Raises:
        ValueError: no length, a wrong ``pct_start`` or ``anneal_strategy``, an optimizer without
            momentum, or a step beyond the end.

    Source: Smith and Topin, "Super-convergence: very fast training of neural networks using large
    learning rates" (2019).

    >>> import gpugrad
    >>> optimizer = gpugrad.optim.SGD([gpugrad.zeros(1)], lr=0.1, momentum=0.9)
    >>> scheduler = gpugrad.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10)
    >>> scheduler.get_last_lr()
    [0.040000000000000036]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        self.total_steps = _length(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        self._anneal_func_type = anneal_strategy
        groups = optimizer.param_groups
        highest = per_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, high in zip(groups, highest, strict=True):
                group["initial_lr"] = high / div_factor
                group["max_lr"] = high
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._begin_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)

    def _between(self, start: float, end: float, share: float) -> float:
        if self._anneal_func_type == "linear":
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"Tried to step {step} times. The specified number of total steps is "
                f"{self.total_steps}"
            )
        begin = 0.0
        last = self._schedule_phases[-1]
        for phase in self._schedule_phases:
            if step <= phase["end_step"] or phase is last:
                break
            begin = phase["end_step"]
        share = (step - begin) / (phase["end_step"] - begin)
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            start, end = phase["start_momentum"], phase["end_momentum"]
            for group in groups:
                self._set_momentum(group, self._between(group[start], group[end], share))
        start, end = phase["start_lr"], phase["end_lr"]
        return [self._between(group[start], group[end], share) for group in groups]


def _length(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    if total_steps is not None:
        return _positive("total_steps", total_steps)
    if epochs is None or steps_per_epoch is None:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    return _positive("epochs", epochs) * _positive("steps_per_epoch", steps_per_epoch)


def _positive(name: str, value: int) -> int:
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"Expected positive integer {name}, but got {value}")
    return value


def _phases(total_steps: int, pct_start: float, three_phase: bool) -> list[_Phase]:
    def phase(end_step: float, lr: tuple[str, str], momentum: tuple[str, str]) -> _Phase:
        return {
            "end_step": end_step,
            "start_lr": lr[0],
            "end_lr": lr[1],
            "start_momentum": momentum[0],
            "end_momentum": momentum[1],
        }

    end = total_steps - 1
    falling, rising = ("max_momentum", "base_momentum"), ("base_momentum", "max_momentum")
    up = phase(float(pct_start * total_steps) - 1, ("initial_lr", "max_lr"), falling)
    if not three_phase:
        return [up, phase(end, ("max_lr", "min_lr"), rising)]
    return [
        up,
        phase(float(2 * pct_start * total_steps) - 2, ("max_lr", "initial_lr"), rising),
        phase(end, ("initial_lr", "min_lr"), ("max_momentum", "max_momentum")),
    ]
