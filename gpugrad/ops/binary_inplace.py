"""How elementwise ops with two operands change the first one in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.engine import TensorBase, _new, wrap
from ..autograd.grad_mode import mode
from ..autograd.inplace import check_inplace, mark_changed, overwrite
from ..backend import BACKENDS
from ..native.pointwise import LARGE_BYTES
from .binary_apply import FOR_X, FOR_Y
from .operands import explain_inplace, narrow, operands
from .selected import look_up
from .unary import no_bools

if TYPE_CHECKING:
    from .binary import Binary

Function = Callable[..., Any]

_NUMBER = wrap(np.zeros(()))
"""Stands for a Python number where a tensor operand is recorded: it wants no gradient."""


def apply_inplace_of(cls: type[Binary]) -> Function:
    """The op's in-place form, made for its class as ``apply`` is."""
    primitive = cls.primitive

    def apply_(x: Any, y: Any) -> Any:
        a = x.array
        b = y.array if isinstance(y, TensorBase) else y
        kind, dtype = type(a), a.dtype
        xp = BACKENDS[kind]
        if a.nbytes >= LARGE_BYTES:
            xp = xp.large
        plain = (type(b) is kind and b.dtype is dtype) or b.__class__ is float
        if plain and (x.needs_grad or x.view_of is not None or (b is not y and y.needs_grad)):
            plain = not mode.enabled and (x.view_of is None or xp.writable(a))
        if plain and dtype.kind == "f":
            function = xp.PRIMITIVE
            try:
                function(a, b, a)
            except ValueError as error:
                raise explain_inplace(cls, a, b, error) from None
            x.version[0] += 1
            return x
        prepared = operands(x, y, cls.floating)
        if prepared is None:
            return NotImplemented
        if cls.refuse is not None:
            cls.refuse(x, y)
        check_inplace(x)
        left, right = prepared
        if cls.bool_kernel is not None and left.array.dtype.kind == "b":
            raise no_bools(cls.bool_kernel)
        node = _new(cls)
        b, need = right, FOR_X * x.needs_grad
        if isinstance(right, TensorBase):
            b = right.array
            need += FOR_Y * right.requires_grad
        kept = mode.enabled and cls.keeps_x & need
        original = xp.copy(left.array) if kept else left.array
        try:
            out = xp.asarray(getattr(xp, primitive)(original, b))
        except (TypeError, ValueError) as error:
            raise cls.explain(original, b, error) from None
        except OverflowError:
            original, b = narrow(original, b)
            out = xp.asarray(getattr(xp, primitive)(original, b))
        overwrite(x, out)
        node.x, node.out = original, a
        node.y = b if cls.keeps_y & need else None
        shape = getattr(b, "shape", ())
        node.shapes = None if shape == a.shape else (a.shape, shape)
        # The gradient of y must arrive at y in y's own type, hence the converted operand.
        mark_changed(x, node, (x, right if isinstance(right, TensorBase) else _NUMBER))
        return x

    return look_up(apply_, primitive)
