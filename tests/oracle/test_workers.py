"""Worker processes against PyTorch's: the same batches, seeds and random numbers."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gpugrad

torch = pytest.importorskip("torch")

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="workers are forked"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create:UserWarning"),
]

BOTH = (gpugrad, torch)


def plain(value: Any) -> Any:
    if isinstance(value, (gpugrad.Tensor, torch.Tensor)):
        return value.tolist()
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def draws(lib: ModuleType) -> Any:
    """A data set whose samples are random numbers of all generators, and the worker's seed."""

    class Draws(lib.utils.data.Dataset):  # type: ignore[name-defined, misc]
        def __len__(self) -> int:
            return 9

        def __getitem__(self, index: int) -> Any:
            info = lib.utils.data.get_worker_info()
            return (
                index,
                lib.rand(2),
                lib.randint(100, ()),
                random.random(),
                np.random.rand(),
                info.seed % 2**31,
                lib.initial_seed() % 2**31,
                info.num_workers,
            )

    return Draws()


def numbers(lib: ModuleType, ends: bool = True) -> Any:
    """A stream that its workers share unevenly."""

    class Numbers(lib.utils.data.IterableDataset):  # type: ignore[name-defined, misc]
        def __iter__(self) -> Iterator[Any]:
            info = lib.utils.data.get_worker_info()
            number = 0 if info is None else info.id
            return ((100 * number + i, lib.rand(())) for i in range(3 + 4 * number))

    return Numbers()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 2, "shuffle": True},
        {"batch_size": None},
        {"batch_size": 4, "drop_last": True, "prefetch_factor": 1},
        {"batch_size": 2, "shuffle": True, "persistent_workers": True},
        {"batch_size": 2, "worker_init_fn": lambda number: random.seed(number)},
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("build", [draws, numbers])
def test_batches(build: Any, workers: int, options: Any) -> None:
    if build is numbers and "shuffle" in options:
        options = {name: value for name, value in options.items() if name != "shuffle"}
    results = []
    for lib in BOTH:
        lib.manual_seed(5)
        loader = lib.utils.data.DataLoader(build(lib), num_workers=workers, **options)
        found = []
        for _ in range(2):
            found.append([plain(batch) for batch in loader])
            found.append(lib.rand(()).item())
        results.append(found)
    assert str(rounded(results[0])) == str(rounded(results[1]))


def rounded(value: Any) -> Any:
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return round(value, 5) if isinstance(value, float) else value


def test_a_generator_of_its_own() -> None:
    results = []
    for lib in BOTH:
        generator = lib.Generator().manual_seed(4)
        loader = lib.utils.data.DataLoader(
            draws(lib), 3, shuffle=True, num_workers=2, generator=generator
        )
        results.append(rounded([plain(batch) for batch in loader]))
    assert results[0] == results[1]


ERRORS = [ValueError("bad"), KeyError("k"), IndexError(3), ZeroDivisionError(), AssertionError("x")]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
def test_errors(error: Exception) -> None:
    results = []
    for lib in BOTH:

        class Failing(lib.utils.data.Dataset):  # type: ignore[name-defined, misc]
            def __len__(self) -> int:
                return 4

            def __getitem__(self, index: int) -> Any:
                raise error

        with pytest.raises(type(error)) as caught:
            next(iter(lib.utils.data.DataLoader(Failing(), num_workers=1)))
        lines = str(caught.value).splitlines()
        results.append((lines[:2], lines[-1]))
    assert results[0] == results[1]


REFUSED = [
    {"num_workers": 1, "multiprocessing_context": "threads"},
    {"multiprocessing_context": "fork"},
    {"num_workers": 1, "multiprocessing_context": 3},
    {"num_workers": 1, "timeout": -1},
    {"prefetch_factor": 2},
]


@pytest.mark.parametrize("options", REFUSED, ids=str)
def test_refused_arguments(options: Any) -> None:
    texts = []
    for lib in BOTH:
        with pytest.raises((ValueError, TypeError)) as caught:
            lib.utils.data.DataLoader([1], **options)
        texts.append((type(caught.value), str(caught.value)))
    assert texts[0] == texts[1]
