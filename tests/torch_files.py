"""Files as torch.save writes them, made of instructions of one's own."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import gpugrad

FLOATS = np.arange(6, dtype=np.float32).tobytes()


def archive(pickled: bytes, storages: Mapping[str, bytes] | None = None, **more: Any) -> io.BytesIO:
    """A file like those of torch.save."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", more.get("compression", zipfile.ZIP_STORED)) as entries:
        entries.writestr("archive/data.pkl", pickled)
        entries.writestr("archive/byteorder", more.get("order", "little"))
        for key, data in ({"0": FLOATS} if storages is None else storages).items():
            entries.writestr(f"archive/data/{key}", data)
        entries.writestr("archive/version", "3\n")
    file.seek(0)
    return file


class Named:
    """Pickled as the name of a class or function of PyTorch's."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class Called:
    """Pickled as a call."""

    def __init__(self, function: Named, *arguments: Any, state: Any = None) -> None:
        self.function, self.arguments, self.state = function, arguments, state


class Storage:
    """Pickled as a reference to a storage."""

    def __init__(self, count: int = 6, kind: str = "FloatStorage", key: str = "0") -> None:
        self.reference = ("storage", Named("torch", kind), key, "cpu", count)


def instructions(value: Any) -> bytes:
    """The instructions that leave ``value`` on the stack."""
    match value:
        case None:
            return b"N"
        case bool():
            return b"\x88" if value else b"\x89"
        case int():
            return b"J" + struct.pack("<i", value)
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case tuple():
            return b"(" + b"".join(map(instructions, value)) + b"t"
        case list():
            return b"](" + b"".join(map(instructions, value)) + b"e"
        case dict():
            pairs = b"".join(instructions(k) + instructions(v) for k, v in value.items())
            return b"}(" + pairs + b"u"
        case Named():
            return f"c{value.module}\n{value.name}\n".encode()
        case Called():
            made = instructions(value.function) + instructions(value.arguments) + b"R"
            return made if value.state is None else made + instructions(value.state) + b"b"
        case Storage():
            return instructions(value.reference) + b"Q"
    raise AssertionError(value)


def pickled(value: Any) -> bytes:
    return b"\x80\x02" + instructions(value) + b"."


HOOKS = Called(Named("collections", "OrderedDict"))
REBUILD = Named("torch._utils", "_rebuild_tensor_v2")


def tensor(
    size: Any = (2, 3),
    stride: Any = (3, 1),
    offset: Any = 0,
    storage: Any = None,
    requires_grad: bool = False,
) -> Called:
    return Called(REBUILD, storage or Storage(), offset, size, stride, requires_grad, HOOKS)


def load(value: Any, **how: Any) -> Any:
    return gpugrad.load(archive(pickled(value), **how))


class Bomb:
    """Unpickling this creates a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.path),)
