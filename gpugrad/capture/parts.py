"""Arguments that are parts of other memory, such as batches of a data set."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

from ..autograd.engine import TensorBase, wrap
from ..backend.primitives import Array
from ..backend.recorder import Recorder
from .plan import external_written

Copies = dict[int, tuple[TensorBase, TensorBase]]
"""By their identities, tensors and copies of them."""


def memory_of_their_own(tensors: Sequence[TensorBase], recorder: Recorder) -> Copies:
    """The tensors that are parts of other memory, such as a batch of a data set, and their copies.

    Another call has another part, so where it lies in the whole must not be written down.
    """
    backend = recorder.backend
    return {
        id(t): (t, wrap(backend.copy(t.array)))
        for t in tensors
        if (t.node is not None or not t.needs_grad) and _is_part(backend, t.array)
    }


def _is_part(backend: Any, array: Array) -> bool:
    return array.base is not None and array.nbytes < backend.memory(array)[2]


@contextlib.contextmanager
def written_back(own: Copies, recorder: Recorder) -> Iterator[None]:
    """Give the originals of copies what the function has written into these."""
    done = False
    try:
        yield
        done = True
    finally:
        memory = recorder.backend.memory
        written = {id(root.owner) for root in external_written(recorder.steps)}
        for original, copied in own.values():
            changed = id(memory(copied.array)[0]) in written
            if changed:
                recorder.backend.copy(copied.array, original.array)
                original.version[0] += 1
            owner = id(memory(original.array)[0])
            parts = [o for o, _ in own.values() if id(memory(o.array)[0]) == owner]
            used = owner in recorder.roots or len(parts) > 1
            if done and used and (changed or owner in written):
                recorder.fail(
                    "the function writes into memory of which it has one part as an argument and "
                    "another one besides: clone one of them"
                )
