"""Fetching batches ahead of time, in processes.

Each worker is a process with a connection of its own to the main one: tasks go one way, batches
come back in the same order. So a worker that is killed in the middle of anything leaves the others
and the main process untouched.
"""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing
import os
import signal
import time
import warnings
import weakref
from collections import deque
from collections.abc import Iterator
from multiprocessing.connection import wait
from typing import Any

from .channel import Channel
from .worker import BEGIN, STOP, Job, run
from .worker_errors import WorkerError

_PATIENCE = 5.0
"""So many seconds a worker has for ending by itself."""
_MOST_TASKS = 32
"""A worker gets no more tasks at a time: their messages fit into a socket, see ``channel``."""


class Workers:
    """Processes that fetch batches ahead; :meth:`begin` a pass, then iterate.

    Args:
        jobs: one for each worker.
        context: how processes are started: a name such as ``"spawn"``, a context of
            :mod:`multiprocessing`, or None for the system's usual way.
        prefetch: how many batches a worker has under way.
        timeout: how many seconds to wait for a batch; 0 for ever.
        in_order: give batches in the order of the tasks; otherwise as they come.
        lasting: keep the processes at the end of a pass.

    Raises:
        ValueError: no way of starting processes has this name.
    """

    def __init__(
        self,
        jobs: list[Job],
        context: Any,
        prefetch: int,
        timeout: float,
        in_order: bool,
        lasting: bool,
    ) -> None:
        self._owner = os.getpid()
        self._prefetch = min(max(prefetch, 1), _MOST_TASKS)
        self._timeout = timeout
        self._in_order = in_order
        self._lasting = lasting
        self._workers: list[_Worker] = []
        self._turns: deque[_Worker] = deque()
        self._pending: deque[_Worker] = deque()
        self._indices: Iterator[Any] = iter(())
        if context is None or isinstance(context, str):
            context = multiprocessing.get_context(context)
        try:
            for job in jobs:
                self._workers.append(_Worker(job, context, [w.channel for w in self._workers]))
        except BaseException:
            self.close()
            raise
        _OPEN.add(self)

    def begin(self, indices: Iterator[Any], again: bool = False) -> None:
        """Begin a pass: what to fetch, and whether the workers have made one before."""
        if again:
            self._drop_pending()
            for worker in self._workers:
                worker.send(BEGIN)
        self._indices = indices
        self._turns = deque(self._workers)
        for _ in range(self._prefetch * len(self._workers)):
            self._submit()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        while self._pending:
            worker = self._pending[0] if self._in_order else self._first_ready()
            answer = worker.receive(self._timeout)
            # Only now: after a timeout the same answer is still to come.
            self._pending.remove(worker)
            worker.under_way -= 1
            if type(answer) is str:  # END
                if worker in self._turns:
                    self._turns.remove(worker)
                # What else it was asked for it answers in the same way.
                self._submit()
                continue
            self._submit()
            if isinstance(answer, WorkerError):
                answer.reraise()
            return answer[0]
        if not self._lasting:
            self.close()
        raise StopIteration

    def _submit(self) -> None:
        """Give the next task to the worker whose turn it is, if any may have one."""
        for _ in range(len(self._turns)):
            worker = self._turns[0]
            self._turns.rotate(-1)
            if worker.under_way < self._prefetch:
                break
        else:
            return
        try:
            index = next(self._indices)
        except StopIteration:
            return
        worker.send((index,))
        worker.under_way += 1
        self._pending.append(worker)

    def _first_ready(self) -> _Worker:
        """A worker that has an answer, or has died; of several the one that was asked first."""
        asked = {w.channel.connection for w in self._pending}
        ready = set(wait(list(asked), self._timeout or None))
        return next((w for w in self._pending if w.channel.connection in ready), self._pending[0])

    def _drop_pending(self) -> None:
        while self._pending:
            worker = self._pending[0]
            worker.receive(self._timeout)
            self._pending.popleft()
            worker.under_way -= 1

    def close(self) -> None:
        """End the processes: by asking first, and after a while by signals."""
        if os.getpid() != self._owner:
            return  # a copy in a forked process: the workers are not its children
        self._turns.clear()
        self._pending.clear()
        _OPEN.discard(self)
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.dismiss()
        deadline = time.monotonic() + _PATIENCE
        for worker in workers:
            worker.end(deadline)

    def __del__(self) -> None:
        self.close()


class _Worker:
    """One process and the connection to it."""

    def __init__(self, job: Job, context: Any, others: list[Channel]) -> None:
        self.under_way = 0
        ours, theirs = context.Pipe(duplex=True)
        self.channel = Channel(ours)
        inherited = [*others, self.channel] if context.get_start_method() == "fork" else []
        self.process = context.Process(
            target=run, args=(job, Channel(theirs), inherited), daemon=True
        )
        with warnings.catch_warnings():
            # That threads do not go on in a fork: the libraries below NumPy know it.
            warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
            self.process.start()
        theirs.close()

    def send(self, message: Any) -> None:
        try:
            self.channel.send(message)
        except OSError:
            raise self._death() from None

    def receive(self, timeout: float) -> Any:
        connection, process = self.channel.connection, self.process
        if not connection.poll():
            ready = wait([connection, process.sentinel], timeout or None)
            if not ready:
                raise RuntimeError(f"DataLoader timed out after {timeout} seconds")
            if connection not in ready and not connection.poll():
                raise self._death()
        try:
            return self.channel.receive()
        except (EOFError, OSError):
            raise self._death() from None

    def _death(self) -> RuntimeError:
        process = self.process
        process.join(_PATIENCE)
        code = process.exitcode
        if code is not None and code < 0:
            name = signal.strsignal(-code) or f"signal {-code}"
            return RuntimeError(
                f"DataLoader worker (pid {process.pid}) is killed by signal: {name}. "
            )
        return RuntimeError(f"DataLoader worker (pid(s) {process.pid}) exited unexpectedly")

    def dismiss(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # it may be gone already
            self.channel.send(STOP)
        self.channel.close()

    def end(self, deadline: float) -> None:
        process = self.process
        for stronger in (process.terminate, process.kill):
            process.join(max(deadline - time.monotonic(), 0.1))
            if process.exitcode is not None:
                break
            stronger()
        process.join()
        process.close()


_OPEN: weakref.WeakSet[Workers] = weakref.WeakSet()


def _close_all() -> None:
    for workers in list(_OPEN):
        workers.close()


# While the interpreter still has all that this takes: objects of modules are cleared in any order.
atexit.register(_close_all)
