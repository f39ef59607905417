"""Rprop."""

from __future__ import annotations

from typing import Any, ClassVar

from ..creation import full_like, zeros_like
from ..tensor import Tensor
from . import tensor_steps
from .buckets import Group
from .hyperparameters import Option
from .listed import ListedOptimizer
from .optimizer import Params
from .options import check_lr, check_options


class Rprop(ListedOptimizer):
    """Steps of which only the direction comes from the gradient; for gradients of all the data.

    ::

        c = grad * grad_before
        size = min(size * eta_plus, largest)       where c > 0
        size = max(size * eta_minus, smallest)     where c < 0, and grad = 0
        p = p - size * sign(grad)

    Args:
        params: tensors, pairs (name, tensor), or dictionaries with ``"params"`` and options.
        lr: the first ``size``, a number or a tensor of one element.
        etas: ``eta_minus`` and ``eta_plus``, by which a size shrinks and grows.
        step_sizes: the smallest and the largest size.
        maximize: go up the gradient instead of down.
        foreach, capturable: accepted; lists of parameters are always updated together and step
            counts always live beside the parameters.
        differentiable: record the update, so that one can differentiate through it.

    State: ``step`` (0-d, float32), ``prev`` and ``step_size``, like the parameter.

    Raises:
        ValueError: a negative ``lr``, or not 0 < eta_minus < 1 < eta_plus.

    Source: Riedmiller and Braun, "A direct adaptive method for faster backpropagation learning: the
    RPROP algorithm" (1993), without its way back after a change of sign.

    >>> import gpugrad
    >>> w = gpugrad.tensor([1.0, -2.0], requires_grad=True)
    >>> optimizer = gpugrad.optim.Rprop([w], lr=0.1)
    >>> for _ in range(2):
    ...     optimizer.zero_grad()
    ...     (w * w).sum().backward()
    ...     optimizer.step()
    >>> w
    tensor([ 0.7800, -1.7800], requires_grad=True)
    """

    _recorded_step = staticmethod(tensor_steps.rprop)
    _backend_step: ClassVar[str] = "rprop_step"
    _like_params: ClassVar[tuple[str, ...]] = ("prev", "step_size")
    _numbers = (Option("etas", 0), Option("etas", 1))

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        check_options(defaults)
        super().__init__(params, defaults)

    def _init_state(self, group: Group, p: Tensor, state: dict[str, Any]) -> None:
        state["prev"] = zeros_like(p, requires_grad=False)
        state["step_size"] = full_like(p, float(group["lr"]), requires_grad=False)

    def _options(self, group: Group) -> dict[str, Any]:
        eta_minus, eta_plus = group["etas"]
        smallest, largest = group["step_sizes"]
        return {
            "eta_minus": eta_minus,
            "eta_plus": eta_plus,
            "smallest": smallest,
            "largest": largest,
            "maximize": group["maximize"],
        }
