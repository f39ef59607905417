"""Where a tensor lives: ``device("cpu")``, ``device("cuda")``, ``device("cuda:1")``."""

from __future__ import annotations

import re
import threading
from typing import Any

from .class_names import PrintedAs

_PATTERN = re.compile(r"(cpu|cuda)(?::(0|[1-9][0-9]*))?")


class _Wanted(threading.local):
    """Where this thread makes tensors for which no device is given; None means the CPU."""

    device: device | None = None

    def __init__(self) -> None:
        self.before: list[device | None] = []


WANTED = _Wanted()


class device(metaclass=PrintedAs, printed_as="torch.device"):
    """A device by type and optional index; equal devices compare and hash equal.

    As a context manager it is where tensors are made for which no device is given, by the thread
    that has entered it.

    Args:
        type: ``"cpu"``, ``"cuda"``, ``"cuda:0"``, another device, or an int (a CUDA index).
        index: the index, where ``type`` does not hold it.

    Raises:
        RuntimeError: for a type that does not exist, a second index, or a malformed string.

    >>> import gpugrad
    >>> gpugrad.device("cuda", 0)
    device(type='cuda', index=0)
    >>> with gpugrad.device("cpu"):
    ...     x = gpugrad.zeros(2)
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: str | int | device, index: int | None = None) -> None:
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
            return
        if isinstance(type, int):
            self.type, self.index = "cuda", type
            return
        if not isinstance(type, str):
            raise TypeError(f"device(): argument 'type' must be str, not {type.__class__.__name__}")
        match = _PATTERN.fullmatch(type)
        if match is None:
            if re.fullmatch(r"[a-z]+(:\d+)?", type) and not type.startswith(("cpu:", "cuda:")):
                raise RuntimeError(
                    f"Expected one of cpu, cuda device type at start of device string: "
                    f"{type.split(':')[0]}"
                )
            raise RuntimeError(f"Invalid device string: '{type}'")
        if match[2] is not None and index is not None:
            raise RuntimeError(
                f"type (string) must not include an index because index was passed explicitly: "
                f"{type}"
            )
        self.type = match[1]
        self.index = int(match[2]) if match[2] is not None else index

    def __enter__(self) -> device:
        WANTED.before.append(WANTED.device)
        WANTED.device = self
        return self

    def __exit__(self, *error: object) -> None:
        WANTED.device = WANTED.before.pop()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and self.type == other.type and self.index == other.index

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __repr__(self) -> str:
        if self.index is None:
            return f"device(type='{self.type}')"
        return f"device(type='{self.type}', index={self.index})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __reduce__(self) -> tuple[Any, ...]:
        return device, (self.type, self.index)


CPU = device("cpu")


def set_default_device(device: Any) -> None:
    """Set where this thread makes tensors for which no device is given; None means the CPU.

    What shares memory with an array (``from_numpy``), takes its device from another tensor
    (``zeros_like``) or is an older constructor (``FloatTensor``) is not concerned.

    >>> import gpugrad
    >>> gpugrad.set_default_device("cpu")
    >>> gpugrad.get_default_device()
    device(type='cpu')
    """
    WANTED.device = None if device is None else _device(device)


def get_default_device() -> device:
    """Where this thread makes tensors for which no device is given.

    >>> import gpugrad
    >>> gpugrad.get_default_device()
    device(type='cpu')
    """
    wanted = WANTED.device or CPU
    if wanted.type == "cuda" and wanted.index is None:
        return device("cuda", 0)
    return wanted


_device = device  # for functions with an argument of this name
