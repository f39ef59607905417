"""In-place comparisons, bit operations and steps: results written over the first operand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.engine import Node, TensorBase, _new
from ..autograd.inplace import check_inplace, mark_changed, overwrite
from . import compare
from .arguments import require_tensor
from .operands import misfit
from .special_binary import heaviside

Method = Callable[..., Any]


class _Compared(Node):
    """What was overwritten by the truth of a comparison: it gets a gradient of zeros."""

    __slots__ = ()

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.zeros_like(grad),)


def _written(name: str, x: Any, result: Any, node: Node | None) -> Any:
    """Store ``result`` in ``x``, which has been checked, and record ``node``."""
    if result is NotImplemented:
        raise TypeError(f"{name}(): the second operand must be a Tensor or a Number")
    overwrite(x, result.array)
    mark_changed(x, node, (x,))
    return x


def _comparison(name: str) -> Method:
    function: Method = getattr(compare, name)
    kinds = [
        type(f"{name.capitalize()}Backward{number}", (_Compared,), {"__slots__": ()})
        for number in (0, 1)
    ]

    def method(self: Any, other: Any) -> Any:
        check_inplace(self)
        node: Node = _new(kinds[isinstance(other, TensorBase)])
        return _written(name + "_", self, function(self, other), node)

    method.__name__ = method.__qualname__ = name + "_"
    method.__doc__ = f":func:`{name}` in place: 1 where it holds, else 0."
    return method


def _bits(name: str, function: Method) -> Method:
    def method(self: Any, *other: Any) -> Any:
        check_inplace(self)
        return _written(name, self, function(self, *other), None)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f":func:`{name[:-1]}` in place."
    return method


eq_, ne_, lt_, le_, gt_, ge_ = map(_comparison, ("eq", "ne", "lt", "le", "gt", "ge"))

bitwise_and_ = _bits("bitwise_and_", compare.bitwise_and)
bitwise_or_ = _bits("bitwise_or_", compare.bitwise_or)
bitwise_xor_ = _bits("bitwise_xor_", compare.bitwise_xor)
bitwise_not_ = _bits("bitwise_not_", compare.bitwise_not)
bitwise_left_shift_ = _bits("bitwise_left_shift_", compare.left_shift)
bitwise_right_shift_ = _bits("bitwise_right_shift_", compare.right_shift)


def heaviside_(input: Any, values: Any) -> Any:
    """:func:`heaviside` in place; it has no gradient."""
    require_tensor("heaviside_", "values", 1, values)
    check_inplace(input)
    error = misfit(input.array.shape, values.array.shape)
    if error is not None:
        raise error
    return _written("heaviside_", input, heaviside(input, values), None)
