"""How many threads large arrays may be worked on with."""

from __future__ import annotations

import os


class Threads:
    """The number, kept as an attribute because every large primitive reads it.

    Attributes:
        number: at first ``$OMP_NUM_THREADS``, or the processors of the machine.
    """

    def __init__(self) -> None:
        asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
        self.number = int(asked) if asked.isdecimal() and int(asked) else os.cpu_count() or 1


THREADS = Threads()
