"""Methods that change a tensor's shape and also take sizes or dimensions one by one."""

from __future__ import annotations

from typing import Any

from . import creation, dtypes
from .autograd.composed import inplace_shown_as
from .autograd.inplace import check_inplace
from .function_makers import Function
from .ops import broadcasting, cutting, repeating
from .ops import shape as ops


def is_same_size(self: Any, other: Any) -> bool:
    return bool(self.array.shape == other.array.shape)


def reshape(self: Any, *args: Any, shape: Any = None) -> Any:
    return ops.reshape(self, ops.sizes(args if shape is None else (shape,)))


def split(self: Any, split_size: Any, dim: int = 0) -> Any:
    return cutting.split(self, split_size, dim)


def expand(self: Any, *args: Any, size: Any = None, implicit: bool = False) -> Any:
    return broadcasting.expand(self, *(args if size is None else (size,)))


def repeat(self: Any, *args: Any, repeats: Any = None) -> Any:
    if not args and repeats is None:
        raise TypeError('repeat() missing 1 required positional arguments: "repeats"')
    return repeating.repeat(self, *(args if repeats is None else (repeats,)))


def flip(self: Any, *args: Any, dims: Any = None) -> Any:
    return repeating.flip(self, ops.sizes(args if dims is None else (dims,)))


def view(self: Any, *args: Any, size: Any = None, dtype: Any = None) -> Any:
    size = args if size is None else (size,)
    if dtype is not None:
        size = (dtype,)
    if len(size) == 1 and isinstance(size[0], dtypes.dtype):
        return creation.from_numpy(self.detach().array.view(size[0].numpy))
    return ops.view(self, *size)


def permute(self: Any, *args: Any, dims: Any = None) -> Any:
    if not args and dims is None:
        raise TypeError('permute() missing 1 required positional arguments: "dims"')
    return ops.permute(self, ops.sizes(args if dims is None else (dims,)))


def unflatten(self: Any, dim: int, sizes: Any) -> Any:
    return ops.unflatten(self, dim, sizes)


def tile(self: Any, *args: Any, dims: Any = None) -> Any:
    return repeating.tile(self, ops.sizes(args if dims is None else (dims,)))


def expand_as(self: Any, other: Any) -> Any:
    return broadcasting.expand(self, other.array.shape)


def view_as(self: Any, other: Any) -> Any:
    return ops.view(self, other.array.shape)


def reshape_as(self: Any, other: Any) -> Any:
    return ops.reshape(self, other.array.shape)


# --- in place ------------------------------------------------------------------------------------


def _set_shape(function: Function, name: str) -> Function:
    """The in-place form of a view function: the tensor itself takes the view's place."""

    @inplace_shown_as(name)
    def inplace(self: Any, *args: Any, **kwargs: Any) -> Any:
        check_inplace(self)
        result = function(self, *args, **kwargs)
        self.array, self.node, self.needs_grad = result.array, result.node, result.needs_grad
        return self

    return inplace


_squeezed = [_set_shape(ops.squeeze, f"SqueezeBackward{number}") for number in (3, 4, 5)]


def squeeze_(self: Any, dim: Any = None) -> Any:
    if dim is None:
        return _squeezed[0](self)
    return _squeezed[1 if isinstance(dim, int) else 2](self, dim)


unsqueeze_ = _set_shape(ops.unsqueeze, "UnsqueezeBackward1")
transpose_ = _set_shape(ops.transpose, "TransposeBackward1")
t_ = _set_shape(ops.t, "TBackward1")
