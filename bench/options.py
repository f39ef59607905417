"""What the command line says, for all suites."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """A run's settings.

    Attributes:
        device: ``cpu`` or ``cuda``.
        peers: whom gpugrad is compared with.
        threads: of BLAS and of every library that can be told.
        rounds: how often contestants take turns.
        round_seconds: how long a contestant's turn lasts.
        quick: fewer and smaller cases.
        only: the cases to run; all where empty.
        output: the folder for results; None writes nothing.
        plot: whether to draw PNGs beside the results.
    """

    device: str = "cpu"
    peers: list[str] = field(default_factory=list)
    threads: int = 1
    rounds: int = 15
    round_seconds: float = 0.05
    quick: bool = False
    only: list[str] = field(default_factory=list)
    output: Path | None = None
    plot: bool = False
