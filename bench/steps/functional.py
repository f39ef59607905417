"""Losses as functions of parameters, for libraries that take NumPy's names: JAX and HIPS autograd.

Each step is described by where its parameters start, its loss, the batches it goes through and how
it updates. The two libraries add how a gradient is taken and what is compiled.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import data

Array = Any
Parameters = list[Any]


@dataclass(frozen=True)
class Task:
    """A training step.

    Attributes:
        parameters: where they start.
        batches: the inputs of the loss, taken in turn.
        loss: of the parameters and a batch.
        optimizer: ``descent``, ``sgd`` (with momentum) or ``adam``.
        rate: the learning rate of ``descent``.
        decay: of the weights under ``adam``, as AdamW has it.
    """

    parameters: Parameters
    batches: list[tuple[Array, ...]]
    loss: Callable[..., Any]
    optimizer: str
    rate: float = 0.0
    decay: float = 0.0


def xor(xp: Any) -> Task:
    def loss(p: Parameters, x: Array, y: Array) -> Any:
        w1, b1, w2, b2 = p
        hidden = xp.maximum(x @ w1 + b1, 0)
        return xp.sum((y - 1 / (1 + xp.exp(-(hidden @ w2 + b2)))) ** 2)

    batches = [(data.XOR_X[i], data.XOR_Y[i]) for i in range(4)]
    return Task(list(data.XOR_PARAMETERS), batches, loss, "descent", data.XOR_RATE)


def not_gate(xp: Any) -> Task:
    def loss(p: Parameters, x: Array, y: Array) -> Any:
        w, b = p
        return xp.mean((1 / (1 + xp.exp(-(w @ x.T + b))) - y) ** 2)

    batches: list[tuple[Array, ...]] = [(data.NOT_X, data.NOT_Y)]
    return Task(list(data.NOT_PARAMETERS), batches, loss, "descent", data.NOT_RATE)


def regression(xp: Any) -> Task:
    def loss(p: Parameters, x: Array, y: Array) -> Any:
        w, b = p
        return xp.mean((y - (x @ w + b)[:, 0]) ** 2)

    x, y, slope, intercept = data.regression()
    return Task([slope, intercept], [(x, y)], loss, "descent", data.REGRESSION_RATE)


def network(name: str) -> Callable[[Any], Task]:
    """The step of a multilayer perceptron with relu and cross-entropy."""

    def make(xp: Any) -> Task:
        described = data.NETWORKS[name]
        rows = np.arange(described.batch)

        def loss(p: Parameters, x: Array, target: Array) -> Any:
            for w, b in zip(p[:-2:2], p[1:-2:2], strict=True):
                x = xp.maximum(x @ w.T + b, 0)
            logits = x @ p[-2].T + p[-1]
            logits = logits - xp.max(logits, 1, keepdims=True)
            return xp.mean(xp.log(xp.sum(xp.exp(logits), 1)) - logits[rows, target])

        return Task(described.parameters(), [described.samples()], loss, described.optimizer)

    return make


def attention(xp: Any, erf: Callable[[Array], Array]) -> Task:
    """The transformer block; ``erf`` is the library's."""
    source, wanted, starts = data.attention()
    names, each = list(starts), data.WIDTH // data.HEADS

    def heads(t: Array) -> Array:
        return xp.swapaxes(t.reshape(data.BATCH, data.CONTEXT, data.HEADS, each), 1, 2)

    def normalized(t: Array, scale: Array, shift: Array) -> Array:
        t = t - xp.mean(t, -1, keepdims=True)
        return t / xp.sqrt(xp.mean(t * t, -1, keepdims=True) + 1e-5) * scale + shift

    def softmax(t: Array) -> Array:
        t = xp.exp(t - xp.max(t, -1, keepdims=True))
        return t / xp.sum(t, -1, keepdims=True)

    def loss(parameters: Parameters, x: Array, y: Array) -> Any:
        p = dict(zip(names, parameters, strict=True))
        inner = normalized(x, p["first_scale"], p["first_shift"])
        query, key, value = (heads(inner @ p[name]) for name in ("query", "key", "value"))
        weights = softmax(query @ xp.swapaxes(key, 2, 3) / math.sqrt(each))
        joined = xp.swapaxes(weights @ value, 1, 2)
        x = x + joined.reshape(data.BATCH, data.CONTEXT, data.WIDTH) @ p["join"]
        wide = normalized(x, p["second_scale"], p["second_shift"]) @ p["up"]
        x = x + wide * 0.5 * (1 + erf(wide * math.sqrt(0.5))) @ p["down"]
        return xp.mean((x - y) ** 2)

    return Task(list(starts.values()), [(source, wanted)], loss, "descent", data.SGD_RATE)


TASKS: dict[str, Callable[[Any], Task]] = {
    "xor": xor,
    "not-gate": not_gate,
    "regression": regression,
    "mlp-sgd": network("mlp-sgd"),
    "mlp-adam": network("mlp-adam"),
    "mlp-wide": network("mlp-wide"),
}


# --- updates, as functions from old to new --------------------------------------------------------


def start(task: Task, xp: Any) -> Any:
    """The state that an update carries along beside the parameters."""

    def zeros() -> Parameters:
        return [xp.zeros_like(p) for p in task.parameters]

    if task.optimizer == "sgd":
        return zeros()
    return (zeros(), zeros(), 0.0) if task.optimizer == "adam" else ()


def updated(task: Task, xp: Any, p: Parameters, grads: Parameters, state: Any) -> tuple[Any, Any]:
    """New parameters and new state."""
    if task.optimizer == "sgd":
        state = [data.MOMENTUM * b + g for b, g in zip(state, grads, strict=True)]
        return [w - data.SGD_RATE * b for w, b in zip(p, state, strict=True)], state
    if task.optimizer == "adam":
        if task.decay:
            p = [w * (1 - data.ADAM_RATE * task.decay) for w in p]
        return adam(xp, p, grads, state)
    return [w - task.rate * g for w, g in zip(p, grads, strict=True)], state


def adam(xp: Any, p: Parameters, grads: Parameters, state: Any) -> tuple[Any, Any]:
    """Adam, as in Kingma and Ba, "Adam" (2015)."""
    means, squares, count = state
    count = count + 1
    means = [data.BETA1 * m + (1 - data.BETA1) * g for m, g in zip(means, grads, strict=True)]
    squares = [
        data.BETA2 * v + (1 - data.BETA2) * g * g for v, g in zip(squares, grads, strict=True)
    ]
    rate = data.ADAM_RATE / (1 - data.BETA1**count)
    correction = xp.sqrt(1 - data.BETA2**count)
    fresh = [
        w - rate * m / (xp.sqrt(v) / correction + data.EPSILON)
        for w, m, v in zip(p, means, squares, strict=True)
    ]
    return fresh, (means, squares, count)
