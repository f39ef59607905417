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
    if not kwargs and all(isinstance(a, (TensorBase, *PLAIN)) for a in args):
        return [a for a in args if isinstance(a, TensorBase)]
    return list(tensors_in((args, kwargs)))


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
    kind = type(value)
    if kind in PLAIN:
        if kind is float and not value:  # zeros of both signs are equal
            return (kind, str(value))
        return (kind, value if value == value else "nan")
    if isinstance(value, TensorBase):
        array = value.array
        grad = value.needs_grad and (value.node is None, value.grad is None)
        return (array.shape, array.strides, array.dtype, type(array), grad)
    if kind is tuple or kind is list or isinstance(value, (tuple, list)):
        return (kind, *map(key_of, value))
    if isinstance(value, dict):
        return (kind, *((name, key_of(item)) for name, item in value.items()))
    return kind if kind is np.ndarray else (kind, id(value))


def shared(tensors: Sequence[TensorBase]) -> tuple[int, ...] | None:
    """Which tensors lie in the memory of which others; None if all lie alone."""
    owners = []
    for tensor in tensors:
        array = tensor.array
        owners.append(id(array if array.base is None else array.base))
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
