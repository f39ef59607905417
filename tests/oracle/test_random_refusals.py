"""The random functions' errors against PyTorch's, word for word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.random import fillers

torch = pytest.importorskip("torch")

REFUSED: list[Callable[[Any], Any]] = [
    lambda f: f.rand(2, dtype=f.int64),
    lambda f: f.randn(2, dtype=f.int16),
    lambda f: f.rand(2.5),
    lambda f: f.rand(True),
    lambda f: f.rand(2, 2.5),
    lambda f: f.rand((2, -1)),
    lambda f: f.randint(5, 5, (0,)),
    lambda f: f.randint(3, 2),
    lambda f: f.randint(0, 3, (2, 2.5)),
    lambda f: f.randint(-1, 3, (2,), dtype=f.uint8),
    lambda f: f.randint(0, 2**15 + 1, (2,), dtype=f.int16),
    lambda f: f.randint(0, 2**31 + 1, (2,), dtype=f.int32),
    lambda f: f.randint(0, 3, (2,), dtype=f.bool),
    lambda f: f.randint(0, 100000, (2,), dtype=f.float16),
    lambda f: f.randint(3, (2,), requires_grad=True),
    lambda f: f.randint(2**63, (2,)),
    lambda f: f.randperm(-2),
    lambda f: f.randperm(2.5),
    lambda f: f.randperm(129, dtype=f.int8),
    lambda f: f.randperm(2050, dtype=f.float16),
    lambda f: f.randperm(3, dtype=f.bool),
    lambda f: f.normal(0, -1, (3,)),
    lambda f: f.normal(f.zeros(3), -1.0),
    lambda f: f.normal(f.zeros(3), -f.ones(3)),
    lambda f: f.normal(f.zeros(2, 3), f.ones(4)),
    lambda f: f.normal(f.zeros(3, dtype=f.int64), 1.0),
    lambda f: f.bernoulli(f.tensor([0.1, 2.0])),
    lambda f: f.bernoulli(f.tensor([1, 0])),
    lambda f: f.bernoulli(f.ones(2), -0.5),
    lambda f: f.multinomial(f.ones(2), 3),
    lambda f: f.multinomial(f.ones(2), 0),
    lambda f: f.multinomial(f.ones(2), 1.5),
    lambda f: f.multinomial(f.zeros(2), 1),
    lambda f: f.multinomial(-f.ones(2), 1),
    lambda f: f.multinomial(f.ones(2, dtype=f.int32), 1),
    lambda f: f.multinomial(f.ones(1, 1, 1), 1),
    lambda f: f.manual_seed(2**64),
    lambda f: f.manual_seed("a"),
    lambda f: f.Generator().manual_seed(1.5),
    lambda f: f.Generator().manual_seed(True),
    lambda f: f.set_rng_state(3),
    lambda f: f.set_rng_state(f.zeros(5056)),
    lambda f: f.set_rng_state(f.zeros(4, dtype=f.uint8)),
    lambda f: f.set_rng_state(f.zeros(5056, dtype=f.uint8)),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_refusals_read_the_same(number: int) -> None:
    with pytest.raises(Exception) as theirs:
        REFUSED[number](torch)
    with pytest.raises(type(theirs.value)) as ours:
        REFUSED[number](gpugrad)
    assert str(ours.value) == str(theirs.value).split("\n")[0]


FILLS: list[tuple[str, str, tuple[Any, ...]]] = [
    ("uniform", "float32", (2, 1)),
    ("uniform", "float32", (0, 1e39)),
    ("uniform", "float32", (float("nan"), 1)),
    ("uniform", "float32", (-3e38, 3e38)),
    ("uniform", "float16", (0, 1e6)),
    ("uniform", "bool", ()),
    ("normal", "float32", (0, -1.5)),
    ("normal", "float32", (0, float("nan"))),
    ("exponential", "float32", (0,)),
    ("exponential", "int64", ()),
    ("bernoulli", "float32", (1.5,)),
    ("bernoulli", "float32", (float("nan"),)),
    ("random", "float32", (-5,)),
    ("random", "int32", (-(2**63), None)),
    ("random", "int8", (-129, 5)),
]


@pytest.mark.parametrize(("name", "dtype", "args"), FILLS)
def test_refusals_of_fills_read_the_same(name: str, dtype: str, args: tuple[Any, ...]) -> None:
    with pytest.raises(Exception) as theirs:
        getattr(torch.empty(3, dtype=getattr(torch, dtype)), name + "_")(*args)
    with pytest.raises(type(theirs.value)) as ours:
        getattr(fillers, "fill_" + name)(np.empty(3, dtype), *args)
    assert str(ours.value) == str(theirs.value)
