"""Getting the samples of a batch from a data set."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...creation import from_numpy
from ...tensor import Tensor
from .collate import default_collate
from .dataset import IterableDataset, Subset, TensorDataset

Fetch = Callable[[Any], Any]
"""From an index, or a list of indices, to what the loader yields; StopIteration at the end."""


def make_fetch(
    dataset: Any, collate: Callable[[Any], Any], batched: bool, drop_last: bool
) -> Fetch:
    """The quickest way to get a batch from ``dataset``."""
    if isinstance(dataset, IterableDataset):
        return _from_stream(dataset, collate, batched, drop_last)
    if not batched:
        return lambda index: collate(dataset[index])
    fetch_many = getattr(dataset, "__getitems__", None)

    def one_by_one(indices: Any) -> Any:
        return collate(fetch_many(indices) if fetch_many else [dataset[i] for i in indices])

    found = _tensors_of(dataset) if collate is default_collate else None
    return one_by_one if found is None else _by_index(*found, one_by_one)


def _from_stream(
    dataset: Any, collate: Callable[[Any], Any], batched: bool, drop_last: bool
) -> Fetch:
    stream = iter(dataset)
    if not batched:
        return lambda _: collate(next(stream))

    def fetch(indices: Any) -> Any:
        samples = [sample for _, sample in zip(indices, stream, strict=False)]
        if not samples or (drop_last and len(samples) < len(indices)):
            raise StopIteration
        return collate(samples)

    return fetch


def _tensors_of(dataset: Any) -> tuple[tuple[Tensor, ...], Any] | None:
    """The tensors that hold all samples, and which of their entries are meant, None for all.

    Only where nobody has changed what indexing means.
    """
    chosen = None
    if type(dataset) is Subset:
        dataset, chosen = dataset.dataset, dataset.indices
    return (dataset.tensors, chosen) if type(dataset) is TensorDataset else None


def _by_index(tensors: tuple[Tensor, ...], chosen: Any, one_by_one: Fetch) -> Fetch:
    """Index each tensor once with the whole batch: what stacking single entries gives."""

    def fetch(indices: Any) -> Any:
        batch = indices if chosen is None else [chosen[i] for i in indices]
        numbers = np.asarray(batch)
        if numbers.dtype != np.int64 or numbers.ndim != 1:
            return one_by_one(indices)  # whatever it is, indexing will say what it thinks of it
        index = from_numpy(numbers)
        return [t[index.to(t.device)] for t in tensors]

    return fetch
