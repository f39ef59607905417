"""Tensors from what users have: numbers, nested sequences, NumPy arrays, other tensors."""

from __future__ import annotations

import warnings
from itertools import chain
from typing import Any

import numpy as np

from .. import dtypes
from ..autograd.engine import TensorBase, wrap
from ..backend import BACKENDS, backend_of, recording
from ..device import WANTED
from .placing import DeviceLike, leaf, place


def _plain(data: Any, depth: int = 0) -> Any:
    """Nested sequences with tensors in them replaced by what they hold."""
    if isinstance(data, TensorBase):
        return BACKENDS[type(data.array)].to_host(data.array)
    if isinstance(data, (list, tuple)):
        return [_plain(item, depth + 1) for item in data]
    return data


def _check_regular(data: Any, shape: list[int], depth: int = 0) -> None:
    """Raise PyTorch's error for nested sequences of unequal lengths."""
    if not isinstance(data, (list, tuple, np.ndarray)) or getattr(data, "ndim", 1) == 0:
        if depth < len(shape):
            raise TypeError("not a sequence")
        return
    if depth >= len(shape):
        raise TypeError("not a sequence")
    if len(data) != shape[depth]:
        raise ValueError(
            f"expected sequence of length {shape[depth]} at dim {depth} (got {len(data)})"
        )
    for item in data:
        _check_regular(item, shape, depth + 1)


def _from_data(data: Any, dtype: Any) -> np.ndarray[Any, Any]:
    """A new NumPy array of ``data`` with the type that PyTorch would infer."""
    wanted = None if dtype is None else dtypes.as_dtype(dtype).numpy
    if isinstance(data, (np.ndarray, np.generic)):
        dtypes.from_numpy(data.dtype)
        return np.array(data, wanted)
    array = _of_numbers(data)
    if array is not None:
        if wanted is None and array.dtype.kind == "f":
            wanted = dtypes.get_default_dtype().numpy
        return array if wanted is None else array.astype(wanted, copy=False)
    plain = _plain(data)
    is_tensor_list = plain is not data and any(isinstance(i, np.ndarray) for i in _leaves(plain))
    try:
        array = np.array(plain)
        if array.dtype.kind == "O":
            raise ValueError("inhomogeneous")
    except ValueError:
        shape: list[int] = []
        probe = plain
        while isinstance(probe, (list, tuple)):
            shape.append(len(probe))
            if not probe:
                break
            probe = probe[0]
        _check_regular(plain, shape)
        raise _no_numbers(plain) from None
    if array.dtype.kind in "US":
        raise _no_numbers(plain)
    if array.dtype == np.uint64:
        raise ValueError("Overflow when unpacking long long")
    if wanted is not None:
        return array.astype(wanted)
    if array.size == 0 or (
        array.dtype == np.float64 and not is_tensor_list and not _has_numpy(plain)
    ):
        return array.astype(dtypes.get_default_dtype().numpy)
    dtypes.from_numpy(array.dtype)
    return array


def _of_numbers(data: Any) -> np.ndarray[Any, Any] | None:
    """The array of a number, or of a list or a matrix of Python's numbers; else None.

    Most data are that, and their types are found without a loop in Python.
    """
    kinds = {data.__class__}
    if list in kinds:
        kinds = set(map(type, data))
        if len(kinds) == 1 and list in kinds:
            kinds = set(map(type, chain.from_iterable(data)))
    if not kinds or not (kinds <= _NUMBERS or kinds == _TRUTHS):
        return None
    try:
        array = np.array(data)
    except ValueError:
        return None
    return array if array.dtype.char in "dl?" else None


_NUMBERS, _TRUTHS = {float, int}, {bool}


def _no_numbers(plain: Any) -> Exception:
    """PyTorch's error for data that holds something else than numbers, or too large ones."""
    kinds = [type(leaf) for leaf in _leaves(plain)]
    strange = next((k for k in kinds if k not in (int, float, bool, str)), None)
    if strange is not None:
        return RuntimeError(f"Could not infer dtype of {strange.__name__}")
    if str not in kinds:
        return ValueError("Overflow when unpacking long long")
    if kinds[0] is str and isinstance(plain, (list, tuple)):
        return ValueError("too many dimensions 'str'")
    return TypeError("new(): invalid data type 'str'")


def _leaves(data: Any) -> Any:
    if isinstance(data, (list, tuple)):
        for item in data:
            yield from _leaves(item)
    else:
        yield data


def _has_numpy(data: Any) -> bool:
    """Whether a list holds NumPy arrays or numbers, whose type then counts."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (np.ndarray, np.generic))


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Any:
    """A new tensor with a copy of ``data``.

    Args:
        data: a number, nested sequences of them, a NumPy array or a tensor.
        dtype: default: float literals get the default type, ints int64, bools bool; arrays and
            tensors keep theirs.
        device: where to put it; default: the default device, unless that is not set and ``data``
            is a tensor, which then says where.
        requires_grad: whether gradients are wanted.

    Raises:
        ValueError: for sequences of unequal lengths.
        TypeError: for anything that is no number.

    >>> import gpugrad
    >>> gpugrad.tensor([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    if isinstance(data, TensorBase):
        warnings.warn(
            "To copy construct from a tensor, it is recommended to use "
            "sourceTensor.detach().clone() or sourceTensor.detach().clone().requires_grad_(True), "
            "rather than torch.tensor(sourceTensor).",
            UserWarning,
            stacklevel=2,
        )
        array = BACKENDS[type(data.array)].copy(data.array)
        moved = wrap(array).to(device=device or WANTED.device, dtype=dtype)
        return leaf(moved.array, requires_grad)
    if type(data) in BACKENDS and not isinstance(data, (np.ndarray, np.generic)):
        backend = backend_of(data)
        moved = wrap(backend.copy(data)).to(device=device, dtype=dtype)
        return leaf(moved.array, requires_grad)
    array = _from_data(data, dtype)
    if device is not None or WANTED.device is not None or recording.listener is not None:
        backend, where = place(device)
        array = recording.made_in_python(backend, array, where)
    return leaf(array, requires_grad)


def as_tensor(data: Any, dtype: Any = None, device: DeviceLike = None) -> Any:
    """``data`` as a tensor, sharing memory where type and device allow it.

    >>> import gpugrad
    >>> gpugrad.as_tensor([1.0, 2.0])
    tensor([1., 2.])
    """
    device = WANTED.device if device is None else device
    if isinstance(data, TensorBase):
        return data.to(device=device, dtype=dtype)
    if isinstance(data, np.ndarray):
        return from_numpy(data).to(device=device, dtype=dtype)
    return tensor(data, dtype=dtype, device=device)


def from_numpy(ndarray: Any, /) -> Any:
    """A tensor that shares the memory of a NumPy array.

    Raises TypeError for anything but an array of a type that tensors have.

    >>> import gpugrad, numpy
    >>> gpugrad.from_numpy(numpy.ones(2))
    tensor([1., 1.], dtype=torch.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    dtypes.from_numpy(ndarray.dtype)
    if any(s < 0 for s in ndarray.strides):
        raise ValueError(
            "At least one stride in the given numpy array is negative, and tensors with negative "
            "strides are not currently supported. (You can probably work around this by making a "
            "copy of your array  with array.copy().) "
        )
    return wrap(ndarray)
