"""Adadelta."""

from __future__ import annotations

from typing import Any, ClassVar

from ..tensor import Tensor
from . import tensor_steps
from .buckets import Group
from .hyperparameters import Option
from .listed import ListedOptimizer
from .optimizer import Params
from .options import check_lr, check_not_negative, check_options


class Adadelta(ListedOptimizer):
    """Gradient descent with steps as long as the former ones, on average.

    ::

        g = grad + weight_decay * p
        v = rho * v + (1 - rho) * g**2
        delta = sqrt(u + eps) / sqrt(v + eps) * g
        u = rho * u + (1 - rho) * delta**2
        p = p - lr * delta

    Args:
        params: tensors, pairs (name, tensor), or dictionaries with ``"params"`` and options.
        lr: what each step is multiplied by, a number or a tensor of one element.
        rho: how much of the running means of the squares remains.
        eps: keeps the denominator away from zero, and the first step.
        weight_decay: strength of the pull towards zero (L2 penalty).
        maximize: go up the gradient instead of down.
        foreach, capturable: accepted; lists of parameters are always updated together and step
            counts always live beside the parameters.
        differentiable: record the update, so that one can differentiate through it.

    State: ``step`` (0-d, float32), ``square_avg`` and ``acc_delta``, like the parameter.

    Raises:
        ValueError: a negative option, or ``rho`` above 1.

    Source: Zeiler, "Adadelta: an adaptive learning rate method" (2012).

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.Adadelta([w], eps=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.1056, 1.0299], requires_grad=True)
    """

    _recorded_step = staticmethod(tensor_steps.adadelta)
    _backend_step: ClassVar[str] = "adadelta_step"
    _like_params: ClassVar[tuple[str, ...]] = ("square_avg", "acc_delta")
    _numbers = (Option("rho"), Option("eps"), Option("weight_decay"))
    _wide_lr: ClassVar[bool] = False

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_not_negative(epsilon=eps, weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        check_options(defaults)
        super().__init__(params, defaults)

    def _options(self, group: Group) -> dict[str, Any]:
        return {
            "rho": group["rho"],
            "eps": group["eps"],
            "weight_decay": group["weight_decay"],
            "maximize": group["maximize"],
        }
