"""Data sets, samplers and loaders against PyTorch's: the same batches for the same seed."""

from __future__ import annotations

from collections import OrderedDict, namedtuple
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from tests.oracle.refusals import refused_alike

torch = pytest.importorskip("torch")

BOTH = (gpugrad, torch)
Pair = namedtuple("Pair", ["first", "second"])


def plain(value: Any) -> Any:
    """Batches of either library as the same nested Python objects, types of tensors included."""
    if isinstance(value, (gpugrad.Tensor, torch.Tensor)):
        return (str(value.dtype), tuple(value.shape), value.tolist())
    if isinstance(value, dict):
        return type(value), {k: plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value), [plain(v) for v in value]
    return value


def after(library: Any) -> float:
    """A draw from the default generator: shows how much of the stream was used."""
    return float(library.rand(()))


def tensors(library: Any, n: int = 23) -> Any:
    x = np.arange(2 * n, dtype="float32").reshape(n, 2)
    dataset = library.utils.data.TensorDataset
    return dataset(library.from_numpy(x), library.from_numpy(np.arange(n)))


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("batch_size", [1, 4, 23, 40, None])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("own_generator", [False, True])
def test_batches(batch_size: Any, shuffle: bool, own_generator: bool, drop_last: bool) -> None:
    if batch_size is None and drop_last:
        return
    results = []
    for library in BOTH:
        library.manual_seed(3)
        generator = library.Generator().manual_seed(8) if own_generator else None
        loader = library.utils.data.DataLoader(
            tensors(library),
            batch_size=batch_size,
            shuffle=shuffle,
            drop_last=drop_last,
            generator=generator,
        )
        found: list[Any] = [len(loader)]
        for _ in range(2):
            passing = iter(loader)
            found.append(after(library))
            found.append(plain([plain(batch) for batch in passing]))
            found.append(after(library))
        results.append(found)
    assert results[0] == results[1]


@pytest.mark.parametrize("options", [{}, {"num_samples": 50}, {"num_samples": 5}])
@pytest.mark.parametrize("replacement", [False, True])
@pytest.mark.parametrize("own_generator", [False, True])
def test_random_sampler(options: Any, replacement: bool, own_generator: bool) -> None:
    results = []
    for library in BOTH:
        library.manual_seed(11)
        generator = library.Generator().manual_seed(8) if own_generator else None
        sampler = library.utils.data.RandomSampler(
            range(40), replacement=replacement, generator=generator, **options
        )
        results.append([list(sampler), list(sampler), len(sampler), after(library)])
    assert results[0] == results[1]


def test_other_samplers() -> None:
    results = []
    for library in BOTH:
        data = library.utils.data
        library.manual_seed(5)
        results.append(
            [
                list(data.SubsetRandomSampler([5, 3, 8, 1])),
                list(data.WeightedRandomSampler([0.1, 3.0, 0.5, 1.0], 20)),
                list(data.WeightedRandomSampler([0.1, 3.0, 0.5, 1.0], 3, replacement=False)),
                list(data.BatchSampler(range(7), 3, True)),
                list(data.BatchSampler(data.RandomSampler(range(7)), 3, False)),
                after(library),
            ]
        )
    assert results[0] == results[1]


@pytest.mark.parametrize("lengths", [[20, 3], [0.5, 0.25, 0.25], [0.3, 0.3, 0.4], [23]])
@pytest.mark.parametrize("own_generator", [False, True])
def test_random_split(lengths: Any, own_generator: bool) -> None:
    results = []
    for library in BOTH:
        library.manual_seed(2)
        options = {"generator": library.Generator().manual_seed(8)} if own_generator else {}
        parts = library.utils.data.random_split(tensors(library), lengths, **options)
        loaders = [library.utils.data.DataLoader(p, 4, shuffle=True) for p in parts]
        batches = [plain(list(loader)) for loader in loaders]
        results.append(([list(p.indices) for p in parts], batches, after(library)))
    assert results[0] == results[1]


def samples(library: Any) -> list[Any]:
    t = library.tensor
    return [
        [t([1.0, 2.0]), t([3.0, 4.0])],
        [np.arange(3), np.arange(3) + 1],
        [np.float32(1), np.float32(2)],
        [np.int16(1), np.int16(2)],
        [np.bool_(True), np.bool_(False)],
        [1, 2, 3],
        [True, False],
        [1.5, 2.5],
        ["a", "b"],
        [b"a", b"b"],
        [(1, "x"), (2, "y")],
        [[1, 2.0], [3, 4.0]],
        [Pair(1, t([1])), Pair(2, t([2]))],
        [{"a": 1, "b": [1, 2]}, {"a": 2, "b": [3, 4]}],
        [OrderedDict(z=1), OrderedDict(z=2)],
        [range(3), range(3, 6)],
        [{"n": np.ones((2, 2), "f2"), "s": "t"}, {"n": np.zeros((2, 2), "f2"), "s": "u"}],
    ]


@pytest.mark.parametrize("number", range(len(samples(torch))))
def test_collate_and_convert(number: int) -> None:
    found, wanted = (
        (
            plain(library.utils.data.default_collate(samples(library)[number])),
            plain(library.utils.data.default_convert(samples(library)[number])),
        )
        for library in BOTH
    )
    assert found == wanted


def wrong_calls(library: Any) -> list[Any]:
    data = library.utils.data

    class Stream(data.IterableDataset):  # type: ignore[name-defined,misc]
        def __iter__(self) -> Iterator[int]:
            return iter(range(3))

    zeros = library.zeros
    loader = data.DataLoader([1, 2])
    return [
        lambda: data.TensorDataset(zeros(2), zeros(3)),
        lambda: data.Dataset()[0],
        lambda: data.ConcatDataset([]),
        lambda: data.ConcatDataset([Stream()]),
        lambda: data.ConcatDataset([[1, 2]])[-5],
        lambda: list(data.ChainDataset([[1, 2]])),
        lambda: data.random_split(range(5), [2, 2]),
        lambda: data.random_split(range(5), [1.5, -0.5]),
        lambda: data.RandomSampler(range(5), replacement=1),
        lambda: data.RandomSampler(range(5), num_samples=0),
        lambda: data.RandomSampler([]),
        lambda: data.BatchSampler(range(5), 0, False),
        lambda: data.BatchSampler(range(5), True, False),
        lambda: data.BatchSampler(range(5), 2, None),
        lambda: data.WeightedRandomSampler([1.0], 0),
        lambda: data.WeightedRandomSampler([1.0], 1, None),
        lambda: data.WeightedRandomSampler([[1.0]], 1),
        lambda: data.DataLoader([1], num_workers=-1),
        lambda: data.DataLoader([1], timeout=-1),
        lambda: data.DataLoader([1], prefetch_factor=2),
        lambda: data.DataLoader([1], num_workers=1, prefetch_factor=-2),
        lambda: data.DataLoader([1], persistent_workers=True),
        lambda: data.DataLoader(Stream(), shuffle=True),
        lambda: data.DataLoader([1], shuffle=True, sampler=[0]),
        lambda: data.DataLoader([1], batch_sampler=[[0]], batch_size=2),
        lambda: data.DataLoader([1], batch_size=None, drop_last=True),
        lambda: data.DataLoader([1], batch_size=0),
        lambda: data.DataLoader([], shuffle=True),
        lambda: setattr(loader, "batch_size", 3),
        lambda: len(data.DataLoader(Stream())),
        lambda: data.default_collate([object()]),
        lambda: data.default_collate([np.array(["a"])]),
        lambda: data.default_collate([[1, 2], [1]]),
        lambda: data.default_collate([zeros(2), zeros(3)]),
        lambda: data.default_collate([None]),
        lambda: next(iter(data.DataLoader(data.TensorDataset(zeros(2)), sampler=[5]))),
    ]


test_errors = refused_alike(wrong_calls)


def test_wrong_subset() -> None:
    for library in BOTH:

        class Odd(library.utils.data.Subset):  # type: ignore[name-defined,misc]
            def __getitem__(self, index: Any) -> Any:
                return None

        with pytest.raises(NotImplementedError, match="overrides __getitem__ but not __getitems__"):
            Odd([1], [0])
