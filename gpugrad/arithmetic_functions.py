"""``add``, ``matmul`` and other functions of arithmetic that take more than their operands."""

from __future__ import annotations

from typing import Any

from . import dtypes
from .autograd.engine import TensorBase
from .function_makers import as_operand, of_one, refuse
from .ops import arithmetic, power, rounding
from .ops import matmul as products
from .ops.arguments import word
from .ops.binary import Binary
from .ops.old_signatures import factor_first
from .ops.operands import cast
from .out_argument import check_overlap, checked_into, into
from .questions import result_type


def scaled(value: Any, alpha: Any, partner: Any) -> Any:
    """``alpha * value`` for a sum with ``partner``, in whose type ``alpha`` must fit."""
    if alpha == 1 and alpha is not True:
        return value
    kind = result_type(value, partner)
    if isinstance(alpha, bool) and kind is not dtypes.bool_:
        raise RuntimeError("Boolean alpha only supported for Boolean results.")
    if isinstance(alpha, float) and not kind.is_floating_point:
        raise RuntimeError(
            "For integral input tensors, argument alpha must not be a floating point number."
        )
    if kind is dtypes.bool_:
        if not isinstance(value, TensorBase):
            return bool(alpha)
        return cast(arithmetic.Mul.apply(value, int(alpha)), kind)
    return value * alpha


def add(input: Any, other: Any, *old: Any, alpha: Any = 1, out: Any = None) -> Any:
    """``input + alpha * other``, broadcast.

    >>> import gpugrad
    >>> gpugrad.add(gpugrad.ones(2), gpugrad.ones(2), alpha=3)
    tensor([4., 4.])
    """
    if old:
        other, alpha = factor_first("add", other, old)
    result = arithmetic.Add.apply(input, scaled(other, alpha, input))
    if result is NotImplemented and isinstance(other, (bool, int, float)):
        result = arithmetic.Add.apply(as_operand(input), scaled(other, alpha, as_operand(input)))
    if result is NotImplemented:
        raise refuse("add", input, other)
    return result if out is None else checked_into(out, result, "add", (input, other))


def sub(input: Any, other: Any, *old: Any, alpha: Any = 1, out: Any = None) -> Any:
    """``input - alpha * other``, broadcast.

    >>> import gpugrad
    >>> gpugrad.sub(gpugrad.tensor([3.0, 4.0]), 1, alpha=2)
    tensor([1., 2.])
    """
    if old:
        other, alpha = factor_first("sub", other, old)
    result = arithmetic.Sub.apply(input, scaled(other, alpha, input))
    if result is NotImplemented and isinstance(other, (bool, int, float)):
        result = arithmetic.Sub.apply(as_operand(input), scaled(other, alpha, as_operand(input)))
    if result is NotImplemented:
        raise refuse("sub", input, other)
    return result if out is None else checked_into(out, result, "sub", (input, other))


def matmul(input: Any, other: Any, *, out: Any = None) -> Any:
    result = products.matmul(input, other) if isinstance(input, TensorBase) else NotImplemented
    if result is NotImplemented:
        raise refuse("matmul", input, other)
    if out is None:
        return result
    check_overlap("matmul", out, (input, other))
    return into(out, result, "matmul")


matmul.__doc__ = products.matmul.__doc__


def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """``other - alpha * input``.

    >>> import gpugrad
    >>> gpugrad.rsub(gpugrad.tensor([3.0, 4.0]), 1)
    tensor([-2., -3.])
    """
    if not isinstance(input, TensorBase):
        raise refuse("rsub", input, other)
    return arithmetic.rsub(scaled(input, alpha, other), other)


_DIVISIONS = {
    None: arithmetic.Div,
    "floor": arithmetic.DivFloor,
    "trunc": arithmetic.DivTrunc,
}


def division(rounding_mode: str | None) -> type[Binary]:
    if rounding_mode not in _DIVISIONS:
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' but found "
            f"'{rounding_mode}'"
        )
    return _DIVISIONS[rounding_mode]


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Any:
    """``input / other``, optionally rounded by ``"floor"`` or ``"trunc"``.

    >>> import gpugrad
    >>> gpugrad.div(gpugrad.tensor([7.0, -7.0]), 2, rounding_mode="trunc")
    tensor([ 3., -3.])
    """
    result = division(rounding_mode).apply(input, other)
    if result is NotImplemented and isinstance(other, (bool, int, float)):
        result = division(rounding_mode).apply(as_operand(input), other)
    if result is NotImplemented:
        raise refuse("div", input, other)
    return result if out is None else checked_into(out, result, "div", (input, other))


def pow(input: Any, exponent: Any, *, out: Any = None) -> Any:
    """``input ** exponent``; either may be a number.

    >>> import gpugrad
    >>> gpugrad.pow(2, gpugrad.tensor([1.0, 3.0]))
    tensor([2., 8.])
    """
    result = power.power(input, exponent)
    if result is NotImplemented:
        raise refuse("pow", input, exponent)
    return result if out is None else checked_into(out, result, "pow", (input, exponent))


_square = of_one("square", power.Square)


def square(input: Any, *, out: Any = None) -> Any:
    """``input ** 2``; of bools int64.

    >>> import gpugrad
    >>> gpugrad.square(gpugrad.tensor([2.0, -3.0]))
    tensor([4., 9.])
    """
    if isinstance(input, TensorBase) and input.array.dtype.kind == "b":
        return pow(input, 2, out=out)
    return _square(input, out=out)


def round(input: Any, *, decimals: int | None = None, out: Any = None) -> Any:
    """The nearest integer, halves to even; or the nearest multiple of ``10**-decimals``.

    >>> import gpugrad
    >>> gpugrad.round(gpugrad.tensor([0.5, 1.5, 2.4]))
    tensor([0., 2., 2.])
    """
    if decimals is not None and input.array.dtype.kind in "iub":
        kernel = "round_cpu" if decimals else "round_vml_cpu"
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{word(input.array)}'")
    result = rounding.RoundTo.apply(input, decimals) if decimals else rounding.Round.apply(input)
    return result if out is None else checked_into(out, result, "round", (input,))
