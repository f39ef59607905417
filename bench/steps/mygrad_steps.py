"""Training steps for MyGrad: tensors over NumPy with a ``backward`` of their own."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ..contest import Step, flat
from . import by_hand, data


def _descend(parameters: list[Any], rate: float) -> None:
    for p in parameters:
        p.data -= rate * p.grad


def xor(mg: Any) -> Step:
    samples = [(data.XOR_X[i], data.XOR_Y[i]) for i in range(4)]
    parameters = [mg.tensor(p.copy()) for p in data.XOR_PARAMETERS]
    w1, b1, w2, b2 = parameters

    def run(i: int) -> None:
        x, y = samples[i % 4]
        hidden = mg.maximum(x @ w1 + b1, 0)
        mg.sum((y - 1 / (1 + mg.exp(-(hidden @ w2 + b2)))) ** 2).backward()
        _descend(parameters, data.XOR_RATE)

    return Step(run, lambda: flat([p.data for p in parameters]))


def not_gate(mg: Any) -> Step:
    parameters = [mg.tensor(p.copy()) for p in data.NOT_PARAMETERS]
    w, b = parameters

    def run(i: int) -> None:
        output = 1 / (1 + mg.exp(-(w @ data.NOT_X.T + b)))
        mg.mean((output - data.NOT_Y) ** 2).backward()
        _descend(parameters, data.NOT_RATE)

    return Step(run, lambda: flat([p.data for p in parameters]))


def regression(mg: Any) -> Step:
    x, y, slope, intercept = data.regression()
    parameters = [mg.tensor(slope), mg.tensor(intercept)]
    w, b = parameters

    def run(i: int) -> None:
        mg.mean((y - (x @ w + b)[:, 0]) ** 2).backward()
        _descend(parameters, data.REGRESSION_RATE)

    return Step(run, lambda: flat([p.data for p in parameters]))


def network(name: str) -> Callable[[Any], Step]:
    """The step of a multilayer perceptron with relu and cross-entropy."""

    def make(mg: Any) -> Step:
        losses = importlib.import_module("mygrad.nnet.losses")
        described = data.NETWORKS[name]
        parameters = [mg.tensor(p) for p in described.parameters()]
        x, target = described.samples()
        arrays = [p.data for p in parameters]
        make_update = by_hand.adam if described.optimizer == "adam" else by_hand.momentum
        update = make_update(np, arrays)

        def run(i: int) -> None:
            out = x
            for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
                out = mg.maximum(out @ w.T + b, 0)
            logits = out @ parameters[-2].T + parameters[-1]
            losses.softmax_crossentropy(logits, target).backward()
            update([p.grad for p in parameters])

        return Step(run, lambda: flat(arrays))

    return make


def cnn(mg: Any) -> Step:
    """The step of a small convolutional network."""
    layers, losses = (
        importlib.import_module(f"mygrad.nnet.{part}") for part in ("layers", "losses")
    )
    parameters = [mg.tensor(p) for p in data.cnn()]
    x, target = data.images()
    arrays = [p.data for p in parameters]
    update = by_hand.momentum(np, arrays)

    def convolved(x: Any, kernels: Any, bias: Any) -> Any:
        out = layers.conv_nd(x, kernels, stride=1, padding=1)
        return mg.maximum(out + bias[:, None, None], 0)

    def run(i: int) -> None:
        p = parameters
        out = layers.max_pool(convolved(x, p[0], p[1]), (2, 2), 2)
        out = convolved(out, p[2], p[3]).reshape(data.IMAGES, -1)
        losses.softmax_crossentropy(out @ p[4].T + p[5], target).backward()
        update([p.grad for p in parameters])

    return Step(run, lambda: flat(arrays))


STEPS: dict[str, Callable[[Any], Step]] = {
    "xor": xor,
    "not-gate": not_gate,
    "regression": regression,
    "mlp-sgd": network("mlp-sgd"),
    "mlp-adam": network("mlp-adam"),
    "mlp-wide": network("mlp-wide"),
    "cnn": cnn,
}
