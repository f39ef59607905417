"""How elementwise ops with two operands are applied and recorded.

The functions are made once for each class, with everything static bound to them: this is the code
that an eager step spends its time in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..autograd.engine import TensorBase, _new, _sequence, wrap
from ..autograd.grad_mode import mode
from ..autograd.observers import OBSERVERS, observe
from ..autograd.views import refresh
from ..backend import BACKENDS
from ..backend.small_arrays import NUMBERS
from ..native.pointwise import LARGE_BYTES
from .operands import narrow, operands
from .selected import look_up
from .unary import no_bools

if TYPE_CHECKING:
    from .binary import Binary

NEVER, FOR_X, FOR_Y, ALWAYS = 0, 1, 2, 3
"""When an operand is kept: for the gradient of x, of y, or of either."""

Function = Callable[..., Any]
Guards = tuple[tuple[str, list[Any], int], ...]


def apply_of(cls: type[Binary]) -> Function:
    """What applies the op to two tensors, or hands on to what applies it to other operands."""
    floating, bool_kernel = cls.floating, cls.bool_kernel
    broadcasts, large, large_second = cls.broadcasts, cls.large, cls.large_second
    keeps_x, keeps_y, keeps_out = cls.keeps_x, cls.keeps_y, cls.keeps_out
    saves = bool(cls.saves)
    of_any_kind = _apply_to_any_kind(cls)
    with_float = _apply_with_float(cls, of_any_kind)

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
        if a.size >= large or b.size >= large_second:
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
                need = ALWAYS
                edges = (x.node or x, y.node or y)
            else:
                need = FOR_X
                edges = (x.node or x, None)
        elif y.needs_grad:
            need = FOR_Y
            edges = (None, y.node or y)
        else:
            return result
        node = cls()
        node.edges = edges
        node.sequence = next(_sequence)
        node.hooks = None
        if saves:
            guards: Guards = ()
            if keeps_x & need:
                node.x = a
                version = x.version
                guards = (("x", version, version[0]),)
            if keeps_y & need:
                node.y = b
                version = y.version
                guards += (("y", version, version[0]),)
            if keeps_out & need:
                node.out = out
                guards += (("out", result.version, 0),)
            node.guards = guards
        else:
            node.guards = ()
        if broadcasts:
            shape_a = a.shape
            shape_b = b.shape
            node.shapes = (shape_a, shape_b) if shape_a != shape_b else None
        result.node = node
        result.needs_grad = True
        if OBSERVERS:
            observe(node, result)
        return result

    return look_up(apply, cls.primitive)


def _apply_with_float(cls: type[Binary], of_any_kind: Function) -> Function:
    large, record = cls.large, _record_of(cls)

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

    return look_up(with_float, cls.primitive)


def _apply_to_any_kind(cls: type[Binary]) -> Function:
    floating, record = cls.floating, _record_of(cls)
    refuse, bool_kernel = cls.refuse, cls.bool_kernel

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
        if sample.nbytes >= LARGE_BYTES or (type(b) is kind and b.nbytes >= LARGE_BYTES):
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

    return look_up(of_any_kind, cls.primitive)


def _record_of(cls: type[Binary]) -> Callable[..., None]:
    saves, keep = bool(cls.saves), _keep_of(cls)

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


def _keep_of(cls: type[Binary]) -> Callable[..., tuple[Any, ...]]:
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
