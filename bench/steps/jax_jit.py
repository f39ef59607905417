"""Training steps for JAX: the whole step is one jitted function from old to new parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..contest import Step, flat
from . import data, functional, functional_models
from .functional import Parameters, Task


def _step(task: Task, jax: Any) -> Step:
    numpy = jax.numpy

    def advance(p: Parameters, state: Any, *batch: Any) -> tuple[Parameters, Any]:
        return functional.updated(task, numpy, p, jax.grad(task.loss)(p, *batch), state)

    # The old parameters' memory may be used for the new ones, as an update in place would.
    return _driven(
        jax,
        jax.jit(advance, donate_argnums=(0, 1)),
        [numpy.array(p) for p in task.parameters],
        functional.start(task, numpy),
        [tuple(jax.device_put(a) for a in batch) for batch in task.batches],
    )


def _driven(
    jax: Any, advance: Any, parameters: Parameters, state: Any, batches: list[tuple[Any, ...]]
) -> Step:
    held = [parameters, state]
    turns = len(batches)

    def run(i: int) -> None:
        held[:] = advance(*held, *batches[i % turns])

    return Step(
        run,
        lambda: flat([np.asarray(p) for p in held[0]]),
        lambda: jax.block_until_ready(held),
    )


def _sigmoid_mse(jax: Any) -> Step:
    numpy = jax.numpy
    x, y = (numpy.array(data.normal(seed, data.ELEMENTS)) for seed in (6, 7))

    def loss(x: Any, y: Any) -> Any:
        return numpy.mean((jax.nn.sigmoid(x) - y) ** 2)

    return _result_of(jax, jax.jit(jax.value_and_grad(loss)), (x, y), data.ELEMENTS)


def _hessian_vector(jax: Any) -> Step:
    numpy = jax.numpy
    inputs, starts, direction = data.curved()
    x, p, along = jax.device_put((inputs, starts, direction))

    def loss(p: Parameters, x: Any) -> Any:
        w1, b1, w2 = p
        return numpy.mean((numpy.tanh(x @ w1 + b1) @ w2) ** 2)

    def product(p: Parameters, along: Parameters, x: Any) -> Any:
        return jax.jvp(lambda p: jax.grad(loss)(p, x), (p,), (along,))

    return _result_of(jax, jax.jit(product), (p, along, x), 1)


def _result_of(jax: Any, function: Any, args: tuple[Any, ...], scale: float) -> Step:
    """A step without parameters; its values are the last of the function's two results."""
    latest: list[Any] = []

    def run(i: int) -> None:
        latest[:] = function(*args)

    return Step(
        run,
        lambda: flat([np.asarray(a) for a in jax.tree.leaves(latest[1])]) * scale,
        lambda: jax.block_until_ready(latest),
    )


def _optimizer(jax: Any) -> Step:
    numpy = jax.numpy
    parameters = [numpy.array(p) for p in data.small_parameters()]
    grads = [numpy.array(data.normal(41, *p.shape)) for p in parameters]
    state = ([numpy.zeros_like(p) for p in parameters], [numpy.zeros_like(p) for p in parameters])

    def advance(p: Parameters, state: Any, *grads: Any) -> tuple[Parameters, Any]:
        return functional.adam(numpy, p, list(grads), state)

    advance = jax.jit(advance, donate_argnums=(0, 1))
    return _driven(jax, advance, parameters, (*state, 0.0), [tuple(grads)])


def _cnn(jax: Any) -> Step:
    numpy, lax = jax.numpy, jax.lax
    rows = np.arange(data.IMAGES)

    def convolved(x: Any, kernels: Any, bias: Any) -> Any:
        return lax.conv(x, kernels, (1, 1), "SAME") + bias[:, None, None]

    def loss(p: Parameters, x: Any, target: Any) -> Any:
        x = numpy.maximum(convolved(x, p[0], p[1]), 0)
        x = lax.reduce_window(x, -np.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
        x = numpy.maximum(convolved(x, p[2], p[3]), 0)
        logits = x.reshape(data.IMAGES, -1) @ p[4].T + p[5]
        logits = logits - numpy.max(logits, 1, keepdims=True)
        return numpy.mean(numpy.log(numpy.sum(numpy.exp(logits), 1)) - logits[rows, target])

    return _step(Task(data.cnn(), [data.images()], loss, "sgd"), jax)


def _task(name: str) -> Callable[[Any], Step]:
    return lambda jax: _step(functional.TASKS[name](jax.numpy), jax)


STEPS: dict[str, Callable[[Any], Step]] = {
    **{name: _task(name) for name in functional.TASKS},
    "attention": lambda jax: _step(functional.attention(jax.numpy, jax.scipy.special.erf), jax),
    "cnn": _cnn,
    "char-gpt": lambda jax: _step(
        functional_models.char_gpt(jax.numpy, jax.scipy.special.erf), jax
    ),
    "lstm": lambda jax: _step(functional_models.lstm(jax.numpy), jax),
    "sigmoid-mse": _sigmoid_mse,
    "optimizer": _optimizer,
    "hvp": _hessian_vector,
}
