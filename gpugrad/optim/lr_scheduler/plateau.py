"""The schedule that looks at a metric."""

from __future__ import annotations

import math
from typing import Any, Literal, SupportsFloat

from ..optimizer import Optimizer
from .base import LRScheduler, assign, current


class ReduceLROnPlateau(LRScheduler):
    """Multiply by ``factor`` when a metric has not become better for more than ``patience`` steps.

    Args:
        optimizer: the optimizer to schedule.
        mode: ``"min"`` or ``"max"``: which way the metric gets better.
        factor: what the rate is multiplied by; below 1.
        patience: for how many steps a metric that is no better is put up with.
        threshold: how much better than the best counts as better.
        threshold_mode: ``"rel"``, a share of the best, or ``"abs"``.
        cooldown: steps to wait after a reduction before looking again.
        min_lr: the lowest rate, or a list with one for each group.
        eps: a reduction by less than this is left out.

    Raises:
        ValueError: ``factor`` of 1 or more, an unknown mode, a list of the wrong length.

    >>> import gpugrad
    >>> optimizer = gpugrad.optim.SGD([gpugrad.zeros(1)], lr=1.0)
    >>> scheduler = gpugrad.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1)
    >>> for loss in (3.0, 2.0, 2.0, 2.0):
    ...     scheduler.step(loss)
    >>> scheduler.get_last_lr()
    [0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: Literal["min", "max"] = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: Literal["rel", "abs"] = "rel",
        cooldown: int = 0,
        min_lr: list[float] | float = 0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1.0:
            raise ValueError("Factor should be < 1.0.")
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
        groups = len(optimizer.param_groups)
        default_min_lr: float | None = None
        if not isinstance(min_lr, (list, tuple)):
            default_min_lr = min_lr
            min_lr = [min_lr] * groups
        elif len(min_lr) != groups:
            raise ValueError(f"expected {groups} min_lrs, got {len(min_lr)}")
        if mode not in ("min", "max"):
            raise ValueError(f"mode {mode} is unknown!")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"threshold mode {threshold_mode} is unknown!")
        # In the order of PyTorch's state_dict.
        self.factor = factor
        self.optimizer = optimizer
        self.default_min_lr = default_min_lr
        self.min_lrs = list(min_lr)
        self.patience = patience
        self.cooldown = cooldown
        self.eps = eps
        self.last_epoch = 0
        self._last_lr = current(optimizer)
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self.mode = mode
        self.threshold = threshold
        self.threshold_mode = threshold_mode
        self.best = self.mode_worse
        self.cooldown_counter = 0
        self.num_bad_epochs = 0

    def step(self, metrics: SupportsFloat, epoch: int | None = None) -> None:  # type: ignore[override]
        """Look at the metric of this step, and reduce the rate if it is time."""
        value = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self._is_better(value, self.best):
            self.best = value
            self.num_bad_epochs = 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter = self.cooldown
            self.num_bad_epochs = 0
        self._last_lr = current(self.optimizer)

    @property
    def in_cooldown(self) -> bool:
        """Whether a reduction was so recent that the metric does not count."""
        return self.cooldown_counter > 0

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            if self.default_min_lr is None:
                raise RuntimeError(
                    f"The number of param groups in the `optimizer` ({len(groups)}) differs from "
                    f"when `ReduceLROnPlateau` was initialized ({len(self.min_lrs)}), usually due "
                    "to a new param group being added to the optimizer. Please modify the "
                    "`min_lrs` field to match the length of the `optimizer` param groups."
                )
            self.min_lrs = [self.default_min_lr] * len(groups)
        for group, lowest in zip(groups, self.min_lrs, strict=True):
            before = float(group["lr"])
            after = max(before * self.factor, lowest)
            if before - after > self.eps:
                assign(group, "lr", after)

    def _is_better(self, value: float, best: float) -> bool:
        if self.threshold_mode == "abs":
            if self.mode == "min":
                return value < best - self.threshold
            return value > best + self.threshold
        if self.mode == "min":
            return value < best * (1.0 - self.threshold)
        return value > best * (self.threshold + 1.0)

    def get_lr(self) -> list[Any]:
        """The learning rates that are in force; this schedule does not know any beforehand."""
        return current(self.optimizer)
