"""Common divisors, the parts of floating-point numbers, and what is real of a real number."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes, return_types
from ..autograd.composed import shown_as
from ..autograd.engine import CONSTANT, Node, TensorBase, wrap
from ..backend import BACKENDS
from .arguments import word
from .arithmetic import Mul
from .binary import ALWAYS, FOR_X, Binary
from .operands import cast, operands
from .power import power


class Logaddexp2(Binary):
    """``log2(2**x + 2**y)``"""

    primitive = "logaddexp2"
    floating = True
    keeps_x, keeps_y = ALWAYS, ALWAYS

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.sigmoid(xp.mul(xp.sub(self.x, self.y), math.log(2.0))))

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.sigmoid(xp.mul(xp.sub(self.y, self.x), math.log(2.0))))


class Frexp(Node):
    """A number between 0.5 and 1 and a power of two, whose product is the number."""

    __slots__ = ("scale",)
    saves = {"scale": CONSTANT}

    def forward(self, xp: Any, x: Any, exponent: Any) -> Any:
        self.scale = xp.cast(xp.exp2(xp.cast(xp.neg(exponent), np.dtype("float64"))), x.dtype)
        return xp.asarray(xp.mul(x, self.scale))

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.mul(grad, self.scale),)


# --- functions -----------------------------------------------------------------------------------


def logaddexp2(input: Any, other: Any) -> Any:
    """``log2(2**input + 2**other)``, without overflow.

    >>> import gpugrad
    >>> gpugrad.logaddexp2(gpugrad.tensor([1.0]), gpugrad.tensor([1.0]))
    tensor([2.])
    """
    _floating("logaddexp2", input, other)
    return Logaddexp2.apply(input, other)


def _two_tensors(name: str, input: Any, other: Any) -> None:
    for position, value in enumerate((input, other)):
        if not isinstance(value, TensorBase):
            raise TypeError(
                f"{name}(): argument '{('input', 'other')[position]}' (position {position + 1}) "
                f"must be Tensor, not {type(value).__name__}"
            )


def _without_gradient(
    name: str, kinds: str, says: str, shown: str
) -> tuple[Callable[..., Any], ...]:
    """A function of two tensors that is one of the array module's, and its form in place."""

    def function(input: Any, other: Any) -> Any:
        _two_tensors(name, input, other)
        x, y = operands(input, other, False)  # type: ignore[misc]
        xp = BACKENDS[type(x.array)]
        if x.array.dtype.kind not in kinds:
            raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{word(x.array)}'")
        return wrap(xp.asarray(getattr(xp.module, name)(x.array, y.array)))

    def inplace(input: Any, other: Any) -> Any:
        return input.copy_(function(input, other))

    function.__name__, inplace.__name__ = name, name + "_"
    call = f"gpugrad.{name}(gpugrad.tensor([12, 7]), gpugrad.tensor(8))"
    function.__doc__ = f"{says}\n\n    >>> import gpugrad\n    >>> {call}\n    {shown}\n    "
    inplace.__doc__ = f":func:`{name}` in place."
    return function, inplace


gcd, gcd_ = _without_gradient(
    "gcd",
    "iu",
    "The greatest common divisor of whole numbers. Tensors broadcast.",
    "tensor([4, 1])",
)
lcm, lcm_ = _without_gradient(
    "lcm",
    "iu",
    "The least common multiple of whole numbers. Tensors broadcast.",
    "tensor([24, 56])",
)


class Nextafter(Binary):
    """The next floating-point number after x in the direction of y; a gradient for x only."""

    primitive = "nextafter"
    keeps_x, keeps_y = FOR_X, FOR_X

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.cast(xp.ne(self.x, self.y), grad.dtype))

    def grad_y(self, xp: Any, grad: Any) -> Any:
        return xp.zeros_like(grad)


def nextafter(input: Any, other: Any) -> Any:
    """The next floating-point number after ``input`` in the direction of ``other``.

    >>> import gpugrad
    >>> gpugrad.nextafter(gpugrad.tensor(1.0), gpugrad.tensor(2.0)) - 1
    tensor(1.1921e-07)
    """
    _floating("nextafter", input, other)
    return Nextafter.apply(input, other)


def nextafter_(input: Any, other: Any) -> Any:
    """:func:`nextafter` in place."""
    _floating("nextafter", input, other)
    return Nextafter.apply_(input, other)


def _floating(name: str, input: Any, other: Any) -> None:
    _two_tensors(name, input, other)
    if all(v.array.dtype.kind not in "fV" for v in (input, other)):
        raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{word(input.array)}'")


def frexp(input: Any) -> Any:
    """``(mantissa, exponent)`` with ``input = mantissa * 2**exponent`` and |mantissa| in [0.5, 1).

    >>> import gpugrad
    >>> gpugrad.frexp(gpugrad.tensor([3.0, -0.5])).exponent
    tensor([2, 0], dtype=torch.int32)
    """
    array = input.array
    if array.dtype.kind not in "fV":
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    xp = BACKENDS[type(array)]
    exponent = xp.frexp_exponent(array)
    return return_types.frexp((Frexp.apply(input, exponent), wrap(exponent)))


@shown_as("LdexpBackward0")
def ldexp(input: Any, other: Any) -> Any:
    """``input * 2**other``.

    >>> import gpugrad
    >>> gpugrad.ldexp(gpugrad.tensor([1.0]), gpugrad.tensor([1, 2]))
    tensor([2., 4.])
    """
    _two_tensors("ldexp", input, other)
    return Mul.apply(input, power(2.0, other))


def ldexp_(input: Any, other: Any) -> Any:
    """:func:`ldexp` in place."""
    return input.mul_(power(2.0, other))


def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """The places along each dimension of ``shape`` that flat indices stand for.

    >>> import gpugrad
    >>> gpugrad.unravel_index(gpugrad.tensor(5), (2, 3))
    (tensor(1), tensor(2))
    """
    if indices.array.dtype.kind not in "iu":
        raise ValueError(
            f"torch.unravel_index: expected 'indices' to be integer dtype, but got {indices.dtype}"
        )
    sizes = (shape,) if isinstance(shape, int) else tuple(int(s) for s in shape)
    if any(s < 0 for s in sizes):
        raise ValueError(f"torch.unravel_index: 'shape' cannot have negative values, got {sizes}")
    results, rest = [], cast(indices, dtypes.int64)
    for size in reversed(sizes):
        if size:
            results.append(rest % size)
            rest = rest.div(size, rounding_mode="floor")
        else:
            results.append(rest)
    return tuple(reversed(results))


# --- of complex numbers what real numbers have ---------------------------------------------------


def itself(input: Any) -> Any:
    """The tensor itself: what is real has no imaginary part to change."""
    return input


def imag(input: Any) -> Any:
    """Raises RuntimeError: what is real has no imaginary part."""
    raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")


def isreal(input: Any) -> Any:
    """Whether an element has no imaginary part: always."""
    return input.new_ones(input.shape, dtype=dtypes.bool_)


class Angle(Node):
    """0, and pi for negative numbers; nan for nan."""

    __slots__ = ()

    def forward(self, xp: Any, x: Any) -> Any:
        half = xp.where(xp.lt(x, 0), xp.full((), math.pi, x.dtype), xp.zeros_like(x))
        return xp.asarray(xp.cast(xp.where(xp.isnan(x), x, half), x.dtype))

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.zeros_like(grad),)


def angle(input: Any) -> Any:
    """0, and pi for negative numbers; nan for nan. The gradient is 0.

    >>> import gpugrad
    >>> gpugrad.angle(gpugrad.tensor([1.0, -1.0]))
    tensor([0.0000, 3.1416])
    """
    if input.array.dtype.kind not in "fV":
        input = cast(input, dtypes.get_default_dtype())
    return Angle.apply(input)
