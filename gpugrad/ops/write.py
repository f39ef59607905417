"""Nodes that change some elements of a tensor, in a copy or in place."""

from __future__ import annotations

from typing import Any, ClassVar

from ..autograd.engine import Node, TensorBase, _new
from ..autograd.expanded import shared
from ..autograd.inplace import check_inplace, mark_changed
from ..backend import BACKENDS
from .arguments import c_name
from .operands import ZERO_STRIDE_WRITE, sum_to
from .shape import reshape

Key = tuple[Any, ...]
"""What stands between the brackets of ``x[...]``."""


class Write(Node):
    """An op that changes some elements of ``x``: ``write`` does it in place."""

    __slots__ = ("key",)

    on_expanded: ClassVar[tuple[str, str] | None] = None
    """For :func:`~gpugrad.autograd.expanded.shared`, where elements may share their memory."""

    def forward(self, xp: Any, x: Any, *rest: Any) -> Any:
        return self.write(xp, xp.copy(x), *rest)

    def write(self, xp: Any, x: Any, *rest: Any) -> Any:
        raise NotImplementedError

    @classmethod
    def inplace(cls, x: Any, *rest: Any) -> Any:
        """Apply the op to ``x`` itself."""
        check_inplace(x)
        xp = BACKENDS[type(x.array)]
        target = x.array
        if not xp.writable(target):
            if cls.on_expanded is None:
                raise RuntimeError(ZERO_STRIDE_WRITE)
            target = shared(target, *cls.on_expanded)
        node = _new(cls)
        node.write(xp, target, *(r.array if isinstance(r, TensorBase) else r for r in rest))
        mark_changed(x, node, (x, *(r for r in rest if isinstance(r, TensorBase))))
        return x

    def _kept(self, xp: Any, grad: Any) -> Any:
        """The gradient of ``x`` where ``x`` was overwritten: none at those places."""
        if self.edges[0] is None:
            return None
        taken = xp.getitem(grad, self.key)
        return xp.setitem(xp.copy(grad), self.key, xp.zeros_like(taken))


class Put(Write):
    """``x[key] = y``, where ``y`` has the shape that ``x[key]`` has."""

    __slots__ = ()
    torch_name = "Scatter"

    def write(self, xp: Any, x: Any, y: Any, key: Key) -> Any:
        self.key = key
        return xp.setitem(x, key, y)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        return self._kept(xp, grad), xp.getitem(grad, self.key)


class PutNumber(Write):
    """``x[key] = value``"""

    __slots__ = ()
    torch_name = "ScatterBackward1"

    def write(self, xp: Any, x: Any, value: Any, key: Key) -> Any:
        self.key = key
        return xp.setitem(x, key, number_of_type(xp, value, x))

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (self._kept(xp, grad),)


class Accumulate(Write):
    """``x[key] += scale * y``, where repeated places add up; ``y`` broadcasts to ``x[key]``."""

    __slots__ = ("scale", "shape")
    torch_name = "ScatterAdd"

    def write(self, xp: Any, x: Any, y: Any, key: Key, scale: Any = 1) -> Any:
        self.key, self.scale, self.shape = key, scale, y.shape
        return xp.index_add(x, key, y if scale == 1 else xp.mul(y, scale))

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        taken = sum_to(xp, xp.getitem(grad, self.key), self.shape)
        return grad, taken if self.scale == 1 else xp.mul(taken, self.scale)


# --- helpers -------------------------------------------------------------------------------------


def number_of_type(xp: Any, value: Any, x: Any) -> Any:
    """A number (or 0-d array) as a 0-d array of the type of ``x``.

    Raises RuntimeError for an integer that the type cannot hold.
    """
    if hasattr(value, "dtype"):
        return value if value.dtype == x.dtype else xp.cast(value, x.dtype)
    try:
        return xp.full((), value, x.dtype)
    except OverflowError:
        raise RuntimeError(
            f"value cannot be converted to type {c_name(x)} without overflow"
        ) from None


def write(form: str, kind: type[Write], x: Any, *rest: Any) -> Any:
    """Apply ``kind`` to ``x`` in the form ``"apply"`` or ``"inplace"``; a scalar is one element."""
    if x.array.ndim:
        return getattr(kind, form)(x, *rest)
    result = getattr(kind, form)(reshape(x, (1,)), *rest)
    return x if form == "inplace" else reshape(result, ())
