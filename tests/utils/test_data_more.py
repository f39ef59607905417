"""Data sets side by side, pinned memory."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad.utils.data import DataLoader, StackDataset


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


def test_pinned_memory(host: Any) -> None:
    pairs = StackDataset(gpugrad.arange(4), [{"name": "a", "x": (1.0, 2)}] * 4)
    for numbers, rest in DataLoader(pairs, 2, pin_memory=True):
        assert numbers.is_pinned()
        assert rest["x"][0].is_pinned()
        assert rest["name"] == ["a", "a"]
        assert numbers.to("cuda", non_blocking=True).tolist() == numbers.tolist()
    x = gpugrad.ones(2, 3).bfloat16().T
    pinned = x.pin_memory()
    assert not x.is_pinned()
    assert pinned.pin_memory() is pinned
    assert gpugrad.equal(pinned, x)
    assert gpugrad.empty(0).pin_memory().shape == (0,)
    with pytest.raises(RuntimeError, match=r"cannot pin 'torch\.cuda\.FloatTensor'"):
        gpugrad.ones(1).to("cuda").pin_memory()


@pytest.mark.skipif(gpugrad.cuda.is_available(), reason="there is a GPU to pin memory for")
def test_there_is_no_pinned_memory_without_a_gpu() -> None:
    assert not gpugrad.ones(1).is_pinned()
    with pytest.raises(RuntimeError, match="Cannot access accelerator device"):
        gpugrad.ones(1).pin_memory()


@pytest.mark.skipif(gpugrad.cuda.is_available(), reason="there is a GPU to pin memory for")
def test_pinned_memory_without_a_gpu_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="no accelerator is found"):
        assert len(list(DataLoader(range(3), pin_memory=True))) == 3
