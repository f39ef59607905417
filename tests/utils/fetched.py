"""Data sets for worker processes, and a fixture that finds processes that were left."""

from __future__ import annotations

import gc
import multiprocessing
import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

import gpugrad
from gpugrad.utils import data


class Rows(data.Dataset[Any]):
    """Big enough that batches go through memory."""

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> Any:
        return gpugrad.full((1000,), float(index)), index


class Failing(data.Dataset[Any]):
    def __init__(self, error: Any) -> None:
        self.error = error

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Any:
        if index == 3:
            self.fail()
        return index

    def fail(self) -> None:
        raise self.error


class Slow(data.Dataset[Any]):
    def __len__(self) -> int:
        return 40

    def __getitem__(self, index: int) -> Any:
        time.sleep(0.05 if index % 2 else 0.001)
        return index


class Whole(data.Dataset[Any]):
    """Gives what cannot be pickled."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, index: int) -> Any:
        return lambda: index


class Processes(data.Dataset[Any]):
    """Gives the number of the process."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        return os.getpid()


class Stream(data.IterableDataset[int]):
    def __iter__(self) -> Iterator[int]:
        info = data.get_worker_info()
        first, stride = (0, 1) if info is None else (info.id, info.num_workers)
        return iter(range(first, 10, stride))


def children() -> list[int]:
    return [p.pid for p in multiprocessing.active_children() if p.pid is not None]


@pytest.fixture(autouse=True)
def nobody_stays() -> Iterator[None]:
    before = set(children())
    yield
    gc.collect()  # an error that was caught has the iterator in its frames
    deadline = time.monotonic() + 5
    while set(children()) - before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not set(children()) - before
