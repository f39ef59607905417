"""Data sets side by side, errors of workers, pinned memory."""

from __future__ import annotations

import traceback
from typing import Any

import pytest

import gpugrad
from gpugrad.utils.data import DataLoader, Dataset, StackDataset


class Broken(Dataset[int]):
    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int) -> int:
        return self._read(index)

    def _read(self, index: int) -> int:
        raise ValueError(f"no sample {index}")


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_says_where_it_happened(workers: int) -> None:
    with pytest.raises(ValueError, match="no sample 0") as caught:
        next(iter(DataLoader(Broken(), num_workers=workers)))
    names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert names[-2:] == ["__getitem__", "_read"]
    assert caught.value.__notes__ == ["(in worker 0 of a DataLoader, asked for [0])"]


def test_data_sets_side_by_side() -> None:
    pairs = StackDataset("abc", [1, 2, 3])
    assert len(pairs) == 3
    assert pairs[2] == ("c", 3)
    assert [(list(a), b.tolist()) for a, b in DataLoader(pairs, 2)] == [
        (["a", "b"], [1, 2]),
        (["c"], [3]),
    ]
    named = StackDataset(x=gpugrad.arange(3), y=pairs)
    assert named[1] == {"x": 1, "y": ("b", 2)}
    (batch,) = DataLoader(named, 3)
    assert batch["x"].tolist() == [0, 1, 2]
    assert batch["y"][1].tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        ((), {}, "At least one dataset"),
        (("ab", "abc"), {}, "Size mismatch"),
        (("ab",), {"x": "ab"}, "both types are given"),
    ],
)
def test_data_sets_that_do_not_stack(args: Any, kwargs: Any, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        StackDataset(*args, **kwargs)


@pytest.mark.skipif(gpugrad.cuda.is_available(), reason="there is a GPU to pin memory for")
def test_pinned_memory_without_a_gpu_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="no accelerator is found"):
        assert len(list(DataLoader(range(3), pin_memory=True))) == 3
