"""Arrays of the host in memory that the system does not move: a GPU copies from there by itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from .probe import probe

_UNAVAILABLE = "Cannot access accelerator device when none is available."


def pinned_copy(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same values in pinned memory; the array itself if they are there already.

    Raises:
        RuntimeError: there is no GPU to pin memory for.
    """
    module = probe().module
    if module is None:
        raise RuntimeError(_UNAVAILABLE)
    if is_pinned(array):
        return array
    memory = module.cuda.alloc_pinned_memory(max(array.nbytes, 1))
    room = np.frombuffer(memory, np.uint8, array.nbytes)
    target: np.ndarray[Any, Any] = room.view(array.dtype).reshape(array.shape)
    np.copyto(target, array)
    return target


def is_pinned(array: np.ndarray[Any, Any]) -> bool:
    """Whether the array lies in memory that :func:`pinned_copy` took."""
    module = probe().module
    if module is None:
        return False
    owner: Any = array
    while isinstance(owner, (np.ndarray, memoryview)):
        owner = owner.base if isinstance(owner, np.ndarray) else owner.obj
    return isinstance(owner, module.cuda.PinnedMemoryPointer)
