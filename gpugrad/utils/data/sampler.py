"""In which order a data set is gone through.

The random samplers give PyTorch's order for a seed: without a generator of its own, a sampler
draws one 64-bit number from the default generator each time it is iterated over, and shuffles with
a fresh generator that has this seed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Generic, TypeVar

from ...creation import as_tensor, empty
from ...dtypes import float64, int64
from ...random import multinomial, randint, randperm
from ...random.generator import Generator

T_co = TypeVar("T_co", covariant=True)


def draw_seed(generator: Generator | None) -> int:
    """A non-negative 63-bit number from ``generator``, by default the default one."""
    return int(empty((), dtype=int64, device="cpu").random_(generator=generator).item())


class Sampler(Generic[T_co]):
    """Base class of samplers: subclasses define ``__iter__``, over indices or lists of indices,
    and ``__len__``.

    >>> import gpugrad
    >>> from gpugrad.utils import data
    >>> class Even(data.Sampler):
    ...     def __iter__(self):
    ...         return iter(range(0, 6, 2))
    >>> list(data.DataLoader(range(6), sampler=Even(), batch_size=None))
    [0, 2, 4]
    """

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError


class SequentialSampler(Sampler[int]):
    """0, 1, 2, … up to the length of ``data_source``.

    >>> import gpugrad
    >>> from gpugrad.utils import data
    >>> list(data.SequentialSampler(range(3)))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """The indices of ``data_source`` in random order.

    Args:
        data_source: has a length.
        replacement: draw each index anew, so that some come twice and some never.
        num_samples: how many indices; by default as many as there are.
        generator: where the order comes from.

    Raises:
        TypeError: ``replacement`` is no bool.
        ValueError: ``num_samples``, or the length of ``data_source``, is not positive.

    >>> import gpugrad
    >>> from gpugrad.utils.data import RandomSampler
    >>> list(RandomSampler(range(5), generator=gpugrad.Generator().manual_seed(0)))
    [4, 0, 1, 3, 2]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(
                f"replacement should be a boolean value, but got replacement={replacement}"
            )
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(
                "num_samples should be a positive integer value, but got "
                f"num_samples={self.num_samples}"
            )

    @property
    def num_samples(self) -> int:
        """How many indices an iteration gives; follows the data where it was not given."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        n = len(self.data_source)
        generator = self.generator
        if generator is None:
            generator = Generator()
            generator.manual_seed(draw_seed(None))
        if self.replacement:
            # In portions of 32, as PyTorch, so that the stream is the same.
            for _ in range(self.num_samples // 32):
                yield from randint(0, n, (32,), generator=generator, device="cpu").tolist()
            rest = (self.num_samples % 32,)
            yield from randint(0, n, rest, generator=generator, device="cpu").tolist()
        else:
            for _ in range(self.num_samples // n):
                yield from randperm(n, generator=generator, device="cpu").tolist()
            last = randperm(n, generator=generator, device="cpu")
            yield from last.tolist()[: self.num_samples % n]

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order.

    >>> import gpugrad
    >>> from gpugrad.utils import data
    >>> sorted(data.SubsetRandomSampler([4, 2, 7]))
    [2, 4, 7]
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in randperm(len(self.indices), generator=self.generator, device="cpu").tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """Indices drawn with given probabilities.

    Args:
        weights: as many non-negative numbers as there are indices, of any sum.
        num_samples: how many indices to draw.
        replacement: whether an index may be drawn more than once.
        generator: where the draws come from.

    Raises:
        ValueError: ``num_samples`` is not positive, ``replacement`` no bool, or ``weights`` not
            one-dimensional.

    >>> import gpugrad
    >>> from gpugrad.utils import data
    >>> list(data.WeightedRandomSampler([0.0, 1.0], 3))
    [1, 1, 1]
    """

    def __init__(
        self,
        weights: Sequence[float],
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        _check_positive("num_samples", num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(
                f"replacement should be a boolean value, but got replacement={replacement}"
            )
        self.weights = as_tensor(weights, dtype=float64, device="cpu")
        if self.weights.dim() != 1:
            raise ValueError(
                "weights should be a 1d sequence but given weights have shape "
                f"{tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        drawn = multinomial(
            self.weights, self.num_samples, self.replacement, generator=self.generator
        )
        return iter(drawn.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of another sampler in lists of ``batch_size``.

    Args:
        sampler: any iterable of indices.
        batch_size: how many indices a list has; the last may have fewer.
        drop_last: leave the last list out if it has fewer.

    Raises:
        ValueError: ``batch_size`` is no positive int, or ``drop_last`` no bool.

    >>> import gpugrad
    >>> from gpugrad.utils.data import BatchSampler
    >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        _check_positive("batch_size", batch_size)
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) < self.batch_size and self.drop_last:
                return
            yield batch

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)


def _check_positive(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value <= 0:
        raise ValueError(f"{name} should be a positive integer value, but got {name}={value}")
