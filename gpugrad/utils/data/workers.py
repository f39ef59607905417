"""Fetching batches ahead of time, in threads.

Threads share the data set, the memory and Python's interpreter: they help where samples come from
files, the network or NumPy, which let other threads run meanwhile.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any, NamedTuple

from .fetch import Fetch


class WorkerInfo(NamedTuple):
    """What a worker knows about itself: its number, how many there are, its seed, the data set."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


class _Current(threading.local):
    info: WorkerInfo | None = None


_current = _Current()


def get_worker_info() -> WorkerInfo | None:
    """In a worker of a :class:`DataLoader`, which one it is; None elsewhere.

    >>> from gpugrad.utils.data import get_worker_info
    >>> get_worker_info() is None
    True
    """
    return _current.info


_END = object()


class Workers:
    """Threads that fetch batches ahead; iterating gives the batches in order.

    Args:
        infos: one for each worker.
        make_fetch: called in each worker, for a fetch of its own.
        init: called in each worker with its number, before.
        indices: what to fetch.
        ahead: how many batches are under way at once.
        timeout: how many seconds to wait for a batch; 0 for ever.
    """

    def __init__(
        self,
        infos: list[WorkerInfo],
        make_fetch: Callable[[], Fetch],
        init: Callable[[int], Any] | None,
        indices: Iterator[Any],
        ahead: int,
        timeout: float,
    ) -> None:
        self._indices = indices
        self._timeout = timeout
        self._ahead = ahead
        # A thread each, so that a worker's tasks run in order and see its own stream.
        self._workers = [_Worker(info, make_fetch, init) for info in infos]
        self._turns = deque(self._workers)
        self._pending: deque[tuple[_Worker, Future[Any]]] = deque()

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        while True:
            while self._turns and len(self._pending) < self._ahead and self._submit():
                pass
            if not self._pending:
                self.close()
                raise StopIteration
            worker, future = self._pending.popleft()
            try:
                batch = future.result(self._timeout or None)
            except FutureTimeoutError:
                if future.done():  # the data set itself raised it
                    raise
                self.close()
                raise RuntimeError(f"DataLoader timed out after {self._timeout} seconds") from None
            if batch is not _END:
                return batch
            if worker in self._turns:
                self._turns.remove(worker)

    def _submit(self) -> bool:
        try:
            index = next(self._indices)
        except StopIteration:
            return False
        worker = self._turns[0]
        self._turns.rotate(-1)
        self._pending.append((worker, worker.executor.submit(worker.fetch, index)))
        return True

    def close(self) -> None:
        """Let the threads end; what they have not begun is dropped."""
        for worker in self._workers:
            worker.executor.shutdown(wait=False, cancel_futures=True)
        self._turns.clear()
        self._pending.clear()

    def __del__(self) -> None:
        self.close()


class _Worker:
    def __init__(
        self,
        info: WorkerInfo,
        make_fetch: Callable[[], Fetch],
        init: Callable[[int], Any] | None,
    ) -> None:
        self._info = info
        self._make_fetch = make_fetch
        self._init = init
        self._fetch: Fetch | None = None
        self.executor = ThreadPoolExecutor(1, f"gpugrad-data-{info.id}")

    def fetch(self, index: Any) -> Any:
        """Run in the worker's thread. The end of a stream comes as a value."""
        if self._fetch is None:
            _current.info = self._info
            if self._init is not None:
                self._init(self._info.id)
            self._fetch = self._make_fetch()
        try:
            return self._fetch(index)
        except StopIteration:
            return _END
        except Exception as error:
            # Its traceback has the frames of this thread: where in the data set it happened.
            error.add_note(f"(in worker {self._info.id} of a DataLoader, asked for {index!r})")
            raise
