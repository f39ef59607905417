"""Tensors made of Python's numbers inside of a compiled function: constants, if they are."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.compiler import CaptureError
from gpugrad.nn import functional as F

DEVICES = ["cpu", "host"]
Function = Callable[[Any], Any]


def ones_above(n: int, device: Any) -> Any:
    return gpugrad.triu(gpugrad.ones(n, n, device=device), diagonal=1).bool()


CONSTANTS: dict[str, Function] = {
    "list": lambda x: x * gpugrad.tensor([1.0, 2.0, 3.0], device=x.device),
    "nested list": lambda x: x @ gpugrad.tensor([[1.0], [3.0], [5.0]], device=x.device),
    "number": lambda x: x * gpugrad.tensor(2.0, device=x.device),
    "number on the cpu": lambda x: x * gpugrad.tensor(2.0),
    "array": lambda x: x + gpugrad.from_numpy(np.arange(3, dtype=np.float32)).to(x.device),
    "copied array": lambda x: x + gpugrad.tensor(np.arange(3, dtype=np.float32)).to(x.device),
    "moved": lambda x: x * gpugrad.tensor([1, 2, 3]).to(x.device).float(),
    "nan": lambda x: x * gpugrad.tensor([1.0, float("nan"), 2.0], device=x.device),
    "arange": lambda x: x + gpugrad.arange(3, device=x.device),
    "linspace": lambda x: x * gpugrad.linspace(0, 1, 3, device=x.device),
    "linspace, written to": lambda x: gpugrad.linspace(0, 1, 3, device=x.device).add_(x[0]),
    "eye": lambda x: x @ gpugrad.eye(3, device=x.device),
    "full": lambda x: x * gpugrad.full((3,), 2.0, device=x.device),
    "mask": lambda x: x.masked_fill(gpugrad.tensor([True, False, True], device=x.device), 0),
    "causal mask": lambda x: (x.T @ x).masked_fill(ones_above(3, x.device), float("-inf")),
    "index": lambda x: x[gpugrad.tensor([1, 0, 1], device=x.device)],
    "list as an index": lambda x: x[:, [0, 2]],
    "one-hot": lambda x: x * F.one_hot(gpugrad.tensor([1, 2], device=x.device), 3),
    "one-hot of an argument": lambda x: F.one_hot(x.argmax(1), 3),
    "like another": lambda x: x * x.new_tensor([1, 2, 3]),
    "targets": lambda x: F.cross_entropy(x, gpugrad.tensor([0, 2], device=x.device)),
    "weights": lambda x: F.cross_entropy(
        x, x.argmin(1), weight=gpugrad.tensor([1.0, 2.0, 3.0], device=x.device)
    ),
    "written to": lambda x: gpugrad.tensor([1.0, 2.0, 3.0], device=x.device).add_(x[0]),
    "summed up": lambda x: sum((row for row in x), start=gpugrad.tensor(0.0, device=x.device)),
    "returned": lambda x: (x + 1, gpugrad.tensor([1.0, 2.0], device=x.device)),
    "returned alone": lambda x: gpugrad.eye(2, device=x.device),
}


@pytest.mark.parametrize("device", DEVICES, indirect=True)
@pytest.mark.parametrize("name", CONSTANTS)
def test_same_in_every_call(name: str, device: str) -> None:
    function = CONSTANTS[name]
    compiled = gpugrad.compile(function)
    for turn in range(6):
        x = gpugrad.tensor(np.random.default_rng(turn).standard_normal((2, 3)).astype(np.float32))
        x = x.to(device)
        for expected, found in zip(results(function(x)), results(compiled(x)), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert len(compiled.programs()) == 1


def results(value: Any) -> list[Any]:
    return [t.cpu().numpy() for t in (value if isinstance(value, tuple) else (value,))]


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_what_follows_from_constants_is_computed_once(device: str) -> None:
    def function(x: Any) -> Any:
        weights = gpugrad.tensor([1, 2, 3], device=device).float().softmax(0) * 3
        return x * weights

    compiled = gpugrad.compile(function)
    for _ in range(5):
        compiled(gpugrad.ones(2, 3, device=device))
    calls = compiled.programs()[0].plans()[0].calls
    assert len(calls) == 1


VARYING: dict[str, Callable[[Any, int], Any]] = {
    "list": lambda x, n: x * gpugrad.tensor([n, 1.0, 2.0], device=x.device),
    "number": lambda x, n: x * gpugrad.tensor(float(n), device=x.device),
    "sign of zero": lambda x, n: x / gpugrad.tensor([(-1) ** n * 0.0], device=x.device),
    "index": lambda x, n: x[:, gpugrad.tensor([n % 3], device=x.device)],
    "mask": lambda x, n: x.masked_fill(gpugrad.tensor([n % 2 == 0] * 3, device=x.device), 0),
    "array": lambda x, n: x * gpugrad.from_numpy(np.full(3, n, np.float32)).to(x.device),
    "type": lambda x, n: (
        x * gpugrad.tensor([1, 2, 3], dtype=[gpugrad.int64, gpugrad.float32][n % 2])
    ),
    "length": lambda x, n: gpugrad.arange(n, device=x.device),
    "returned": lambda x, n: gpugrad.tensor([n, 2.0], device=x.device),
    "written to": lambda x, n: gpugrad.tensor([n, 2.0, 1.0], device=x.device).add_(x[0]),
}


@pytest.mark.parametrize("device", DEVICES, indirect=True)
@pytest.mark.parametrize("name", VARYING)
def test_other_numbers_in_each_call_are_refused(name: str, device: str) -> None:
    count = itertools.count()
    compiled = gpugrad.compile(lambda x: VARYING[name](x, next(count)))
    x = gpugrad.ones(2, 3, device=device)
    if name == "type" and device != "cpu":
        x = x.cpu()
    with pytest.raises(CaptureError, match=r"array made in Python|change from call to call|same"):
        for _ in range(5):
            compiled(x)


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_array_of_the_program_that_changes(device: str) -> None:
    """Its memory is read in every replay, or makes a new trace where it has to be copied."""
    buffer = np.ones(4, np.float32)

    def function(x: Any) -> Any:
        return x * gpugrad.from_numpy(buffer[1:]).to(x.device)

    compiled = gpugrad.compile(function)
    x = gpugrad.ones(3, device=device)
    for _ in range(4):
        assert compiled(x).tolist() == [1, 1, 1]
    assert len(compiled.programs()) == 1
    for turn in range(5):
        buffer[2] = turn
        assert compiled(x).tolist() == [1, turn, 1]


@pytest.mark.parametrize("device", ["host"], indirect=True)
def test_array_that_changes_while_it_is_traced(device: str) -> None:
    buffer = np.ones(3, np.float32)

    def function(x: Any) -> Any:
        buffer[0] += 1
        return x * gpugrad.from_numpy(buffer).to(x.device)

    compiled = gpugrad.compile(function)
    with pytest.raises(CaptureError, match="an array made in Python"):
        for _ in range(5):
            compiled(gpugrad.ones(3, device=device))


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_held_results_made_of_constants(device: str) -> None:
    compiled = gpugrad.compile(lambda x: (x + 1, gpugrad.tensor([1.0, 2.0], device=device)))
    kept = []
    for _ in range(5):
        _, constant = compiled(gpugrad.ones(1, device=device))
        constant += 1
        kept.append(constant)
    assert [k.tolist() for k in kept] == [[2, 3]] * 5


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_leaf_made_of_constants(device: str) -> None:
    def function(x: Any) -> Any:
        w = gpugrad.tensor([1.0, 2.0, 3.0], device=device, requires_grad=True)
        (w * w * x).sum().backward()
        return w.grad

    compiled = gpugrad.compile(function)
    for turn in range(6):
        x = gpugrad.full((3,), float(turn), device=device)
        assert compiled(x).tolist() == [2 * turn, 4 * turn, 6 * turn]
    assert len(compiled.programs()) == 1
