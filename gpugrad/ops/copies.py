"""Copies of what view functions show, tensors of given strides, and changes of size in place."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

from ..autograd.engine import wrap
from ..autograd.inplace import check_inplace
from ..backend import BACKENDS
from . import arrange, broadcasting, cutting, diagonal, shape, strided
from .copying import clone
from .index import setitem
from .operands import cast
from .shape import sizes
from .slices import put


def _copying(view: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function that copies what ``view`` would show."""

    @functools.wraps(view)
    def function(*args: Any, **kwargs: Any) -> Any:
        found = view(*args, **kwargs)
        if isinstance(found, (tuple, list)):
            return tuple(clone(part) for part in found)
        return clone(found)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f":func:`{view.__name__}`, copied."
    return function


_VIEWS: dict[str, Callable[..., Any]] = {
    "as_strided": strided.as_strided,
    "diagonal": diagonal.diagonal,
    "expand": broadcasting.broadcast_to,
    "permute": shape.permute,
    "select": arrange.select,
    "split": cutting.split,
    "split_with_sizes": strided.split_with_sizes,
    "squeeze": shape.squeeze,
    "t": shape.t,
    "transpose": shape.transpose,
    "unbind": cutting.unbind,
    "unfold": arrange.unfold,
    "unsqueeze": shape.unsqueeze,
    "view": shape.view,
}

COPIES = {f"{name}_copy": _copying(view, f"{name}_copy") for name, view in _VIEWS.items()}
"""The copying forms of view functions, by PyTorch's names."""


def as_strided_scatter(
    input: Any, src: Any, size: Any, stride: Any, storage_offset: int | None = None
) -> Any:
    """A copy of ``input`` with ``src`` where :func:`as_strided` would look.

    >>> import gpugrad
    >>> gpugrad.as_strided_scatter(gpugrad.zeros(4), gpugrad.ones(2), (2,), (2,))
    tensor([1., 0., 1., 0.])
    """
    xp = BACKENDS[type(input.array)]
    numbers = wrap(xp.reshape(xp.arange(0, math.prod(input.shape), 1, "int64"), tuple(input.shape)))
    places = strided.as_strided(numbers, size, stride, storage_offset)
    if tuple(places.shape) != tuple(src.shape):
        raise RuntimeError(
            "expected src to have a size equal to the slice of self. src size = "
            f"{list(src.shape)}, slice size = {list(places.shape)}"
        )
    return put(input, places, cast(src, input.dtype))


def resize_(self: Any, *size: Any, memory_format: Any = None) -> Any:
    """Change the shape in place: the elements are those that follow in memory.

    New ones beyond the end of the memory, which then is copied, are not initialised.

    >>> import gpugrad
    >>> gpugrad.tensor([1, 2, 3, 4]).resize_(2, 2)
    tensor([[1, 2],
            [3, 4]])
    """
    wanted = tuple(sizes(size))
    if self.requires_grad:
        raise RuntimeError("cannot resize variables that require grad")
    if any(s < 0 for s in wanted):
        raise RuntimeError(f"requested resize to {list(wanted)} has negative dimensions")
    if wanted == tuple(self.shape):
        return self
    check_inplace(self)
    array = self.array
    xp, item, count = BACKENDS[type(array)], array.dtype.itemsize, math.prod(wanted)
    _, begin, held = xp.memory(array)
    following = (begin + held - xp.address(array)) // item
    line = xp.strided(array, 0, (min(count, following),), (item,))
    if count > following:
        wider = xp.zeros((count,), array.dtype)
        xp.setitem(wider, slice(0, following), line)
        line = wider
    self.array = xp.reshape(line, wanted)
    self.version[0] += 1
    return self


def resize_as_(self: Any, other: Any, *, memory_format: Any = None) -> Any:
    """:func:`resize_` to the shape of ``other``."""
    return resize_(self, *other.shape)


def fill(input: Any, value: Any) -> Any:
    """A tensor like ``input`` with ``value`` in every place.

    >>> import gpugrad
    >>> gpugrad.fill(gpugrad.zeros(2), 3)
    tensor([3., 3.])
    """
    copy = clone(input)
    setitem(copy, Ellipsis, value)
    return copy
