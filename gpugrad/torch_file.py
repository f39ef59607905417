"""Reading the zip files that ``torch.save`` writes, without running what they say.

Such a file holds the memory of its tensors, one entry for each storage, and a pickle that says what
they are part of. Python's own unpickler calls whatever functions a pickle names. The reader here is
another one: it knows the instructions that containers, numbers, strings and tensors need, and
refuses the file at anything else. Nothing in a file can name a function that is run. Only for
files that the caller trusts there is Python's own, at the end.
"""

from __future__ import annotations

import functools
import io
import pickle
import pickletools
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from . import dtypes
from .device import device
from .pickled_storages import KINDS
from .size import Size
from .tensor import Tensor
from .torch_archive import Place, RefusedError, Storage, TorchArchive, TorchFileError


def read_torch_file(data: Any, place: Place, trusted: bool = False) -> Any:
    """The object in a file of ``torch.save``.

    Args:
        data: the whole file, as bytes or as a memory map, in which the tensors' memory stays.
        place: called with the elements of every storage, as a tensor, and the device that it was
            saved on; gives the tensor to use.
        trusted: whether to make objects of any class, which runs code.

    Returns:
        Tensors, parameters and plain containers; anything if ``trusted``. Tensors that shared
        memory share it again.

    Raises:
        TorchFileError: the file is damaged, or holds anything else.
    """
    try:
        file = io.BytesIO(data) if isinstance(data, bytes) else data
        with zipfile.ZipFile(file) as archive:
            reader = _Reader(TorchArchive(archive, data, place))
            return reader.read_trusted() if trusted else reader.read()
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


class _Raw(tuple[Any, ...]):
    """A tuple with names or storages in it, as arguments and references are."""

    __slots__ = ()


class _Reader:
    """Follows the instructions of one pickle on a stack of values."""

    def __init__(self, archive: TorchArchive) -> None:
        self.archive = archive
        self.stack: list[Any] = []
        self.outer: list[list[Any]] = []  # the stacks below each mark
        self.memo: dict[int, Any] = {}

    def read_trusted(self) -> Any:
        return _Unpickler(io.BytesIO(self.archive.description()), self).load()

    def read(self) -> Any:
        for instruction, argument, _ in pickletools.genops(self.archive.description()):
            if instruction.name == "STOP":
                return self._result(self.stack.pop())
            step = _STEPS.get(instruction.name)
            if step is None:
                raise _refused(instruction.name)
            step(self, argument)
        raise TorchFileError("is damaged: its description has no end")

    def _result(self, value: Any) -> Any:
        """A value that may be part of what the file holds."""
        if type(value) is _Raw:
            return tuple(map(self._result, value))
        if isinstance(value, (_Name, Storage)):
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
        raw = any(isinstance(value, (_Name, Storage, _Raw)) for value in values)
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
                self.push(self.archive.storage(kind.text, key, location, count))
            case other:
                raise _refused(f"a reference to {type(other).__name__}")

    # --- tensors ----------------------------------------------------------------------------------

    def tensor(
        self,
        storage: Any,
        offset: Any,
        size: Any,
        stride: Any,
        requires_grad: Any = False,
        *hooks: Any,
    ) -> Tensor:
        if not isinstance(storage, Storage) or type(offset) is not int:
            raise TorchFileError("is damaged: a tensor without storage")
        tensor = storage.tensor(offset, _whole_numbers(size), _whole_numbers(stride))
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

    def set(self, values: Any) -> set[Any]:
        # Numbers and texts: what hashes without following tuples in tuples.
        if type(values) is not list or any(type(v) not in (str, int, float, bool) for v in values):
            raise _refused("a set of other things than numbers and texts")
        return set(values)

    def size(self, values: Any) -> Size:
        return Size(_whole_numbers(values))

    def device(self, *parts: Any) -> device:
        if not all(type(part) in (str, int) for part in parts):
            raise TorchFileError("is damaged: a device that is none")
        return device(*parts)


def _refused(what: str) -> RefusedError:
    return RefusedError(
        f"holds more than tensors and plain containers: {what} is refused, since reading it could "
        "run code; if you trust whoever wrote the file, weights_only=False reads it"
    )


def _whole_numbers(values: Any) -> tuple[int, ...]:
    if not isinstance(values, tuple) or any(type(n) is not int or n < 0 for n in values):
        raise TorchFileError("is damaged: a size that is none")
    return values


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
    "__builtin__.set": _Reader.set,
    "collections.OrderedDict": _Reader.ordered,
    "torch.Size": _Reader.size,
    "torch._utils._rebuild_parameter": _Reader.parameter,
    "torch._utils._rebuild_tensor_v2": _Reader.tensor,
    "torch.device": _Reader.device,
}
"""What may be called in a file, and what is called instead."""


class _Unpickler(pickle.Unpickler):
    """Python's own unpickler, for trusted files."""

    def __init__(self, file: io.BytesIO, reader: _Reader) -> None:
        super().__init__(file)
        self.reader = reader

    def find_class(self, module: str, name: str) -> Any:
        full = f"{module}.{name}"
        builder = _BUILDERS.get(full)
        if builder is not None and full.startswith("torch."):
            return functools.partial(builder, self.reader)
        if name in KINDS:
            return _Name(full)
        if module != "torch" and not module.startswith("torch."):
            return super().find_class(module, name)
        raise TorchFileError(
            f"holds a {full} of PyTorch's, whose insides differ from those here; a file with its "
            "state_dict() can be read"
        )

    def persistent_load(self, reference: Any) -> Storage:
        _, kind, key, location, count = reference
        text = kind.text if isinstance(kind, _Name) else f"torch.{kind}"
        return self.reader.archive.storage(text, key, location, count)
