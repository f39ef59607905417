"""Training steps for tinygrad under ``TinyJit``, which replays the kernels of the second call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..contest import Step, flat
from . import data

Loss = Callable[[list[Any], Any, Any], Any]


def _step(
    tinygrad: Any,
    starts: list[Any],
    batches: list[tuple[Any, Any]],
    loss_of: Loss,
    make_optimizer: Callable[[Any, list[Any]], Any],
) -> Step:
    tensor = tinygrad.Tensor
    parameters = [tensor(p).realize() for p in starts]
    optimizer = make_optimizer(tinygrad.nn.optim, parameters)
    samples = [tuple(tensor(a).realize() for a in batch) for batch in batches]

    @tinygrad.TinyJit  # type: ignore[untyped-decorator]
    def advance(x: Any, y: Any) -> Any:
        loss = loss_of(parameters, x, y)
        for p, gradient in zip(parameters, loss.gradient(*parameters), strict=True):
            p.grad = gradient
        return loss.realize(*optimizer.schedule_step())

    # Optimizers only work while this is set; the contest's other libraries do not see it.
    tinygrad.helpers.TRAINING.value = 1

    def run(i: int) -> None:
        advance(*samples[i % len(samples)])

    return Step(
        run,
        lambda: flat([p.numpy() for p in parameters]),
        lambda: tinygrad.Device[tinygrad.Device.DEFAULT].synchronize(),
    )


def _descent(rate: float) -> Callable[[Any, list[Any]], Any]:
    return lambda optim, parameters: optim.SGD(parameters, lr=rate)


def xor(tinygrad: Any) -> Step:
    def loss(p: list[Any], x: Any, y: Any) -> Any:
        w1, b1, w2, b2 = p
        return (y - ((x @ w1 + b1).relu() @ w2 + b2).sigmoid()).square().sum()

    batches = [(data.XOR_X[i], data.XOR_Y[i]) for i in range(4)]
    return _step(tinygrad, list(data.XOR_PARAMETERS), batches, loss, _descent(data.XOR_RATE))


def not_gate(tinygrad: Any) -> Step:
    def loss(p: list[Any], x: Any, y: Any) -> Any:
        return ((p[0] @ x.T + p[1]).sigmoid() - y).square().mean()

    batches = [(data.NOT_X, data.NOT_Y)]
    return _step(tinygrad, list(data.NOT_PARAMETERS), batches, loss, _descent(data.NOT_RATE))


def regression(tinygrad: Any) -> Step:
    def loss(p: list[Any], x: Any, y: Any) -> Any:
        return (y - (x @ p[0] + p[1]).squeeze(1)).square().mean()

    x, y, slope, intercept = data.regression()
    return _step(tinygrad, [slope, intercept], [(x, y)], loss, _descent(data.REGRESSION_RATE))


def network(name: str) -> Callable[[Any], Step]:
    """The step of a multilayer perceptron with relu and cross-entropy."""

    def make(tinygrad: Any) -> Step:
        described = data.NETWORKS[name]

        def loss(p: list[Any], x: Any, y: Any) -> Any:
            for w, b in zip(p[:-2:2], p[1:-2:2], strict=True):
                x = x.linear(w.T, b).relu()
            return x.linear(p[-2].T, p[-1]).sparse_categorical_crossentropy(y)

        def make_optimizer(optim: Any, parameters: list[Any]) -> Any:
            if described.optimizer == "adam":
                return optim.Adam(parameters, lr=data.ADAM_RATE)
            return optim.SGD(parameters, lr=data.SGD_RATE, momentum=data.MOMENTUM)

        x, y = described.samples()
        return _step(
            tinygrad, described.parameters(), [(x, y.astype("int32"))], loss, make_optimizer
        )

    return make


def cnn(tinygrad: Any) -> Step:
    def loss(p: list[Any], x: Any, y: Any) -> Any:
        x = x.conv2d(p[0], p[1], padding=1).relu().max_pool2d(2)
        x = x.conv2d(p[2], p[3], padding=1).relu().flatten(1)
        return x.linear(p[4].T, p[5]).sparse_categorical_crossentropy(y)

    def optimizer(optim: Any, parameters: list[Any]) -> Any:
        return optim.SGD(parameters, lr=data.SGD_RATE, momentum=data.MOMENTUM)

    x, y = data.images()
    return _step(tinygrad, data.cnn(), [(x, y.astype("int32"))], loss, optimizer)


STEPS: dict[str, Callable[[Any], Step]] = {
    "xor": xor,
    "not-gate": not_gate,
    "regression": regression,
    "mlp-sgd": network("mlp-sgd"),
    "mlp-adam": network("mlp-adam"),
    "mlp-wide": network("mlp-wide"),
    "cnn": cnn,
}
