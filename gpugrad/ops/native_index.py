"""An index as array modules take it, checked as PyTorch checks it."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..autograd.engine import TensorBase
from ..backend import BACKENDS, device_of, recording
from ..backend.primitives import is_basic_item


def native_index(x: Any, index: Any) -> Any:
    """An index as the array module takes it, checked as PyTorch checks it."""
    items = index if isinstance(index, tuple) else (index,)
    if isinstance(index, list):
        items = _list_items(index)
    return _common_index(x.array, items) or _any_index(x, items)


def _common_index(array: Any, items: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The index, if it holds only what most programs write and fits; else None.

    That is ints, ranges without steps, None, an Ellipsis, and integer tensors and masks on the
    device of ``array``. One loop finds that out, where :func:`_any_index` asks all its questions
    of each item.
    """
    shape = array.shape
    ndim, dim, ended = len(shape), 0, False
    native: list[Any] = []
    for item in items:
        kind = item.__class__
        if kind is slice:
            start, stop = item.start, item.stop
            if (
                item.step is not None
                or (start is not None and start.__class__ is not int)
                or (stop is not None and stop.__class__ is not int)
            ):
                return None
            dim += 1
        elif kind is int:
            if dim >= ndim or not -shape[dim] <= item < shape[dim]:
                return None
            dim += 1
        elif item is Ellipsis:
            if ended:
                return None
            ended, before = True, dim
            dim = ndim
            for later in items[len(native) + 1 :]:
                if later is not None:
                    dim -= 1
            if dim < before:
                return None
        elif isinstance(item, TensorBase):
            item = item.array
            if type(item) is not type(array):
                return None
            code = item.dtype.char
            if code == "l":
                if not item.ndim:
                    if type(item) is not np.ndarray or recording.listener is not None:
                        return None
                    item = int(item)
                    if dim >= ndim or not -shape[dim] <= item < shape[dim]:
                        return None
                dim += 1
            elif code == "?" and not ended:
                if shape[dim : dim + item.ndim] != item.shape:
                    return None
                dim += item.ndim
            else:
                return None
        elif item is not None:
            return None
        native.append(item)
    if dim > ndim:
        return None
    if not ended:
        # With an Ellipsis NumPy returns arrays (views) where it would return scalars.
        native.append(Ellipsis)
    return tuple(native)


def _any_index(x: Any, items: tuple[Any, ...]) -> tuple[Any, ...]:
    """The index, with PyTorch's error for what is none."""
    shape = x.array.shape
    native: list[Any] = []
    for item in items:
        native.append(_native_item(x, item))
    used = 0
    for item in native:
        if item is None or item is Ellipsis or isinstance(item, bool):
            continue
        is_mask = getattr(item, "dtype", None) is not None and item.dtype.kind == "b"
        used += item.ndim if is_mask else 1
    if used > len(shape):
        raise IndexError(f"too many indices for tensor of dimension {len(shape)}")
    _check_ints(native, shape, used)
    if not any(item is Ellipsis for item in native):
        # With an Ellipsis NumPy returns arrays (views) where it would return scalars.
        native.append(Ellipsis)
    return tuple(native)


def _list_items(index: list[Any]) -> tuple[Any, ...]:
    """A list is an integer index, unless it holds what only a tuple of indices can hold.

    A list of 32 items or more is always an index, as in PyTorch.
    """
    kinds = (slice, TensorBase, list, tuple)
    if len(index) < 32 and any(isinstance(i, kinds) or i is None or i is Ellipsis for i in index):
        return tuple(index)
    return (index,)


def _native_item(x: Any, item: Any) -> Any:
    if isinstance(item, TensorBase):
        array = item.array
        if array.dtype.kind not in "iub":
            raise IndexError("tensors used as indices must be long, int, byte or bool tensors")
        if array.dtype == np.uint8:
            warnings.warn(
                "indexing with dtype torch.uint8 is now deprecated, please use a dtype torch.bool "
                "instead.",
                UserWarning,
                stacklevel=5,
            )
            array = array.astype(bool)
        if array.ndim == 0 and array.dtype.kind != "b" and type(array) is np.ndarray:
            # A recording must not take the number for a constant.
            return int(array) if recording.listener is None else array
        if type(array) is not type(x.array):
            if type(array) is not np.ndarray:
                raise RuntimeError(
                    "indices should be either on cpu or on the same device as the indexed tensor "
                    f"({device_of(x.array)})"
                )
            array = BACKENDS[type(x.array)].from_host(
                BACKENDS[type(array)].to_host(array), BACKENDS[type(x.array)].device(x.array)
            )
        return array
    if isinstance(item, bool) or is_basic_item(item):
        if isinstance(item, slice):
            return _native_slice(item)
        return item
    if isinstance(item, np.integer):
        return int(item)
    if isinstance(item, (list, tuple, range, np.ndarray)):
        array = np.asarray(item)
        if array.size == 0:
            array = array.astype(np.int64)
        if array.dtype.kind not in "iub":
            raise IndexError(
                "only integers, slices (`:`), ellipsis (`...`), None and long or byte "
                "Variables are valid indices (got " + type(item).__name__ + ")"
            )
        backend = BACKENDS[type(x.array)]
        return (
            array
            if type(x.array) is np.ndarray
            else backend.from_host(array, backend.device(x.array))
        )
    if type(item) is type(x.array):
        return item
    if isinstance(item, str):
        raise TypeError("new(): invalid data type 'str'")
    raise IndexError(
        "only integers, slices (`:`), ellipsis (`...`), None and long or byte Variables are valid "
        f"indices (got {type(item).__name__})"
    )


def _native_slice(item: slice) -> slice:
    def number(value: Any) -> Any:
        return value.item() if isinstance(value, TensorBase) else value

    start, stop, step = number(item.start), number(item.stop), number(item.step)
    if step is not None and step <= 0:
        raise ValueError("step must be greater than zero")
    return slice(start, stop, step)


def _check_ints(items: list[Any], shape: tuple[int, ...], used: int) -> None:
    position = 0
    for item in items:
        if item is Ellipsis:
            position += len(shape) - used
        elif item is None or isinstance(item, bool):
            continue
        elif isinstance(item, int):
            if not -shape[position] <= item < shape[position]:
                raise IndexError(
                    f"index {item} is out of bounds for dimension {position} with size "
                    f"{shape[position]}"
                )
            position += 1
        else:
            is_mask = getattr(item, "dtype", None) is not None and item.dtype.kind == "b"
            if is_mask:
                for i, n in enumerate(item.shape):
                    if n != shape[position + i]:
                        raise IndexError(
                            f"The shape of the mask {list(item.shape)} at index {i} does not match "
                            f"the shape of the indexed tensor {list(shape)} at index {position + i}"
                        )
                position += item.ndim
            else:
                position += 1
