"""The base class of elementwise ops with two operands: promotion, broadcasting and its undoing.

A subclass names its primitive, says what its gradients need, and gives the gradients::

    class Mul(Binary):
        primitive = "mul"
        keeps_x, keeps_y = FOR_Y, FOR_X

        def grad_x(self, xp, grad):
            return xp.mul(grad, self.y)

        def grad_y(self, xp, grad):
            return xp.mul(grad, self.x)

``apply`` and ``apply_`` are made once for each class, in ``binary_apply.py`` and
``binary_inplace.py``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..autograd.engine import OUTPUT, Node
from ..backend.primitives import Array
from ..native.pointwise import LARGE, LARGE_BYTES
from .binary_apply import ALWAYS as ALWAYS
from .binary_apply import FOR_X as FOR_X
from .binary_apply import FOR_Y as FOR_Y
from .binary_apply import NEVER as NEVER
from .binary_apply import apply_of
from .binary_inplace import apply_inplace_of
from .operands import explain, sum_to

Function = Callable[..., Any]


class Binary(Node):
    """``z = primitive(x, y)``, element by element, with promotion and broadcasting.

    Either operand may be a Python number.
    """

    __slots__ = ("out", "shapes", "x", "y")

    x: Any
    y: Any
    out: Any
    shapes: tuple[tuple[int, ...], tuple[int, ...]] | None

    saves: ClassVar[dict[str, int]] = {"x": 0, "y": 1, "out": OUTPUT}

    primitive: ClassVar[str]
    keeps_x: ClassVar[int] = NEVER
    keeps_y: ClassVar[int] = NEVER
    keeps_out: ClassVar[int] = NEVER
    commutes: ClassVar[bool] = False
    floating: ClassVar[bool] = False
    broadcasts: ClassVar[bool] = True
    """Whether backward reads ``shapes``."""
    large: ClassVar[int] = LARGE
    """From so many elements of the first operand on ``xp.large`` is asked."""
    large_second: ClassVar[int] = LARGE
    """The same for the second operand."""
    refuse: ClassVar[Function | None] = None
    """Raises for operands that PyTorch refuses, before they are converted."""
    bool_kernel: ClassVar[str | None] = None
    """PyTorch's name for the kernel that it does not have for bools; None where it has one."""

    apply: ClassVar[Function]
    apply_: ClassVar[Function]
    reflected: ClassVar[Function]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.saves = {
            n: s for n, s in (("x", 0), ("y", 1), ("out", OUTPUT)) if getattr(cls, "keeps_" + n)
        }
        cls.guard()
        apply = apply_of(cls)
        cls.apply = staticmethod(apply)
        cls.apply_ = staticmethod(apply_inplace_of(cls))
        cls.reflected = cls.apply if cls.commutes else staticmethod(lambda x, y: apply(y, x))

    @classmethod
    def explain(cls, a: Array, b: Array, error: Exception) -> Exception:
        """PyTorch's error for what the array module refused."""
        return explain(cls, a, b, error)

    def grad_x(self, xp: Any, grad: Any) -> Any:
        raise NotImplementedError

    def grad_y(self, xp: Any, grad: Any) -> Any:
        raise NotImplementedError

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_y = self.edges
        if grad.nbytes >= LARGE_BYTES:
            xp = xp.large
        grad_x = None if edge_x is None else self.grad_x(xp, grad)
        grad_y = None if edge_y is None else self.grad_y(xp, grad)
        if self.shapes is not None:
            shape_x, shape_y = self.shapes
            if grad_x is not None:
                grad_x = sum_to(xp, grad_x, shape_x)
            if grad_y is not None:
                grad_y = sum_to(xp, grad_y, shape_y)
        return grad_x, grad_y

    def release(self) -> None:
        self.x = self.y = self.out = self.guards = None
