"""What a worker of a :class:`DataLoader` runs in its process."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...random import manual_seed
from ...settings import set_num_threads
from .channel import Channel
from .dataset import IterableDataset
from .fetch import make_fetch
from .worker_errors import WorkerError

END = "end"
BEGIN = "begin"
STOP = "stop"
"""Messages beside tasks and batches, which are tuples of one."""

_LOOK_ROUND = 5.0
"""After so many seconds without a message a worker looks whether its parent lives."""


@dataclass(frozen=True, slots=True)
class WorkerInfo:
    """What a worker knows about itself: its number, how many there are, its seed, the data set."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


_info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker of a :class:`DataLoader`, which one it is; None elsewhere.

    >>> from gpugrad.utils.data import get_worker_info
    >>> get_worker_info() is None
    True
    """
    return _info


@dataclass(frozen=True)
class Job:
    """What a worker is told when it begins: how to fetch, and who it is."""

    dataset: Any
    collate: Callable[[Any], Any]
    batched: bool
    drop_last: bool
    base_seed: int
    init: Callable[[int], Any] | None
    number: int
    count: int


def run(job: Job, channel: Channel, others: list[Channel]) -> None:
    """Answer tasks, one after the other, until there are no more or nobody asks.

    ``others`` are ends of connections that belong to the parent, and that a forked process has too:
    they are closed, so that each connection ends with the parent.
    """
    for other in others:
        other.close()
    parent = os.getppid()
    try:
        _seed(job)
        fetch: Any = _prepared(job)
        while True:
            while not channel.connection.poll(_LOOK_ROUND):
                if os.getppid() != parent:
                    return
            message = channel.receive()
            if message == STOP:
                return
            if message == BEGIN:
                fetch = _again(job)
                continue
            answer, fetch = _answer(job, fetch, message[0])
            try:
                channel.send(answer)
            except OSError:
                raise
            except Exception as error:  # what the data set gives cannot be pickled
                channel.send(WorkerError(error, _where(job)))
            del answer, message  # their memory is needed for the next one
    except (EOFError, OSError, KeyboardInterrupt):
        # Nobody wants batches any more, and the parent shows its own interruption.
        return


def _seed(job: Job) -> None:
    """Seed this process's generators as PyTorch does: base seed plus number; NumPy's by a mixture
    of both, since neighbouring seeds give neighbouring streams there.
    """
    global _info
    set_num_threads(1)
    seed = job.base_seed + job.number
    random.seed(seed)
    manual_seed(seed)
    parts = [job.number, job.base_seed & 0xFFFFFFFF, job.base_seed >> 32, 0]
    np.random.seed(np.random.SeedSequence(parts).generate_state(4))
    _info = WorkerInfo(job.number, job.count, seed, job.dataset)


def _where(job: Job) -> str:
    return f"in DataLoader worker process {job.number}"


def _prepared(job: Job) -> Any:
    """How to fetch; or the error that ``worker_init_fn`` or the data set's iterator raised."""
    try:
        if job.init is not None:
            job.init(job.number)
    except Exception as error:
        return WorkerError(error, _where(job))
    return _again(job)


def _again(job: Job) -> Any:
    try:
        return make_fetch(job.dataset, job.collate, job.batched, job.drop_last)
    except Exception as error:
        return WorkerError(error, _where(job))


def _ended(index: Any) -> Any:
    raise StopIteration


def _answer(job: Job, fetch: Any, index: Any) -> tuple[Any, Any]:
    """A batch, the end or an error; and how to fetch the next one."""
    if isinstance(fetch, WorkerError):
        # Told once; what was asked for besides is answered as far as that is possible.
        return fetch, _again(job)
    try:
        return (fetch(index),), fetch
    except StopIteration as error:
        if isinstance(job.dataset, IterableDataset):
            return END, _ended
        return WorkerError(error, _where(job)), fetch
    except Exception as error:
        return WorkerError(error, _where(job)), fetch
