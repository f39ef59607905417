"""State dicts as safetensors files: arrays, and a JSON description of the containers around them.

Any safetensors reader opens such a file: the entries of a flat dictionary keep their own keys,
those of a nested one get a path such as ``optimizer.state[0].exp_avg``.
"""

from __future__ import annotations

import json
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import dtypes
from .creation import from_numpy
from .tensor import Tensor

Place = Callable[[Tensor, str], Tensor]  # to where it is wanted, from where it was saved

# The description lies in the file's string metadata, under this key.
_METADATA_KEY = "gpugrad"
_VERSION = 1

_DTYPES = {
    "BF16": dtypes.bfloat16,
    "BOOL": dtypes.bool_,
    "F16": dtypes.float16,
    "F32": dtypes.float32,
    "F64": dtypes.float64,
    "I16": dtypes.int16,
    "I32": dtypes.int32,
    "I64": dtypes.int64,
    "I8": dtypes.int8,
    "U8": dtypes.uint8,
}


def written(obj: object) -> bytes:
    """The file that holds a tensor, or containers of tensors, numbers and strings.

    Raises:
        TypeError: for an object of any other type; the message tells where it is.
        ValueError: for a container that contains itself.
    """
    import safetensors.numpy  # not at the top: who neither saves nor loads does not need it

    writer = _Writer()
    description = {"version": _VERSION, "content": writer.describe(obj, "")}
    # Libraries that load weights for PyTorch look for the format; the layout is PyTorch's.
    metadata = {"format": "pt", _METADATA_KEY: json.dumps(description, separators=(",", ":"))}
    data: bytes = safetensors.numpy.save(writer.arrays, metadata)
    return data


def read(data: bytes, place: Place) -> Any:
    """The object in a file; ``place`` takes each tensor, and where it was, to where it goes.

    Raises:
        UnreadableError: the file is damaged, or no safetensors file.
    """
    arrays, content = _parse(data)
    return _build(content, arrays, place)


class UnreadableError(Exception):
    """What is wrong with a file, to be put after its name."""


class _Writer:
    """Takes an object apart into named arrays and a description that JSON can hold.

    ``None``, bools, strings, ints and finite floats stand for themselves and lists for lists. All
    else is an object of one key that names its type.
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}
        self._open: set[int] = set()

    def describe(self, obj: object, path: str) -> object:
        if isinstance(obj, Tensor):
            return self._store(obj, path)
        if obj is None or type(obj) in (bool, int, str):
            return obj
        if type(obj) is float:
            return obj if math.isfinite(obj) else {"float": repr(obj)}
        if type(obj) not in (dict, OrderedDict, list, tuple):
            raise TypeError(
                f"[save] cannot store object of type {type(obj).__name__} {_where(path)}; state "
                "dicts hold tensors, numbers, strings, None, dicts, lists and tuples"
            )
        if id(obj) in self._open:
            raise ValueError(f"[save] the container {_where(path)} contains itself")
        self._open.add(id(obj))
        try:
            return self._describe_container(obj, path)
        finally:
            self._open.remove(id(obj))

    def _describe_container(self, obj: Any, path: str) -> object:
        if isinstance(obj, dict):
            for key in obj:
                if key is not None and type(key) not in (bool, int, str):
                    raise TypeError(
                        f"[save] cannot store a key of type {type(key).__name__} in the dict "
                        f"{_where(path)}; keys are strings, ints, bools or None"
                    )
            items = [[key, self.describe(obj[key], _join(path, key))] for key in obj]
            return {"OrderedDict" if type(obj) is OrderedDict else "dict": items}
        values = [self.describe(value, f"{path}[{i}]") for i, value in enumerate(obj)]
        return values if type(obj) is list else {"tuple": values}

    def _store(self, tensor: Tensor, path: str) -> object:
        # Another key may spell the same path, and the format has a reserved name.
        plain = path.encode("utf-8", "replace").decode() if path else "tensor"
        name, count = plain, 1
        while name in self.arrays or name == "__metadata__":
            count += 1
            name = f"{plain}#{count}"
        self.arrays[name] = np.asarray(tensor.detach().cpu().array, order="C")
        return {"tensor": [name, str(tensor.device)]}


def _join(path: str, key: object) -> str:
    if not isinstance(key, str):
        return f"{path}[{key!r}]"
    return f"{path}.{key}" if path else key


def _where(path: str) -> str:
    return f"at '{path}'" if path else "at the top level"


def _parse(data: bytes) -> tuple[dict[str, np.ndarray[Any, Any]], object]:
    """The arrays of a file by name, and the description of what they were part of."""
    import safetensors

    # Checks the whole header before it hands out (name, {"dtype", "shape", "data"}).
    deserialize: Callable[[bytes], list[tuple[str, dict[str, Any]]]] = safetensors.deserialize
    try:
        stored = deserialize(data)
    except safetensors.SafetensorError as error:
        raise UnreadableError(_diagnose(data, error)) from None
    arrays = {}
    for name, entry in stored:
        dtype = _DTYPES.get(entry["dtype"])
        if dtype is None:
            raise UnreadableError(
                f"holds '{name}' of type {entry['dtype']}; known types are {', '.join(_DTYPES)}"
            )
        arrays[name] = np.frombuffer(entry["data"], dtype.numpy).reshape(entry["shape"])
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    text = (header.get("__metadata__") or {}).get(_METADATA_KEY)
    if text is None:
        return arrays, {"dict": [[name, {"tensor": [name, "cpu"]}] for name in sorted(arrays)]}
    try:
        description = json.loads(text)
        version, content = description["version"], description["content"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UnreadableError("is damaged: its description cannot be read") from None
    if version != _VERSION:
        raise UnreadableError(
            f"has version {version!r} of the format; this release reads version {_VERSION}"
        )
    return arrays, content


def _diagnose(data: bytes, error: Exception) -> str:
    # A pickle begins with 0x80, the protocol and an opcode; in a safetensors header of that length
    # the third byte is 0.
    if data[:1] == b"\x80" and data[2:3] > b"\0":
        return (
            "is not a safetensors file but a pickle, which can hold code and is therefore never "
            "read; where PyTorch is installed, torch.save(torch.load(path), new_path) writes it as "
            "a file that is"
        )
    return f"is not a safetensors file, or is damaged or cut off ({error})"


def _build(content: Any, arrays: Mapping[str, np.ndarray[Any, Any]], place: Place) -> Any:
    """Put an object together again from its description."""
    match content:
        case None | bool() | int() | float() | str():
            return content
        case list():
            return [_build(value, arrays, place) for value in content]
        case {"tuple": list(values)}:
            return tuple(_build(value, arrays, place) for value in values)
        case {"dict": list(items)} | {"OrderedDict": list(items)}:
            restored: dict[Any, Any] = {} if "dict" in content else OrderedDict()
            for item in items:
                match item:
                    case [None | bool() | int() | str() as key, value]:
                        restored[key] = _build(value, arrays, place)
                    case _:
                        raise UnreadableError(f"is damaged: {str(item)[:80]} is no dict item")
            return restored
        case {"float": "inf" | "-inf" | "nan" as text}:
            return float(text)
        case {"tensor": [str(name), str(saved_on)]} if name in arrays:
            return place(from_numpy(arrays[name]), saved_on)
    raise UnreadableError(f"is damaged: {str(content)[:80]} describes nothing")
