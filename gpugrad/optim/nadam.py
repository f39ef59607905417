"""NAdam."""

from __future__ import annotations

from typing import Any, ClassVar

from ..creation import ones
from ..tensor import Tensor
from . import tensor_steps
from .buckets import Group
from .hyperparameters import BETAS, Option
from .listed import ListedOptimizer
from .optimizer import Params, step_dtype
from .options import check_adam, check_not_negative, check_options


class NAdam(ListedOptimizer):
    """Adam with Nesterov's momentum, which grows from step to step.

    ::

        g = grad + weight_decay * p
        mu(t) = beta1 * (1 - 0.96 ** (t * momentum_decay) / 2)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        n = (1 - mu(t)) * g / (1 - mu(1) * ... * mu(t))
            + mu(t + 1) * m / (1 - mu(1) * ... * mu(t + 1))
        p = p - lr * n / (sqrt(v / (1 - beta2**t)) + eps)

    Args:
        params: tensors, pairs (name, tensor), or dictionaries with ``"params"`` and options.
        lr: learning rate, a number or a tensor of one element.
        betas: how much of the running means of the gradient and of its square remains.
        eps: keeps the denominator away from zero.
        weight_decay: strength of the pull towards zero (L2 penalty).
        momentum_decay: how fast ``mu`` grows towards ``beta1``.
        decoupled_weight_decay: shrink the parameter itself by ``1 - lr * weight_decay`` and leave
            the gradient as it is.
        maximize: go up the gradient instead of down.
        foreach, capturable: accepted; lists of parameters are always updated together and step
            counts always live beside the parameters.
        differentiable: record the update, so that one can differentiate through it.

    State: ``step`` and ``mu_product`` (0-d, float32), ``exp_avg`` and ``exp_avg_sq``, like the
    parameter.

    Raises:
        ValueError: a negative option, or a beta outside of 0 <= beta < 1.

    Source: Dozat, "Incorporating Nesterov momentum into Adam" (2016).

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.NAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.8944, 1.8944], requires_grad=True)
    """

    _recorded_step = staticmethod(tensor_steps.nadam)
    _backend_step: ClassVar[str] = "nadam_step"
    _like_params: ClassVar[tuple[str, ...]] = ("exp_avg", "exp_avg_sq")
    _beside_step: ClassVar[tuple[str, ...]] = ("mu_product",)
    _numbers = (*BETAS, Option("eps"), Option("weight_decay"), Option("momentum_decay"))

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_adam(lr, betas, eps, weight_decay)
        check_not_negative(momentum_decay=momentum_decay)
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        check_options(defaults)
        super().__init__(params, defaults)

    def _init_state(self, group: Group, p: Tensor, state: dict[str, Any]) -> None:
        state["mu_product"] = ones((), dtype=step_dtype(), device=p.device)
        super()._init_state(group, p, state)

    def _options(self, group: Group) -> dict[str, Any]:
        beta1, beta2 = group["betas"]
        return {
            "beta1": beta1,
            "beta2": beta2,
            "eps": group["eps"],
            "weight_decay": group["weight_decay"],
            "momentum_decay": group["momentum_decay"],
            "decoupled": group["decoupled_weight_decay"],
            "maximize": group["maximize"],
        }
