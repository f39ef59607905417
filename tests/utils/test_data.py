"""Data sets, samplers, collating and the loader."""

from __future__ import annotations

import time
from collections import namedtuple
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.utils import data
from gpugrad.utils.data import DataLoader, TensorDataset

Pair = namedtuple("Pair", ["first", "second"])


class Squares(data.Dataset[Any]):
    """A data set that answers item by item."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> Any:
        if index >= self.n:
            raise ValueError(f"no sample {index}")
        return gpugrad.tensor([float(index)]), index * index


class Counting(data.IterableDataset[int]):
    """A stream that workers share out among themselves."""

    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Iterator[int]:
        info = data.get_worker_info()
        first, stride = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(first, self.n, stride))


class Sized(Counting):
    def __len__(self) -> int:
        return self.n


def test_shuffled_order_is_that_of_pytorch() -> None:
    gpugrad.manual_seed(0)
    assert list(data.RandomSampler(range(8))) == [2, 5, 4, 6, 1, 7, 0, 3]
    batches = [b.tolist() for b in DataLoader(range(10), 4, shuffle=True)]
    assert batches == [[3, 5, 0, 6], [1, 2, 4, 9], [7, 8]]
    parts = data.random_split(range(7), [4, 3])
    assert [list(p.indices) for p in parts] == [[6, 2, 4, 0], [3, 5, 1]]
    generator = gpugrad.Generator().manual_seed(1)
    sampler = data.RandomSampler(range(5), True, 7, generator)
    assert list(sampler) == [0, 4, 4, 3, 3, 3, 1]


def plain(batches: Any) -> list[Any]:
    return [[t.tolist() for t in batch] for batch in batches]


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: data.Subset(d, [7, 7, 0, 3, -1, 2, 5])])
def test_indexing_whole_batches_gives_what_single_samples_give(wrap: Any, drop_last: bool) -> None:
    class Same(TensorDataset):
        """Not exactly a TensorDataset: served item by item."""

    x = gpugrad.arange(18.0).reshape(9, 2)
    y = gpugrad.arange(9)
    found = []
    for kind in (TensorDataset, Same):
        generator = gpugrad.Generator().manual_seed(4)
        loader = DataLoader(
            wrap(kind(x, y)), 4, shuffle=True, drop_last=drop_last, generator=generator
        )
        batches = list(loader)
        assert all(type(b) is list for b in batches)
        assert len(batches) == len(loader)
        found.append(plain(batches))
    assert found[0] == found[1]
    assert [t.dtype for t in next(iter(loader))] == [gpugrad.float32, gpugrad.int64]


def test_batches_do_not_share_memory_with_the_data() -> None:
    x = gpugrad.zeros(4)
    for (batch,) in DataLoader(TensorDataset(x), 4):
        batch += 1
    assert x.tolist() == [0.0] * 4


def test_gradients_flow_to_the_data() -> None:
    x = gpugrad.ones(4, requires_grad=True)
    for (batch,) in DataLoader(TensorDataset(x), 3):
        (batch * 2).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [2.0] * 4


def test_a_loader_starts_anew_each_time() -> None:
    loader = DataLoader(TensorDataset(gpugrad.arange(20)), 20, shuffle=True)
    first, second = (next(iter(loader))[0].tolist() for _ in range(2))
    assert first != second
    assert sorted(first) == sorted(second) == list(range(20))


def test_single_samples() -> None:
    loader = DataLoader(Squares(3), batch_size=None)
    assert [(x.tolist(), y) for x, y in loader] == [([0.0], 0), ([1.0], 1), ([2.0], 4)]
    arrays = DataLoader([np.zeros(2), np.ones(2)], batch_size=None)
    assert [a.tolist() for a in arrays] == [[0.0, 0.0], [1.0, 1.0]]


def test_a_collate_function_of_ones_own() -> None:
    loader = DataLoader(Squares(5), 2, collate_fn=lambda batch: [y for _, y in batch])
    assert list(loader) == [[0, 1], [4, 9], [16]]
    tensors = DataLoader(TensorDataset(gpugrad.arange(3)), 2, collate_fn=len)
    assert list(tensors) == [2, 1]


def test_samplers_of_ones_own() -> None:
    by_sampler = DataLoader(range(9), 2, sampler=[5, 1, 8])
    assert [b.tolist() for b in by_sampler] == [[5, 1], [8]]
    by_batch = DataLoader(range(9), batch_sampler=[[1], [2, 3]])
    assert [b.tolist() for b in by_batch] == [[1], [2, 3]]
    assert by_batch.batch_size is None
    assert len(by_batch) == 2


def test_batches_fetched_by_the_data_set() -> None:
    class Many(Squares):
        def __getitems__(self, indices: list[int]) -> list[int]:
            return [i + 100 for i in indices]

    assert [b.tolist() for b in DataLoader(Many(3), 2)] == [[100, 101], [102]]
    assert [b.tolist() for b in DataLoader(data.Subset(Many(3), [2, 0]), 2)] == [[102, 100]]


def test_streams() -> None:
    assert [b.tolist() for b in DataLoader(Counting(5), 2)] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in DataLoader(Counting(5), 2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(DataLoader(Counting(2), batch_size=None)) == [0, 1]
    chained = Counting(2) + Counting(3)
    assert [b.tolist() for b in DataLoader(chained, 10)] == [[0, 1, 0, 1, 2]]
    assert len(DataLoader(Sized(5), 2)) == 3
    assert len(DataLoader(Sized(5), 2, drop_last=True)) == 2
    with pytest.raises(TypeError, match="has no len"):
        len(DataLoader(Counting(5)))


def test_a_stream_longer_than_it_said_is_warned_of() -> None:
    class Short(Counting):
        def __len__(self) -> int:
            return 1

    loader = DataLoader(Short(3))
    assert len(loader) == 1
    with pytest.warns(UserWarning, match="was reported to be 1"):
        assert len(list(loader)) == 3


@pytest.mark.parametrize("workers", [1, 3])
def test_workers_give_the_same_batches_in_order(workers: int) -> None:
    class Slow(Squares):
        def __getitem__(self, index: int) -> Any:
            time.sleep(0.001 * (index % 3))
            return super().__getitem__(index)

    for shuffle in (False, True):
        found = []
        for count in (0, workers):
            gpugrad.manual_seed(6)
            loader = DataLoader(Slow(23), 3, shuffle=shuffle, num_workers=count)
            found.append(plain(loader))
        assert found[0] == found[1]


def test_errors_in_workers_are_raised_again() -> None:
    loader = DataLoader(Squares(5), sampler=[0, 1, 9, 2], num_workers=2)
    batches = iter(loader)
    assert plain([next(batches), next(batches)]) == [[[[0.0]], [0]], [[[1.0]], [1]]]
    with pytest.raises(ValueError, match="no sample 9"):
        next(batches)
    assert plain(batches) == [[[[2.0]], [4]]]


def test_streams_in_workers() -> None:
    class Marked(Counting):
        def __iter__(self) -> Iterator[int]:
            return (number + self.n for number in super().__iter__())

    def init(number: int) -> None:
        info = data.get_worker_info()
        assert info is not None
        assert (info.id, info.num_workers) == (number, 2)
        info.dataset.n = 8  # a copy of the worker's own

    stream = Marked(7)
    loader = DataLoader(stream, 2, num_workers=2, worker_init_fn=init)
    assert [b.tolist() for b in loader] == [[8, 10], [9, 11], [12, 14], [13, 15]]
    assert stream.n == 7
    assert data.get_worker_info() is None


def test_a_slow_worker_is_not_waited_for_longer_than_allowed() -> None:
    class Stuck(Squares):
        def __getitem__(self, index: int) -> Any:
            time.sleep(0.5)

    with pytest.raises(RuntimeError, match="DataLoader timed out after"):
        next(iter(DataLoader(Stuck(3), num_workers=1, timeout=0.05)))


def test_collate() -> None:
    collate = data.default_collate
    assert collate([1, 2]).dtype is gpugrad.int64
    assert collate([1.0, 2.0]).dtype is gpugrad.float64
    assert str(collate([True, False]).dtype) == "torch.bool"
    assert collate([np.float32(1), np.float32(2)]).dtype is gpugrad.float32
    assert collate([np.zeros((2, 2), "f2")] * 3).shape == (3, 2, 2)
    assert collate(["a", "b"]) == ["a", "b"]
    pair = collate([Pair(1, "x"), Pair(2, "y")])
    assert type(pair) is Pair
    assert pair.first.tolist() == [1, 2]
    assert pair.second == ("x", "y")
    nested = collate([{"a": [1, (2.0, "z")]}, {"a": [3, (4.0, "w")]}])
    assert nested["a"][0].tolist() == [1, 3]
    assert nested["a"][1][0].tolist() == [2.0, 4.0]
    with pytest.raises(TypeError, match="default_collate: batch must contain tensors"):
        collate([object()])


def test_fractions() -> None:
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        parts = data.random_split(range(1), [0.5, 0.5])
    assert [len(p) for p in parts] == [1, 0]


def test_concatenation() -> None:
    joined = Squares(2) + Squares(3)
    assert isinstance(joined, data.ConcatDataset)
    assert len(joined) == 5
    assert joined[4][1] == 4
    assert joined[-5][1] == 0


def test_what_is_fixed_cannot_be_set() -> None:
    loader = DataLoader(range(4))
    with pytest.raises(ValueError, match="batch_size attribute should not be set after"):
        loader.batch_size = 2
    loader.timeout = 0
