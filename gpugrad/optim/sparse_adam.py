"""SparseAdam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor import Tensor
from .optimizer import Optimizer, Params
from .options import check_betas, check_lr, check_not_negative


class SparseAdam(Optimizer):
    """Adam for sparse gradients, of which there are none here: a program can name it, not step.

    Args:
        params: tensors, pairs (name, tensor), or dictionaries with ``"params"`` and options.
        lr: learning rate, a number or a tensor of one element, greater than 0.
        betas: how much of the running means of gradient and squared gradient remains.
        eps: keeps the denominator away from zero.
        maximize: go up the gradient instead of down.

    Raises:
        ValueError: an option out of range.
        RuntimeError: by :meth:`step`, where there is a gradient: it is dense.

    >>> import gpugrad
    >>> optimizer = gpugrad.optim.SparseAdam([gpugrad.ones(2, requires_grad=True)])
    >>> optimizer.param_groups[0]["lr"]
    0.001
    """

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> None:
        check_lr(lr)
        if not lr > 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        check_not_negative(epsilon=eps)
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Evaluates ``closure``, and refuses the gradients that there are."""
        loss = self._evaluate(closure)
        if any(p.gradient is not None for group in self.param_groups for p in group["params"]):
            raise RuntimeError(
                "SparseAdam does not support dense gradients, please consider Adam instead"
            )
        return loss
