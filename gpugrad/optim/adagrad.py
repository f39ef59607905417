"""Adagrad."""

from __future__ import annotations

from typing import Any, ClassVar

from ..creation import full_like, zeros
from ..tensor import Tensor
from . import tensor_steps
from .buckets import Group
from .hyperparameters import Option
from .listed import ListedOptimizer
from .optimizer import Params, step_dtype
from .options import check_lr, check_not_negative, check_options


class Adagrad(ListedOptimizer):
    """Gradient descent with each gradient divided by the root of the sum of all its squares.

    ::

        g = grad + weight_decay * p
        h = h + g**2
        p = p - lr / (1 + (t - 1) * lr_decay) * g / (sqrt(h) + eps)

    Args:
        params: tensors, pairs (name, tensor), or dictionaries with ``"params"`` and options.
        lr: learning rate, a number or a tensor of one element.
        lr_decay: how fast the learning rate falls.
        weight_decay: strength of the pull towards zero (L2 penalty).
        initial_accumulator_value: where ``h`` begins.
        eps: keeps the denominator away from zero.
        maximize: go up the gradient instead of down.
        foreach, fused: accepted; lists of parameters are always updated together.
        differentiable: record the update, so that one can differentiate through it.

    State, from the beginning: ``step`` (0-d, float32) and ``sum``, like the parameter.

    Raises:
        ValueError: a negative option.

    Source: Duchi and others, "Adaptive subgradient methods for online learning and stochastic
    optimization" (2011).

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.Adagrad([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    tensor([0.5000, 1.5000], requires_grad=True)
    """

    _recorded_step = staticmethod(tensor_steps.adagrad)
    _backend_step: ClassVar[str] = "adagrad_step"
    _like_params: ClassVar[tuple[str, ...]] = ("sum",)
    _numbers = (Option("lr_decay"), Option("eps"), Option("weight_decay"))

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_not_negative(
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            epsilon=eps,
        )
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        check_options(defaults)
        super().__init__(params, defaults)
        for group in self.param_groups:
            counts: dict[Any, Tensor] = {}
            for p in group["params"]:
                key = (p.device, p.dtype)
                if key not in counts:
                    counts[key] = zeros((), dtype=step_dtype(), device=p.device)
                state = self.state[p]
                state["step"] = counts[key]
                self._init_state(group, p, state)

    def _init_state(self, group: Group, p: Tensor, state: dict[str, Any]) -> None:
        state["sum"] = full_like(p, self.defaults["initial_accumulator_value"], requires_grad=False)

    def _options(self, group: Group) -> dict[str, Any]:
        return {
            "lr_decay": group["lr_decay"],
            "eps": group["eps"],
            "weight_decay": group["weight_decay"],
            "maximize": group["maximize"],
        }
