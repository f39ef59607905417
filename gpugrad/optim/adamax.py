"""Adamax."""

from __future__ import annotations

from typing import Any, ClassVar

from ..tensor import Tensor
from . import tensor_steps
from .buckets import Group
from .hyperparameters import BETAS, Option
from .listed import ListedOptimizer
from .optimizer import Params
from .options import check_adam, check_options


class Adamax(ListedOptimizer):
    """Adam with the largest recent gradient in the place of the mean square.

    ::

        g = grad + weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        u = max(beta2 * u, abs(g) + eps)
        p = p - lr / (1 - beta1**t) * m / u

    Args:
        params: tensors, pairs (name, tensor), or dictionaries with ``"params"`` and options.
        lr: learning rate, a number or a tensor of one element.
        betas: how much of the running mean of the gradient and of its largest value remains.
        eps: keeps the denominator away from zero.
        weight_decay: strength of the pull towards zero (L2 penalty).
        maximize: go up the gradient instead of down.
        foreach, capturable: accepted; lists of parameters are always updated together and step
            counts always live beside the parameters.
        differentiable: record the update, so that one can differentiate through it.

    State: ``step`` (0-d, float32), ``exp_avg`` and ``exp_inf``, like the parameter.

    Raises:
        ValueError: a negative option, or a beta outside of 0 <= beta < 1.

    Source: Kingma and Ba, "Adam: a method for stochastic optimization" (2015).

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.Adamax([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.9000, 1.9000], requires_grad=True)
    """

    _recorded_step = staticmethod(tensor_steps.adamax)
    _backend_step: ClassVar[str] = "adamax_step"
    _like_params: ClassVar[tuple[str, ...]] = ("exp_avg", "exp_inf")
    _numbers = (*BETAS, Option("eps"), Option("weight_decay"))

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_adam(lr, betas, eps, weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        check_options(defaults)
        super().__init__(params, defaults)

    def _options(self, group: Group) -> dict[str, Any]:
        beta1, beta2 = group["betas"]
        return {
            "beta1": beta1,
            "beta2": beta2,
            "eps": group["eps"],
            "weight_decay": group["weight_decay"],
            "maximize": group["maximize"],
        }
