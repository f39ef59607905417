"""Python's :mod:`multiprocessing` under the name that programs import, and :func:`spawn`.

Tensors go between processes by copy. Memory that several processes share, and train on, is not in
this library, so tensors and modules have no ``share_memory``.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from multiprocessing import *  # noqa: F403
from typing import Any

_strategy = "file_system"


def get_all_sharing_strategies() -> set[str]:
    """What :func:`set_sharing_strategy` takes."""
    return {"file_descriptor", "file_system"}


def get_sharing_strategy() -> str:
    """What was set; tensors are copied whatever it is."""
    return _strategy


def set_sharing_strategy(new_strategy: str) -> None:
    """Keep the name of a strategy, for programs that set one."""
    global _strategy
    if new_strategy not in get_all_sharing_strategies():
        raise AssertionError(f"unknown sharing strategy: {new_strategy}")
    _strategy = new_strategy


class ProcessRaisedException(Exception):  # noqa: N818  # PyTorch's name
    """A function of :func:`spawn` raised; the message has its traceback."""


class SpawnContext:
    """The processes of :func:`spawn`, which :meth:`join` waits for."""

    def __init__(self, processes: list[Any], errors: list[Any]) -> None:
        self.processes, self._errors = processes, errors

    def pids(self) -> list[int | None]:
        """The processes' numbers."""
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None) -> bool:
        """Wait for all processes. Returns whether all have ended.

        Raises:
            ProcessRaisedException: the function raised in one of them.
        """
        for process in self.processes:
            process.join(timeout)
        for rank, (process, error) in enumerate(zip(self.processes, self._errors, strict=True)):
            if process.exitcode not in (0, None):
                text = error.get() if not error.empty() else f"exit code {process.exitcode}"
                for other in self.processes:
                    other.terminate()
                raise ProcessRaisedException(
                    f"\n\n-- Process {rank} terminated with the following error:\n{text}"
                )
        return all(process.exitcode is not None for process in self.processes)


def _run(function: Callable[..., Any], rank: int, arguments: tuple[Any, ...], error: Any) -> None:
    try:
        function(rank, *arguments)
    except Exception:
        import traceback

        error.put(traceback.format_exc())
        raise SystemExit(1) from None


def spawn(
    fn: Callable[..., Any],
    args: Sequence[Any] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> SpawnContext | None:
    """Call ``fn(rank, *args)`` in ``nprocs`` processes.

    Args:
        fn: a function at the top level of a module.
        join: wait for the processes; otherwise the result has a ``join`` method.
        daemon: end the processes with this one.
        start_method: ``"spawn"``, ``"fork"`` or ``"forkserver"``.

    Raises:
        ProcessRaisedException: with ``join``, the function raised in a process.
    """
    context: Any = multiprocessing.get_context(start_method)
    errors = [context.SimpleQueue() for _ in range(nprocs)]
    processes = [
        context.Process(target=_run, args=(fn, rank, tuple(args), errors[rank]), daemon=daemon)
        for rank in range(nprocs)
    ]
    for process in processes:
        process.start()
    started = SpawnContext(processes, errors)
    if not join:
        return started
    started.join()
    return None
