"""Base classes of elementwise ops: promotion, broadcasting and its undoing, in one place.

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

from .. import dtypes
from ..autograd.engine import (
    OUTPUT,
    Node,
    TensorBase,
    _new,
    _sequence,
    refresh,
    wrap,
)
from ..autograd.grad_mode import mode
from ..autograd.inplace import check_inplace, mark_changed, overwrite
from ..backend import BACKENDS, device_of
from ..backend.primitives import Array

NEVER, FOR_X, FOR_Y, ALWAYS = 0, 1, 2, 3
"""When an operand is kept: for the gradient of x, of y, or of either."""

Function = Callable[..., Any]

ZERO_STRIDE_WRITE = (
    "unsupported operation: more than one element of the written-to tensor refers to a single "
    "memory location. Please clone() the tensor before performing the operation."
)


_NUMBER = wrap(np.zeros(()))
"""Stands for a Python number where a tensor operand is recorded: it wants no gradient."""


class Unary(Node):
    """``y = primitive(x, *params)``, element by element."""

    __slots__ = ("out", "params", "x")
    saves: ClassVar[dict[str, int]] = {"x": 0, "out": OUTPUT}

    primitive: ClassVar[str]
    keeps_x: ClassVar[bool] = False
    keeps_out: ClassVar[bool] = False
    floating: ClassVar[bool] = True
    """Whether integers are converted to the default floating type first."""

    apply: ClassVar[Function]
    apply_: ClassVar[Function]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.saves = {n: s for n, s in (("x", 0), ("out", OUTPUT)) if getattr(cls, "keeps_" + n)}
        cls.apply = staticmethod(_unary_apply(cls))
        cls.apply_ = staticmethod(_unary_apply_inplace(cls))

    @classmethod
    def explain(cls, a: Array, error: TypeError) -> Exception:
        """PyTorch's error for a type that the array module refused."""
        return error

    def forward(self, xp: Any, x: Any, *params: Any) -> Any:
        self.params = params
        self.x = x
        self.out = getattr(xp, self.primitive)(x, *params)
        return self.out

    def grad_x(self, xp: Any, grad: Any) -> Any:
        raise NotImplementedError

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (self.grad_x(xp, grad),)


def _unary_apply(cls: type[Unary]) -> Function:
    primitive, floating = cls.primitive, cls.floating
    keeps_x, keeps_out = cls.keeps_x, cls.keeps_out

    def apply(x: Any, *params: Any) -> Any:
        a = x.array
        if floating and a.dtype.kind not in "fV":
            a = to_default_float(x).array
        xp = BACKENDS[type(a)]
        try:
            out = getattr(xp, primitive)(a, *params)
        except TypeError as error:
            raise cls.explain(a, error) from None
        if type(out) is not type(a):
            out = xp.asarray(out)
        result = wrap(out)
        if mode.enabled:
            if x.version[1] != x.rebased:
                refresh(x)
            if x.needs_grad:
                node = _new(cls)
                node.edges = (x.node or x,)
                node.sequence = next(_sequence)
                node.hooks = None
                node.freed = False
                node.params = params
                if keeps_x:
                    node.x = a
                    node.guards = (("x", x.version, x.version[0]),)
                elif keeps_out:
                    node.out = out
                    node.guards = (("out", result.version, 0),)
                else:
                    node.guards = ()
                result.node = node
                result.needs_grad = True
        return result

    return apply


def _unary_apply_inplace(cls: type[Unary]) -> Function:
    def apply_(x: Any, *params: Any) -> Any:
        check_inplace(x)
        a = x.array
        xp = BACKENDS[type(a)]
        node = _new(cls)
        original = xp.copy(a) if cls.keeps_x and x.needs_grad else a
        source = original
        if cls.floating and a.dtype.kind not in "fV":
            source = xp.cast(a, dtypes.get_default_dtype().numpy)
        overwrite(x, xp.asarray(getattr(xp, cls.primitive)(source, *params)))
        node.params, node.x, node.out = params, original, a
        mark_changed(x, node, (x,))
        return x

    return apply_


class Binary(Node):
    """``z = primitive(x, y)``, element by element, with promotion and broadcasting.

    Either operand may be a Python number.
    """

    __slots__ = ("out", "shapes", "x", "y")
    saves: ClassVar[dict[str, int]] = {"x": 0, "y": 1, "out": OUTPUT}

    primitive: ClassVar[str]
    keeps_x: ClassVar[int] = NEVER
    keeps_y: ClassVar[int] = NEVER
    keeps_out: ClassVar[int] = NEVER
    floating: ClassVar[bool] = False
    refuses_bools: ClassVar[Function | None] = None
    """Raises for operands of which one is bool, before it is converted."""

    apply: ClassVar[Function]
    apply_: ClassVar[Function]
    reflected: ClassVar[Function]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.saves = {
            n: s for n, s in (("x", 0), ("y", 1), ("out", OUTPUT)) if getattr(cls, "keeps_" + n)
        }
        apply = _binary_apply(cls)
        cls.apply = staticmethod(apply)
        cls.apply_ = staticmethod(_binary_apply_inplace(cls))
        cls.reflected = staticmethod(lambda x, y: apply(y, x))

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
        grad_x = None if edge_x is None else self.grad_x(xp, grad)
        grad_y = None if edge_y is None else self.grad_y(xp, grad)
        if self.shapes is not None:
            shape_x, shape_y = self.shapes
            if grad_x is not None:
                grad_x = sum_to(xp, grad_x, shape_x)
            if grad_y is not None:
                grad_y = sum_to(xp, grad_y, shape_y)
        return grad_x, grad_y


def _binary_apply(cls: type[Binary]) -> Function:
    primitive, floating = cls.primitive, cls.floating
    keeps_x, keeps_y, keeps_out = cls.keeps_x, cls.keeps_y, cls.keeps_out
    saves = bool(cls.saves)
    refuses_bools = cls.refuses_bools

    def apply(x: Any, y: Any) -> Any:
        if isinstance(x, TensorBase):
            a = x.array
            kind = type(a)
            if isinstance(y, TensorBase):
                b = y.array
                settled = a.dtype is b.dtype and type(b) is kind
                if floating and a.dtype.kind != "f":
                    settled = False
            else:
                b = y
                settled = y.__class__ is float and a.dtype.kind == "f"
        elif isinstance(y, TensorBase):
            a, b = x, y.array
            kind = type(b)
            settled = x.__class__ is float and b.dtype.kind == "f"
        else:
            return NotImplemented
        if not settled:
            prepared = operands(x, y, floating)
            if prepared is None:
                return NotImplemented
            if refuses_bools is not None:
                refuses_bools(x, y)
            x, y = prepared
            a, b = getattr(x, "array", x), getattr(y, "array", y)
            kind = type(a) if isinstance(x, TensorBase) else type(b)
        xp = BACKENDS[kind]
        try:
            out = getattr(xp, primitive)(a, b)
        except (TypeError, ValueError) as error:
            raise cls.explain(a, b, error) from None
        except OverflowError:
            a, b = narrow(a, b)
            out = getattr(xp, primitive)(a, b)
        if type(out) is not kind:
            out = xp.asarray(out)
        result = wrap(out)
        if mode.enabled:
            need = 0
            edge_x = edge_y = None
            if isinstance(x, TensorBase):
                if x.version[1] != x.rebased:
                    refresh(x)
                if x.needs_grad:
                    need = FOR_X
                    edge_x = x.node or x
            if isinstance(y, TensorBase):
                if y.version[1] != y.rebased:
                    refresh(y)
                if y.needs_grad:
                    need += FOR_Y
                    edge_y = y.node or y
            if need:
                node = _new(cls)
                node.edges = (edge_x, edge_y)
                node.sequence = next(_sequence)
                node.hooks = None
                node.freed = False
                node.guards = (
                    _keep(node, need, x, y, a, b, out, result, keeps_x, keeps_y, keeps_out)
                    if saves
                    else ()
                )
                shape_a = getattr(a, "shape", ())
                shape_b = getattr(b, "shape", ())
                node.shapes = None if shape_a == shape_b else (shape_a, shape_b)
                result.node = node
                result.needs_grad = True
        return result

    return apply


def _keep(
    node: Any,
    need: int,
    x: Any,
    y: Any,
    a: Any,
    b: Any,
    out: Any,
    result: Any,
    kx: int,
    ky: int,
    ko: int,
) -> tuple[Any, ...]:
    guards = []
    if kx & need:
        node.x = a
        if isinstance(x, TensorBase):
            guards.append(("x", x.version, x.version[0]))
    if ky & need:
        node.y = b
        if isinstance(y, TensorBase):
            guards.append(("y", y.version, y.version[0]))
    if ko & need:
        node.out = out
        guards.append(("out", result.version, result.version[0]))
    return tuple(guards)


def _binary_apply_inplace(cls: type[Binary]) -> Function:
    primitive = cls.primitive

    def apply_(x: Any, y: Any) -> Any:
        a = x.array
        b = y.array if isinstance(y, TensorBase) else y
        xp = BACKENDS[type(a)]
        if (
            (
                not mode.enabled
                or (
                    x.version[1] == x.rebased
                    and not x.needs_grad
                    and not getattr(y, "needs_grad", False)
                )
            )
            and a.dtype.kind == "f"
            and (b.__class__ is float or (type(b) is type(a) and b.dtype is a.dtype))
        ):
            try:
                getattr(xp, primitive)(a, b, out=a)
            except ValueError as error:
                raise explain_inplace(cls, a, b, error) from None
            x.version[0] += 1
            return x
        prepared = operands(x, y, cls.floating)
        if prepared is None:
            return NotImplemented
        if cls.refuses_bools is not None:
            cls.refuses_bools(x, y)
        check_inplace(x)
        left, right = prepared
        node = _new(cls)
        copied = cls.keeps_x and mode.enabled
        original = xp.copy(left.array) if copied else left.array
        b = right.array if isinstance(right, TensorBase) else right
        try:
            out = xp.asarray(getattr(xp, primitive)(original, b))
        except (TypeError, ValueError) as error:
            raise cls.explain(original, b, error) from None
        except OverflowError:
            original, b = narrow(original, b)
            out = xp.asarray(getattr(xp, primitive)(original, b))
        overwrite(x, out)
        node.x, node.y, node.out = original, b, a
        shape = getattr(b, "shape", ())
        node.shapes = None if shape == a.shape else (a.shape, shape)
        # The gradient of y must arrive at y in y's own type, hence the converted operand.
        mark_changed(x, node, (x, right if isinstance(right, TensorBase) else _NUMBER))
        return x

    return apply_


# --- operands ------------------------------------------------------------------------------------


def to_default_float(x: Any) -> Any:
    return cast(x, dtypes.get_default_dtype())


def cast(x: Any, wanted: dtypes.dtype) -> Any:
    """``x`` in another type, recorded as a node if that changes anything."""
    from .copying import Cast  # made of Unary, so defined after it

    return x if x.array.dtype == wanted.numpy else Cast.apply(x, wanted.numpy)


def rank(x: TensorBase) -> int:
    return 2 if x.array.ndim else 1


def operands(x: Any, y: Any, floating: bool) -> tuple[Any, Any] | None:
    """Two operands, at least one of them a tensor, in the type of the result; None if neither."""
    if isinstance(x, TensorBase) and isinstance(y, TensorBase):
        return harmonise(x, y, floating)
    return with_number(x, y, floating)


def harmonise(x: Any, y: Any, floating: bool) -> tuple[Any, Any]:
    """Two tensors brought to one type and device by PyTorch's rules."""
    if type(x.array) is not type(y.array):
        x, y = same_device(x, y)
        if not (isinstance(x, TensorBase) and isinstance(y, TensorBase)):
            prepared = with_number(x, y, floating)
            assert prepared is not None
            return prepared
    type_x, type_y = dtypes.from_numpy(x.array.dtype), dtypes.from_numpy(y.array.dtype)
    wanted = dtypes.result_dtype(type_x, rank(x), type_y, rank(y))
    if floating and not wanted.is_floating_point:
        wanted = dtypes.get_default_dtype()
    return cast(x, wanted), cast(y, wanted)


def same_device(x: Any, y: Any) -> tuple[Any, Any]:
    """Let a 0-d CPU tensor act as a number beside a CUDA tensor; refuse every other mixture."""
    for this, other in ((x, y), (y, x)):
        if device_of(this.array).type == "cpu" and this.array.ndim == 0 and not this.needs_grad:
            number = this.array.item()
            return (number, other) if this is x else (other, number)
    raise RuntimeError(
        "Expected all tensors to be on the same device, but found at least two devices, "
        f"{device_of(x.array)} and {device_of(y.array)}!"
    )


def with_number(x: Any, y: Any, floating: bool) -> tuple[Any, Any] | None:
    """A tensor and a number (either way round) in the type of the result; None if neither."""
    if isinstance(x, TensorBase):
        if y.__class__ is float or (y.__class__ is int and x.array.dtype.kind != "b"):
            kind = x.array.dtype.kind
            if kind == "f" or (kind == "i" and y.__class__ is int and not floating):
                return x, y
        elif isinstance(y, np.ndarray) or (type(y) in BACKENDS and not np.isscalar(y)):
            return harmonise(x, wrap(y), floating)
        elif isinstance(y, (np.generic, bool)):
            y = y.item() if isinstance(y, np.generic) else y
        elif isinstance(y, TensorBase):
            return None
        if not isinstance(y, (int, float)):
            return None
        return _typed(x, y, floating), y
    if isinstance(y, TensorBase):
        prepared = with_number(y, x, floating)
        return None if prepared is None else (prepared[1], prepared[0])
    return None


def _typed(x: Any, number: Any, floating: bool) -> Any:
    wanted = dtypes.result_dtype(
        dtypes.from_numpy(x.array.dtype), rank(x), dtypes.scalar_dtype(number), 0
    )
    if floating and not wanted.is_floating_point:
        wanted = dtypes.get_default_dtype()
    return cast(x, wanted)


def narrow(a: Any, b: Any) -> tuple[Any, Any]:
    """Python integers too wide for the tensor's type wrap round, as in PyTorch."""
    if isinstance(b, int):
        return a, np.uint64(b & 0xFFFFFFFFFFFFFFFF).astype(a.dtype)
    return np.uint64(a & 0xFFFFFFFFFFFFFFFF).astype(b.dtype), b


def sum_to(xp: Any, grad: Any, shape: tuple[int, ...]) -> Any:
    """Sum a gradient over the dimensions that broadcasting added or stretched."""
    have = grad.shape
    if have == shape:
        return grad
    added = len(have) - len(shape)
    if added:
        grad = xp.sum(grad, tuple(range(added)) if added > 1 else 0)
        have = have[added:]
    stretched = tuple(i for i, (n, m) in enumerate(zip(have, shape, strict=True)) if n != m)
    return xp.sum(grad, stretched, True) if stretched else grad


def explain(cls: type[Node], a: Array, b: Array, error: Exception) -> Exception:
    """PyTorch's error for shapes that do not broadcast; any other error is passed on."""
    shape_a, shape_b = getattr(a, "shape", ()), getattr(b, "shape", ())
    dims = max(len(shape_a), len(shape_b))
    for d in range(1, dims + 1):
        n = shape_a[-d] if d <= len(shape_a) else 1
        m = shape_b[-d] if d <= len(shape_b) else 1
        if n != m and n != 1 and m != 1:
            return RuntimeError(
                f"The size of tensor a ({n}) must match the size of tensor b ({m}) at "
                f"non-singleton dimension {dims - d}"
            )
    return RuntimeError(f"{cls.__name__.removesuffix('Backward0').lower()}: {error}")


def explain_inplace(cls: type[Node], a: Array, b: Array, error: Exception) -> Exception:
    if not BACKENDS[type(a)].writable(a):
        return RuntimeError(ZERO_STRIDE_WRITE)
    explained = explain(cls, a, b, error)
    if "non-singleton" in str(explained):
        return explained
    shape = np.broadcast_shapes(a.shape, getattr(b, "shape", ()))
    return RuntimeError(
        f"output with shape {list(a.shape)} doesn't match the broadcast shape {list(shape)}"
    )
