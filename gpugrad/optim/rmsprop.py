"""RMSprop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..creation import zeros_like
from ..tensor import Tensor
from . import tensor_steps
from .buckets import Group
from .hyperparameters import Option
from .optimizer import NO_SCALING, Optimizer, Params, gradients, mark_changed
from .options import check_lr, check_options


class RMSprop(Optimizer):
    """Gradient descent with each gradient divided by its running root mean square.

    ::

        g = grad + weight_decay * p
        v = alpha * v + (1 - alpha) * g**2
        a = alpha * a + (1 - alpha) * g                      if centered
        d = sqrt(v - a**2 if centered else v) + eps
        b = momentum * b + g / d                             if momentum
        p = p - lr * (b if momentum else g / d)

    Args:
        params: tensors, pairs (name, tensor), or dictionaries with ``"params"`` and options.
        lr: learning rate, a number or a tensor of one element.
        alpha: how much of the running means remains.
        eps: keeps the denominator away from zero.
        weight_decay: strength of the pull towards zero (L2 penalty).
        momentum: share of the former updates that goes on.
        centered: divide by the standard deviation instead.
        maximize: go up the gradient instead of down.
        capturable, foreach: accepted; lists of parameters are always updated together and step
            counts always live beside the parameters.
        differentiable: record the update, so that one can differentiate through it.

    State: ``step`` (0-d, float32), ``square_avg`` and, where used, ``momentum_buffer`` and
    ``grad_avg``, like the parameter.

    Raises:
        ValueError: a negative option.

    Source: Tieleman and Hinton, "Lecture 6.5: rmsprop" (2012); centered: Graves, "Generating
    sequences with recurrent neural networks" (2013).

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.RMSprop([w], lr=0.01)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000, 1.9000], requires_grad=True)
    """

    _recorded_step = staticmethod(tensor_steps.rmsprop)
    _step_supports_amp_scaling = True
    _counts_steps: ClassVar[bool] = True
    _numbers = (
        Option("alpha", bound=0.5),
        Option("eps"),
        Option("weight_decay"),
        Option("momentum"),
    )

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not eps >= 0.0:
            raise ValueError(f"Invalid epsilon value: {eps}")
        if not momentum >= 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if not weight_decay >= 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if not alpha >= 0.0:
            raise ValueError(f"Invalid alpha value: {alpha}")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        check_options(defaults)
        super().__init__(params, defaults)

    def _init_state(self, group: Group, p: Tensor, state: dict[str, Any]) -> None:
        state["square_avg"] = zeros_like(p, requires_grad=False)
        if group["momentum"] > 0:
            state["momentum_buffer"] = zeros_like(p, requires_grad=False)
        if group["centered"]:
            state["grad_avg"] = zeros_like(p, requires_grad=False)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; returns what ``closure`` returns."""
        loss = self._evaluate(closure)
        scaled = self.grad_scale is not None or self.found_inf is not None
        for group, bucket, params, arrays in self._work():
            scaling = self._scaling(arrays[0]) if scaled else NO_SCALING
            momentum, centered = group["momentum"], group["centered"]
            states = [self.state[p] for p in params]
            bucket.backend.rmsprop_step(
                arrays,
                gradients(params),
                [s["square_avg"].array for s in states],
                [s["grad_avg"].array for s in states] if centered else [],
                [s["momentum_buffer"].array for s in states] if momentum else [],
                bucket.lr.array,
                bucket.step.array,
                bucket.scratch,
                alpha=group["alpha"],
                eps=group["eps"],
                weight_decay=group["weight_decay"],
                momentum=momentum,
                centered=centered,
                maximize=group["maximize"],
                **scaling,
            )
            mark_changed(params, scaling)
        return loss
