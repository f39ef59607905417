"""Writing files as ``torch.save`` does: the memory of tensors, and a pickle of what is around them.

Plain objects - tensors, parameters, containers, numbers, strings - are described by instructions
put together here, which name PyTorch's own functions: PyTorch reads such a file, with
``weights_only=True``, and so does :mod:`gpugrad.torch_file`. Anything else, such as a whole module,
is left to Python's pickle, with the tensors' memory beside it; only this package reads that.
"""

from __future__ import annotations

import io
import pickle
import secrets
import struct
import sys
import zipfile
from collections import OrderedDict
from typing import Any

from . import dtypes
from .device import device
from .pickled_storages import StorageName, Storages, reduced_to_storage
from .size import Size
from .tensor import Tensor

_ALIGNMENT = 64
_HEADER = 30
"""The size of an entry's header in a zip file, without its name and its extra field."""


def write_torch_file(obj: object, folder: str = "archive") -> bytes:
    """The file that holds ``obj``.

    Args:
        obj: anything that can be pickled.
        folder: PyTorch's name for what is inside, by custom the file's own.

    Raises:
        pickle.PicklingError, TypeError, AttributeError: what is no plain object cannot be pickled.
    """
    storages = Storages()
    try:
        storages.collect(obj)
        description = _Instructions(storages).of(obj)
    except _NotPlainError:
        storages = Storages()
        description = _pickled(obj, storages)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        entries: list[tuple[str, Any]] = [
            ("data.pkl", description),
            (".format_version", b"1"),
            (".storage_alignment", str(_ALIGNMENT).encode()),
            ("byteorder", sys.byteorder.encode()),
            *((f"data/{key}", data) for key, data in storages.written()),
            ("version", b"3\n"),
            (".data/serialization_id", str(secrets.randbits(64)).rjust(20, "0").encode()),
        ]
        for name, data in entries:
            _add(archive, file.tell(), f"{folder}/{name}", data)
    return file.getvalue()


def _add(archive: zipfile.ZipFile, position: int, name: str, data: Any) -> None:
    """An entry whose bytes begin at a multiple of the alignment."""
    entry = zipfile.ZipInfo(name)
    size = memoryview(data).nbytes
    start = position + _HEADER + len(name.encode()) + 4
    if size * 1.05 > zipfile.ZIP64_LIMIT:
        start += 20  # the sizes, which do not fit into the header
    padding = -start % _ALIGNMENT
    entry.extra = struct.pack("<2sH", b"FB", padding) + b"Z" * padding
    entry.file_size = size
    with archive.open(entry, "w") as target:
        target.write(data)


class _NotPlainError(Exception):
    """Something that these instructions cannot make."""


class _Instructions:
    """The instructions, of protocol 2, that make an object again."""

    def __init__(self, storages: Storages) -> None:
        self.storages = storages
        self.out = bytearray()
        self.places: dict[int, int] = {}
        self.names: dict[str, int] = {}
        self.kept: list[Any] = []  # so that nobody else gets an object's number
        self.open: set[int] = set()
        self.count = 0

    def of(self, obj: object) -> bytes:
        self.out += b"\x80\x02"
        self.write(obj)
        self.out += b"."
        return bytes(self.out)

    def write(self, obj: Any) -> None:
        number = self.places.get(id(obj))
        if number is not None:
            self._get(number)
            return
        if id(obj) in self.open:
            raise _NotPlainError  # contains itself: a matter for a general pickle
        kind = type(obj)
        step = _WRITERS.get(kind)
        if step is None:
            if not isinstance(obj, Tensor):
                raise _NotPlainError
            step = _Instructions.tensor
        self.open.add(id(obj))
        step(self, obj)
        self.open.discard(id(obj))

    # --- instructions ----------------------------------------------------------------------------

    def _remember(self, obj: Any = None) -> int:
        number, self.count = self.count, self.count + 1
        self.out += b"q%c" % number if number < 256 else b"r" + struct.pack("<I", number)
        if obj is not None:
            self.places[id(obj)] = number
            self.kept.append(obj)
        return number

    def _get(self, number: int) -> None:
        self.out += b"h%c" % number if number < 256 else b"j" + struct.pack("<I", number)

    def name(self, text: str) -> None:
        """A class or function by ``module.name``."""
        if text in self.names:
            self._get(self.names[text])
            return
        module, _, name = text.rpartition(".")
        self.out += f"c{module}\n{name}\n".encode()
        self.names[text] = self._remember()

    def call(self, function: str, *arguments: Any) -> None:
        self.name(function)
        self.sequence(arguments)
        self.out += b"R"

    def sequence(self, values: tuple[Any, ...]) -> None:
        """A tuple that nobody else holds."""
        if len(values) > 3:
            self.out += b"("
        for value in values:
            self.write(value)
        self.out += b")\x85\x86\x87t"[min(len(values), 4) : min(len(values), 4) + 1]

    # --- plain values ----------------------------------------------------------------------------

    def whole(self, value: int) -> None:
        if 0 <= value < 256:
            self.out += b"K%c" % value
        elif 0 <= value < 65536:
            self.out += b"M" + struct.pack("<H", value)
        elif -(2**31) <= value < 2**31:
            self.out += b"J" + struct.pack("<i", value)
        else:
            data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
            if len(data) > 255:
                raise _NotPlainError
            self.out += b"\x8a%c" % len(data) + data

    def text(self, value: str) -> None:
        data = value.encode("utf-8", "surrogatepass")
        self.out += b"X" + struct.pack("<I", len(data)) + data
        self._remember(value)

    def list(self, values: list[Any]) -> None:
        self.out += b"]"
        self._remember(values)
        self.out += b"("
        for value in values:
            self.write(value)
        self.out += b"e"

    def tuple(self, values: tuple[Any, ...]) -> None:
        self.sequence(values)
        if values:
            self._remember(values)

    def _items(self, values: dict[Any, Any]) -> None:
        self._remember(values)
        self.out += b"("
        for key, value in values.items():
            self.write(key)
            self.write(value)
        self.out += b"u"

    def dict(self, values: dict[Any, Any]) -> None:
        self.out += b"}"
        self._items(values)

    def ordered(self, values: OrderedDict[Any, Any]) -> None:
        self.call("collections.OrderedDict")
        self._items(values)
        if values.__dict__:  # the versions of modules are kept there
            self.write(dict(values.__dict__))
            self.out += b"b"

    def set(self, values: set[Any]) -> None:
        self.call("__builtin__.set", list(values))
        self._remember(values)

    # --- tensors ---------------------------------------------------------------------------------

    def tensor(self, value: Tensor) -> None:
        """A tensor, or a parameter; the class tells by the name that PyTorch gives it."""
        from .nn.parameter import Parameter  # nn is built over this package's core

        if type(value) is Tensor:
            self._plain_tensor(value, value.requires_grad)
        elif type(value) is Parameter:
            self.name("torch._utils._rebuild_parameter")
            self.out += b"("
            self._plain_tensor(value, False)
            self.write(value.requires_grad)
            self.call("collections.OrderedDict")
            self.out += b"tR"
        else:
            raise _NotPlainError
        self._remember(value)

    def _plain_tensor(self, value: Tensor, requires_grad: bool) -> None:
        storage, offset, strides = self.storages.of(value)
        self.name("torch._utils._rebuild_tensor_v2")
        self.out += b"(("
        self.write("storage")
        self.name(f"torch.{storage.kind}")
        for part in (storage.key, storage.location, storage.count):
            self.write(part)
        self.out += b"tQ"
        self.write(offset)
        self.sequence(tuple(value.shape))
        self.sequence(strides)
        self.write(requires_grad)
        self.call("collections.OrderedDict")
        self.out += b"tR"

    def size(self, value: Size) -> None:
        self.call("torch.Size", tuple(value))
        self._remember(value)

    def device(self, value: device) -> None:
        self.call("torch.device", value.type, *(() if value.index is None else (value.index,)))
        self._remember(value)


_WRITERS: dict[type, Any] = {
    type(None): lambda self, _: self.out.extend(b"N"),
    bool: lambda self, value: self.out.extend(b"\x88" if value else b"\x89"),
    int: _Instructions.whole,
    float: lambda self, value: self.out.extend(b"G" + struct.pack(">d", value)),
    str: _Instructions.text,
    list: _Instructions.list,
    tuple: _Instructions.tuple,
    dict: _Instructions.dict,
    OrderedDict: _Instructions.ordered,
    set: _Instructions.set,
    Size: _Instructions.size,
    dtypes.dtype: lambda self, value: self.name(str(value)),
    device: _Instructions.device,
}


def _pickled(obj: object, storages: Storages) -> bytes:
    """A pickle of any object, in which tensors refer to storages."""
    file = io.BytesIO()
    _Pickler(file, storages).dump(obj)
    return file.getvalue()


class _Pickler(pickle.Pickler):
    def __init__(self, file: io.BytesIO, storages: Storages) -> None:
        super().__init__(file, 2)
        self.storages = storages

    def reducer_override(self, obj: Any) -> Any:
        return reduced_to_storage(obj, self.storages) if isinstance(obj, Tensor) else NotImplemented

    def persistent_id(self, obj: Any) -> Any:
        if isinstance(obj, StorageName):
            return ("storage", obj.kind, obj.key, obj.location, obj.count)
        return None
