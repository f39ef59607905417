"""The memory of tensors in a file: which of it is saved, once, for all tensors that share it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import dtypes
from .backend import BACKENDS, device_of
from .tensor import Tensor

KINDS = {
    "BFloat16Storage": dtypes.bfloat16,
    "BoolStorage": dtypes.bool_,
    "ByteStorage": dtypes.uint8,
    "CharStorage": dtypes.int8,
    "DoubleStorage": dtypes.float64,
    "FloatStorage": dtypes.float32,
    "HalfStorage": dtypes.float16,
    "IntStorage": dtypes.int32,
    "LongStorage": dtypes.int64,
    "ShortStorage": dtypes.int16,
}
"""PyTorch's names for memory of each type."""

_NAMES = {kind: name for name, kind in KINDS.items()}


@dataclass(frozen=True)
class StorageName:
    """How a tensor in a file refers to its memory."""

    kind: str
    key: str
    location: str
    count: int


class _Span:
    """A range of addresses, and the arrays that lie in it."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.end = start, end
        self.name: StorageName | None = None


class Storages:
    """The memory of the tensors of one file.

    Tensors whose memory overlaps share a storage, which reaches from the first to the last of their
    elements: of a small view of a large tensor, only the view is saved.
    """

    def __init__(self) -> None:
        self._spans: dict[Any, list[_Span]] = {}
        self._data: list[Any] = []
        self._copies: dict[int, tuple[Any, Any]] = {}

    def collect(self, obj: Any) -> None:
        """Look at all tensors in plain containers, so that those that overlap find together."""
        stack, seen = [obj], set()
        while stack:
            value = stack.pop()
            if isinstance(value, Tensor):
                self._note(self._array(value))
            elif isinstance(value, (dict, list, tuple, set)) and id(value) not in seen:
                seen.add(id(value))
                stack.extend(value.values() if isinstance(value, dict) else value)

    def of(self, tensor: Tensor) -> tuple[StorageName, int, tuple[int, ...]]:
        """Name of the storage, place of the first element, and steps, all counted in elements."""
        array = self._array(tensor)
        start, end = _extent(array)
        width = array.dtype.itemsize
        spans = self._note(array)
        span = next(s for s in spans if s.start <= start and end <= s.end)
        if span.name is None:
            count = (span.end - span.start) // width
            key = str(len(self._data))
            kind = _NAMES[dtypes.from_numpy(array.dtype)]
            span.name = StorageName(kind, key, str(device_of(tensor.array)), count)
            self._data.append(_memory(array, (start - span.start) // width, count))
        steps = tuple(step // width for step in array.strides)
        return span.name, (start - span.start) // width, steps

    def written(self) -> Iterator[tuple[str, Any]]:
        """Key and bytes of each storage."""
        for key, array in enumerate(self._data):
            yield str(key), np.ascontiguousarray(array).view(np.uint8).data

    def _array(self, tensor: Tensor) -> Any:
        """The tensor's values on the host, with steps as PyTorch allows them."""
        array = tensor.array
        found = self._copies.get(id(array))
        if found is not None:
            return found[1]
        backend = BACKENDS[type(array)]
        host = backend.to_host(array) if tensor.is_cuda else array
        if any(step < 0 or step % host.dtype.itemsize for step in host.strides):
            host = host.copy()
        self._copies[id(array)] = array, host
        return host

    def _note(self, array: Any) -> list[_Span]:
        """Make sure that a span has this array, joining those that it overlaps."""
        start, end = _extent(array)
        spans = self._spans.setdefault(array.dtype.str + str(array.dtype), [])
        if any(s.start <= start and end <= s.end for s in spans):
            return spans
        over = [s for s in spans if s.start < end and start < s.end and s.name is None]
        joined = _Span(min([start, *(s.start for s in over)]), max([end, *(s.end for s in over)]))
        spans[:] = [s for s in spans if s not in over] + [joined]
        return spans


def _extent(array: Any) -> tuple[int, int]:
    """The addresses of the first element and behind the last one; equal if there is none."""
    start = array.__array_interface__["data"][0]
    if not array.size:
        return start, start
    last = sum((n - 1) * step for n, step in zip(array.shape, array.strides, strict=True))
    return start, start + last + array.dtype.itemsize


def _memory(array: Any, before: int, count: int) -> Any:
    """``count`` elements of the memory of an array, of which ``before`` come before its first."""
    if not count:
        return np.empty(0, array.dtype)
    # The span was made of arrays that are alive, so all of it is memory of theirs.
    address = array.__array_interface__["data"][0] - before * array.dtype.itemsize
    return _At(address, count * array.dtype.itemsize, array).copy()


class _At:
    """Bytes at an address, as NumPy asks for them."""

    def __init__(self, address: int, size: int, owner: Any) -> None:
        self.owner = owner
        self.__array_interface__ = {
            "data": (address, True),
            "shape": (size,),
            "typestr": "|u1",
            "version": 3,
        }

    def copy(self) -> Any:
        return np.array(self, dtype=np.uint8, copy=True)


def reduced_to_storage(tensor: Any, storages: Storages) -> tuple[Any, ...]:
    """How Python's pickle is to save a tensor: by a reference to its memory."""
    name, offset, steps = storages.of(tensor)
    attributes = tensor.__dict__ or None
    shape = tuple(tensor.shape)
    own = (tensor.requires_grad, type(tensor), attributes)
    return rebuilt_from_storage, (name, offset, shape, steps, *own)


def rebuilt_from_storage(
    storage: Any,
    offset: int,
    shape: tuple[int, ...],
    steps: tuple[int, ...],
    requires_grad: bool,
    cls: type,
    attributes: Any,
) -> Any:
    """The tensor that :func:`reduced_to_storage` was given; ``storage`` is the reader's."""
    tensor = storage.tensor(offset, shape, steps)
    tensor.__class__ = cls
    tensor.needs_grad = requires_grad
    if attributes:
        tensor.__dict__.update(attributes)
    return tensor
