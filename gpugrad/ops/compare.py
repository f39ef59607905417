"""Comparisons, logic and tests: results without gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.engine import TensorBase, wrap
from ..backend import BACKENDS
from .arguments import word
from .binary import Binary
from .operands import explain, harmonise, narrow, with_number


def _described(says: str, call: str, result: str) -> str:
    return f"{says}\n\n    >>> import gpugrad\n    >>> {call}\n    {result}\n    "


def _binary(
    primitive: str, says: str, call: str, result: str, only_integers: bool = False
) -> Callable[[Any, Any], Any]:
    def function(input: Any, other: Any) -> Any:
        if isinstance(input, TensorBase) and isinstance(other, TensorBase):
            x, y = input, other
            if x.array.dtype is not y.array.dtype or type(x.array) is not type(y.array):
                x, y = harmonise(x, y, False)
        else:
            prepared = with_number(input, other, False)
            if prepared is None:
                return NotImplemented
            x, y = prepared
        a = x.array if isinstance(x, TensorBase) else x
        b = y.array if isinstance(y, TensorBase) else y
        sample = a if isinstance(x, TensorBase) else b
        if only_integers and sample.dtype.kind not in "iub":
            kernel = primitive.replace("left_", "l").replace("right_", "r")
            raise NotImplementedError(f"\"{kernel}_cpu\" not implemented for '{word(sample)}'")
        xp = BACKENDS[type(sample)]
        if sample.dtype.itemsize < 8 and sample.dtype.kind in "iu":
            a, b = _wrapped(a, b)
        try:
            out = getattr(xp, primitive)(a, b)
        except ValueError as error:
            raise explain(Binary, a, b, error) from None
        except OverflowError:
            a, b = narrow(a, b)
            out = getattr(xp, primitive)(a, b)
        return wrap(out if type(out) is type(sample) else xp.asarray(out))

    function.__name__ = function.__qualname__ = primitive
    function.__doc__ = _described(f"{says} Tensors broadcast.", call, result)
    return function


def _wrapped(a: Any, b: Any) -> Any:
    """A whole number beside an array of a narrow type wraps round into that type."""
    for array, number in ((a, b), (b, a)):
        if number.__class__ is int and hasattr(array, "dtype"):
            bits, signed = 8 * array.dtype.itemsize, array.dtype.kind == "i"
            low = -(1 << (bits - 1)) if signed else 0
            if not low <= number < low + (1 << bits):
                return narrow(a, b)
    return a, b


def _unary(primitive: str, says: str, call: str, result: str) -> Callable[[Any], Any]:
    def function(input: Any) -> Any:
        xp = BACKENDS[type(input.array)]
        return wrap(xp.asarray(getattr(xp, primitive)(input.array)))

    function.__name__ = function.__qualname__ = primitive
    function.__doc__ = _described(says, call, result)
    return function


eq = _binary(
    "eq",
    "``input == other``, element by element, as bools.",
    "gpugrad.eq(gpugrad.tensor([1, 2, 3]), 2)",
    "tensor([False,  True, False])",
)
ne = _binary(
    "ne",
    "``input != other``, element by element, as bools.",
    "gpugrad.ne(gpugrad.tensor([1, 2, 3]), 2)",
    "tensor([ True, False,  True])",
)
lt = _binary(
    "lt",
    "``input < other``, element by element, as bools.",
    "gpugrad.lt(gpugrad.tensor([1, 2, 3]), 2)",
    "tensor([ True, False, False])",
)
le = _binary(
    "le",
    "``input <= other``, element by element, as bools.",
    "gpugrad.le(gpugrad.tensor([1, 2, 3]), 2)",
    "tensor([ True,  True, False])",
)
gt = _binary(
    "gt",
    "``input > other``, element by element, as bools.",
    "gpugrad.gt(gpugrad.tensor([1, 2, 3]), 2)",
    "tensor([False, False,  True])",
)
ge = _binary(
    "ge",
    "``input >= other``, element by element, as bools.",
    "gpugrad.ge(gpugrad.tensor([1, 2, 3]), 2)",
    "tensor([False,  True,  True])",
)
logical_and = _binary(
    "logical_and",
    "Whether both are true (not zero).",
    "gpugrad.logical_and(gpugrad.tensor([0, 2]), gpugrad.tensor(1))",
    "tensor([False,  True])",
)
logical_or = _binary(
    "logical_or",
    "Whether one or both are true (not zero).",
    "gpugrad.logical_or(gpugrad.tensor([0, 2]), gpugrad.tensor(0))",
    "tensor([False,  True])",
)
logical_xor = _binary(
    "logical_xor",
    "Whether exactly one is true (not zero).",
    "gpugrad.logical_xor(gpugrad.tensor([0, 2]), gpugrad.tensor(1))",
    "tensor([ True, False])",
)
bitwise_and = _binary(
    "bitwise_and",
    "The bits set in both integers or bools.",
    "gpugrad.bitwise_and(gpugrad.tensor([6, 5]), 4)",
    "tensor([4, 4])",
    True,
)
bitwise_or = _binary(
    "bitwise_or",
    "The bits set in one or both integers or bools.",
    "gpugrad.bitwise_or(gpugrad.tensor([6, 5]), 1)",
    "tensor([7, 5])",
    True,
)
bitwise_xor = _binary(
    "bitwise_xor",
    "The bits set in exactly one integer or bool.",
    "gpugrad.bitwise_xor(gpugrad.tensor([6, 5]), 4)",
    "tensor([2, 1])",
    True,
)
left_shift = _binary(
    "left_shift",
    "``input << other``, of integers.",
    "gpugrad.bitwise_left_shift(gpugrad.tensor([1, 2]), 3)",
    "tensor([ 8, 16])",
    True,
)
right_shift = _binary(
    "right_shift",
    "``input >> other``, of integers.",
    "gpugrad.bitwise_right_shift(gpugrad.tensor([8, 9]), 1)",
    "tensor([4, 4])",
    True,
)
logical_not = _unary(
    "logical_not",
    "Whether an element is zero.",
    "gpugrad.logical_not(gpugrad.tensor([0, 2]))",
    "tensor([ True, False])",
)
isnan = _unary(
    "isnan",
    "Whether an element is not a number.",
    "gpugrad.isnan(gpugrad.tensor([1.0, gpugrad.nan]))",
    "tensor([False,  True])",
)
isinf = _unary(
    "isinf",
    "Whether an element is infinite.",
    "gpugrad.isinf(gpugrad.tensor([1.0, -gpugrad.inf]))",
    "tensor([False,  True])",
)
isfinite = _unary(
    "isfinite",
    "Whether an element is neither infinite nor nan.",
    "gpugrad.isfinite(gpugrad.tensor([1.0, gpugrad.inf]))",
    "tensor([ True, False])",
)
signbit = _unary(
    "signbit",
    "Whether an element has its sign bit set.",
    "gpugrad.signbit(gpugrad.tensor([-0.0, 1.0]))",
    "tensor([ True, False])",
)


def bitwise_not(input: Any) -> Any:
    """All bits reversed; for bools, the opposite.

    >>> import gpugrad
    >>> gpugrad.bitwise_not(gpugrad.tensor([0, 5]))
    tensor([-1, -6])
    """
    array = input.array
    if array.dtype.kind not in "iub":
        raise NotImplementedError(f"\"bitwise_not_cpu\" not implemented for '{word(array)}'")
    xp = BACKENDS[type(array)]
    return wrap(xp.asarray(xp.bitwise_not(array)))


def invert(input: Any) -> Any:
    """What the operator ``~`` does."""
    if input.array.dtype.kind not in "iub":
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
        )
    return bitwise_not(input)


def isclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    """``|input - other| <= atol + rtol * |other|``, element by element.

    >>> import gpugrad
    >>> gpugrad.isclose(gpugrad.tensor([1.0, 2.0]), gpugrad.tensor([1.0, 2.1]))
    tensor([ True, False])
    """
    a, b = input.array, other.array
    for name, value in (("rtol", rtol), ("atol", atol)):
        if value < 0:
            raise RuntimeError(f"{name} must be greater than or equal to zero, but got {value:g}")
    if a.dtype != b.dtype:
        raise RuntimeError(f"{word(a)} did not match {word(b)}")
    xp = BACKENDS[type(a)]
    close = xp.eq(a, b)
    finite = xp.logical_and(xp.isfinite(a), xp.isfinite(b))
    near = close
    if a.dtype.kind != "b":
        near = xp.le(xp.abs(xp.sub(a, b)), xp.add(xp.mul(xp.abs(b), rtol), atol))
    close = xp.logical_or(close, xp.logical_and(finite, near))
    if equal_nan:
        close = xp.logical_or(close, xp.logical_and(xp.isnan(a), xp.isnan(b)))
    return wrap(xp.asarray(close))


def allclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether all elements are close, see :func:`isclose`.

    >>> import gpugrad
    >>> gpugrad.allclose(gpugrad.ones(2), gpugrad.ones(2) + 1e-9)
    True
    """
    close = isclose(input, other, rtol, atol, equal_nan).array
    xp = BACKENDS[type(close)]
    return bool(xp.to_host(xp.asarray(xp.all(close))))


def equal(input: Any, other: Any) -> bool:
    """Whether two tensors have the same shape and elements.

    >>> import gpugrad
    >>> gpugrad.equal(gpugrad.tensor([1, 2]), gpugrad.tensor([1, 2]))
    True
    """
    a, b = input.array, other.array
    if a.shape != b.shape:
        return False
    xp = BACKENDS[type(a)]
    return bool(xp.to_host(xp.asarray(xp.all(xp.eq(a, b)))))


def is_nonzero(input: Any) -> bool:
    """The truth of a single element. Raises RuntimeError for any other number of them.

    >>> import gpugrad
    >>> gpugrad.is_nonzero(gpugrad.tensor([0.0]))
    False
    """
    array = input.array
    if array.size != 1:
        if array.size == 0:
            raise RuntimeError("Boolean value of Tensor with no values is ambiguous")
        raise RuntimeError("Boolean value of Tensor with more than one value is ambiguous")
    return bool(BACKENDS[type(array)].to_host(array).item())
