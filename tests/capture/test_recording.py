"""What a recorder notes: steps, views, what they write into; and that it leaves no trace."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import cpu, recording
from gpugrad.backend.guards import Guards
from gpugrad.backend.noted_steps import CaptureError, refs_in
from gpugrad.backend.recorder import Recorder

X = np.arange(6, dtype=np.float32).reshape(2, 3)


def recorded(function: Callable[[], Any]) -> Recorder:
    recorder = Recorder(cpu)
    with recorder.listen():
        recorder.ref(X)
        function()
    return recorder


@pytest.mark.parametrize(
    "view",
    [
        lambda: cpu.reshape(X, (3, 2)),
        lambda: cpu.permute(X, (1, 0)),
        lambda: cpu.getitem(X, 0),
        lambda: cpu.asarray(X),
        lambda: cpu.from_host(X, gpugrad.device("cpu")),
        lambda: cpu.module.diagonal(X),
        lambda: cpu.module.moveaxis(X, 0, 1),
        lambda: cpu.module.lib.stride_tricks.as_strided(X, (2,), (4,)),
        lambda: cpu.module.result_type(X, np.int64),
    ],
)
def test_views_and_questions_are_no_steps(view: Callable[[], Any]) -> None:
    assert recorded(view).steps == []


def test_copies_are_steps() -> None:
    recorder = recorded(lambda: (cpu.getitem(X, [0, 0]), cpu.reshape(cpu.permute(X, (1, 0)), (6,))))
    assert [s.name for s in recorder.steps] == ["getitem", "reshape"]


def test_only_the_outermost_primitive_is_noted() -> None:
    recorder = recorded(lambda: cpu.gelu(X, "none"))
    assert [s.name for s in recorder.steps] == ["gelu"]


WRITES: dict[str, tuple[Callable[[Any, Any], Any], int]] = {
    "setitem": (lambda x, y: cpu.setitem(x, 0, y), 1),
    "fill": (lambda x, y: cpu.fill(x, 2), 1),
    "index_add": (lambda x, y: cpu.index_add(x, np.array([0]), y[None]), 1),
    "at": (lambda x, y: cpu.module.add.at(x, 0, y), 1),
    "copy": (lambda x, y: cpu.copy(y, x), 1),
    "add": (lambda x, y: cpu.add(x, y, x), 1),
    "out by name": (lambda x, y: cpu.add(x, y, out=x), 1),
}


@pytest.mark.parametrize("name", WRITES)
def test_what_is_written_into(name: str) -> None:
    """The memory that changes, and no other operand's: that may differ in replays."""
    write, count = WRITES[name]
    x, y = np.zeros((2, 3), "f"), np.ones(3, "f")
    recorder = recorded(lambda: write(x, y))
    (step,) = recorder.steps
    assert {id(ref.root.owner) for ref in step.written()} == {id(x)}
    assert count == len(recorder.steps)


def test_several_results_from_one_piece_of_memory() -> None:
    recorder = recorded(lambda: cpu.module.unravel_index(np.array([1, 4]), (2, 3)))
    (step,) = recorder.steps
    assert len(step.results) == 2
    assert step.results[0].root is step.results[1].root
    assert step.results[1].offset == 8


def test_results_that_are_none() -> None:
    def function() -> None:
        _, mean, rstd = cpu.layer_norm(X, None, None, 1e-5)
        cpu.layer_norm_grad(X, X, None, mean, rstd, (True, False, True))

    step = recorded(function).steps[-1]
    assert (len(step.results), step.missing) == (2, [1])


class Geometry(NamedTuple):
    array: Any
    number: int


def test_named_tuples_stay_named() -> None:
    found = Recorder(cpu).translate(Geometry(X, 3))
    assert isinstance(found, Geometry)
    assert len(list(refs_in(found))) == 1


@pytest.mark.parametrize(
    "read",
    [
        lambda: cpu.to_host(X),
        lambda: cpu.nonzero(X),
        lambda: cpu.module.array_equal(X, X),
        lambda: cpu.module.bincount(np.array([1])),
        lambda: cpu.module.unique(X),
        lambda: cpu.getitem(X, X > 1),
    ],
)
def test_what_depends_on_values_is_refused(read: Callable[[], Any]) -> None:
    with pytest.raises(CaptureError, match="test_recording.py"):
        recorded(read)


def test_everything_is_put_back() -> None:
    before = dict(vars(cpu))
    with pytest.raises(ZeroDivisionError):
        recorded(lambda: 1 / 0)
    assert vars(cpu) == before
    assert recording.listener is None


def test_other_threads_are_not_noted() -> None:
    def function() -> None:
        thread = threading.Thread(target=lambda: cpu.add(X, X))
        thread.start()
        thread.join()
        cpu.mul(X, X)

    assert [s.name for s in recorded(function).steps] == ["mul"]


def test_pauses() -> None:
    def function() -> None:
        with recording.unnoted():
            assert recording.current() is None
            cpu.add(X, X)
        assert recording.current() is not None

    assert recorded(function).steps == []
    assert recording.current() is None


def test_guards() -> None:
    guards, things = Guards(), {"a": 1}
    assert guards.test()()
    guards.require("{}['a'] == {}", things, 1)
    guards.require("{}['a'] == {}", things, 1)
    guards.require("{} is {}", things, things)
    holds = guards.test()
    assert holds()
    things["a"] = 2
    assert not holds()
    assert [thing is things for thing in guards.objects()].count(True) == 3
