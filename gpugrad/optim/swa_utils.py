"""Averages of a model's parameters over a training run, and the schedule that goes with them."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal

from ..autograd.grad_mode import no_grad
from ..backend import recording
from ..creation import tensor
from ..dtypes import int64
from ..nn.batchnorm import _BatchNorm
from ..nn.module import Module
from ..ops.select import where
from ..tensor import Tensor
from .lr_scheduler.base import LRScheduler, per_group
from .optimizer import Optimizer

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Average = Callable[[Tensor, Tensor, Any], Tensor]
"""Gives a new average from the present one, a new value and how many values it is of."""
MultiAverage = Callable[[list[Tensor], list[Tensor], Any], None]
"""The same for lists, in place."""


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverage:
    """An exponential average over lists of parameters, in place: for ``multi_avg_fn``.

    ::

        average = decay * average + (1 - decay) * value

    Raises ValueError unless ``0 <= decay <= 1``.

    >>> import gpugrad
    >>> average = gpugrad.zeros(2)
    >>> update = gpugrad.optim.swa_utils.get_ema_multi_avg_fn(0.75)
    >>> update([average], [gpugrad.ones(2)], 1)
    >>> average
    tensor([0.2500, 0.2500])
    """
    _check_decay(decay)

    @no_grad()
    def update(averages: list[Tensor], values: list[Tensor], _: Any) -> None:
        for average, value in zip(averages, values, strict=True):
            if average.is_floating_point():
                average.lerp_(value, 1 - decay)
            else:
                average.copy_(average * decay + value * (1 - decay))

    return update


def get_swa_multi_avg_fn() -> MultiAverage:
    """The plain average over lists of parameters, in place: for ``multi_avg_fn``.

    ::

        average = average + (value - average) / (n + 1)

    >>> import gpugrad
    >>> average = gpugrad.zeros(2)
    >>> gpugrad.optim.swa_utils.get_swa_multi_avg_fn()([average], [gpugrad.ones(2)], 3)
    >>> average
    tensor([0.2500, 0.2500])
    """
    one = get_swa_avg_fn()

    @no_grad()
    def update(averages: list[Tensor], values: list[Tensor], num_averaged: Any) -> None:
        for average, value in zip(averages, values, strict=True):
            average.copy_(one(average, value, num_averaged))

    return update


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """An exponential average of one parameter: for ``avg_fn``.

    ``decay * average + (1 - decay) * value``. Raises ValueError unless ``0 <= decay <= 1``.

    >>> import gpugrad
    >>> average = gpugrad.optim.swa_utils.get_ema_avg_fn(0.75)
    >>> average(gpugrad.zeros(2), gpugrad.ones(2), 1)
    tensor([0.2500, 0.2500])
    """
    _check_decay(decay)

    @no_grad()
    def average(present: Tensor, value: Tensor, _: Any) -> Tensor:
        found: Tensor = decay * present + (1 - decay) * value
        return found

    return average


def get_swa_avg_fn() -> Average:
    """The plain average of one parameter: for ``avg_fn``.

    ``average + (value - average) / (n + 1)``.

    >>> import gpugrad
    >>> average = gpugrad.optim.swa_utils.get_swa_avg_fn()
    >>> average(gpugrad.zeros(2), gpugrad.ones(2), 3)
    tensor([0.2500, 0.2500])
    """

    @no_grad()
    def average(present: Tensor, value: Tensor, num_averaged: Any) -> Tensor:
        found: Tensor = present + (value - present) / (num_averaged + 1)
        return found

    return average


class AveragedModel(Module):
    """A copy of a model whose parameters are the average of those that the model has had.

    ``averaged(x)`` is the averaged model's result. Call :meth:`update_parameters` whenever the
    model's present parameters are to count; the first call copies them.

    Args:
        model: the model in training.
        device: where the copy lives; beside the model if None.
        avg_fn: ``avg_fn(average, value, n)`` gives the new average of one parameter, where ``n``,
            a tensor, is how many values the present one is of. If neither function is given it is
            the plain average.
        multi_avg_fn: the same for lists of one device and dtype, in place.
        use_buffers: average the buffers, too; else they are copied from the model.

    Attributes:
        module: the averaged model.
        n_averaged: how many models it is the average of.

    Raises:
        AssertionError: both functions.

    Source: Izmailov and others, "Averaging weights leads to wider optima and better
    generalization" (2018).

    >>> import gpugrad
    >>> model = gpugrad.nn.Linear(1, 1, bias=False)
    >>> averaged = gpugrad.optim.swa_utils.AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = gpugrad.nn.init.constant_(model.weight, value)
    ...     averaged.update_parameters(model)
    >>> averaged(gpugrad.ones(1)).detach()
    tensor([3.])
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: MultiAverage | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model gives."""
        return self.module(*args, **kwargs)

    def _averaged(self, model: Module) -> Iterator[Tensor]:
        if self.use_buffers:
            return itertools.chain(model.parameters(), model.buffers())
        return iter(model.parameters())

    @no_grad()
    def update_parameters(self, model: Module) -> None:
        """Let the present parameters of ``model`` count."""
        averages = [p.detach() for p in self._averaged(self.module)]
        values = [
            value.detach().to(average.device)
            for average, value in zip(averages, self._averaged(model), strict=False)
        ]
        recorded = recording.current() is not None
        if not recorded and self.n_averaged.item() == 0:
            for average, value in zip(averages, values, strict=True):
                average.copy_(value)
        elif self.avg_fn is not None:
            for average, value in zip(averages, values, strict=True):
                count = self.n_averaged.to(average.device)
                average.copy_(self.avg_fn(average, value, count))
        else:
            self._update_lists(averages, values)
        if recorded:  # a replay may be the first update since the count was set back
            for average, value in zip(averages, values, strict=True):
                is_first = self.n_averaged.to(average.device) == 0
                average.copy_(where(is_first, value, average))
        if not self.use_buffers:
            for own, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
                own.detach().copy_(buffer.detach().to(own.device))
        self.n_averaged += 1

    def _update_lists(self, averages: list[Tensor], values: list[Tensor]) -> None:
        update = self.multi_avg_fn or get_swa_multi_avg_fn()
        lists: dict[Any, tuple[list[Tensor], list[Tensor]]] = {}
        for average, value in zip(averages, values, strict=True):
            own, others = lists.setdefault((average.device, average.dtype), ([], []))
            own.append(average)
            others.append(value)
        for (device, _), (own, others) in lists.items():
            update(own, others, self.n_averaged.to(device))


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Calculate the running statistics of all batch normalizations anew, in one pass over data.

    An averaged model has averaged weights but no statistics that fit them.

    Args:
        loader: gives batches; of a list or tuple, its first element is the model's input.
        model: the model.
        device: where to move each batch; nowhere if None.

    >>> import gpugrad
    >>> model = gpugrad.nn.BatchNorm1d(1)
    >>> batches = [gpugrad.tensor([[1.0], [3.0]]), gpugrad.tensor([[5.0], [7.0]])]
    >>> gpugrad.optim.swa_utils.update_bn(batches, model)
    >>> model.running_mean
    tensor([4.])
    """
    layers = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    for layer in layers:
        layer.reset_running_stats()
    was_training = model.training
    model.train()
    for layer in layers:
        layer.momentum = None
    for batch in loader:
        if isinstance(batch, (list, tuple)):
            batch = batch[0]
        model(batch if device is None else batch.to(device))
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """Go from the present learning rate to ``swa_lr`` and stay there.

    Args:
        optimizer: the optimizer to schedule.
        swa_lr: the rate to go to, or a list with one for each group.
        anneal_epochs: in how many steps.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        last_epoch: how many steps have been taken, when a schedule is resumed.

    Raises:
        ValueError: another strategy, a negative number of steps, a list of the wrong length.

    >>> import gpugrad
    >>> optimizer = gpugrad.optim.SGD([gpugrad.zeros(1)], lr=1.0)
    >>> scheduler = gpugrad.optim.swa_utils.SWALR(
    ...     optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear"
    ... )
    >>> for _ in range(3):
    ...     print(scheduler.get_last_lr())
    ...     optimizer.step()
    ...     scheduler.step()
    [1.0]
    [0.75]
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = per_group("swa_lr", optimizer, swa_lr)
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How much of the way is done."""
        done = max(0, min(1, step / max(1, self.anneal_epochs)))
        return done if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * done)) / 2

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group in self.optimizer.param_groups:
            goal = group["swa_lr"]
            # Where the way began, as far as the rate tells: others may have changed it.
            begin = goal if before == 1 else (group["lr"] - before * goal) / (1 - before)
            rates.append(goal * now + begin * (1 - now))
        return rates
