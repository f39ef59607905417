"""Putting samples together into a batch."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from ...creation import as_tensor, tensor
from ...dtypes import float64
from ...ops.joining import stack
from ...tensor import Tensor


def default_collate(batch: Sequence[Any]) -> Any:
    """Put samples together along a new first dimension.

    Tensors and NumPy arrays are stacked, numbers become a tensor (floats one of float64), strings
    and bytes stay a list. Of dictionaries, named tuples, tuples and lists the entries are put
    together each by itself; tuples become lists.

    Args:
        batch: the samples, all of one kind.

    Raises:
        TypeError: samples of another type, or arrays of strings or objects.
        RuntimeError: lists or tensors of different sizes.

    >>> import gpugrad
    >>> from gpugrad.utils.data import default_collate
    >>> default_collate([(gpugrad.zeros(2), 1), (gpugrad.ones(2), 2)])
    [tensor([[0., 0.],
            [1., 1.]]), tensor([1, 2])]
    """
    sample = batch[0]
    if isinstance(sample, Tensor):
        return stack(list(batch))
    if isinstance(sample, np.ndarray):
        if _holds_no_numbers(sample):
            raise TypeError(_NOT_COLLATABLE.format(sample.dtype))
        return stack([as_tensor(a) for a in batch])
    if isinstance(sample, (np.bool_, np.number)):
        return as_tensor(np.asarray(batch))
    if isinstance(sample, float):
        return tensor(batch, dtype=float64)
    if isinstance(sample, int):
        return tensor(batch)
    if isinstance(sample, (str, bytes)):
        return batch
    if isinstance(sample, Mapping):
        values = {key: default_collate([s[key] for s in batch]) for key in sample}
        return like_mapping(sample, values)
    if isinstance(sample, tuple) and hasattr(sample, "_fields"):
        return type(sample)(*(default_collate(column) for column in zip(*batch, strict=False)))
    if isinstance(sample, Sequence):
        if any(len(s) != len(sample) for s in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [default_collate(column) for column in zip(*batch, strict=True)]
        return columns if isinstance(sample, tuple) else like_sequence(sample, columns)
    raise TypeError(_NOT_COLLATABLE.format(type(sample)))


def default_convert(data: Any) -> Any:
    """Turn the NumPy arrays and numbers inside ``data`` into tensors and leave the rest.

    What a :class:`DataLoader` does to single samples, with ``batch_size=None``.

    >>> import gpugrad, numpy
    >>> from gpugrad.utils.data import default_convert
    >>> default_convert({"x": numpy.arange(3), "name": "three"})
    {'x': tensor([0, 1, 2]), 'name': 'three'}
    """
    if isinstance(data, np.ndarray):
        return data if _holds_no_numbers(data) else as_tensor(data)
    if isinstance(data, (np.bool_, np.number)):
        return as_tensor(np.asarray(data))
    if isinstance(data, (Tensor, str, bytes)):
        return data
    if isinstance(data, Mapping):
        return like_mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(d) for d in data))
    if isinstance(data, Sequence):
        values = [default_convert(d) for d in data]
        return values if isinstance(data, tuple) else like_sequence(data, values)
    return data


_NOT_COLLATABLE = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)


def _holds_no_numbers(array: np.ndarray[Any, Any]) -> bool:
    return array.dtype.kind in "SaUO"


def like_mapping(original: Any, values: dict[Any, Any]) -> Any:
    """``values`` in a mapping of the original's type, with whatever else that carries."""
    try:
        if isinstance(original, MutableMapping):
            twin = copy.copy(original)
            twin.update(values)
            return twin
        return type(original)(values)
    except TypeError:
        return values


def like_sequence(original: Any, values: list[Any]) -> Any:
    """``values`` in a sequence of the original's type, with whatever else that carries."""
    try:
        if isinstance(original, MutableSequence):
            twin = copy.copy(original)
            for i, value in enumerate(values):
                twin[i] = value
            return twin
        return type(original)(values)
    except TypeError:
        return values
