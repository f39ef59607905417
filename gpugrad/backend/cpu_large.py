"""The primitives over NumPy for large arrays: elementwise functions in C, if there is a compiler.

Ops on large arrays ask ``xp.large`` for them: a look at an array's size before each of NumPy's
functions would cost small ones a tenth of their time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..native import linear, pointwise, product_threads, reductions
from .cpu import CPU
from .primitives import Array
from .ufuncs import UFUNCS

Function = Callable[..., Array]

OF_ONE = (
    *("neg", "abs", "square", "cube", "sgn", "reciprocal", "sqrt", "rsqrt", "exp", "erf"),
    *("hardsigmoid", "hardswish", "log_sigmoid", "mish"),
)
OF_TWO = (
    *("add", "sub", "mul", "div", "maximum", "minimum", "add_scaled", "huber", "bce_with_logits"),
    *("elu_grad", "hardsigmoid_grad", "hardswish_grad"),
    *("log_sigmoid_grad", "mish_grad", "hypot", "logaddexp"),
)
OF_THREE = ("addcmul", "addcdiv", "div_grad", "bce_with_logits_grad", "huber_grad")


class LargeCPU(CPU):
    """What :class:`CPU` computes, large arrays first of all."""

    def __init__(self) -> None:
        super().__init__()
        self.dot = product_threads.dot

    def linear(
        self, x: Array, weight: Array, bias: Array | None, out: Array | None = None
    ) -> Array:
        found = linear.linear(x, weight, bias) if out is None else None
        return super().linear(x, weight, bias, out) if found is None else found

    def linear_grad(
        self, grad: Array, x: Array, weight: Array, wanted: tuple[bool, bool, bool]
    ) -> tuple[Array | None, Array | None, Array | None]:
        found = linear.linear_grad(grad, x, weight, wanted)
        return super().linear_grad(grad, x, weight, wanted) if found is None else found

    def clamp_grad(
        self, x: Array, grad: Array, low: Any, high: Any, out: Array | None = None
    ) -> Array:
        bounds = pointwise.bounds_of(low, high)
        found = None if bounds is None else pointwise.two("clamp_grad", x, grad, out, *bounds)
        return super().clamp_grad(x, grad, low, high, out) if found is None else found

    def lerp(self, x: Array, y: Array, weight: float, out: Array | None = None) -> Array:
        if abs(weight) < 0.5:
            found = pointwise.two("lerp", x, y, out, weight)
        else:
            found = pointwise.two("lerp", y, x, out, 1 - weight)
        return super().lerp(x, y, weight, out) if found is None else found

    def pow(self, x: Any, y: Any, out: Array | None = None) -> Array:
        if y.__class__ is float or y.__class__ is int:
            quick = _POWERS.get(y)
            if quick is not None and x.dtype.kind == "f":
                return self.into(quick(self, x), out)
        return np.power(x, y, out=out)

    def sum_of_squares(
        self, x: Array, axis: Any = None, keepdims: bool = False, out: Array | None = None
    ) -> Array:
        found = reductions.reduced("squares", x, axis, keepdims)
        if found is None:
            return super().sum_of_squares(x, axis, keepdims, out)
        return self.into(found, out)


_POWERS: dict[float, Callable[[Any, Array], Array]] = {
    0.5: lambda xp, x: xp.sqrt(x),
    -0.5: lambda xp, x: xp.rsqrt(x),
    -1: lambda xp, x: xp.reciprocal(x),
    -2: lambda xp, x: xp.reciprocal(xp.square(x)),
    2: lambda xp, x: xp.square(x),
    3: lambda xp, x: xp.cube(x),
    4: lambda xp, x: xp.square(xp.square(x)),
}
"""Powers that other functions give sooner; all but the last PyTorch, too, computes so."""


def _with_c(name: str, in_c: Callable[..., Array | None], operands: int) -> Function:
    """A method: the C function, or what :class:`CPU` has under its name."""
    ufunc = getattr(np, UFUNCS[name]) if name in UFUNCS else None
    plain: Function = getattr(CPU, name) if ufunc is None else lambda _, *x, out: ufunc(*x, out=out)

    def method(self: LargeCPU, *given: Any, out: Array | None = None) -> Array:
        # After the operands come numbers, and `out` may be given by position.
        if len(given) > operands and given[-1].__class__ is np.ndarray:
            *given, out = given  # type: ignore[assignment]
        found = in_c(name, *given[:operands], out, *given[operands:])
        return plain(self, *given, out=out) if found is None else found

    return method


for _name in OF_ONE:
    setattr(LargeCPU, _name, _with_c(_name, pointwise.one, 1))
for _name in OF_TWO:
    setattr(LargeCPU, _name, _with_c(_name, pointwise.two, 2))
for _name in OF_THREE:
    setattr(LargeCPU, _name, _with_c(_name, pointwise.three, 3))
