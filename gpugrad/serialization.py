"""``save`` and ``load``: state dicts as safetensors files, without pickle.

A file holds arrays, and a JSON description of the containers around them. Reading one can run no
code, whoever wrote it; nor can reading a file of PyTorch's or NumPy's, which ``load`` takes too.
Any safetensors reader opens it: the entries of a flat dictionary keep their own keys, those of a
nested one get a path such as ``optimizer.state[0].exp_avg``.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import os
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from . import cuda, dtypes
from .atomic_file import replace_file
from .creation import from_numpy
from .device import device
from .tensor import Tensor
from .torch_file import TorchFileError, read_torch_file

# The description lies in the file's string metadata, under this key.
_METADATA_KEY = "gpugrad"
_VERSION = 1

_Location: TypeAlias = str | device | Mapping[str, str] | None

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


def save(obj: object, f: str | os.PathLike[str] | BinaryIO) -> None:
    """Write a state dict, or tensors in nested containers, to a safetensors file.

    A file given by its path appears whole or not at all: the data goes to a temporary file in the
    same folder, reaches the disk, and then takes the old file's place in one step. A process
    killed at any moment leaves the old file or the new one (and perhaps the temporary file, named
    ``.gpugrad-*.tmp``).

    Args:
        obj: a tensor, or ``dict``, ``OrderedDict``, ``list`` and ``tuple`` in any depth, with
            tensors of any shape, dtype and device, numbers, bools, strings and ``None`` as
            values; keys are strings, ints, bools or ``None``. Tensors that share memory are
            written apart; ``requires_grad`` and the graph are not written.
        f: a path, or an object with a ``write`` method.

    Raises:
        TypeError: for an object of any other type; the message tells where it is.
        ValueError: for a container that contains itself.
        RuntimeError: if the folder does not exist.

    >>> import gpugrad, io
    >>> file = io.BytesIO()
    >>> gpugrad.save({"weight": gpugrad.ones(2), "epoch": 3}, file)
    """
    if not isinstance(f, (str, os.PathLike)) and not hasattr(f, "write"):
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute"
        )
    import safetensors.numpy  # not at the top: who neither saves nor loads does not need it

    writer = _Writer()
    description = {"version": _VERSION, "content": writer.describe(obj, "")}
    # Libraries that load weights for PyTorch look for the format; the layout is PyTorch's.
    metadata = {"format": "pt", _METADATA_KEY: json.dumps(description, separators=(",", ":"))}
    data = safetensors.numpy.save(writer.arrays, metadata)
    if isinstance(f, (str, os.PathLike)):
        replace_file(os.fsdecode(f), data)
    else:
        f.write(data)


def load(
    f: str | os.PathLike[str] | BinaryIO,
    map_location: _Location = None,
    *,
    weights_only: bool | None = None,
) -> Any:
    """Read what :func:`save` wrote, any other safetensors file, or one of PyTorch's or NumPy's.

    Of what ``torch.save`` writes, it reads tensors, parameters and plain containers, such as state
    dicts of models and optimizers; a file with anything else is refused as a whole. Of NumPy it
    reads ``.npz`` files of arrays.

    Args:
        f: a path, or an object with a ``read`` method, which is read to its end.
        map_location: the device for all tensors, or a dictionary from saved to wanted devices.
            Default: each tensor goes where it was when it was saved.
        weights_only: accepted because PyTorch has it, and without effect, since nothing but data
            is ever read.

    Returns:
        The object given to :func:`save`, with tensors that require no gradient, or to
        ``torch.save``; for other files a dictionary of CPU tensors.

    Raises:
        RuntimeError: if the file is not an intact one of these formats, holds more than data or
            arrays of a type that this library does not have, or has tensors for a CUDA device that
            is not there.
        TypeError: for bfloat16 arrays, if the package ``ml_dtypes`` is not installed.

    >>> import gpugrad, io
    >>> file = io.BytesIO()
    >>> gpugrad.save({"weight": gpugrad.ones(2), "epoch": 3}, file)
    >>> _ = file.seek(0)
    >>> gpugrad.load(file)
    {'weight': tensor([1., 1.]), 'epoch': 3}
    """
    if isinstance(f, (str, os.PathLike)):
        name = f"'{os.fsdecode(f)}'"
        with open(f, "rb") as file:
            data = file.read()
    elif hasattr(f, "read"):
        name = "the file object"
        data = f.read()
    else:
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'read' attribute"
        )
    try:
        if data.startswith(b"PK\x03\x04"):
            return _from_zip(data, map_location)
        arrays, content = _parse(data)
        return _build(content, arrays, map_location)
    except (_UnreadableError, TorchFileError) as error:
        raise RuntimeError(f"[load] {name} {error}") from None


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


class _UnreadableError(Exception):
    """What is wrong with a file, to be put after its name."""


def _parse(data: bytes) -> tuple[dict[str, np.ndarray[Any, Any]], object]:
    """The arrays of a file by name, and the description of what they were part of."""
    import safetensors

    # Checks the whole header before it hands out (name, {"dtype", "shape", "data"}).
    deserialize: Callable[[bytes], list[tuple[str, dict[str, Any]]]] = safetensors.deserialize
    try:
        stored = deserialize(data)
    except safetensors.SafetensorError as error:
        raise _UnreadableError(_diagnose(data, error)) from None
    arrays = {}
    for name, entry in stored:
        dtype = _DTYPES.get(entry["dtype"])
        if dtype is None:
            raise _UnreadableError(
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
        raise _UnreadableError("is damaged: its description cannot be read") from None
    if version != _VERSION:
        raise _UnreadableError(
            f"has version {version!r} of the format; this release reads version {_VERSION}"
        )
    return arrays, content


def _from_zip(data: bytes, location: _Location) -> Any:
    """The object in a file of ``torch.save``, or the arrays in one of ``numpy.savez``."""
    with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        if names and all(name.endswith(".npy") for name in names):
            return _from_npz(data, location)
    return read_torch_file(data, lambda tensor, saved_on: _place(tensor, saved_on, location))


def _from_npz(data: bytes, location: _Location) -> dict[str, Tensor]:
    tensors = {}
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            for name in arrays.files:
                tensors[name] = _place(
                    from_numpy(np.ascontiguousarray(arrays[name])), "cpu", location
                )
    except (ValueError, TypeError, zipfile.BadZipFile, EOFError) as error:
        raise _UnreadableError(f"cannot be read as arrays ({error})") from None
    return tensors


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


def _build(content: Any, arrays: Mapping[str, np.ndarray[Any, Any]], location: _Location) -> Any:
    """Put an object together again from its description."""
    match content:
        case None | bool() | int() | float() | str():
            return content
        case list():
            return [_build(value, arrays, location) for value in content]
        case {"tuple": list(values)}:
            return tuple(_build(value, arrays, location) for value in values)
        case {"dict": list(items)} | {"OrderedDict": list(items)}:
            restored: dict[Any, Any] = {} if "dict" in content else OrderedDict()
            for item in items:
                match item:
                    case [None | bool() | int() | str() as key, value]:
                        restored[key] = _build(value, arrays, location)
                    case _:
                        raise _UnreadableError(f"is damaged: {str(item)[:80]} is no dict item")
            return restored
        case {"float": "inf" | "-inf" | "nan" as text}:
            return float(text)
        case {"tensor": [str(name), str(saved_on)]} if name in arrays:
            return _place(from_numpy(arrays[name]), saved_on, location)
    raise _UnreadableError(f"is damaged: {str(content)[:80]} describes nothing")


def _place(tensor: Tensor, saved_on: str, location: _Location) -> Tensor:
    if isinstance(location, Mapping):
        target = device(location.get(saved_on, saved_on))
    else:
        target = device(saved_on if location is None else location)
    if target.type == "cuda" and location is None and not cuda.is_available():
        raise RuntimeError(
            "[load] the file holds tensors that were saved on a CUDA device, and "
            "gpugrad.cuda.is_available() is False; give map_location='cpu' to load them here"
        )
    moved: Tensor = tensor.to(target)
    return moved
