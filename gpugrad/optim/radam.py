"""RAdam."""

from __future__ import annotations

from typing import Any, ClassVar

from ..tensor import Tensor
from . import tensor_steps
from .buckets import Group
from .hyperparameters import BETAS, Option
from .listed import ListedOptimizer
from .optimizer import Params
from .options import check_adam, check_options


class RAdam(ListedOptimizer):
    """Adam that divides by the root of the mean square only once that is known well enough.

    ::

        g = grad + weight_decay * p
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        rho_inf = 2 / (1 - beta2) - 1
        rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
        r = sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
        a = r * sqrt(1 - beta2**t) / (sqrt(v) + eps) if rho > 5 else 1
        p = p - lr * m / (1 - beta1**t) * a

    Args:
        params: tensors, pairs (name, tensor), or dictionaries with ``"params"`` and options.
        lr: learning rate, a number or a tensor of one element.
        betas: how much of the running means of the gradient and of its square remains.
        eps: keeps the denominator away from zero.
        weight_decay: strength of the pull towards zero (L2 penalty).
        decoupled_weight_decay: shrink the parameter itself by ``1 - lr * weight_decay`` and leave
            the gradient as it is.
        maximize: go up the gradient instead of down.
        foreach, capturable: accepted; lists of parameters are always updated together and step
            counts always live beside the parameters.
        differentiable: record the update, so that one can differentiate through it.

    State: ``step`` (0-d, float32), ``exp_avg`` and ``exp_avg_sq``, like the parameter.

    Raises:
        ValueError: a negative option, or a beta outside of 0 <= beta < 1.

    Source: Liu and others, "On the variance of the adaptive learning rate and beyond" (2020).

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.RAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8000, 1.6000], requires_grad=True)
    """

    _recorded_step = staticmethod(tensor_steps.radam)
    _backend_step: ClassVar[str] = "radam_step"
    _like_params: ClassVar[tuple[str, ...]] = ("exp_avg", "exp_avg_sq")
    _numbers = (BETAS[0], Option("betas", 1, 2 / 3), Option("eps"), Option("weight_decay"))

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_adam(lr, betas, eps, weight_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
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
            "decoupled": group["decoupled_weight_decay"],
            "maximize": group["maximize"],
        }
