"""Whose counts of writes tell when memory has been written into."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterator
from typing import Any

from ..autograd.engine import TensorBase


def tensors_in_memory(backend: Any, owners: Collection[Any]) -> Iterator[TensorBase]:
    """All tensors that lie in pieces of memory; to find them takes some milliseconds.

    Args:
        backend: the primitives of the arrays.
        owners: what keeps the memory alive.
    """
    wanted = set(map(id, owners))
    array_type = backend.module.ndarray
    for thing in gc.get_objects():
        if not issubclass(type(thing), TensorBase):
            continue
        array = getattr(thing, "array", None)
        if isinstance(array, array_type) and id(backend.memory(array)[0]) in wanted:
            yield thing


def versions(tensors: Collection[TensorBase]) -> list[list[int]]:
    """The counts of writes of tensors, each once: those that share memory share them."""
    return list({id(t.version): t.version for t in tensors}.values())
