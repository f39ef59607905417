"""``save`` and ``load``: PyTorch's files, safetensors and NumPy's ``.npz``.

What is saved is readable by PyTorch. Reading runs no code from the file, whoever wrote it, unless
``weights_only=False`` allows it.
"""

from __future__ import annotations

import contextlib
import io
import mmap as memory_map
import os
import pathlib
import pickle
import zipfile
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from . import cuda, safetensors_file
from .atomic_file import replace_file
from .creation import from_numpy
from .device import device
from .tensor import Tensor
from .torch_archive import RefusedError, TorchFileError
from .torch_file import read_torch_file
from .torch_file_writer import write_torch_file

_Location: TypeAlias = (
    str | device | Mapping[str, str | device] | Callable[[Tensor, str], Tensor | None] | None
)


class UnpicklingError(pickle.UnpicklingError, RuntimeError):
    """A file holds more than is read without trust; of the class that PyTorch raises, too."""


def save(obj: object, f: str | os.PathLike[str] | BinaryIO, **ignored: Any) -> None:
    """Write an object to a file that PyTorch reads: ``torch.load(file)``.

    Tensors, parameters, containers, numbers, strings, sizes, types and devices are plain data, and
    PyTorch reads them without trusting the file. Tensors that share memory share it again when
    they are read. Any other object, such as a whole module, is pickled and only read by this
    package, with ``weights_only=False``.

    A name that ends in ``.safetensors`` gets a safetensors file instead, of state dicts or nested
    containers, in which tensors that share memory are written apart; one that ends in ``.npz``
    NumPy's format, of a dictionary of tensors.

    A file given by its path appears whole or not at all: the data goes to a temporary file in the
    same folder, reaches the disk, and then takes the old file's place in one step. A process
    killed at any moment leaves the old file or the new one (and perhaps the temporary file, named
    ``.gpugrad-*.tmp``).

    Args:
        obj: what to save.
        f: a path, or an object with a ``write`` method.
        ignored: ``pickle_module``, ``pickle_protocol`` and the like, for PyTorch's sake.

    Raises:
        TypeError: for an object that the format has no place for, or that cannot be pickled.
        ValueError: in a safetensors file, for a container that contains itself.
        RuntimeError: if the folder does not exist.

    >>> import gpugrad, io
    >>> file = io.BytesIO()
    >>> gpugrad.save({"weight": gpugrad.ones(2), "epoch": 3}, file)
    """
    if not isinstance(f, (str, os.PathLike)) and not hasattr(f, "write"):
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'write' attribute"
        )
    path = os.fsdecode(f) if isinstance(f, (str, os.PathLike)) else getattr(f, "name", "")
    name = path if isinstance(path, str) else ""
    if name.endswith(".safetensors"):
        data = safetensors_file.written(obj)
    elif name.endswith(".npz"):
        data = _npz(obj)
    else:
        stem = pathlib.PurePath(name).stem
        data = write_torch_file(obj, stem if stem.isascii() and stem else "archive")
    if isinstance(f, (str, os.PathLike)):
        replace_file(name, data)
    else:
        f.write(data)


def load(
    f: str | os.PathLike[str] | BinaryIO,
    map_location: _Location = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **ignored: Any,
) -> Any:
    """Read what :func:`save` or ``torch.save`` wrote, or a safetensors or ``.npz`` file.

    Args:
        f: a path, or an object with a ``read`` method, which is read to its end.
        map_location: the device for all tensors, or a dictionary from saved to wanted devices, or
            a function of a storage (here a tensor of its elements) and the name of the device that
            it was saved from, which gives that tensor where it is wanted, or None. Default: each
            tensor goes where it was when it was saved.
        pickle_module: accepted for PyTorch's sake.
        weights_only: False reads pickles of any objects, such as whole modules. **That runs code
            from the file**: only for files from somebody you trust. By default, plain data are
            read and everything else is refused, with the file as a whole.
        mmap: leave the tensors' memory in the file until it is used; of a path only. Changes of
            the tensors do not reach the file.
        ignored: arguments of the pickle module, for PyTorch's sake.

    Returns:
        The object given to :func:`save` or ``torch.save``; of other files a dictionary of CPU
        tensors.

    Raises:
        RuntimeError: if the file is not an intact one of these formats, holds more than plain data
            or arrays of a type that this library does not have, or has tensors for a CUDA device
            that is not there. What is refused for want of trust is a ``pickle.UnpicklingError``,
            too.
        ValueError: ``mmap`` is asked for with something that is no path.
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
        data = _mapped(f) if mmap else pathlib.Path(f).read_bytes()
    elif mmap:
        raise ValueError("f must be a file path in order to use the mmap argument")
    elif hasattr(f, "read"):
        name = "the file object"
        data = f.read()
    else:
        raise AttributeError(
            "expected 'f' to be string, path, or a file-like object with a 'read' attribute"
        )

    def place(tensor: Tensor, saved_on: str) -> Tensor:
        return _placed(tensor, saved_on, map_location)

    try:
        if bytes(data[:4]) != b"PK\x03\x04":
            return safetensors_file.read(bytes(data), place)
        with contextlib.suppress(zipfile.BadZipFile), zipfile.ZipFile(_file(data)) as archive:
            names = archive.namelist()
            if names and all(entry.endswith(".npy") for entry in names):
                return _from_npz(bytes(data), place)
        return read_torch_file(data, place, trusted=weights_only is False)
    except RefusedError as error:
        raise UnpicklingError(f"[load] {name} {error}") from None
    except (safetensors_file.UnreadableError, TorchFileError) as error:
        raise RuntimeError(f"[load] {name} {error}") from None


class _Map(memory_map.mmap):
    """A file's bytes as memory, and as a file for ``zipfile``."""

    def seekable(self) -> bool:
        return True


def _mapped(path: str | os.PathLike[str]) -> Any:
    """A file's bytes, read when they are looked at; what is written to them stays here."""
    with open(path, "rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return b""
        return _Map(file.fileno(), 0, access=memory_map.ACCESS_COPY)


def _file(data: Any) -> Any:
    return data if isinstance(data, _Map) else io.BytesIO(data)


def _npz(obj: Any) -> bytes:
    if not isinstance(obj, dict) or not all(isinstance(t, Tensor) for t in obj.values()):
        raise TypeError("[save] an .npz file holds a dictionary of tensors; leave out the ending")
    file = io.BytesIO()
    np.savez(file, **{str(key): tensor.detach().cpu().array for key, tensor in obj.items()})
    return file.getvalue()


def _from_npz(data: bytes, place: Callable[[Tensor, str], Tensor]) -> dict[str, Tensor]:
    tensors = {}
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            for name in arrays.files:
                tensors[name] = place(from_numpy(np.ascontiguousarray(arrays[name])), "cpu")
    except (ValueError, TypeError, zipfile.BadZipFile, EOFError) as error:
        raise TorchFileError(f"cannot be read as arrays ({error})") from None
    return tensors


def _placed(tensor: Tensor, saved_on: str, location: _Location) -> Tensor:
    """A tensor, or the elements of a storage, where they are wanted."""
    if callable(location) and not isinstance(location, (str, device)):
        moved = location(tensor, saved_on)
        if moved is not None:
            return moved
        location = None
    if isinstance(location, Mapping):
        target = device(location.get(saved_on, saved_on))
    else:
        target = device(saved_on if location is None else location)
    if target.type == "cuda" and location is None and not cuda.is_available():
        raise RuntimeError(
            "[load] the file holds tensors that were saved on a CUDA device, and "
            "gpugrad.cuda.is_available() is False; give map_location='cpu' to load them here"
        )
    result: Tensor = tensor.to(target)
    return result
