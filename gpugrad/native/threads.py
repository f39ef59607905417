"""How many threads large arrays may be worked on with."""

from __future__ import annotations

import os


def processors() -> int:
    """How many the process may use, which a container can make fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):  # on Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Threads:
    """The number, kept as an attribute because every large primitive reads it.

    Attributes:
        number: at first ``$OMP_NUM_THREADS``, or the processors that the process may use.
    """

    def __init__(self) -> None:
        asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
        self.number = int(asked) if asked.isdecimal() and int(asked) else processors()


THREADS = Threads()
