"""How worker processes end, and batches that come after the time that was allowed."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import gpugrad
from gpugrad.utils import data
from gpugrad.utils.data import DataLoader
from tests.utils.fetched import Rows, Slow, children
from tests.utils.fetched import nobody_stays as nobody_stays

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks of POSIX")


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
