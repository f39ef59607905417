"""Operands of elementwise ops: common type and device, numbers, broadcasting and its undoing."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..autograd.engine import Node, TensorBase, wrap
from ..autograd.expanded import ZERO_STRIDE_WRITE as ZERO_STRIDE_WRITE
from ..backend import BACKENDS, device_of
from ..backend.primitives import Array
from .arguments import note_op


def to_default_float(x: Any) -> Any:
    return cast(x, dtypes.get_default_dtype())


def cast(x: Any, wanted: dtypes.dtype) -> Any:
    """``x`` in another type, recorded as a node if that changes anything."""
    from .copying import Cast  # made of Unary, so defined after it

    if not isinstance(x, TensorBase):
        return x  # a number takes the type of its partner
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
    type_x, type_y = dtypes.from_numpy(x.array.dtype), dtypes.from_numpy(y.array.dtype)
    wanted = dtypes.result_dtype(type_x, rank(x), type_y, rank(y))
    if floating and not wanted.is_floating_point:
        wanted = dtypes.get_default_dtype()
    if type(x.array) is not type(y.array):
        x, y = same_device(x, y)
    return cast(x, wanted), cast(y, wanted)


def same_device(x: Any, y: Any) -> tuple[Any, Any]:
    """Let a 0-d CPU tensor act as a number beside a CUDA tensor; refuse every other mixture."""
    for this, other in ((x, y), (y, x)):
        where = device_of(other.array)
        if device_of(this.array).type == "cpu" and this.array.ndim == 0:
            number = this.to(where) if this.requires_grad else this.item()
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
        x = _typed(x, y, floating)
        if x.array.dtype.kind == "V":  # beside a number NumPy would widen bfloat16
            y = wrap(BACKENDS[type(x.array)].full((), y, x.array.dtype))
        return x, y
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


def number_beside(x: Any, number: Any) -> Any:
    """A number for arithmetic with ``x``: beside a bare one NumPy would widen bfloat16."""
    array = x.array
    if array.dtype.kind != "V" or number is None:
        return number
    return BACKENDS[type(array)].full((), number, array.dtype)


def narrow(a: Any, b: Any) -> tuple[Any, Any]:
    """Python integers too wide for the tensor's type wrap round, as in PyTorch."""
    if isinstance(b, int):
        return a, np.uint64(b & 0xFFFFFFFFFFFFFFFF).astype(a.dtype)
    return np.uint64(a & 0xFFFFFFFFFFFFFFFF).astype(b.dtype), b


def wrapped(bound: Any, kind: Any) -> Any:
    """A whole number as C would convert it to an unsigned type: modulo the type's range."""
    if kind.kind == "u" and isinstance(bound, int):
        limit = 1 << (8 * kind.itemsize)
        if not -limit < bound < limit:
            raise RuntimeError(f"value cannot be converted to type {kind.name}_t without overflow")
        return bound % limit
    return bound


def zeros_of(xp: Any, like: Any, shape: tuple[int, ...]) -> Any:
    """Zeros of a shape, with the type and on the device of an array or tensor."""
    if isinstance(like, TensorBase):  # the backward pass itself is being recorded
        return wrap(BACKENDS[type(like.array)].zeros(shape, like.array.dtype))
    return xp.zeros(shape, like.dtype)


def row_major(xp: Any, x: Any) -> Any:
    """``x`` in row-major order, which PyTorch gives some results whatever their operands' is."""
    return x if x.flags.c_contiguous else xp.copy(x)


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
    explained = misfit(getattr(a, "shape", ()), getattr(b, "shape", ()))
    if explained is None:
        return RuntimeError(str(error))
    note_op(explained, cls.__name__.rpartition("Backward")[0] or cls.__name__, a, b)
    return explained


def misfit(shape_a: tuple[int, ...], shape_b: tuple[int, ...]) -> RuntimeError | None:
    """The error for two shapes that do not broadcast, None if they do."""
    dims = max(len(shape_a), len(shape_b))
    for d in range(1, dims + 1):
        n = shape_a[-d] if d <= len(shape_a) else 1
        m = shape_b[-d] if d <= len(shape_b) else 1
        if n != m and n != 1 and m != 1:
            return RuntimeError(
                f"The size of tensor a ({n}) must match the size of tensor b ({m}) at "
                f"non-singleton dimension {dims - d}"
            )
    return None


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
