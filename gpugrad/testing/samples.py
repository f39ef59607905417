"""Tensors with random content, to test with."""

from __future__ import annotations

import math
from typing import Any

from .. import dtypes, limits
from ..creation import empty
from ..random import randint
from ..shape_arguments import parse_size


def make_tensor(
    *shape: Any,
    dtype: Any,
    device: Any,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Any:
    """A tensor with uniform random elements in [``low``, ``high``).

    Args:
        shape: a sequence or separate ints.
        dtype, device: of the tensor.
        low, high: by default -9 and 9 for floating types, -9 and 10 for signed ints, 0 and 10 for
            unsigned ones, 0 and 2 for bool; a limit beyond the type's range is moved into it.
        requires_grad: of the tensor, which must be of a floating type then.
        noncontiguous: every other element of twice the memory.
        exclude_zero: replace zeros by the smallest positive number of the type.
        memory_format: accepted for PyTorch's sake.

    Raises:
        ValueError: ``low`` is not below ``high``, one of them is nan, or gradients are wanted of
            whole numbers.

    >>> import gpugrad
    >>> x = gpugrad.testing.make_tensor(2, 3, dtype=gpugrad.int32, device="cpu", low=0, high=5)
    >>> x.shape, bool((x < 5).all())
    (torch.Size([2, 3]), True)
    """
    kind = dtypes.as_dtype(dtype)
    given = shape[0] if len(shape) == 1 and not isinstance(shape[0], int) else shape
    size = tuple(parse_size("make_tensor", given))
    if noncontiguous and size:
        size = (*size[:-1], 2 * size[-1])
    if requires_grad and not kind.is_floating_point:
        raise ValueError(
            "`requires_grad=True` is not supported for boolean and integral dtypes, but got "
            f"dtype={kind}"
        )
    lowest, above = _limits(kind, low, high)
    if not kind.is_floating_point:
        result = randint(int(lowest), int(above), size, dtype=kind, device=device)
    elif above - lowest >= limits.finfo(kind).max:
        result = empty(size, dtype=kind, device=device).uniform_(lowest / 2, above / 2).mul_(2)
    else:
        result = empty(size, dtype=kind, device=device).uniform_(lowest, above)
    if exclude_zero:
        tiny = limits.finfo(kind).tiny if kind.is_floating_point else 1
        result[result == 0] = tiny
    if noncontiguous and size:
        result = result[..., 1::2]
    return result.requires_grad_() if requires_grad else result


def _limits(kind: dtypes.dtype, low: float | None, high: float | None) -> tuple[float, float]:
    """The limits that were given, or those of the type, inside of the type's range."""
    lowest: float = -9 if kind.is_signed else 0
    above: float = 2 if kind is dtypes.bool_ else 9 if kind.is_floating_point else 10
    lowest, above = lowest if low is None else low, above if high is None else high
    if math.isnan(lowest) or math.isnan(above):
        raise ValueError(f"`low` and `high` cannot be NaN, but got low={lowest} and high={above}")
    if lowest >= above:
        raise ValueError(f"`low` must be less than `high`, but got {lowest} >= {above}")
    if kind is dtypes.bool_:
        return lowest, above
    if kind.is_floating_point:
        most = limits.finfo(kind).max
        return float(max(lowest, -most)), float(min(above, most))
    range_ = limits.iinfo(kind)
    return max(lowest, range_.min), min(above, range_.max + 1)
