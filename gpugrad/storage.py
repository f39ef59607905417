"""The memory below a tensor: ``tensor.storage()`` and ``tensor.untyped_storage()``.

A storage is the one-dimensional memory that a tensor and its views share. Here it belongs to a
NumPy or CuPy array; what is written to it is written there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import dtypes
from .autograd.engine import TensorBase, wrap
from .backend import BACKENDS
from .device import device


def memory_of(tensor: TensorBase) -> Any:
    """All memory that ``tensor`` and its views share, as a one-dimensional array of its type."""
    array = tensor.array
    backend = BACKENDS[type(array)]
    while getattr(array, "base", None) is not None and type(array.base) is type(array):
        array = array.base
    if not array.flags.c_contiguous:
        # Owned memory in another order: the same bytes, read from the first to the last.
        array = array.transpose(np.argsort([-step for step in array.strides], kind="stable"))
    flat = array.reshape(-1) if array.flags.c_contiguous else backend.copy(array).reshape(-1)
    return flat if flat.dtype == tensor.array.dtype else flat.view(tensor.array.dtype)


class TypedStorage:
    """Memory as a sequence of numbers of one type.

    >>> import gpugrad
    >>> x = gpugrad.arange(6).reshape(2, 3)
    >>> x[1].storage().tolist()
    [0, 1, 2, 3, 4, 5]
    """

    __module__ = "torch.storage"

    def __init__(self, tensor: TensorBase) -> None:
        self._array = memory_of(tensor)

    @property
    def dtype(self) -> dtypes.dtype:
        """The type of the numbers."""
        return dtypes.from_numpy(self._array.dtype)

    @property
    def device(self) -> device:
        """Where the memory is."""
        found: device = BACKENDS[type(self._array)].device(self._array)
        return found

    @property
    def is_cuda(self) -> bool:
        """Whether that is a CUDA device."""
        return self.device.type == "cuda"

    def __len__(self) -> int:
        return int(self._array.size)

    def size(self) -> int:
        """How many numbers there are."""
        return len(self)

    def nbytes(self) -> int:
        """How many bytes they take."""
        return int(self._array.nbytes)

    def element_size(self) -> int:
        """How many bytes one of them takes."""
        return int(self._array.dtype.itemsize)

    def data_ptr(self) -> int:
        """The address of the memory."""
        return int(BACKENDS[type(self._array)].address(self._array))

    def tolist(self) -> list[Any]:
        """The numbers."""
        found: list[Any] = BACKENDS[type(self._array)].to_host(self._array).tolist()
        return found

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __getitem__(self, index: int) -> Any:
        return self.tolist()[index]

    def __setitem__(self, index: int | slice, value: Any) -> None:
        self._array[index] = value

    def fill_(self, value: Any) -> TypedStorage:
        """Set all numbers to one."""
        self._array[...] = value
        return self

    def is_shared(self) -> bool:
        """Whether other processes share the memory: never."""
        return False

    def untyped(self) -> UntypedStorage:
        """The same memory as bytes."""
        return UntypedStorage(wrap(self._array))

    def _text(self) -> str:
        return "".join(f" {number}\n" for number in self)

    def __repr__(self) -> str:
        kind = f"dtype={self.dtype}, device={self.device}"
        return f"{self._text()}[torch.storage.TypedStorage({kind}) of size {len(self)}]"


class UntypedStorage(TypedStorage):
    """Memory as a sequence of bytes."""

    __module__ = "torch.storage"

    def __init__(self, tensor: TensorBase) -> None:
        super().__init__(tensor)
        self._array = self._array.view(np.uint8)

    def __repr__(self) -> str:
        return (
            f"{self._text()}[torch.storage.UntypedStorage(device={self.device}) of size "
            f"{len(self)}]"
        )
