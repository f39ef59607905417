"""Reading the zip files that ``torch.save`` writes, without running what they say.

Such a file holds the memory of its tensors, one entry for each storage, and a pickle that says what
they are part of. Python's own unpickler calls whatever functions a pickle names. The reader here is
another one: it knows the instructions that containers, numbers, strings and tensors need, and
refuses the file at anything else. Nothing in a file can name a function that is run.
"""

from __future__ import annotations

import io
import math
import pickletools
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import dtypes
from .creation import from_numpy
from .device import device
from .size import Size
from .tensor import Tensor

Place = Callable[[Tensor, str], Tensor]  # to where it is wanted, from where it was saved

_STORAGES = {
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


class TorchFileError(Exception):
    """What is wrong with a file, to be put after its name."""


def read_torch_file(data: bytes, place: Place) -> Any:
    """The object in a file of ``torch.save``.

    Args:
        data: the whole file.
        place: called with every tensor and the device it was saved on; gives the tensor to use.

    Returns:
        Tensors, parameters and plain containers. Tensors that shared memory share it again, unless
        ``place`` moves them.

    Raises:
        TorchFileError: the file is damaged, or holds anything else.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _Reader(archive, len(data), place).read()
    except TorchFileError:
        raise
    except (
        zipfile.BadZipFile,
        LookupError,
        ValueError,
        TypeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise TorchFileError(f"is damaged ({error})") from error


class _Name:
    """What a pickle names instead of holding it: a class or a function of PyTorch."""

    def __init__(self, text: str) -> None:
        self.text = text


class _Storage:
    """One-dimensional memory of tensors."""

    def __init__(self, array: np.ndarray[Any, Any], location: str) -> None:
        self.array = array
        self.location = location


class _Raw(tuple[Any, ...]):
    """A tuple with names or storages in it, as arguments and references are."""

    __slots__ = ()


class _Reader:
    """Follows the instructions of one pickle on a stack of values."""

    def __init__(self, archive: zipfile.ZipFile, size: int, place: Place) -> None:
        self.archive = archive
        self.unread = size  # bytes of storages that the file can still have
        self.place = place
        names = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(names) != 1:
            raise TorchFileError("is a zip archive, but none that torch.save wrote")
        self.folder = names[0].removesuffix("data.pkl")
        self.storages: dict[str, _Storage] = {}
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []  # the stacks below each mark
        self.memo: dict[int, Any] = {}

    def read(self) -> Any:
        order = f"{self.folder}byteorder"
        if order in self.archive.namelist() and self._entry(order) != b"little":
            raise TorchFileError("was saved on a machine with another order of bytes")
        for instruction, argument, _ in pickletools.genops(self._entry(f"{self.folder}data.pkl")):
            if instruction.name == "STOP":
                return self._result(self.stack.pop())
            step = _STEPS.get(instruction.name)
            if step is None:
                raise TorchFileError(
                    f"holds more than tensors and plain containers: {instruction.name} is refused"
                )
            step(self, argument)
        raise TorchFileError("is damaged: its description has no end")

    def _entry(self, name: str) -> bytes:
        if self.archive.getinfo(name).compress_type != zipfile.ZIP_STORED:
            raise TorchFileError("is compressed, which torch.save never does")
        try:
            return self.archive.read(name)
        except (RuntimeError, EOFError) as error:  # encrypted, or cut off
            raise TorchFileError(f"cannot be read ({error})") from error

    def _result(self, value: Any) -> Any:
        """A value that may be part of what the file holds."""
        if type(value) is _Raw:
            return tuple(map(self._result, value))
        if isinstance(value, (_Name, _Storage)):
            text = value.text if isinstance(value, _Name) else "a storage"
            dtype = getattr(dtypes, text.removeprefix("torch."), None)
            if isinstance(dtype, dtypes.dtype):
                return dtype
            raise _refused(text)
        return value

    # --- instructions -----------------------------------------------------------------------------

    def push(self, value: Any) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        self.outer.append(self.stack)
        self.stack = []

    def since_mark(self) -> list[Any]:
        values, self.stack = self.stack, self.outer.pop()
        return values

    def append(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) is not list:
            raise TorchFileError("is damaged: something is appended to what is no list")
        target.extend(map(self._result, values))

    def set_items(self, values: list[Any]) -> None:
        target = self.stack[-1]
        if type(target) not in (dict, OrderedDict):
            raise TorchFileError("is damaged: a key is set in what is no dictionary")
        for key, value in zip(values[::2], values[1::2], strict=True):
            # Keys are hashed, which follows tuples in tuples without end.
            if key is not None and type(key) not in (str, int, float, bool):
                raise TorchFileError(f"has a dictionary with a key of type {type(key).__name__}")
            target[key] = self._result(value)

    def make_tuple(self, values: list[Any]) -> None:
        raw = any(isinstance(value, (_Name, _Storage, _Raw)) for value in values)
        self.push(_Raw(values) if raw else tuple(values))

    def name(self, argument: str) -> None:
        self.push(_Name(argument.replace(" ", ".")))

    def remember(self, number: int) -> None:
        self.memo[number] = self.stack[-1]

    def build(self) -> None:
        """An OrderedDict's attributes, which PyTorch uses for versions of modules, are dropped."""
        state, target = self.stack.pop(), self.stack[-1]
        if type(target) is not OrderedDict or type(state) is not dict:
            raise _refused(f"the state of an object of type {type(target).__name__}")

    def call(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, _Name):
            raise TorchFileError("is damaged: what it calls is no function")
        builder = _BUILDERS.get(function.text)
        if builder is None:
            raise _refused(function.text)
        if not isinstance(arguments, tuple):
            raise TorchFileError("is damaged: a call without arguments")
        self.push(builder(self, *arguments))

    def persistent(self) -> None:
        match self.stack.pop():
            case ("storage", _Name() as kind, str(key), str(location), int(count)):
                self.push(self._storage(kind.text, key, location, count))
            case other:
                raise _refused(f"a reference to {type(other).__name__}")

    # --- tensors ----------------------------------------------------------------------------------

    def _storage(self, kind: str, key: str, location: str, count: int) -> _Storage:
        dtype = _STORAGES.get(kind.removeprefix("torch."))
        if dtype is None or not kind.startswith("torch."):
            raise TorchFileError(
                f"holds a {kind}; known types are {', '.join(str(t) for t in _STORAGES.values())}"
            )
        if key not in self.storages:
            name = f"{self.folder}data/{key}"
            self.unread -= self.archive.getinfo(name).file_size
            if self.unread < 0:
                raise TorchFileError("is damaged: its entries are larger than the file")
            self.storages[key] = _Storage(_as_numbers(self._entry(name), dtype), location)
        storage = self.storages[key]
        if storage.array.dtype != dtype.numpy or len(storage.array) != count:
            raise TorchFileError(f"is damaged: storage {key} is not {count} numbers of {dtype}")
        return storage

    def tensor(
        self,
        storage: Any,
        offset: Any,
        size: Any,
        stride: Any,
        requires_grad: Any = False,
        *hooks: Any,
    ) -> Tensor:
        if not isinstance(storage, _Storage) or type(offset) is not int:
            raise TorchFileError("is damaged: a tensor without storage")
        extent, steps = _whole_numbers(size), _whole_numbers(stride)
        view = _view(storage.array, offset, extent, steps)
        tensor = self.place(from_numpy(view), storage.location)
        if requires_grad is True:
            tensor.requires_grad = True
        return tensor

    def parameter(self, tensor: Any, requires_grad: Any, *hooks: Any) -> Tensor:
        from .nn.parameter import Parameter  # not at the top: nn is built over this package's core

        if not isinstance(tensor, Tensor):
            raise TorchFileError("is damaged: a parameter that is no tensor")
        return Parameter(tensor, bool(requires_grad))

    def ordered(self, *items: Any) -> OrderedDict[Any, Any]:
        if items:
            raise _refused("an OrderedDict with arguments")
        return OrderedDict()

    def size(self, values: Any) -> Size:
        return Size(_whole_numbers(values))

    def device(self, *parts: Any) -> device:
        if not all(type(part) in (str, int) for part in parts):
            raise TorchFileError("is damaged: a device that is none")
        return device(*parts)


def _refused(what: str) -> TorchFileError:
    return TorchFileError(
        f"holds more than tensors and plain containers: {what} is refused, since reading it could "
        "run code"
    )


def _as_numbers(data: bytes, dtype: dtypes.dtype) -> np.ndarray[Any, Any]:
    # In memory of its own, which can be written.
    array = np.frombuffer(bytearray(data), np.uint8)
    if dtype is dtypes.bool_:
        array = array != 0  # other bytes than 0 and 1 are no bools
    numbers: np.ndarray[Any, Any] = array.view(dtype.numpy)
    return numbers


def _whole_numbers(values: Any) -> tuple[int, ...]:
    if not isinstance(values, tuple) or any(type(n) is not int or n < 0 for n in values):
        raise TorchFileError("is damaged: a size that is none")
    return values


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


_Step = Callable[[_Reader, Any], None]

_STEPS: dict[str, _Step] = {
    "PROTO": lambda reader, _: None,
    "NONE": lambda reader, _: reader.push(None),
    "NEWTRUE": lambda reader, _: reader.push(True),
    "NEWFALSE": lambda reader, _: reader.push(False),
    **dict.fromkeys(
        ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE"),
        _Reader.push,
    ),
    "EMPTY_LIST": lambda reader, _: reader.push([]),
    "EMPTY_DICT": lambda reader, _: reader.push({}),
    "EMPTY_TUPLE": lambda reader, _: reader.push(()),
    "MARK": lambda reader, _: reader.mark(),
    "APPEND": lambda reader, _: reader.append([reader.stack.pop()]),
    "APPENDS": lambda reader, _: reader.append(reader.since_mark()),
    "SETITEM": lambda reader, _: reader.set_items([reader.stack.pop(-2), reader.stack.pop()]),
    "SETITEMS": lambda reader, _: reader.set_items(reader.since_mark()),
    "TUPLE": lambda reader, _: reader.make_tuple(reader.since_mark()),
    "TUPLE1": lambda reader, _: reader.make_tuple([reader.stack.pop()]),
    "TUPLE2": lambda reader, _: reader.make_tuple([reader.stack.pop(-2), reader.stack.pop()]),
    "TUPLE3": lambda reader, _: reader.make_tuple(
        [reader.stack.pop(-3), reader.stack.pop(-2), reader.stack.pop()]
    ),
    "BINPUT": _Reader.remember,
    "LONG_BINPUT": _Reader.remember,
    "BINGET": lambda reader, number: reader.push(reader.memo[number]),
    "LONG_BINGET": lambda reader, number: reader.push(reader.memo[number]),
    "GLOBAL": _Reader.name,
    "REDUCE": lambda reader, _: reader.call(),
    "BUILD": lambda reader, _: reader.build(),
    "BINPERSID": lambda reader, _: reader.persistent(),
}
"""What each instruction of a pickle does; others are refused."""

_BUILDERS: dict[str, Callable[..., Any]] = {
    "collections.OrderedDict": _Reader.ordered,
    "torch.Size": _Reader.size,
    "torch._utils._rebuild_parameter": _Reader.parameter,
    "torch._utils._rebuild_tensor_v2": _Reader.tensor,
    "torch.device": _Reader.device,
}
"""What may be called in a file, and what is called instead."""
