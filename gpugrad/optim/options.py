"""Options that every optimizer has."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor


def check_options(options: dict[str, Any]) -> None:
    """Refuse the combinations of ``fused``, ``foreach`` and ``differentiable`` that PyTorch does,
    and ``differentiable`` in any case: steps here write over arrays and record nothing.
    """
    if options.get("fused"):
        if options["differentiable"]:
            raise RuntimeError("`fused` does not support `differentiable`")
        if options["foreach"]:
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if options["differentiable"]:
        raise NotImplementedError(
            "differentiable=True is not supported: write the update with tensor operations"
        )


def check_lr(lr: Any) -> None:
    """Refuse a learning rate below zero or of several elements."""
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not lr >= 0.0:
        raise ValueError(f"Invalid learning rate: {lr}")
