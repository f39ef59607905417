"""Training steps with derivatives worked out by hand, in plain NumPy or CuPy.

No graph, no dispatch: what is left is the array library's own time, which an automatic library over
the same arrays can reach but hardly beat unless it fuses. Buffers are not reused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..contest import Numbers, Step, flat
from . import data

Array = Any


def values(arrays: list[Array]) -> Callable[[], Numbers]:
    """Reads NumPy or CuPy arrays back."""
    return lambda: flat([a.get() if hasattr(a, "get") else a for a in arrays])


def xor(xp: Any) -> Step:
    x, y = xp.asarray(data.XOR_X), xp.asarray(data.XOR_Y)
    samples = [(x[i], y[i]) for i in range(4)]
    parameters = [xp.array(p) for p in data.XOR_PARAMETERS]
    w1, b1, w2, b2 = parameters
    rate = data.XOR_RATE

    def run(i: int) -> None:
        x, y = samples[i % 4]
        hidden = xp.maximum(x @ w1 + b1, 0)
        output = 1 / (1 + xp.exp(-(hidden @ w2 + b2)))
        d_sum = 2 * (output - y) * output * (1 - output)
        d_hidden = (w2 @ d_sum) * (hidden > 0)
        w2[...] -= rate * hidden[:, None] * d_sum
        b2[...] -= rate * d_sum
        w1[...] -= rate * x[:, None] * d_hidden
        b1[...] -= rate * d_hidden

    return Step(run, values(parameters))


def not_gate(xp: Any) -> Step:
    x, y = xp.asarray(data.NOT_X), xp.asarray(data.NOT_Y)
    parameters = [xp.array(p) for p in data.NOT_PARAMETERS]
    w, b = parameters
    rate = data.NOT_RATE

    def run(i: int) -> None:
        output = 1 / (1 + xp.exp(-(w @ x.T + b)))
        d_sum = (output - y) * output * (1 - output)  # times 2 / n, and n is 2
        w[...] -= rate * (d_sum @ x)
        b[...] -= rate * d_sum.sum()

    return Step(run, values(parameters))


def regression(xp: Any) -> Step:
    inputs, targets, slope, intercept = data.regression()
    x, y, w, b = (xp.array(a) for a in (inputs, targets, slope, intercept))
    step = 2 * data.REGRESSION_RATE / data.REGRESSION_SAMPLES

    def run(i: int) -> None:
        error = x[:, 0] * w[0, 0] + b - y
        w[0, 0] -= step * (error @ x[:, 0])
        b[...] -= step * error.sum()

    return Step(run, values([w, b]))


def network(name: str) -> Callable[[Any], Step]:
    """The step of a multilayer perceptron with relu and cross-entropy."""

    def make(xp: Any) -> Step:
        described = data.NETWORKS[name]
        parameters = [xp.array(p) for p in described.parameters()]
        x, target = (xp.asarray(a) for a in described.samples())
        rows = xp.arange(described.batch)
        update = (adam if described.optimizer == "adam" else momentum)(xp, parameters)

        def run(i: int) -> None:
            inputs = [x]
            for w, b in zip(parameters[:-2:2], parameters[1:-2:2], strict=True):
                inputs.append(xp.maximum(inputs[-1] @ w.T + b, 0))
            logits = inputs[-1] @ parameters[-2].T + parameters[-1]
            grad = xp.exp(logits - logits.max(1, keepdims=True))
            grad /= grad.sum(1, keepdims=True)
            grad[rows, target] -= 1
            grad /= described.batch
            grads: list[Array] = []
            for layer in reversed(range(len(inputs))):
                grads[:0] = [grad.T @ inputs[layer], grad.sum(0)]
                if layer:
                    grad = (grad @ parameters[2 * layer]) * (inputs[layer] > 0)
            update(grads)

        return Step(run, values(parameters))

    return make


def momentum(xp: Any, parameters: list[Array]) -> Callable[[list[Array]], None]:
    """Gradient descent with momentum; the first gradient is the first momentum."""
    buffers = [xp.zeros_like(p) for p in parameters]

    def update(grads: list[Array]) -> None:
        for p, g, b in zip(parameters, grads, buffers, strict=True):
            b *= data.MOMENTUM
            b += g
            p -= data.SGD_RATE * b

    return update


def adam(xp: Any, parameters: list[Array]) -> Callable[[list[Array]], None]:
    """Adam, as in Kingma and Ba, "Adam" (2015)."""
    means = [xp.zeros_like(p) for p in parameters]
    squares = [xp.zeros_like(p) for p in parameters]
    count = 0

    def update(grads: list[Array]) -> None:
        nonlocal count
        count += 1
        rate = data.ADAM_RATE / (1 - data.BETA1**count)
        correction = (1 - data.BETA2**count) ** 0.5
        for p, g, m, v in zip(parameters, grads, means, squares, strict=True):
            m *= data.BETA1
            m += (1 - data.BETA1) * g
            v *= data.BETA2
            v += (1 - data.BETA2) * g * g
            p -= rate * m / (xp.sqrt(v) / correction + data.EPSILON)

    return update


def sigmoid_mse(xp: Any) -> Step:
    x = xp.asarray(data.normal(6, data.ELEMENTS))
    y = xp.asarray(data.normal(7, data.ELEMENTS))
    latest: list[Array] = []

    def run(i: int) -> None:
        output = 1 / (1 + xp.exp(-x))
        error = output - y
        loss = xp.square(error).mean()
        latest[:] = [2 / data.ELEMENTS * error * output * (1 - output), loss]

    return Step(run, lambda: values(latest[:1])() * data.ELEMENTS)


def optimizer(xp: Any) -> Step:
    parameters = [xp.array(p) for p in data.small_parameters()]
    grads = [xp.asarray(data.normal(41, *p.shape)) for p in parameters]
    update = adam(xp, parameters)
    return Step(lambda i: update(grads), values(parameters))


STEPS: dict[str, Callable[[Any], Step]] = {
    "xor": xor,
    "not-gate": not_gate,
    "regression": regression,
    "mlp-sgd": network("mlp-sgd"),
    "mlp-adam": network("mlp-adam"),
    "mlp-wide": network("mlp-wide"),
    "sigmoid-mse": sigmoid_mse,
    "optimizer": optimizer,
}
