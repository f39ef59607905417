"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend.primitives import Array
from ..creation import zeros_like
from ..tensor import Tensor
from . import tensor_steps
from .buckets import Bucket, Group
from .hyperparameters import Option
from .optimizer import NO_SCALING, Optimizer, Params, gradients, mark_changed
from .options import check_lr, check_options


class SGD(Optimizer):
    """Stochastic gradient descent, optionally with momentum.

    ::

        g = grad + weight_decay * p
        b = momentum * b + (1 - dampening) * g        (in a parameter's first step: b = g)
        p = p - lr * (g + momentum * b if nesterov else b)

    Args:
        params: tensors, pairs (name, tensor), or dictionaries with ``"params"`` and options.
        lr: learning rate, a number or a tensor of one element.
        momentum: share of the former updates that goes on.
        dampening: how much less than the whole gradient enters the momentum.
        weight_decay: strength of the pull towards zero (L2 penalty).
        nesterov: look ahead along the momentum; wants momentum and no dampening.
        maximize: go up the gradient instead of down.
        foreach, fused: accepted; lists of parameters are always updated together.
        differentiable: record the update, so that one can differentiate through it.

    State: ``momentum_buffer``, like the parameter, if ``momentum`` is not 0.

    Raises:
        ValueError: a negative ``lr``, ``momentum`` or ``weight_decay``, or ``nesterov`` without
            momentum.

    Source: Sutskever and others, "On the importance of initialization and momentum in deep
    learning" (2013), with PyTorch's placement of the learning rate.

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.SGD([w], lr=0.5, momentum=0.9)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     w.sum().backward()
    ...     optimizer.step()
    >>> w
    tensor([-0.4500,  0.5500], requires_grad=True)
    """

    _recorded_step = staticmethod(tensor_steps.sgd)
    _step_supports_amp_scaling = True
    _numbers = (Option("momentum"), Option("dampening"), Option("weight_decay"))

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        check_options(defaults)
        super().__init__(params, defaults)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; returns what ``closure`` returns."""
        loss = self._evaluate(closure)
        scaled = self.grad_scale is not None or self.found_inf is not None
        for group, bucket, params, arrays in self._work():
            scaling = self._scaling(arrays[0]) if scaled else NO_SCALING
            lr, scratch, dampening = bucket.lr.array, bucket.scratch, group["dampening"]
            buffers = []
            if group["momentum"]:
                state = self.state
                try:
                    buffers = [state[p]["momentum_buffer"].array for p in params]
                except (KeyError, AttributeError):  # of some parameters there is none so far
                    self._first_update(group, bucket, params, arrays, lr, scaling)
                    continue
            update(group, bucket.backend, params, arrays, buffers, lr, scratch, dampening, scaling)
        return loss

    def _first_update(
        self,
        group: Group,
        bucket: Bucket,
        params: list[Tensor],
        arrays: list[Array],
        lr: Array,
        scaling: dict[str, Array],
    ) -> None:
        """Where momentum begins it is the gradient itself: from zero, and without dampening."""
        state = self.state
        if group["dampening"] and self.found_inf is not None and self.found_inf.item():
            return  # the first update that is not skipped must be the one without dampening
        new = {i for i, p in enumerate(params) if state[p].get("momentum_buffer") is None}
        for i in new:
            state[params[i]]["momentum_buffer"] = zeros_like(params[i], requires_grad=False)
        old, backend = set(range(len(params))) - new, bucket.backend
        for part, dampening in ((new, 0.0), (old, group["dampening"])):
            if part:
                some = [arrays[i] for i in sorted(part)]
                theirs = [params[i] for i in sorted(part)]
                buffers = [state[p]["momentum_buffer"].array for p in theirs]
                # That of all parameters, as a rule, so that the second step need not prepare it.
                scratch = backend.step_scratch(some) if new and old else bucket.scratch
                update(group, backend, theirs, some, buffers, lr, scratch, dampening, scaling)


def update(
    group: Group,
    backend: Any,
    params: list[Tensor],
    arrays: list[Array],
    buffers: list[Array],
    lr: Array,
    scratch: Any,
    dampening: float,
    scaling: dict[str, Array],
) -> None:
    """Let the backend change the parameters, and record that they are changed."""
    backend.sgd_step(
        arrays,
        gradients(params),
        buffers,
        lr,
        scratch,
        momentum=group["momentum"],
        dampening=dampening,
        weight_decay=group["weight_decay"],
        nesterov=group["nesterov"],
        maximize=group["maximize"],
        **scaling,
    )
    mark_changed(params, scaling)
