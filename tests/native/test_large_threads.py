"""The threads that share large arrays: several callers at once, and forked processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.native import maps
from gpugrad.native.threads import THREADS
from tests.native_switch import needs_compiler, switched

pytestmark = needs_compiler


@pytest.fixture
def x(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(THREADS, "number", 3)
    with switched(on=True):
        yield np.random.default_rng(0).standard_normal(300_000).astype(np.float32)


def gelu(x: Any) -> Any:
    found = maps.apply("gelu", None, (x,))
    assert found is not None
    return found


def test_several_callers_at_once(x: Any) -> None:
    wanted = gelu(x)
    found: list[Any] = []

    def call() -> None:
        found.extend(gelu(x) for _ in range(30))

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    assert len(found) == 120
    assert all(np.array_equal(y, wanted) for y in found)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_forked_process_has_threads_of_its_own(x: Any) -> None:
    program = (
        "import os, sys, numpy as np\n"
        "from gpugrad.native import maps\n"
        "from gpugrad.native.threads import THREADS\n"
        "THREADS.number = 3\n"
        "x = np.linspace(-3, 3, 300_000, dtype=np.float32)\n"
        "wanted = maps.apply('gelu', None, (x,))\n"
        "children = []\n"
        "for _ in range(3):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        same = all(\n"
        "            np.array_equal(maps.apply('gelu', None, (x,)), wanted) for _ in range(20)\n"
        "        )\n"
        "        os._exit(0 if same and len(os.listdir('/proc/self/task')) > 1 else 1)\n"
        "    children.append(child)\n"
        "for _ in range(20):\n"
        "    assert np.array_equal(maps.apply('gelu', None, (x,)), wanted)\n"
        "sys.exit(max(os.waitstatus_to_exitcode(os.waitpid(c, 0)[1]) for c in children))\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, timeout=120, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()


def test_signals_reach_the_program(x: Any) -> None:
    seen: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
    try:
        for _ in range(20):
            gelu(x)
            os.kill(os.getpid(), signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert len(seen) == 20


def test_results_are_not_shared(x: Any) -> None:
    """Every call has a result of its own, which stays as it was."""
    first = gelu(x)
    kept = first.copy()
    for _ in range(5):
        gelu(-x)
    np.testing.assert_array_equal(first, kept)


def test_the_number_of_threads() -> None:
    before = gpugrad.get_num_threads()
    try:
        gpugrad.set_num_threads(2)
        assert THREADS.number == gpugrad.get_num_threads() == 2
    finally:
        gpugrad.set_num_threads(before)
