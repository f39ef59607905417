"""SparseAdam."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.grad_mode import no_grad
from ..creation import zeros, zeros_like
from ..dtypes import float64
from ..tensor import Tensor
from .optimizer import Optimizer, Params
from .options import check_betas, check_lr, check_not_negative


class SparseAdam(Optimizer):
    """Adam for embeddings with ``sparse=True``: rows without a gradient keep value and moments.

    ::

        m = m + (1 - beta1) * (grad - m)                      in these rows
        v = v + (1 - beta2) * (grad**2 - v)
        p = p - lr * sqrt(1 - beta2**t) / (1 - beta1**t) * m / (sqrt(v) + eps)

    A row counts as one without a gradient if all of its gradient is 0.

    Args:
        params: tensors, pairs (name, tensor), or dictionaries with ``"params"`` and options.
        lr: learning rate, a number or a tensor of one element, greater than 0.
        betas: how much of the running means of gradient and squared gradient remains.
        eps: keeps the denominator away from zero.
        maximize: go up the gradient instead of down.

    Raises:
        ValueError: an option out of range.
        RuntimeError: by :meth:`step`, for a parameter that was not looked up with ``sparse=True``.

    State: ``step``, ``exp_avg`` and ``exp_avg_sq``.

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
        """Evaluates ``closure``, and moves the rows that have a gradient."""
        loss = self._evaluate(closure)
        with no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        self._move(p, p.grad, group)
        return loss

    def _move(self, p: Any, grad: Any, group: dict[str, Any]) -> None:
        if not getattr(p, "looked_up_by_rows", False):
            raise RuntimeError(
                "SparseAdam does not support dense gradients, please consider Adam instead"
            )
        state = self.state[p]
        if not state:
            # In double precision, as is what is made of it: 1 - beta2 is small at first.
            state["step"] = zeros((), dtype=float64, device=p.device)
            state["exp_avg"], state["exp_avg_sq"] = zeros_like(p), zeros_like(p)
        step, mean, square = state["step"], state["exp_avg"], state["exp_avg_sq"]
        step += 1
        if group["maximize"]:
            grad = -grad
        beta1, beta2 = group["betas"]
        rows = (grad != 0).flatten(1).any(1) if grad.dim() > 1 else grad != 0
        rows = rows.reshape((-1, *(1,) * (grad.dim() - 1)))
        mean += (1 - beta1) * (grad - mean) * rows
        square += (1 - beta2) * (grad.square() - square) * rows
        size = group["lr"] * (1 - beta2**step).sqrt() / (1 - beta1**step)
        p -= size.to(p.dtype) * mean / (square.sqrt() + group["eps"]) * rows
