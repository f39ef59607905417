"""Data sets: things with a length and indices, or things to iterate over."""

from __future__ import annotations

import math
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, Generic, Protocol, TypeVar

from ...random import randperm
from ...random.generator import Generator, default_generator
from ...tensor import Tensor

T_co = TypeVar("T_co", covariant=True)


class Indexable(Protocol[T_co]):
    """A :class:`Dataset`, or anything else that gives a sample for an index."""

    def __getitem__(self, index: Any, /) -> T_co: ...


class Dataset(Generic[T_co]):
    """Base class of data sets that give a sample for an index.

    Subclasses define ``__getitem__`` and, for samplers, ``__len__``. A method
    ``__getitems__(indices)`` that returns a list of samples, where defined, is used to fetch a
    whole batch.

    >>> import gpugrad
    >>> from gpugrad.utils import data
    >>> class Squares(data.Dataset):
    ...     def __getitem__(self, index):
    ...         return index**2
    >>> Squares()[3]
    9
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """Base class of data sets that are streams: subclasses define ``__iter__``.

    With several workers each iterates by itself; :func:`get_worker_info` tells ``__iter__`` which
    share of the stream is its own.

    >>> import gpugrad
    >>> from gpugrad.utils import data
    >>> class Letters(data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter("abc")
    >>> list(Letters())
    ['a', 'b', 'c']
    """

    def __add__(self, other: Dataset[Any]) -> Dataset[Any]:
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Samples are tuples of the tensors' entries along their first dimension.

    Raises:
        AssertionError: the tensors have different sizes there.

    >>> import gpugrad
    >>> from gpugrad.utils.data import TensorDataset
    >>> data = TensorDataset(gpugrad.arange(6).reshape(3, 2), gpugrad.arange(3))
    >>> data[1]
    (tensor([2, 3]), tensor(1))
    """

    def __init__(self, *tensors: Tensor) -> None:
        if any(tensors[0].size(0) != t.size(0) for t in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))


class ConcatDataset(Dataset[T_co]):
    """Several data sets one after the other.

    Raises:
        AssertionError: no data sets, or an :class:`IterableDataset` among them.

    >>> import gpugrad
    >>> from gpugrad.utils.data import ConcatDataset
    >>> data = ConcatDataset(["ab", "cde"])
    >>> len(data), data[2]
    (5, 'c')
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(d, IterableDataset) for d in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = list(accumulate(len(d) for d in self.datasets))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> T_co:
        if index < 0:
            if -index > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            index += len(self)
        part = bisect_right(self.cumulative_sizes, index)
        before = self.cumulative_sizes[part - 1] if part else 0
        found: T_co = self.datasets[part][index - before]
        return found


class ChainDataset(IterableDataset[T_co]):
    """Several :class:`IterableDataset` one after the other.

    Raises:
        AssertionError: when iterated over, if one of them is no :class:`IterableDataset`.

    >>> import gpugrad
    >>> from gpugrad.utils import data
    >>> class Letters(data.IterableDataset):
    ...     def __iter__(self):
    ...         return iter("abc")
    >>> list(data.ChainDataset([Letters(), Letters()]))
    ['a', 'b', 'c', 'a', 'b', 'c']
    """

    def __init__(self, datasets: Iterable[Dataset[Any]]) -> None:
        self.datasets = datasets

    def _parts(self) -> Iterator[IterableDataset[T_co]]:
        for d in self.datasets:
            if not isinstance(d, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield d

    def __iter__(self) -> Iterator[T_co]:
        for d in self._parts():
            yield from d

    def __len__(self) -> int:
        return sum(map(len, self._parts()))  # type: ignore[arg-type]


class Subset(Dataset[T_co]):
    """Those samples of a data set that have the given indices.

    Raises:
        NotImplementedError: a subclass overrides ``__getitem__`` without ``__getitems__``, by
            which a :class:`DataLoader` fetches batches.

    >>> import gpugrad
    >>> from gpugrad.utils.data import Subset
    >>> list(Subset("abcd", [3, 1]))
    ['d', 'b']
    """

    def __init__(self, dataset: Indexable[T_co], indices: Sequence[int]) -> None:
        self.dataset: Any = dataset
        self.indices = indices
        cls = type(self)
        if cls.__getitem__ is not Subset.__getitem__ and cls.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{cls.__name__} overrides __getitem__ but not __getitems__. When subclassing "
                "Subset and overriding __getitem__, you must also override __getitems__ to ensure "
                "DataLoader works correctly with your custom logic."
            )

    def __getitem__(self, index: Any) -> T_co:
        many = isinstance(index, list)
        found: T_co = self.dataset[
            [self.indices[i] for i in index] if many else self.indices[index]
        ]
        return found

    def __getitems__(self, indices: list[int]) -> list[T_co]:
        indices = [self.indices[i] for i in indices]
        fetch = getattr(self.dataset, "__getitems__", None)
        if callable(fetch):
            found: list[T_co] = fetch(indices)
            return found
        return [self.dataset[i] for i in indices]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Any,
    lengths: Sequence[int | float],
    generator: Generator | None = default_generator,
) -> list[Subset[Any]]:
    """Split a data set at random into parts that do not overlap.

    Args:
        dataset: what to split; has a length.
        lengths: the parts' lengths, or fractions that add up to 1. Fractions of the length are
            rounded down, and what is left goes one by one to the first parts.
        generator: where the random permutation comes from.

    Raises:
        ValueError: the lengths do not add up to the data set's, or a fraction is not in [0, 1].

    >>> import gpugrad
    >>> from gpugrad.utils.data import random_split
    >>> parts = random_split(range(10), [0.7, 0.3], gpugrad.Generator().manual_seed(0))
    >>> [len(part) for part in parts]
    [7, 3]
    """
    total = sum(lengths)
    if math.isclose(total, 1) and total <= 1:
        counts = _counts(lengths, len(dataset))
    else:
        counts = [int(n) for n in lengths]
        if total != len(dataset):
            raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    order = randperm(sum(counts), generator=generator, device="cpu").tolist()
    return [
        Subset(dataset, order[end - count : end])
        for count, end in zip(counts, accumulate(counts), strict=True)
    ]


def _counts(fractions: Sequence[float], size: int) -> list[int]:
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"Fraction at index {i} is not between 0 and 1")
    counts = [math.floor(size * fraction) for fraction in fractions]
    for i in range(size - sum(counts)):
        counts[i % len(counts)] += 1
    for i, count in enumerate(counts):
        if count == 0:
            warnings.warn(
                f"Length of split at index {i} is 0. This might result in an empty dataset.",
                stacklevel=3,
            )
    return counts
