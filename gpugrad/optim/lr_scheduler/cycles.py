"""Schedules that begin again and again."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

from ..optimizer import Optimizer
from .base import LRScheduler, assign, current, per_group
from .functions import state_of
from .momentum import MomentumSchedule


class CyclicLR(MomentumSchedule):
    """Up from ``base_lr`` to ``max_lr`` and down again in straight lines, time after time.

    To be stepped after every batch.

    Args:
        optimizer: the optimizer to schedule.
        base_lr, max_lr: between which rates, or lists with one for each group.
        step_size_up, step_size_down: steps of the way up and of the way down, which are equal if
            only the first is given.
        mode: ``"triangular"``; ``"triangular2"``, where each cycle is half as high as the one
            before; or ``"exp_range"``, where the height is multiplied by ``gamma`` in every step.
        gamma: for ``"exp_range"``.
        scale_fn: a function that gives the height instead of ``mode``, as a share of the whole.
        scale_mode: what ``scale_fn`` is asked with: the number of the ``"cycle"``, from 1, or of
            ``"iterations"``.
        cycle_momentum: change ``momentum``, or the first of ``betas``, the other way round.
        base_momentum, max_momentum: between which values, or lists with one for each group.
        last_epoch: how many steps have been taken, when a schedule is resumed.

    Raises:
        ValueError: an unknown ``mode`` without ``scale_fn``, or an optimizer without momentum.

    Source: Smith, "Cyclical learning rates for training neural networks" (2017).

    >>> import gpugrad
    >>> optimizer = gpugrad.optim.SGD([gpugrad.zeros(1)], momentum=0.9)
    >>> scheduler = gpugrad.optim.lr_scheduler.CyclicLR(optimizer, 0.0, 1.0, step_size_up=2)
    >>> rates = []
    >>> for _ in range(5):
    ...     rates += scheduler.get_last_lr()
    ...     optimizer.step()
    ...     scheduler.step()
    >>> rates
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        lowest = per_group("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for group, lr in zip(optimizer.param_groups, lowest, strict=True):
                assign(group, "lr", lr)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError("mode is invalid and scale_fn is None")
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.base_momentums, self.max_momentums = self._begin_momentum(
                optimizer, base_momentum, max_momentum, last_epoch
            )
        super().__init__(optimizer, last_epoch)
        self.base_lrs = lowest

    def scale_fn(self, x: float) -> float:
        """The height of cycle or step ``x``, as a share of the whole."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular":
            return 1.0
        return 1 / (2.0 ** (x - 1)) if self.mode == "triangular2" else float(self.gamma**x)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        done = self.last_epoch / self.total_size
        cycle = math.floor(1 + done)
        x = 1.0 + done - cycle
        ratio = self.step_ratio
        share = x / ratio if x <= ratio else (x - 1) / (ratio - 1)
        height = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            groups = self.optimizer.param_groups
            limits = zip(groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in limits:
                self._set_momentum(group, high - (high - low) * share * height)
        pairs = zip(self.base_lrs, self.max_lrs, strict=True)
        return [low + (high - low) * share * height for low, high in pairs]

    def state_dict(self) -> dict[str, Any]:
        """Every attribute except the optimizer; of ``scale_fn`` the attributes, if it is a callable
        object.
        """
        state = super().state_dict()
        function = state.pop("_scale_fn_custom")
        state["_scale_fn_custom"] = None if function is None else state_of(function)
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the attributes from what :meth:`state_dict` gave."""
        saved = state_dict["_scale_fn_custom"]
        super().load_state_dict({k: v for k, v in state_dict.items() if k != "_scale_fn_custom"})
        if saved is not None:
            vars(self._scale_fn_custom).update(saved)


class CosineAnnealingWarmRestarts(LRScheduler):
    """Fall along half a cosine from the initial rate to ``eta_min``, jump back, and fall again.

    Args:
        optimizer: the optimizer to schedule.
        T_0: steps to the first restart.
        T_mult: how many times longer each fall takes than the one before.
        eta_min: the lowest rate.
        last_epoch: how many steps have been taken, when a schedule is resumed.

    Raises:
        ValueError: ``T_0`` or ``T_mult`` is not a positive integer, ``eta_min`` is no number.

    Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).

    >>> import gpugrad
    >>> optimizer = gpugrad.optim.SGD([gpugrad.zeros(1)], lr=1.0)
    >>> restarts = gpugrad.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> rates = []
    >>> for _ in range(4):
    ...     rates += restarts.get_last_lr()
    ...     optimizer.step()
    ...     restarts.step()
    >>> rates
    [1.0, 0.5, 1.0, 0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,  # noqa: N803
        T_mult: int = 1,  # noqa: N803
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(
                f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}"
            )
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        low, height = self.eta_min, 1 + math.cos(math.pi * self.T_cur / self.T_i)
        return [low + (base - low) * height / 2 for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go on by one step, or to any point of time, which may lie between two steps.

        Args:
            epoch: where to go, for example ``epoch + batch / batches``.

        Raises:
            ValueError: ``epoch`` is negative.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            self._go_to(epoch)
        self.last_epoch = math.floor(epoch)
        self._get_lr_called_within_step = True
        try:
            values = self.get_lr()
        finally:
            self._get_lr_called_within_step = False
        for group, lr in zip(self.optimizer.param_groups, values, strict=True):
            assign(group, "lr", lr)
        self._last_lr = current(self.optimizer)

    def _go_to(self, epoch: float) -> None:
        """Set the time since the last restart and between restarts."""
        if epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        first, times = self.T_0, self.T_mult
        if epoch < first:
            self.T_i = first
            self.T_cur = epoch
        elif times == 1:
            self.T_cur = epoch % first
        else:
            restarts = int(math.log(epoch / first * (times - 1) + 1, times))
            self.T_cur = epoch - first * (times**restarts - 1) / (times - 1)
            self.T_i = first * times**restarts
