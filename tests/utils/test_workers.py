"""Worker processes: what crosses between them, how they fail, and how they end."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.utils import data
from gpugrad.utils.data import DataLoader
from gpugrad.utils.data.channel import SMALL, Channel

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks of POSIX")


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


# --- ends -----------------------------------------------------------------------------------------


def test_a_finished_pass_leaves_no_worker() -> None:
    loader = DataLoader(Rows(), num_workers=2)
    batches = iter(loader)
    for _ in batches:
        pass
    assert not children()
    assert list(batches) == []


def test_an_iterator_may_be_dropped_in_the_middle() -> None:
    batches = iter(DataLoader(Rows(), num_workers=2))
    next(batches)
    assert len(children()) >= 2
    del batches
    assert not children()


def test_a_worker_that_does_not_listen_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    context = multiprocessing.get_context("fork")
    deaf = context.Event()

    class Deaf(Slow):
        def __getitem__(self, index: int) -> Any:
            if index:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                deaf.set()
                time.sleep(600)
            return index

    monkeypatch.setattr("gpugrad.utils.data.workers._PATIENCE", 0.2)
    batches = iter(DataLoader(Deaf(), num_workers=1, multiprocessing_context=context))
    next(batches)
    assert deaf.wait(60)
    start = time.monotonic()
    del batches
    assert not children()
    assert time.monotonic() - start < 60  # it would sleep ten times as long


PROGRAM = """
import os, signal, sys, time
import gpugrad
from gpugrad.utils.data import DataLoader, Dataset

signal.signal(signal.SIGINT, signal.default_int_handler)  # what started the tests may ignore it

class Slow(Dataset):
    def __len__(self): return 100
    def __getitem__(self, index):
        time.sleep(0.01)
        return gpugrad.full((2000,), float(index))

loader = DataLoader(Slow(), num_workers=2, persistent_workers={persistent})
batches = iter(loader)
next(batches)
print(*(w.process.pid for w in batches._batches._workers), flush=True)
{then}
"""


@pytest.mark.parametrize(
    ("then", "code", "persistent"),
    [
        ("", 0, True),
        ("raise SystemExit(3)", 3, False),
        ("raise ValueError", 1, False),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL, True),
        ("os._exit(4)", 4, False),
        ("os.killpg(0, signal.SIGINT); [0 for _ in batches]", -signal.SIGINT, False),
    ],
)
def test_no_worker_outlives_the_program(then: str, code: int, persistent: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(then=then, persistent=persistent)],
        env={**os.environ, "PYTHONPATH": str(Path(gpugrad.__file__).parent.parent)},
        capture_output=True,
        timeout=30,
        start_new_session=True,
        check=False,
    )
    assert done.returncode == code
    deadline = time.monotonic() + 10
    workers = [int(pid) for pid in done.stdout.split()]
    assert len(workers) == 2
    while any(map(alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, workers))
    assert b"worker" not in done.stderr


def alive(pid: int) -> bool:
    """Whether a process runs; one that nobody has waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


class Waiting(data.Dataset[Any]):
    """Gives nothing before it may."""

    def __init__(self, may: Any) -> None:
        self.may = may

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Any:
        self.may.wait(60)
        return index


@pytest.mark.parametrize("in_order", [True, False])
def test_a_batch_that_came_too_late_is_the_next_one(in_order: bool) -> None:
    context = multiprocessing.get_context("fork")
    may = context.Event()
    loader: Any = DataLoader(
        Waiting(may),
        num_workers=1,
        timeout=0.05,
        multiprocessing_context=context,
        in_order=in_order,
    )
    batches = iter(loader)
    with pytest.raises(RuntimeError, match="timed out"):
        next(batches)
    may.set()
    found: list[int] = []
    while len(found) < 4:
        try:
            found.append(next(batches).item())
        except RuntimeError as error:  # the machine may be slow
            assert "timed out" in str(error)
    assert found == [0, 1, 2, 3]
    with pytest.raises(StopIteration):
        next(batches)
