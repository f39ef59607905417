"""The base class of elementwise ops with two operands: promotion, broadcasting and its undoing.

A subclass names its primitive, says what its gradients need, and gives the gradients::

    class Mul(Binary):
        primitive = "mul"
        keeps_x, keeps_y = FOR_Y, FOR_X

        def grad_x(self, xp, grad):
            return xp.mul(grad, self.y)

        def grad_y(self, xp, grad):
            return xp.mul(grad, self.x)

``apply`` is made once for each class with everything static bound to it: this is the code that an
eager step spends its time in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from ..autograd.engine import (
    OUTPUT,
    Node,
    TensorBase,
    _new,
    _sequence,
    wrap,
)
from ..autograd.grad_mode import mode
from ..autograd.inplace import check_inplace, mark_changed, overwrite
from ..autograd.observers import OBSERVERS, observe
from ..autograd.views import refresh
from ..backend import BACKENDS
from ..backend.primitives import Array
from ..backend.small_arrays import NUMBERS
from ..native.pointwise import LARGE, LARGE_BYTES
from .operands import (
    explain,
    explain_inplace,
    narrow,
    operands,
    sum_to,
)
from .selected import look_up
from .unary import no_bools

NEVER, FOR_X, FOR_Y, ALWAYS = 0, 1, 2, 3
"""When an operand is kept: for the gradient of x, of y, or of either."""

Function = Callable[..., Any]


_NUMBER = wrap(np.zeros(()))
"""Stands for a Python number where a tensor operand is recorded: it wants no gradient."""


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
        apply = _binary_apply(cls)
        cls.apply = staticmethod(apply)
        cls.apply_ = staticmethod(_binary_apply_inplace(cls))
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


def _binary_apply(cls: type[Binary]) -> Function:
    floating, primitive = cls.floating, cls.primitive
    broadcasts, large = cls.broadcasts, cls.large
    keeps_x, keeps_y, keeps_out = cls.keeps_x, cls.keeps_y, cls.keeps_out
    saves, record = bool(cls.saves), _binary_record(cls)
    refuse, bool_kernel = cls.refuse, cls.bool_kernel

    def apply(x: Any, y: Any) -> Any:
        if y.__class__ is float:  # asked first, since a failed look-up of .array costs more
            return with_float(x, y)
        try:
            a, b = x.array, y.array
        except AttributeError:
            return of_any_kind(x, y)
        kind = type(a)
        if a.dtype is not b.dtype or type(b) is not kind or (floating and a.dtype.kind != "f"):
            return of_any_kind(x, y)
        if bool_kernel is not None and a.dtype.kind == "b":
            raise no_bools(bool_kernel)
        xp = BACKENDS[kind]
        if a.size >= large:
            xp = xp.large
        function = xp.PRIMITIVE
        try:
            out = function(a, b)
        except (TypeError, ValueError) as error:
            raise cls.explain(a, b, error) from None
        if type(out) is not kind:
            out = xp.asarray(out)
        result = wrap(out)
        if not mode.enabled:
            return result
        if x.view_of is not None and x.version[1] != x.rebased:
            refresh(x)
        if y.view_of is not None and y.version[1] != y.rebased:
            refresh(y)
        if x.needs_grad:
            if y.needs_grad:
                need, edges = ALWAYS, (x.node or x, y.node or y)
            else:
                need, edges = FOR_X, (x.node or x, None)
        elif y.needs_grad:
            need, edges = FOR_Y, (None, y.node or y)
        else:
            return result
        node = cls()
        node.edges = edges
        node.sequence = next(_sequence)
        node.hooks = None
        if saves:
            node.guards = guards = []
            if keeps_x & need:
                node.x = a
                version = x.version
                guards.append(("x", version, version[0]))
            if keeps_y & need:
                node.y = b
                version = y.version
                guards.append(("y", version, version[0]))
            if keeps_out & need:
                node.out = out
                guards.append(("out", result.version, 0))
        else:
            node.guards = ()
        if broadcasts:
            shape_a, shape_b = a.shape, b.shape
            node.shapes = None if shape_a == shape_b else (shape_a, shape_b)
        result.node = node
        result.needs_grad = True
        if OBSERVERS:
            observe(node, result)
        return result

    def with_float(x: Any, number: float) -> Any:
        """For a floating-point tensor and a number, which needs no conversion."""
        try:
            a = x.array
        except AttributeError:
            return of_any_kind(x, number)
        if a.dtype.kind != "f":
            return of_any_kind(x, number)
        kind = type(a)
        xp = BACKENDS[kind]
        if a.size >= large:
            xp = xp.large
        function = xp.PRIMITIVE
        operand: Any = number
        if function.__class__ is np.ufunc:  # which nobody notes
            try:
                operand = NUMBERS[a.dtype][number]
            except KeyError:
                operand = NUMBERS.add(number, a.dtype)
        out = function(a, operand)
        if type(out) is not kind:
            out = xp.asarray(out)
        result = wrap(out)
        if (x.needs_grad or x.view_of is not None) and mode.enabled:
            record(x, number, a, number, result)
        return result

    def of_any_kind(x: Any, y: Any) -> Any:
        """For a number on either side, or tensors that must first be brought to one type."""
        prepared = operands(x, y, floating)
        if prepared is None:
            return NotImplemented
        if refuse is not None:
            refuse(x, y)
        x, y = prepared
        a, b = getattr(x, "array", x), getattr(y, "array", y)
        sample = a if isinstance(x, TensorBase) else b
        kind = type(sample)
        if bool_kernel is not None and sample.dtype.kind == "b":
            raise no_bools(bool_kernel)
        xp = BACKENDS[kind]
        if sample.nbytes >= LARGE_BYTES:
            xp = xp.large
        function = xp.PRIMITIVE
        try:
            out = function(a, b)
        except (TypeError, ValueError) as error:
            raise cls.explain(a, b, error) from None
        except OverflowError:
            a, b = narrow(a, b)
            out = function(a, b)
        if type(out) is not kind:
            out = xp.asarray(out)
        result = wrap(out)
        if mode.enabled:
            record(x, y, a, b, result)
        return result

    with_float = look_up(with_float, primitive)
    of_any_kind = look_up(of_any_kind, primitive)
    return look_up(apply, primitive)


def _binary_record(cls: type[Binary]) -> Callable[..., None]:
    saves, keep = bool(cls.saves), _binary_keep(cls)

    def record(x: Any, y: Any, a: Any, b: Any, result: Any) -> None:
        """Put a node for ``result`` into the graph; either operand may be a number."""
        edges = []
        for operand in (x, y):
            edge = None
            if isinstance(operand, TensorBase):
                if operand.view_of is not None and operand.version[1] != operand.rebased:
                    refresh(operand)
                if operand.needs_grad:
                    edge = operand.node or operand
            edges.append(edge)
        if edges[0] is None and edges[1] is None:
            return
        node = _new(cls)
        node.edges = tuple(edges)
        node.sequence = next(_sequence)
        node.hooks = None
        node.guards = keep(node, x, y, a, b, result) if saves else ()
        shape_a, shape_b = getattr(a, "shape", ()), getattr(b, "shape", ())
        node.shapes = None if shape_a == shape_b else (shape_a, shape_b)
        result.node = node
        result.needs_grad = True
        if OBSERVERS:
            observe(node, result)

    return record


def _binary_keep(cls: type[Binary]) -> Callable[..., tuple[Any, ...]]:
    keeps_x, keeps_y, keeps_out = cls.keeps_x, cls.keeps_y, cls.keeps_out

    def keep(node: Any, x: Any, y: Any, a: Any, b: Any, result: Any) -> tuple[Any, ...]:
        """Keep what the wanted gradients need, and the versions at which it is valid."""
        edge_x, edge_y = node.edges
        need = (edge_x is not None) + 2 * (edge_y is not None)
        guards = []
        if keeps_x & need:
            node.x = a
            if isinstance(x, TensorBase):
                guards.append(("x", x.version, x.version[0]))
        if keeps_y & need:
            node.y = b
            if isinstance(y, TensorBase):
                guards.append(("y", y.version, y.version[0]))
        if keeps_out & need:
            node.out = result.array
            guards.append(("out", result.version, 0))
        return tuple(guards)

    return keep


def _binary_apply_inplace(cls: type[Binary]) -> Function:
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
