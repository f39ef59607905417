"""What changes outside of compiled functions: globals, free variables, attributes, defaults."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.capture.compiled import MOST_RETRACES
from tests.capture.training import drawn, equal, programs

SCALE = 2.0
TABLE = gpugrad.ones(3)


def uses_globals(x: Tensor) -> Any:
    return x * SCALE + TABLE


def test_changed_globals(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = gpugrad.compile(uses_globals)
    for turn in range(14):
        if turn == 5:
            monkeypatch.setitem(globals(), "SCALE", 3.0)
        if turn == 10:
            monkeypatch.setitem(globals(), "TABLE", gpugrad.zeros(3))
        equal(compiled(drawn(turn, 3)), uses_globals(drawn(turn, 3)))
    assert programs(compiled) == 1


def test_changed_between_the_traced_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is no error: the change is known, and tracing starts again."""
    compiled = gpugrad.compile(uses_globals)
    for turn in range(8):
        if turn == 2:
            monkeypatch.setitem(globals(), "SCALE", 3.0)
        equal(compiled(drawn(turn, 3)), uses_globals(drawn(turn, 3)))
    assert programs(compiled) == 1


def test_changed_free_variables() -> None:
    factor = 2.0
    shift = gpugrad.ones(3)

    def function(x: Tensor) -> Any:
        return x * factor + shift

    compiled = gpugrad.compile(function)
    for turn in range(16):
        if turn == 4:
            factor = 3.0
        if turn == 8:
            shift = gpugrad.zeros(3)
        if turn == 12:
            shift.fill_(7)
        equal(compiled(drawn(turn, 3)), function(drawn(turn, 3)))


class Scaled:
    def __init__(self) -> None:
        self.factor = 2.0
        self.shift = gpugrad.ones(3)

    def forward(self, x: Tensor) -> Any:
        return x * self.factor + self.shift


@pytest.mark.parametrize("how", ["method", "argument", "free variable"])
def test_changed_attributes(how: str) -> None:
    model = Scaled()
    function: Any
    if how == "method":
        function = compiled = gpugrad.compile(model.forward)
    elif how == "argument":
        inner = gpugrad.compile(lambda m, x: x * m.factor + m.shift)
        function, compiled = (lambda x: inner(model, x)), inner
    else:
        function = compiled = gpugrad.compile(lambda x: x * model.factor + model.shift)
    for turn in range(14):
        if turn == 5:
            model.factor = 3.0
        if turn == 10:
            model.shift = gpugrad.zeros(3)
        equal(function(drawn(turn, 3)), model.forward(drawn(turn, 3)))
    assert programs(compiled) == 1


def test_changed_numbers_of_modules() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.LeakyReLU(0.1))
    compiled = gpugrad.compile(model)
    for turn in range(10):
        if turn == 5:
            model[1].negative_slope = 0.5
        equal(compiled(drawn(turn, 2, 3)), model(drawn(turn, 2, 3)))


def test_rebound_parameters_and_layers() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))
    compiled = gpugrad.compile(lambda x: model(x))
    for turn in range(24):
        if turn == 4:
            model[0].weight = nn.Parameter(drawn(99, 3, 3))
        if turn == 8:
            model[0].weight.data = drawn(98, 3, 3)
        if turn == 12:
            model[2] = nn.Linear(3, 4)
        if turn == 16:
            model[1] = nn.Sigmoid()
        if turn == 20:
            model[0].bias = None
        equal(compiled(drawn(turn, 2, 3)), model(drawn(turn, 2, 3)))


def test_what_keeps_changing_is_given_up() -> None:
    values = Scaled()
    compiled = gpugrad.compile(values.forward)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for turn in range(5 * MOST_RETRACES):
            if turn % 3 == 0:
                values.factor = float(turn)
            equal(compiled(drawn(turn, 3)), values.forward(drawn(turn, 3)))
    assert len([w for w in caught if "has changed" in str(w.message)]) == 1


def test_default_type() -> None:
    compiled = gpugrad.compile(lambda x: x + gpugrad.ones(3))
    integers = gpugrad.arange(3)
    try:
        for turn in range(8):
            gpugrad.set_default_dtype(gpugrad.float64 if turn > 3 else gpugrad.float32)
            assert compiled(integers).dtype is gpugrad.get_default_dtype()
    finally:
        gpugrad.set_default_dtype(gpugrad.float32)
