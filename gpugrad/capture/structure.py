"""Nested lists, tuples, dictionaries and dataclasses of tensors, taken apart and put together."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..autograd.engine import TensorBase

PLAIN = (bool, int, float, complex, str, bytes, type(None))


def fields_of(value: Any) -> dict[str, Any] | None:
    """The attributes of a dataclass's instance, or of a namespace; None for other objects."""
    kind = type(value)
    if kind is SimpleNamespace:
        return dict(vars(value))
    names = getattr(kind, "__dataclass_fields__", None)
    if names is None:
        return None
    return {name: getattr(value, name) for name in names if hasattr(value, name)}


def with_items(value: Any, items: dict[Any, Any]) -> Any:
    """A dictionary of the same kind with other items."""
    if type(value) is dict:
        return items
    found = copy.copy(value)
    for name, item in items.items():
        found[name] = item
    return found


def with_fields(value: Any, fields: dict[str, Any]) -> Any:
    """An instance of the same class with other attributes, the same one if they are its own."""
    if all(getattr(value, name) is item for name, item in fields.items()):
        return value
    found = copy.copy(value)
    for name, item in fields.items():
        object.__setattr__(found, name, item)
    return found


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
    elif type(value) not in PLAIN and (fields := fields_of(value)) is not None:
        for item in fields.values():
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
        return with_items(value, {key: mapped(item, function) for key, item in value.items()})
    if type(value) not in PLAIN and (fields := fields_of(value)) is not None:
        return with_fields(value, {name: mapped(item, function) for name, item in fields.items()})
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
    fields = fields_of(value)
    if fields is not None and next(tensors_in(value), None) is not None:
        return (kind, *((name, key_of(item)) for name, item in fields.items()))
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
        fields = fields_of(value)
        if fields is not None and next(tensors_in(value), None) is not None:
            yield from identified(list(fields.values()))
        else:
            yield value
