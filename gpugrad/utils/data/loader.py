"""Going through a data set in batches."""

from __future__ import annotations

import multiprocessing
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from multiprocessing.context import BaseContext
from typing import Any, Generic, TypeVar

from ... import cuda
from ...random.generator import Generator
from .collate import default_collate, default_convert
from .dataset import Indexable, IterableDataset
from .fetch import make_fetch
from .pinning import pinned
from .sampler import BatchSampler, RandomSampler, SequentialSampler, draw_seed
from .worker import Job
from .workers import Workers

T_co = TypeVar("T_co", covariant=True)


class DataLoader(Generic[T_co]):
    """An iterable over the batches of a data set.

    Args:
        dataset: something with ``__getitem__`` and a length, or an :class:`IterableDataset`.
        batch_size: samples in a batch; None for single samples.
        shuffle: go through the samples in a new random order each time, PyTorch's for a seed.
        sampler: an iterable of indices instead of ``shuffle``.
        batch_sampler: an iterable of lists of indices instead of ``batch_size``, ``shuffle``,
            ``sampler`` and ``drop_last``.
        num_workers: processes that fetch batches ahead; 0 fetches when asked. Each has its own
            copy of the data set, and generators seeded by a number from ``generator`` plus the
            worker's own number, as PyTorch seeds them. Arrays come back through shared memory.
        collate_fn: puts a list of samples together into a batch, by default
            :func:`default_collate`.
        pin_memory: copy batches into memory that a GPU reads faster; without a GPU it warns.
        pin_memory_device: accepted for PyTorch's sake.
        drop_last: leave out the last batch if it is smaller than the others.
        timeout: seconds to wait for a worker, 0 for ever.
        worker_init_fn: called in each worker with its number.
        multiprocessing_context: how workers are started: ``"fork"``, ``"spawn"``,
            ``"forkserver"``, a context of :mod:`multiprocessing`, or None for the system's usual
            way. Unless they are forked, the data set must be picklable.
        generator: where the order comes from, instead of the default generator.
        prefetch_factor: batches that each worker fetches ahead, 2 unless given.
        persistent_workers: keep the workers, and what they have in memory, for the next pass.
        in_order: give batches in their order; False as the workers finish them.

    Errors in a worker are raised again in the same type, with the worker's traceback in the text.
    Batches of a :class:`TensorDataset` are taken by one indexing of each tensor.

    Raises:
        ValueError: arguments out of range or that exclude each other.

    >>> import gpugrad
    >>> from gpugrad.utils.data import DataLoader, TensorDataset
    >>> data = TensorDataset(gpugrad.arange(5))
    >>> for (batch,) in DataLoader(data, batch_size=2):
    ...     print(batch)
    tensor([0, 1])
    tensor([2, 3])
    tensor([4])
    """

    _ready = False
    _reported_length: int | None = None

    def __init__(
        self,
        dataset: Indexable[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        _check_context(multiprocessing_context, num_workers)
        if num_workers > 0 and prefetch_factor is None:
            prefetch_factor = 2
        self._is_stream = isinstance(dataset, IterableDataset)
        if self._is_stream:
            _check_stream(shuffle, sampler, batch_sampler)
        _check_batching(batch_size, shuffle, sampler, batch_sampler, drop_last)
        if batch_sampler is not None:
            batch_size = None
        self.dataset: Any = dataset
        if sampler is None:
            if self._is_stream:
                sampler = repeat(None)
            elif shuffle:
                sampler = RandomSampler(self.dataset, generator=generator)  # type: ignore[arg-type]
            else:
                sampler = SequentialSampler(self.dataset)  # type: ignore[arg-type]
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        self.generator = generator
        self.collate_fn = collate_fn
        self.num_workers = num_workers
        self.prefetch_factor = prefetch_factor
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.persistent_workers = persistent_workers
        self.in_order = in_order
        self._lasting: Workers | None = None
        self._ready = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._ready and name in _FIXED:
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized"
            )
        super().__setattr__(name, value)

    def __iter__(self) -> Iterator[Any]:
        return _Iteration(self)

    def __len__(self) -> int:
        """The number of batches; of a stream, what its own length tells."""
        if not self._is_stream:
            return len(self._indices)
        length = self._reported_length = len(self.dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else -(-length // self.batch_size)

    @property
    def _indices(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler


_FIXED = frozenset(
    ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
)


class _Iteration:
    """One pass over the data.

    As in PyTorch, a seed for workers is drawn when the pass begins, workers or none, and the
    sampler's when the first batch is asked for.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        self._loader = loader
        self._taken = 0
        if loader.pin_memory and not cuda.is_available():
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device "
                "pinned memory won't be used.",
                stacklevel=3,
            )
        indices = iter(loader._indices)
        self._batches: Iterator[Any]
        if loader._lasting is not None:
            loader._lasting.begin(indices, again=True)
            self._batches = loader._lasting
            return
        seed = draw_seed(loader.generator)
        batched = loader.batch_sampler is not None
        if loader.num_workers == 0:
            fetch = make_fetch(loader.dataset, loader.collate_fn, batched, loader.drop_last)
            self._batches = map(fetch, indices)
            return
        workers = self._batches = _workers(loader, seed, batched)
        workers.begin(indices)
        if loader.persistent_workers:
            loader._lasting = workers

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        batch = next(self._batches)
        self._taken += 1
        reported = self._loader._reported_length
        if reported is not None and self._taken > reported:
            warnings.warn(
                f"Length of IterableDataset {self._loader.dataset} was reported to be {reported} "
                f"(when accessing len(dataloader)), but {self._taken} samples have been fetched.",
                stacklevel=2,
            )
        return pinned(batch) if self._loader.pin_memory and cuda.is_available() else batch

    def __len__(self) -> int:
        return len(self._loader._indices)


def _workers(loader: DataLoader[Any], seed: int, batched: bool) -> Workers:
    """The workers of a loader, started."""
    jobs = [
        Job(
            loader.dataset,
            loader.collate_fn,
            batched,
            loader.drop_last,
            seed,
            loader.worker_init_fn,
            number,
            loader.num_workers,
        )
        for number in range(loader.num_workers)
    ]
    prefetch = 2 if loader.prefetch_factor is None else loader.prefetch_factor
    return Workers(
        jobs,
        loader.multiprocessing_context,
        prefetch,
        loader.timeout,
        loader.in_order,
        loader.persistent_workers,
    )


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to disable "
            "multiprocessing."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if prefetch_factor is not None and num_workers == 0:
        raise ValueError(
            "prefetch_factor option could only be specified in multiprocessing."
            "let num_workers > 0 to enable multiprocessing, otherwise set prefetch_factor to None."
        )
    if prefetch_factor is not None and prefetch_factor < 0:
        raise ValueError("prefetch_factor option should be non-negative")
    if persistent_workers and num_workers == 0:
        raise ValueError("persistent_workers option needs num_workers > 0")


def _check_context(context: Any, num_workers: int) -> None:
    if context is None:
        return
    if num_workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading (num_workers > "
            f"0), but got num_workers={num_workers}"
        )
    if isinstance(context, str):
        ways = multiprocessing.get_all_start_methods()
        if context not in ways:
            raise ValueError(
                "multiprocessing_context option should specify a valid start method in "
                f"{ways!r}, but got multiprocessing_context={context!r}"
            )
    elif not isinstance(context, BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string "
            f"specifying the start method, but got multiprocessing_context={context}"
        )


def _check_stream(shuffle: bool | None, sampler: Any, batch_sampler: Any) -> None:
    for name, value in (
        ("shuffle", shuffle or None),
        ("sampler", sampler),
        ("batch_sampler", batch_sampler),
    ):
        if value is not None:
            raise ValueError(
                f"DataLoader with IterableDataset: expected unspecified {name} option, but got "
                f"{name}={value}"
            )


def _check_batching(
    batch_size: int | None, shuffle: bool | None, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, "
                "and drop_last"
            )
    elif batch_size is None and drop_last:
        raise ValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )
