"""Optimizer steps: one launch over a list of parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gpugrad.backend.kernel_source import compute_dtype

from .work import Array, Call, Case, Maker, Work

MOST_TENSORS = 16
RATE, MOMENTUM, ALPHA = 1e-3, 0.9, 0.99
BETAS, EPS = (0.9, 0.999), 1e-8

PLAIN = {"weight_decay": 0.0, "maximize": False}
SGD = {"momentum": MOMENTUM, "dampening": 0.0, "nesterov": False, **PLAIN}
ADAM = {
    "beta1": BETAS[0],
    "beta2": BETAS[1],
    "eps": EPS,
    "decoupled": False,
    "amsgrad": False,
    **PLAIN,
}
RMSPROP = {"alpha": ALPHA, "eps": EPS, "momentum": 0.0, "centered": False, **PLAIN}
"""The options of the steps."""


class _Model:
    """Parameters, gradients and a few lists of state, all of the same shapes."""

    def __init__(self, work: Work, states: int) -> None:
        count = max(1, min(MOST_TENSORS, work.n // 64))
        self.params = [work.normal(i, work.n // count) for i in range(count)]
        self.grads = [work.normal(100 + i, work.n // count) for i in range(count)]
        self.states = [
            [work.uniform(200 + i, work.n // count) for i in range(count)] for _ in range(states)
        ]
        self.step = work.xp.zeros((), "float32")
        self.work = work

    def rate(self, dtype: str) -> Array:
        return self.work.xp.full((), RATE, dtype)


def optimizer(
    states: int,
    update: Callable[[Any, _Model, Any, Any], Any],
    rate_dtype: Callable[[str], str],
    torch: Callable[[Any, list[Any]], Any],
) -> Maker:
    """A step.

    Args:
        states: lists of state beside parameters and gradients.
        update: of a backend, a model, the learning rate and the scratch memory.
        rate_dtype: the type of the learning rate for the type of the parameters.
        torch: makes PyTorch's optimizer for a list of parameters.
    """

    def make(work: Work) -> Case:
        # Each side has a model of its own: a step changes what it works on.
        model, other = _Model(work, states), _Model(work, states)
        rate = model.rate(rate_dtype(work.suffix))
        scratch, plain_scratch = (xp.step_scratch(model.params) for xp in (work.xp, work.plain))

        def ours() -> list[Array]:
            update(work.xp, model, rate, scratch)
            return model.params

        def composed() -> list[Array]:
            update(work.plain, other, rate, plain_scratch)
            return other.params

        def bind(o: Any, *tensors: Any) -> Call:
            half = len(tensors) // 2
            parameters = [o.nn.Parameter(t) for t in tensors[:half]]
            for parameter, grad in zip(parameters, tensors[half:], strict=True):
                parameter.grad = grad
            step: Call = torch(o.optim, parameters).step
            return step

        size = sum(p.nbytes for p in model.params)
        # Gradients are read; parameters and states read and written.
        moved = size * (1 + 2 * (1 + states))
        return Case(ours, composed, [*model.params, *model.grads], bind, moved)

    return make


def _sgd(xp: Any, m: _Model, rate: Array, scratch: Any) -> None:
    xp.sgd_step(m.params, m.grads, *m.states, rate, scratch, **SGD)


def _adam(xp: Any, m: _Model, rate: Array, scratch: Any) -> None:
    xp.adam_step(m.params, m.grads, *m.states, [], rate, m.step, scratch, **ADAM)


def _rmsprop(xp: Any, m: _Model, rate: Array, scratch: Any) -> None:
    xp.rmsprop_step(m.params, m.grads, *m.states, [], [], rate, m.step, scratch, **RMSPROP)


def _torch_sgd(optim: Any, parameters: list[Any]) -> Any:
    return optim.SGD(parameters, lr=RATE, momentum=MOMENTUM, fused=True)


def _torch_adam(optim: Any, parameters: list[Any]) -> Any:
    return optim.Adam(parameters, lr=RATE, betas=BETAS, eps=EPS, fused=True)


def _torch_rmsprop(optim: Any, parameters: list[Any]) -> Any:
    return optim.RMSprop(parameters, lr=RATE, alpha=ALPHA, eps=EPS, foreach=True)


CASES: dict[str, Maker] = {
    "sgd_step": optimizer(1, _sgd, compute_dtype, _torch_sgd),
    "adam_step": optimizer(2, _adam, lambda suffix: "float64", _torch_adam),
    "rmsprop_step": optimizer(1, _rmsprop, compute_dtype, _torch_rmsprop),
}
