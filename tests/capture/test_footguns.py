"""What may surprise in compiled functions: an error, a warning, or all as in eager mode."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor
from gpugrad.backend import cpu, recording
from gpugrad.backend.noted_steps import CaptureError
from gpugrad.nn import functional as F
from tests.capture.training import classes, drawn, equal, programs


def nothing_is_left() -> bool:
    return recording.listener is None and "add" in vars(cpu) and isinstance(cpu.add, np.ufunc)


# --- values read by Python -----------------------------------------------------------------------

READS: dict[str, Callable[[Tensor], Any]] = {
    "item": lambda x: x.sum().item(),
    "float": lambda x: float(x.sum()),
    "int": lambda x: int(x.sum()),
    "bool": lambda x: bool(x.sum()),
    "if": lambda x: 1 if x.sum() > 0 else 2,
    "tolist": lambda x: x.tolist(),
    "numpy": lambda x: x.detach().numpy(),
    "array": lambda x: np.asarray(x.detach()),
    "print": repr,
    "format": lambda x: f"{x.sum():.3f}",
    "in": lambda x: 1.0 in x,
    "iteration over values": lambda x: [float(v) for v in x],
    "mask": lambda x: x[x > 0],
    "nonzero": lambda x: x.nonzero(),
    "equal": lambda x: x.equal(x),
}


@pytest.mark.parametrize("name", READS)
def test_values_cannot_be_read(name: str) -> None:
    read = READS[name]

    def function(x: Tensor) -> Any:
        read(x * 2)
        return x + 1

    strict = gpugrad.compile(function)
    strict(drawn(0, 3))
    with pytest.raises(CaptureError, match=r"test_footguns.py:\d+"):
        strict(drawn(1, 3))
    assert nothing_is_left()


@pytest.mark.parametrize("name", READS)
def test_or_the_function_runs_eagerly(name: str) -> None:
    read = READS[name]

    def function(x: Tensor) -> Any:
        read(x * 2)
        return x + 1

    lenient = gpugrad.compile(function, fullgraph=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for turn in range(6):
            equal(lenient(drawn(turn, 3)), drawn(turn, 3) + 1)
    assert ["runs eagerly" in str(w.message) for w in caught].count(True) == 1


def test_value_read_of_an_argument() -> None:
    """Also where no operation precedes."""
    compiled = gpugrad.compile(lambda x: x * x[0].item())
    compiled(drawn(0, 3))
    with pytest.raises(CaptureError, match="a value is read"):
        compiled(drawn(0, 3))


def test_tensor_of_values_of_tensors() -> None:
    """A tensor made of tensors' values would hold those of the traced call."""
    compiled = gpugrad.compile(lambda x: gpugrad.tensor([x[0] * 2, x[1]]) + 1)
    compiled(drawn(0, 3))
    with pytest.raises(CaptureError, match="a value is read"):
        compiled(drawn(0, 3))


# --- Python is not repeated ----------------------------------------------------------------------


def test_side_effects_happen_while_tracing_only() -> None:
    calls: list[Tensor] = []

    def function(x: Tensor) -> Any:
        calls.append(x)
        return x * 2

    compiled = gpugrad.compile(function)
    for turn in range(8):
        equal(compiled(drawn(turn, 3)), drawn(turn, 3) * 2)
    assert len(calls) == 3  # as usual once, and twice traced


class Counter:
    """A module's or trainer's own count, as users keep it."""

    def __init__(self) -> None:
        self.count = 0

    def step(self, x: Tensor) -> Any:
        self.count += 1
        return x * self.count


def test_number_that_python_counts() -> None:
    """It would be frozen, and this is noticed: all traced calls had another."""
    compiled = gpugrad.compile(Counter().step)
    for turn in range(3):  # one difference is forgiven
        compiled(drawn(turn, 3))
    with pytest.raises(CaptureError, match="change from call to call"):
        compiled(drawn(3, 3))


def test_different_branches() -> None:
    turns = iter(range(100))
    compiled = gpugrad.compile(lambda x: x + 1 if next(turns) % 2 else (x * 2).exp())
    for turn in range(3):
        compiled(drawn(turn, 3))
    with pytest.raises(CaptureError, match="does not do the same in every call"):
        compiled(drawn(3, 3))


def test_number_that_is_returned() -> None:
    """A result that Python computes would be frozen, too."""
    turns = iter(range(100))
    compiled = gpugrad.compile(lambda x: (x + 1, next(turns)))
    for turn in range(3):
        compiled(drawn(turn, 3))
    with pytest.raises(CaptureError, match="result"):
        compiled(drawn(3, 3))


# --- errors --------------------------------------------------------------------------------------


def test_error_in_the_middle() -> None:
    """The user's own error comes through, and everything is as before."""
    broken = False

    def function(x: Tensor) -> Any:
        y = x * 2
        if broken:
            raise ValueError("mine")
        return y + 1

    compiled = gpugrad.compile(function)
    compiled(drawn(0, 3))
    broken = True
    with pytest.raises(ValueError, match="mine"):
        compiled(drawn(1, 3))
    assert nothing_is_left()
    broken = False
    for turn in range(6):
        equal(compiled(drawn(turn, 3)), drawn(turn, 3) * 2 + 1)
    assert programs(compiled) == 1


def test_wrong_shapes() -> None:
    compiled = gpugrad.compile(lambda x, y: x @ y)
    for turn in range(4):
        compiled(drawn(turn, 2, 3), drawn(turn, 3, 2))
    for _ in range(3):
        with pytest.raises(RuntimeError, match="mat1 and mat2"):
            compiled(drawn(0, 2, 3), drawn(0, 2, 3))
    equal(compiled(drawn(0, 2, 3), drawn(0, 3, 2)), drawn(0, 2, 3) @ drawn(0, 3, 2))


def test_class_out_of_range_in_a_replay() -> None:
    compiled = gpugrad.compile(F.cross_entropy)
    x = drawn(0, 4, 3)
    for turn in range(4):
        compiled(x, classes(turn, 4, 3))
    for wrong in (3, -7):
        with pytest.raises(IndexError):
            compiled(x, gpugrad.tensor([0, 1, 2, wrong]))
    y = classes(9, 4, 3)
    equal(compiled(x, y), F.cross_entropy(x, y))


def test_index_out_of_range_in_a_replay() -> None:
    compiled = gpugrad.compile(lambda w, i: w[i])
    w = drawn(0, 4, 3)
    for turn in range(4):
        compiled(w, classes(turn, 4, 3))
    with pytest.raises(IndexError):
        compiled(w, gpugrad.tensor([0, 1, 2, 4]))


def test_backward_beyond_the_arguments() -> None:
    """Inside of the function, a graph ends at its arguments."""
    compiled = gpugrad.compile(lambda x: (x * 2).sum().backward())
    w = gpugrad.ones(3, requires_grad=True)
    compiled(w * 1)
    with pytest.raises(CaptureError, match="belongs to a graph"):
        compiled(w * 1)
