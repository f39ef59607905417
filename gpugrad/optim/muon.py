"""Muon."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ..autograd.engine import wrap
from ..autograd.grad_mode import no_grad
from ..creation import zeros_like
from ..tensor import Tensor
from .buckets import Group
from .hyperparameters import Option, operand, rest
from .optimizer import Optimizer, Params
from .options import check_lr

_ADJUSTMENTS = (None, "original", "match_rms_adamw")


class Muon(Optimizer):
    """Momentum whose every step is made orthogonal, for the matrices of hidden layers.

    ::

        m = momentum * m + (1 - momentum) * grad
        g = momentum * m + (1 - momentum) * grad     (nesterov; otherwise m)
        o = g brought near to the closest orthogonal matrix by Newton-Schulz iteration
        p = p * (1 - lr * weight_decay) - lr * adjustment * o

    Biases, embeddings and the last layer belong to another optimizer, such as ``AdamW``.

    Args:
        params: matrices, pairs (name, matrix), or dictionaries with ``"params"`` and options.
        lr: learning rate, a number or a tensor of one element.
        weight_decay: strength of the pull towards zero, apart from the gradient.
        momentum: how much of the running mean of the gradient remains.
        nesterov: look ahead by one step.
        ns_coefficients: the coefficients of x, x³ and x⁵ in an iteration.
        eps: keeps the norm that a gradient is divided by away from zero.
        ns_steps: how many iterations.
        adjust_lr_fn: how the step depends on the shape (A, B): ``"original"``, the default, takes
            sqrt(max(1, A / B)), ``"match_rms_adamw"`` 0.2 · sqrt(max(A, B)).

    State: ``momentum_buffer``, like the parameter.

    Raises:
        ValueError: an option out of range, or a parameter that is no matrix.

    Source: Jordan et al., "Muon: an optimizer for hidden layers in neural networks" (2024). The
    iteration works on bfloat16 numbers with float32 products, as PyTorch's.

    >>> import gpugrad
    >>> w = gpugrad.ones(2, 2, requires_grad=True)
    >>> optimizer = gpugrad.optim.Muon([w], lr=0.5, weight_decay=0.0)
    >>> (w @ gpugrad.tensor([1.0, 2.0])).sum().backward()
    >>> optimizer.step()
    >>> bool((w < 1).all())
    True
    """

    _numbers = (Option("momentum"), Option("weight_decay"))

    def __init__(
        self,
        params: Params,
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        if isinstance(lr, Tensor):
            check_lr(lr)
        for name, value in (
            ("Learning rate", lr),
            ("momentum", momentum),
            ("weight decay", weight_decay),
        ):
            if not value >= 0.0:
                raise ValueError(f"{name} should be >= 0 but is: {value}")
        if adjust_lr_fn not in _ADJUSTMENTS:
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                if p.dim() != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters whereas we found a parameter with size: "
                        f"{p.size()}"
                    )

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient; returns what ``closure`` returns."""
        loss = self._evaluate(closure)
        with no_grad():
            for group, bucket, params, _ in self._work():
                lr: Any = wrap(bucket.lr.array)
                for p in params:
                    self._update(group, p, lr)
        return loss

    def _update(self, group: Group, p: Tensor, lr: Tensor) -> None:
        if p.grad.dim() != 2:
            raise ValueError("Param gradient must be a 2D matrix")
        state = self.state[p]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = zeros_like(p, requires_grad=False)
        mean = state["momentum_buffer"]
        mean.lerp_(p.grad, rest(group["momentum"], p.dtype))
        direction = mean
        if group["nesterov"]:
            direction = p.grad.lerp(mean, operand(group["momentum"], p.dtype))
        step = _orthogonal(direction, group["ns_coefficients"], group["ns_steps"], group["eps"])
        p.mul_((1 - lr * operand(group["weight_decay"], lr.dtype)).to(p.dtype))
        factor = lr * _adjustment(group["adjust_lr_fn"], p.size(0), p.size(1))
        p.sub_(step.to(p.dtype) * factor.to(p.dtype))


def _adjustment(name: str | None, rows: int, columns: int) -> float:
    if name == "match_rms_adamw":
        return 0.2 * math.sqrt(max(rows, columns))
    return math.sqrt(max(1.0, rows / columns))


def _orthogonal(
    matrix: Tensor, coefficients: tuple[float, float, float], steps: int, eps: float
) -> Tensor:
    """A matrix with the singular vectors of the one given and singular values near one.

    x ← a · x + b · (x xᵀ) x + c · (x xᵀ)² x, from x of norm at most one.
    """
    if steps >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if len(coefficients) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")
    a, b, c = coefficients
    tall = matrix.size(0) > matrix.size(1)
    x = _rounded(matrix.t() if tall else matrix)
    x = _rounded(x / _rounded(x.norm()).clamp(min=eps))
    for _ in range(steps):
        gram = _rounded(x @ x.t())
        change = _rounded(gram * b + (gram @ gram) * c)
        x = _rounded(x * a + change @ x)
    result: Tensor = x.t() if tall else x
    return result


def _rounded(x: Tensor) -> Tensor:
    """To the nearest number that bfloat16 has, in float32."""
    result: Tensor = x.bfloat16().float()
    return result
