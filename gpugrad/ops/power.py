"""Powers: ``x ** y``, and the whole ones that have a quicker way."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.engine import TensorBase
from ..casting.calls import THREADS, casting
from .binary import ALWAYS, FOR_Y, Binary
from .unary import Unary


class Pow(Binary):
    """``x ** y``"""

    primitive = "pow"
    keeps_x, keeps_y, keeps_out = ALWAYS, ALWAYS, FOR_Y

    @property
    def _saved_exponent(self) -> Any:
        return self._saved("y")

    def grad_x(self, xp: Any, grad: Any) -> Any:
        # d/dx x**y is 0 where y is 0, also where x is 0 and the plain formula gives nan.
        y = self.y
        if not hasattr(y, "shape"):
            if y == 0:
                return xp.zeros_like(grad)
            return xp.mul(grad, xp.mul(xp.pow(self.x, y - 1), y))
        slope = xp.mul(y, xp.pow(self.x, xp.sub(y, 1)))
        zero = xp.zeros_like(slope)
        return xp.mul(grad, xp.where(xp.eq(y, 0), zero, slope))

    def grad_y(self, xp: Any, grad: Any) -> Any:
        # 0**y is flat in y for y >= 0, where log(0) would give nan.
        x, y = self.x, self.y
        if not hasattr(x, "shape"):
            if x == 0:
                zero = xp.zeros_like(grad)
                return xp.mul(grad, xp.where(xp.ge(y, 0), zero, xp.mul(self.out, -np.inf)))
            return xp.mul(grad, xp.mul(self.out, float(np.log(x)) if x > 0 else float("nan")))
        flat = xp.logical_and(xp.eq(x, 0), xp.ge(y, 0))
        slope = xp.mul(self.out, xp.log(x))
        return xp.mul(grad, xp.where(flat, xp.zeros_like(slope), slope))


class PowTensor(Pow):
    """``x ** y`` for two tensors, under the name that PyTorch prints for it."""

    torch_name = "PowBackward1"
    bool_kernel = "pow"


class IntegerPow(Binary):
    """``x ** y`` for whole numbers, where ``y`` may be negative: rounded towards zero."""

    primitive = "integer_pow"


class PowOfNumber(Pow):
    """``x ** y`` for a number x, under the name that PyTorch prints for it."""

    torch_name = "PowBackward2"


class Square(Unary):
    """``x ** 2``, under the name that PyTorch prints for it."""

    torch_name = "Pow"
    primitive = "square"
    floating = False
    keeps_x = True
    _saved_exponent = 2

    def grad_x(self, xp: Any, grad: Any) -> Any:
        x = self.x
        if isinstance(x, TensorBase):  # like any power, it stays connected to x to the end
            return xp.mul(grad, xp.mul(xp.pow(x, 1), 2))
        return xp.mul(grad, xp.add(x, x))


class Cube(Unary):
    """``x ** 3``; NumPy's general power is ten times slower than two products."""

    torch_name = "Pow"
    primitive = "cube"
    floating = False
    keeps_x = True
    _saved_exponent = 3

    def grad_x(self, xp: Any, grad: Any) -> Any:
        return xp.mul(grad, xp.mul(xp.square(self.x), 3))


# --- functions -----------------------------------------------------------------------------------


def _check_power(x: Any, y: Any) -> None:
    if isinstance(y, int) and y < 0 and x.array.dtype.kind in "iu":
        raise RuntimeError("Integers to negative integer powers are not allowed.")


def power(x: Any, y: Any) -> Any:
    """``x ** y`` by the quickest way: squares and cubes have functions of their own."""
    if THREADS and (run := casting("pow")):
        return run(power, x, y)
    if isinstance(x, TensorBase):
        if x.array.dtype.kind == "f" and y.__class__ in (int, float):
            if y == 2:
                return Square.apply(x)
            if y == 3:
                return Cube.apply(x)
        if isinstance(y, TensorBase):
            if y.array.dtype.kind == "i" and x.array.dtype.kind in "iu":
                return IntegerPow.apply(x, y)
            return PowTensor.apply(x, y)
        _check_power(x, y)
        return Pow.apply(x, y)
    if x.__class__ is int and isinstance(y, TensorBase) and y.array.dtype.kind == "i":
        return IntegerPow.apply(x, y)
    return PowOfNumber.apply(x, y)


def reflected_power(x: Any, y: Any) -> Any:
    """``y ** x`` for a tensor ``x``: what Python asks for where ``y`` has no answer."""
    if THREADS and (run := casting("pow")):
        return run(reflected_power, x, y)
    if isinstance(y, (TensorBase, int)):
        return power(y, x)
    return PowOfNumber.reflected(x, y)


def power_(x: Any, y: Any) -> Any:
    """``x ** y`` into ``x`` itself, with the numbers that :func:`power` gives."""
    if isinstance(y, TensorBase):
        if y.array.dtype.kind == "i" and x.array.dtype.kind in "iu":
            return IntegerPow.apply_(x, y)
        return PowTensor.apply_(x, y)
    _check_power(x, y)
    if x.array.dtype.kind == "f" and y in (2, 3):
        return (Square if y == 2 else Cube).apply_(x)
    return Pow.apply_(x, y)
