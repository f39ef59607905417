"""Options that every optimizer has."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor


def check_options(options: dict[str, Any]) -> None:
    """Refuse combinations of ``fused``, ``foreach`` and ``differentiable`` as PyTorch does."""
    if options.get("fused"):
        if options["differentiable"]:
            raise RuntimeError("`fused` does not support `differentiable`")
        if options["foreach"]:
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


def check_lr(lr: Any) -> None:
    """Refuse a learning rate below zero or of several elements."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not lr >= 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")


def check_not_negative(**options: Any) -> None:
    """Refuse options below zero; the names are those in the messages."""
    for name, value in options.items():
        if not value >= 0.0:
            raise ValueError(f"Invalid {name} value: {value}")


def check_betas(betas: Any) -> None:
    """Refuse betas outside of 0 <= beta < 1."""
    for i in (0, 1):
        if not 0.0 <= betas[i] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {betas[i]}")


def check_adam(lr: Any, betas: Any, eps: Any, weight_decay: Any) -> None:
    """Refuse what Adam's variants refuse, the first such option first."""
    check_lr(lr)
    check_not_negative(epsilon=eps)
    check_betas(betas)
    check_not_negative(weight_decay=weight_decay)
