"""Nested lists, tuples and dictionaries of tensors, taken apart and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..autograd.engine import TensorBase

PLAIN = (bool, int, float, complex, str, bytes, type(None))


def tensors_in(value: Any) -> Iterator[TensorBase]:
    """The tensors of a nested structure, in order."""
    if isinstance(value, TensorBase):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_in(item)


def flat(args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[TensorBase]:
    """The tensors among a call's arguments, in order."""
    found = []
    for arg in args:
        if isinstance(arg, TensorBase):
            found.append(arg)
        elif type(arg) not in PLAIN:
            found.extend(tensors_in(arg))
    if kwargs:
        found.extend(tensors_in(kwargs))
    return found


def mapped(value: Any, function: Callable[[TensorBase], Any]) -> Any:
    """The structure with ``function(tensor)`` in the place of every tensor."""
    if isinstance(value, TensorBase):
        return function(value)
    if isinstance(value, tuple):
        items = [mapped(item, function) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, list):
        return [mapped(item, function) for item in value]
    if isinstance(value, dict):
        return {key: mapped(item, function) for key, item in value.items()}
    return value


def key_of(value: Any) -> Any:
    """What decides which plan fits: layouts of tensors, values of plain objects, other objects."""
    if isinstance(value, TensorBase):
        array = value.array
        # A leaf's gradient may be made or added to; others are but passed through.
        grad = value.needs_grad and (
            value.node is not None or value.gradient is None,
            value.node is None,
        )
        return (array.shape, array.strides, array.dtype, type(array), grad)
    kind = type(value)
    if kind in PLAIN:
        if kind is float and not value:  # zeros of both signs are equal
            return (kind, str(value))
        return (kind, value if value == value else "nan")
    if kind is tuple or kind is list or isinstance(value, (tuple, list)):
        return (kind, *map(key_of, value))
    if isinstance(value, dict):
        return (kind, *((name, key_of(item)) for name, item in value.items()))
    return kind if kind is np.ndarray else (kind, id(value))


def shared(tensors: Sequence[TensorBase]) -> tuple[int, ...] | None:
    """Which tensors lie in the memory of which others; None if all lie alone."""
    arrays = [tensor.array for tensor in tensors]
    owners = [id(a if a.base is None else a.base) for a in arrays]
    if len(set(owners)) == len(owners):
        return None
    return tuple([owners.index(owner) for owner in owners])


def identified(value: Any) -> Iterator[Any]:
    """The objects of which :func:`key_of` takes the identity."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from identified(item)
    elif isinstance(value, dict):
        yield from identified(list(value.values()))
    elif not isinstance(value, (TensorBase, *PLAIN)):
        yield value
