"""The cross entropy of a linear layer's results."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any

from ... import dtypes
from ...tensor import Tensor
from .classification import cross_entropy
from .linear import linear

_POLICIES = ("auto", "accurate", "balanced", "compact")
_REDUCTIONS = ("mean", "sum", "none")
_NO_LABEL = -100


@dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """How PyTorch divides :func:`linear_cross_entropy` into parts; checked, and without effect.

    The logits of a batch are computed at once here, whatever the options say.

    Raises:
        ValueError: a value that PyTorch does not know.

    >>> import gpugrad
    >>> gpugrad.nn.LinearCrossEntropyOptions(batch_chunk_size=8).acc_policy
    'auto'
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        if self.acc_policy not in _POLICIES:
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        method, size = self.chunking_method, self.batch_chunk_size
        if method not in (None, "auto"):
            name, colon, parts = str(method).partition(":")
            counted = parts.isdigit() and int(parts) > 0 if colon else True
            if name != "aspect_ratio" or not counted:
                raise ValueError(f"invalid chunking_method: {method!r}")
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        if self.acc_dtype is not None and not self.acc_dtype.is_floating_point:
            raise ValueError(
                "acc_dtype must be one of {None, torch.float16, torch.bfloat16, torch.float32, "
                f"torch.float64}}, got {self.acc_dtype!r}. Pass acc_dtype=None to let the op pick "
                "automatically."
            )


def linear_cross_entropy(
    input: Tensor,
    linear_weight: Tensor,
    target: Tensor,
    *,
    linear_bias: Tensor | None = None,
    weight: Tensor | None = None,
    reduction: str = "mean",
    ignore_index: int | None = None,
    label_smoothing: float = 0.0,
    options: LinearCrossEntropyOptions | None = None,
) -> Tensor:
    """:func:`cross_entropy` of ``linear(input, linear_weight, linear_bias)``.

    Args:
        weight: a factor for each class.
        ignore_index: a class that does not count; for targets of class indices only.
        label_smoothing: as in :func:`cross_entropy`.
        options: accepted for PyTorch's sake.

    Shape:
        input (N, E) or (E), linear_weight (C, d1, …, E), linear_bias (C, d1, …), target
        (N, d1, …) of class indices or (N, C, d1, …) of probabilities.

    Raises:
        RuntimeError: shapes that do not fit, or ``ignore_index`` beside probabilities.

    >>> import gpugrad
    >>> x, eye = gpugrad.tensor([[0.0, 0.0]]), gpugrad.eye(2)
    >>> gpugrad.nn.functional.linear_cross_entropy(x, eye, gpugrad.tensor([1]))
    tensor(0.6931)
    """
    if input.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    if linear_weight.dim() < 2:
        raise RuntimeError(
            f"expected linear_weight with dimensionality at least 2, got {linear_weight.dim()}"
        )
    features = input.size(-1)
    classes, *extra, columns = linear_weight.shape
    if features != columns:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{features} and {columns}, respectively"
        )
    if linear_bias is not None and tuple(linear_bias.shape) != (classes, *extra):
        raise RuntimeError(
            f"expected linear_bias shape {(classes, *extra)}, got {tuple(linear_bias.shape)}"
        )
    if extra and input.dim() == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} "
            f"requires batched input, (N, {features}), got unbatched input with shape "
            f"{tuple(input.shape)}"
        )
    shape = (*input.shape[:-1], classes, *extra)
    if tuple(target.shape) == shape and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    if options is not None:
        _check_options(tuple(extra), reduction, label_smoothing, target, linear_bias)
    rows = math.prod(extra, start=classes)
    bias = None if linear_bias is None else linear_bias.reshape(rows)
    logits = linear(input, linear_weight.reshape(rows, features), bias).reshape(shape)
    return cross_entropy(
        logits,
        target,
        weight=weight,
        reduction=reduction,
        ignore_index=_NO_LABEL if ignore_index is None else ignore_index,
        label_smoothing=label_smoothing,
    )


def _check_options(
    extra: tuple[int, ...],
    reduction: str,
    label_smoothing: float,
    target: Tensor,
    bias: Tensor | None,
) -> None:
    """Warn as PyTorch does of what its own division into parts cannot do."""
    whole = target.dtype is dtypes.int64 and not extra
    if whole and reduction in _REDUCTIONS and label_smoothing == 0.0:
        return
    warnings.warn(
        "linear_cross_entropy: ``options`` ignored; chunked path needs reduction in "
        "{'mean','sum','none'}, label_smoothing == 0, target.dtype == int64, out_features == (). "
        f"Got reduction={reduction!r}, label_smoothing={label_smoothing}, "
        f"target.dtype={target.dtype}, out_features={extra}, tracing=False, linear_bias.shape="
        f"{None if bias is None else tuple(bias.shape)}.",
        stacklevel=3,
    )
