"""Batches in memory that a GPU reads faster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...tensor import Tensor
from .collate import like_mapping, like_sequence


def pinned(batch: Any) -> Any:
    """The batch with each tensor of the CPU copied into pinned memory.

    What has a method ``pin_memory`` is asked for that; containers are gone through.
    """
    if isinstance(batch, Tensor):
        return batch if batch.is_cuda else batch.pin_memory()
    if hasattr(batch, "pin_memory"):
        return batch.pin_memory()
    if isinstance(batch, (str, bytes)):
        return batch
    if isinstance(batch, Mapping):
        return like_mapping(batch, {key: pinned(value) for key, value in batch.items()})
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(pinned(part) for part in batch))
    if isinstance(batch, Sequence):
        parts = [pinned(part) for part in batch]
        return parts if isinstance(batch, tuple) else like_sequence(batch, parts)
    return batch
