"""Indexing: ``x[...]`` read and assigned, by ints, slices, masks and integer tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autograd.engine import (
    Node,
    TensorBase,
    _new,
    wrap,
)
from ..autograd.expanded import shared
from ..autograd.grad_mode import mode
from ..autograd.inplace import check_inplace, mark_changed
from ..autograd.views import refresh
from ..backend import BACKENDS
from ..dtypes import from_numpy
from .broadcasting import expand
from .copying import copy_
from .native_index import native_index
from .operands import sum_to, wrapped

WHOLE = slice(None)


class Index(Node):
    """Elements picked by masks or integer tensors: a copy."""

    __slots__ = ("index", "shape")

    def forward(self, xp: Any, x: Any, index: Any) -> Any:
        self.index, self.shape = index, x.shape
        return xp.getitem(x, index)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.scatter_nd(grad, self.index, self.shape),)


class Select(Index):
    """One position of a dimension: a view."""

    __slots__ = ()
    is_view = True


class Slice(Index):
    """A range of a dimension: a view."""

    __slots__ = ()
    is_view = True


class Newaxis(Index):
    """A further dimension of size one: a view."""

    __slots__ = ()
    is_view = True
    torch_name = "Unsqueeze"


class Alias(Index):
    """The whole tensor: a view."""

    __slots__ = ()
    is_view = True


class ScatterNd(Node):
    """Zeros with values added at an index; what :class:`Index` passes back."""

    __slots__ = ("index",)
    torch_name = "IndexBackward"

    def forward(self, xp: Any, grad: Any, index: Any, shape: Any) -> Any:
        self.index = index
        return xp.scatter_nd(grad, index, shape)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.getitem(grad, self.index),)


class IndexPut(Node):
    """``x[index] = value`` with an index that gives copies."""

    __slots__ = ("index", "shape")

    def forward(self, xp: Any, x: Any, value: Any, index: Any) -> Any:
        self.index, self.shape = index, value.shape
        return xp.setitem(x, index, value)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        edge_x, edge_value = self.edges[0], self.edges[1]
        mine = value = None
        if edge_value is not None:
            picked = xp.getitem(grad, self.index)
            # The value may have had further leading dimensions of size one.
            extra = max(len(self.shape) - len(picked.shape), 0)
            value = sum_to(xp, picked, self.shape[extra:])
            value = xp.reshape(value, self.shape) if extra else value
        if edge_x is not None:
            mine = xp.copy(grad)
            mine = xp.setitem(mine, self.index, 0)
        return mine, value


# --- functions -----------------------------------------------------------------------------------


def getitem(x: Any, index: Any) -> Any:
    """``x[index]``: a view for ints, slices, None and Ellipsis; else a copy.

    Raises IndexError for an index out of range, too many indices, or of a wrong type.
    """
    kind = index.__class__
    if kind is int:
        shape = x.array.shape
        if not shape:
            raise IndexError(
                "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or "
                "`tensor.item<T>()` in C++ to convert a 0-dim tensor to a number"
            )
        if not -shape[0] <= index < shape[0]:
            raise IndexError(f"index {index} is out of bounds for dimension 0 with size {shape[0]}")
        return _view(x, Select, (index, ...))
    native = native_index(x, index)
    cls = _view_node(native)
    if cls is not None:
        return _view(x, cls, native)
    x, native = _ints_first(x, native)
    try:
        return Index.apply(x, native)
    except IndexError as error:
        raise IndexError(_explain(x, native, error)) from None


def _view(x: Any, cls: type[Index], index: tuple[Any, ...]) -> Any:
    """``cls.apply(x, index)`` for an index that was checked, without the general path's cost."""
    array = x.array
    result = wrap(array[index])
    if x.view_of is not None and x.version[1] != x.rebased:
        refresh(x)
    result.version = x.version
    result.rebased = x.rebased
    result.view_of = (x, cls, (index,), None, mode.enabled)
    if not mode.enabled:
        result.needs_grad = x.needs_grad
    elif x.needs_grad:
        node = _new(cls)
        node.index, node.shape = index, array.shape
        node._record((x,), result)
    return result


def _ints_first(x: Any, native: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Take the positions that ints name first, and leave the rest of the index for what remains.

    NumPy counts ints among the arrays that are broadcast; to PyTorch they are not part of that.
    """
    for item in native:
        if item.__class__ is int:
            break
    else:
        return x, native
    first: list[Any] = []
    rest: list[Any] = []
    for item in native:
        if item.__class__ is int:
            first.append(item)
        elif item is Ellipsis or item is None or isinstance(item, slice):
            first.append(item)
            rest.append(Ellipsis if item is Ellipsis else slice(None))
        else:
            dims = 0 if isinstance(item, bool) else item.ndim if item.dtype.kind == "b" else 1
            first += [slice(None)] * dims
            rest.append(item)
    taken = tuple(first)
    return _view(x, _view_node(taken) or Alias, taken), tuple(rest)


def _view_node(index: tuple[Any, ...]) -> type[Index] | None:
    """The node of the view that an index takes; None for an index that makes a copy."""
    last: type[Index] = Alias
    for item in index:
        if item is None:
            last = Newaxis
        elif item is Ellipsis:
            continue
        elif isinstance(item, slice):
            if item != WHOLE:
                last = Slice
        elif isinstance(item, int):
            last = Select
        else:
            return None
    return last


def _explain(x: Any, index: Any, error: Exception) -> str:
    shapes = [list(i.shape) for i in index if hasattr(i, "shape")]
    if "broadcast" in str(error):
        listed = ", ".join(str(s) for s in shapes)
        return (
            f"shape mismatch: indexing tensors could not be broadcast together with shapes {listed}"
        )
    text = str(error)
    return text.replace("for axis", "for dimension")


def setitem(x: Any, index: Any, value: Any) -> None:
    """``x[index] = value``, differentiable in both; ``value`` broadcasts and is converted.

    Raises IndexError as :func:`getitem` does and RuntimeError if ``value`` does not fit.
    """
    native = native_index(x, index)
    backend = BACKENDS[type(x.array)]
    if not isinstance(value, TensorBase):
        if value is None or isinstance(value, (list, tuple, str, dict)):
            kind = from_numpy(x.array.dtype).tensor_type
            raise TypeError(f"can't assign a {type(value).__name__} to a torch.{kind}")
        if isinstance(value, np.ndarray):
            value = backend.from_host(value, backend.device(x.array))
        elif type(value) is not type(x.array):
            value = backend.full((), wrapped(value, x.array.dtype), x.array.dtype)
        value = wrap(value)
    cls = _view_node(native)
    if cls is not None:
        target = _view(x, cls, native)
        wanted = target.array.shape
        if value.array.shape and value.array.shape != wanted:
            value = _without_prefix(value, len(wanted))
            if value.array.ndim and not _fits(value.array.shape, wanted):
                expand(value, wanted)  # raises what PyTorch raises here
        copy_(target, value)
        return
    x, native = _ints_first(x, native)
    check_inplace(x)
    if value.array.dtype != x.array.dtype:
        value = value.to(x.dtype)
    if type(value.array) is not type(x.array):
        value = value.to(x.device)
    node = _new(IndexPut)
    try:
        node.forward(backend, x.array, value.array, native)
    except ValueError as error:
        if not backend.writable(x.array):
            target = shared(x.array, "index_put_", "tensor[indices] = tensor")
            node.forward(backend, target, value.array, native)
            mark_changed(x, node, (x, value))
            return
        shape = list(_without_prefix(value, 0).array.shape)
        raise RuntimeError(
            f"shape mismatch: value tensor of shape {shape} cannot be broadcast to indexing result "
            f"of shape {list(x.array[native].shape)}"
        ) from error
    except IndexError as error:
        raise IndexError(_explain(x, native, error)) from None
    mark_changed(x, node, (x, value))


def _without_prefix(value: Any, ndim: int) -> Any:
    """``value`` with at most ``ndim`` dimensions, if those in front are of size one."""
    shape = value.array.shape
    while len(shape) > ndim and shape[0] == 1:
        shape = shape[1:]
    extra = value.array.ndim - len(shape)
    return Select.apply(value, ((0,) * extra + (...,))) if extra else value


def _fits(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return len(shape) <= len(wanted) and all(
        n in (1, m) for n, m in zip(shape[::-1], wanted[::-1], strict=False)
    )
