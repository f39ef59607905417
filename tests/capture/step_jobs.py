"""Programs of training steps with small models."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.nn import functional as F
from tests.capture.training import (
    Job,
    classes,
    drawn,
    parameters,
)

Make = Callable[[], Job]


def mlp(*extra: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), *extra, nn.Linear(8, 3))


def feed(turn: int) -> tuple[Tensor, Tensor]:
    return drawn(turn, 6, 4), classes(turn, 6, 3)


def training(
    make_optimizer: Callable[[Any], Any],
    model: Callable[[], nn.Module] = mlp,
    feed: Callable[[int], tuple[Any, ...]] = feed,
    loss: Callable[..., Tensor] = F.cross_entropy,
    between: Callable[[int, Any, Any], None] | None = None,
) -> Make:
    """A program of ``zero_grad``, forward, ``backward`` and ``step``."""

    def make() -> Job:
        net = model()
        optimizer = make_optimizer(net.parameters())

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            value = loss(net(x), y)
            value.backward()
            optimizer.step()
            return value.detach()

        def outside(turn: int) -> None:
            if between is not None:
                between(turn, net, optimizer)

        return Job(step, feed, parameters(net), outside)

    return make


def sgd(params: Any, **options: Any) -> Any:
    return gpugrad.optim.SGD(params, lr=0.1, **options)


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": sgd,
    "momentum": lambda p: sgd(p, momentum=0.9),
    "nesterov": lambda p: sgd(p, momentum=0.9, nesterov=True, weight_decay=0.01),
    "dampening": lambda p: sgd(p, momentum=0.5, dampening=0.1, maximize=True),
    "adam": lambda p: gpugrad.optim.Adam(p, lr=0.01),
    "amsgrad": lambda p: gpugrad.optim.Adam(p, lr=0.01, amsgrad=True, weight_decay=0.1),
    "adamw": lambda p: gpugrad.optim.AdamW(p, lr=0.01),
    "adam of low betas": lambda p: gpugrad.optim.Adam(p, lr=0.01, betas=(0.2, 0.5)),
    "rmsprop": lambda p: gpugrad.optim.RMSprop(p, lr=0.01),
    "adamax": lambda p: gpugrad.optim.Adamax(p, lr=0.01),
    "nadam": lambda p: gpugrad.optim.NAdam(p, lr=0.01),
    "radam": lambda p: gpugrad.optim.RAdam(p, lr=0.01),
    "adagrad": lambda p: gpugrad.optim.Adagrad(p, lr=0.01),
    "adadelta": lambda p: gpugrad.optim.Adadelta(p, lr=0.5),
    "rprop": lambda p: gpugrad.optim.Rprop(p, lr=0.01),
    "asgd": lambda p: gpugrad.optim.ASGD(p, lr=0.01),
    "centered": lambda p: gpugrad.optim.RMSprop(p, lr=0.01, centered=True, momentum=0.9),
}
