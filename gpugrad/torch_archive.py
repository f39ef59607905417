"""The zip archive in which ``torch.save`` puts tensors: its entries, and storages made of them."""

from __future__ import annotations

import math
import struct
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import dtypes
from .autograd.engine import wrap
from .creation import from_numpy
from .ops.strided import as_strided
from .pickled_storages import KINDS
from .tensor import Tensor

_HEADER = 30  # the size of an entry's header in a zip file, without what follows it

Place = Callable[[Tensor, str], Tensor]  # to where it is wanted, from where it was saved


class TorchFileError(Exception):
    """What is wrong with a file, to be put after its name."""


class RefusedError(TorchFileError):
    """The file holds something that is not read without trust."""


class Storage:
    """One-dimensional memory of tensors, on the device where they are wanted."""

    def __init__(self, array: np.ndarray[Any, Any], location: str, place: Place) -> None:
        self.array = array
        placed = place(from_numpy(array), location)
        self.placed = placed if placed.device.type != "cpu" else None
        if self.placed is None and isinstance(placed.array, np.ndarray):
            self.array = placed.array

    def tensor(self, offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
        """A tensor in this memory."""
        view = _view(self.array, offset, size, stride)  # which checks that it is inside
        if self.placed is None or not view.size:
            there: Tensor = from_numpy(view)
            return there
        result: Tensor = wrap(as_strided(self.placed, size, stride, offset).array)
        return result


class TorchArchive:
    """The entries of one file: a description, and the memory of the tensors in it.

    Args:
        archive: the file.
        data: the whole of it, as bytes or as a memory map.
        place: see :func:`~gpugrad.torch_file.read_torch_file`.
    """

    def __init__(self, archive: zipfile.ZipFile, data: Any, place: Place) -> None:
        self.archive = archive
        self.data = data
        self.unread = len(data)  # bytes of storages that the file can still have
        self.place = place
        names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(names) != 1:
            raise TorchFileError("is a zip archive, but none that torch.save wrote")
        self.folder = names[0].removesuffix("data.pkl")
        self.storages: dict[str, Storage] = {}

    def description(self) -> bytes:
        """The pickle that says what the tensors are part of."""
        order = f"{self.folder}byteorder"
        if order in self.archive.namelist() and self._entry(order) != b"little":
            raise TorchFileError("was saved on a machine with another order of bytes")
        return self._entry(f"{self.folder}data.pkl")

    def _entry(self, name: str) -> bytes:
        if self.archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
            raise TorchFileError("is compressed, which torch.save never does")
        try:
            return self.archive.read(name)
        except (RuntimeError, EOFError) as error:  # encrypted, or cut off
            raise TorchFileError(f"cannot be read ({error})") from error

    def _memory(self, name: str) -> Any:
        """The bytes of a storage, writable: a copy, or a part of the memory map."""
        if isinstance(self.data, bytes):
            return bytearray(self._entry(name))
        entry = self.archive.getinfo(name)
        if entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 1:
            raise TorchFileError("is compressed, which torch.save never does")
        header = entry.header_offset
        if self.data[header : header + 4] != b"PK\3\4":
            raise TorchFileError("is damaged: an entry is not where it should be")
        lengths = struct.unpack_from("<HH", self.data, header + 26)
        start = header + _HEADER + sum(lengths)
        part = memoryview(self.data)[start : start + entry.file_size]
        if len(part) != entry.file_size:
            raise TorchFileError("is damaged: an entry reaches beyond the file")
        return part

    def storage(self, kind: str, key: str, location: str, count: int) -> Storage:
        """The memory that a description refers to, which its first reference reads."""
        dtype = KINDS.get(kind.removeprefix("torch."))
        if dtype is None or not kind.startswith("torch."):
            raise TorchFileError(
                f"holds a {kind}; known types are {', '.join(str(t) for t in KINDS.values())}"
            )
        if key not in self.storages:
            name = f"{self.folder}data/{key}"
            self.unread -= self.archive.getinfo(name).file_size
            if self.unread < 0:
                raise TorchFileError("is damaged: its entries are larger than the file")
            numbers = _as_numbers(self._memory(name), dtype)
            self.storages[key] = Storage(numbers, location, self.place)
        storage = self.storages[key]
        if storage.array.dtype != dtype.numpy or len(storage.array) != count:
            raise TorchFileError(f"is damaged: storage {key} is not {count} numbers of {dtype}")
        return storage


def _as_numbers(data: Any, dtype: dtypes.dtype) -> np.ndarray[Any, Any]:
    array = np.frombuffer(data, np.uint8)
    if dtype is dtypes.bool_:
        array = array != 0  # other bytes than 0 and 1 are no bools
    numbers: np.ndarray[Any, Any] = array.view(dtype.numpy)
    return numbers


def _view(
    array: np.ndarray[Any, Any], offset: int, size: Sequence[int], stride: Sequence[int]
) -> np.ndarray[Any, Any]:
    """The elements of a tensor, none of them outside its storage."""
    count = math.prod(size)
    width = array.dtype.itemsize
    last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
    if offset < 0 or count * width >= 2**62 or (count and last >= len(array)):
        raise TorchFileError("is damaged: a tensor reaches beyond its storage")
    if not count:
        return np.empty(size, array.dtype)
    steps = [s * width for s in stride]
    view: np.ndarray[Any, Any] = np.lib.stride_tricks.as_strided(array[offset:], size, steps)
    return view
