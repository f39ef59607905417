"""Worker processes: what crosses between them, in which order, and how they fail."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.utils.data import DataLoader
from gpugrad.utils.data.channel import SMALL, Channel
from tests.utils.fetched import Failing, Processes, Rows, Slow, Stream, Whole
from tests.utils.fetched import nobody_stays as nobody_stays

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks of POSIX")


# --- what crosses ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, SMALL // 4 - 200, SMALL, 300_000])
@pytest.mark.parametrize("kind", ["float32", "bfloat16", "bool", "int64"])
def test_messages_arrive(size: int, kind: str) -> None:
    a, b = (Channel(end) for end in multiprocessing.Pipe())
    tensor = gpugrad.arange(size).to(getattr(gpugrad, kind))
    a.send({"x": tensor, "y": [tensor[::2], "text", np.arange(size)], "z": gpugrad.tensor(3.0)})
    found = b.receive()
    assert gpugrad.equal(found["x"], tensor)
    assert gpugrad.equal(found["y"][0], tensor[::2])
    assert found["x"].dtype is tensor.dtype
    assert found["z"].shape == ()
    found["x"].zero_()
    found["y"][2][:] = 0
    a.close()
    with pytest.raises((EOFError, OSError)):
        b.receive()
    b.close()


def test_large_arrays_are_aligned_and_not_copied_again() -> None:
    a, b = (Channel(end) for end in multiprocessing.Pipe())
    a.send([gpugrad.ones(3), gpugrad.ones(100_000)])
    found = b.receive()
    assert [t.data_ptr() % 64 for t in found] == [0, 0]
    assert not any(t.array.flags.owndata for t in found)
    a.close()
    b.close()


def test_parameters_keep_their_class() -> None:
    a, b = (Channel(end) for end in multiprocessing.Pipe())
    a.send(gpugrad.nn.Parameter(gpugrad.ones(3)))
    found = b.receive()
    assert isinstance(found, gpugrad.nn.Parameter)
    assert found.requires_grad
    a.close()
    b.close()


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_every_way_of_starting_a_process(method: str) -> None:
    loader = DataLoader(Rows(), 4, num_workers=2, multiprocessing_context=method)
    assert [i.tolist() for _, i in loader] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_a_context_of_multiprocessing() -> None:
    context = multiprocessing.get_context("fork")
    assert len(list(DataLoader(Rows(), 6, num_workers=1, multiprocessing_context=context))) == 2
    with pytest.raises(ValueError, match="multiprocessing_context"):
        DataLoader(Rows(), num_workers=1, multiprocessing_context="threads")
    with pytest.raises(ValueError, match="multi-process loading"):
        DataLoader(Rows(), multiprocessing_context="fork")


# --- order ----------------------------------------------------------------------------------------


def test_batches_come_in_order_unless_that_is_not_wanted() -> None:
    ordered = [int(i) for i in DataLoader(Slow(), num_workers=2)]
    assert ordered == list(range(40))
    loose = [int(i) for i in DataLoader(Slow(), num_workers=2, in_order=False)]
    assert sorted(loose) == ordered
    assert loose != ordered


@pytest.mark.parametrize("prefetch", [1, 2, 5, 100])
@pytest.mark.parametrize("workers", [1, 3])
def test_streams(workers: int, prefetch: int) -> None:
    loader = DataLoader(Stream(), 2, num_workers=workers, prefetch_factor=prefetch)
    assert sorted(i for batch in loader for i in batch.tolist()) == list(range(10))


def test_workers_that_stay() -> None:
    loader = DataLoader(Processes(), num_workers=2, persistent_workers=True)
    passes = [{int(pid) for pid in loader} for _ in range(3)]
    assert passes[0] == passes[1] == passes[2]
    half = iter(loader)
    next(half)
    assert len(list(loader)) == 6
    assert {int(pid) for pid in loader} == passes[0]
    others = {int(pid) for pid in DataLoader(Processes(), num_workers=2)}
    assert not others & passes[0]


# --- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (ValueError("no sample"), ValueError, "no sample"),
        (KeyError("name"), KeyError, "KeyError: 'name'"),
        (UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"), RuntimeError, "Caught UnicodeDecodeError"),
        (StopIteration(), StopIteration, "Caught StopIteration"),
    ],
)
def test_errors_keep_type_and_traceback(error: Any, kind: Any, text: str) -> None:
    batches = iter(DataLoader(Failing(error), num_workers=2))
    assert [int(next(batches)) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(kind) as caught:
        next(batches)
    shown = str(caught.value)
    assert text in shown
    assert "in DataLoader worker process 1.\nOriginal Traceback (most recent call last):" in shown
    assert "in fail\n    raise self.error" in shown
    assert [int(i) for i in batches] == [4, 5, 6, 7]


def test_an_error_of_the_initialisation() -> None:
    def init(number: int) -> None:
        raise LookupError(f"worker {number}")

    with pytest.raises(LookupError, match="worker 0"):
        next(iter(DataLoader(Rows(), num_workers=1, worker_init_fn=init)))


def test_what_cannot_be_pickled_is_an_error() -> None:
    with pytest.raises((AttributeError, RuntimeError), match="pickle"):
        next(iter(DataLoader(Whole(), batch_size=None, num_workers=1)))


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "is killed by signal: Killed"),
        (lambda: os._exit(3), "exited unexpectedly"),
    ],
)
def test_a_worker_that_ends_is_reported(end: Any, text: str) -> None:
    class Dying(Failing):
        def fail(self) -> None:
            end()

    batches = iter(DataLoader(Dying(None), num_workers=2))
    with pytest.raises(RuntimeError, match=f"DataLoader worker .*{text}"):
        for _ in batches:
            pass
