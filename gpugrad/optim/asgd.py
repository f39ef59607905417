"""Averaged stochastic gradient descent."""

from __future__ import annotations

from typing import Any, ClassVar

from ..creation import full, ones
from ..tensor import Tensor
from . import tensor_steps
from .buckets import Group
from .hyperparameters import Option
from .listed import ListedOptimizer
from .optimizer import Params, step_dtype
from .options import check_lr, check_not_negative, check_options


class ASGD(ListedOptimizer):
    """Gradient descent with a falling learning rate, and the average of the parameters beside it.

    ::

        g = grad + weight_decay * p
        p = p * (1 - lambd * eta) - eta * g
        ax = p if mu == 1 else ax + mu * (p - ax)
        eta = lr / (1 + lambd * lr * t) ** alpha
        mu = 1 / max(1, t - t0)

    The average is ``optimizer.state[p]["ax"]``; the parameters themselves are those of the descent.

    Args:
        params: tensors, pairs (name, tensor), or dictionaries with ``"params"`` and options.
        lr: learning rate, a number or a tensor of one element.
        lambd: how fast the learning rate falls, and how strong its pull towards zero is.
        alpha: the power with which it falls.
        t0: the step at which averaging begins.
        weight_decay: strength of the pull towards zero (L2 penalty).
        maximize: go up the gradient instead of down.
        foreach, capturable: accepted; lists of parameters are always updated together and step
            counts always live beside the parameters.
        differentiable: record the update, so that one can differentiate through it.

    State: ``step``, ``eta`` and ``mu`` (0-d, float32), and ``ax``, like the parameter.

    Raises:
        ValueError: a negative ``lr`` or ``weight_decay``.

    Source: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992).

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.ASGD([w], lr=0.25, t0=1)
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     w.sum().backward()
    ...     optimizer.step()
    >>> optimizer.state[w]["ax"]
    tensor([0.2500, 1.2499])
    """

    _recorded_step = staticmethod(tensor_steps.asgd)
    _backend_step: ClassVar[str] = "asgd_step"
    _like_params: ClassVar[tuple[str, ...]] = ("ax",)
    _beside_step: ClassVar[tuple[str, ...]] = ("eta", "mu")
    _numbers = (Option("lambd"), Option("alpha"), Option("t0"), Option("weight_decay"))

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_not_negative(weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        check_options(defaults)
        super().__init__(params, defaults)

    def _init_state(self, group: Group, p: Tensor, state: dict[str, Any]) -> None:
        state["eta"] = full((), float(group["lr"]), dtype=step_dtype(), device=p.device)
        state["mu"] = ones((), dtype=step_dtype(), device=p.device)
        super()._init_state(group, p, state)

    def _options(self, group: Group) -> dict[str, Any]:
        return {
            "lambd": group["lambd"],
            "alpha": group["alpha"],
            "t0": group["t0"],
            "weight_decay": group["weight_decay"],
            "maximize": group["maximize"],
        }
