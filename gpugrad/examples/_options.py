"""The options that the examples share: ``--device`` and, where there is a picture, ``--plot``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gpugrad
from gpugrad.cli.errors import Parser, UserError, choose_device, optional

Draw = Callable[[Any], None]


class Options:
    """The parsed options of one example."""

    def __init__(self, about: str | None, argv: Sequence[str] | None, *, plots: bool) -> None:
        parser = Parser(description=(about or "").partition("\n")[0])
        parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu")
        if plots:
            parser.add_argument("--plot", type=Path, metavar="FILE", help="draw into this file")
        arguments = parser.parse_args(argv)
        self.device: gpugrad.device = choose_device(arguments.device)
        self.plot: Path | None = arguments.plot if plots else None
        if self.plot is not None:
            optional("matplotlib.figure")  # rather than fail when all is computed

    def draw(self, draw: Draw) -> None:
        """Call ``draw`` with matplotlib axes and write the picture, if ``--plot`` was given."""
        if self.plot is None:
            return
        figure = optional("matplotlib.figure").Figure(layout="constrained")
        draw(figure.subplots())
        try:
            figure.savefig(self.plot)
        except (OSError, ValueError) as error:
            raise UserError(f"cannot draw {self.plot}: {error}") from error
        print(f"plotted to {self.plot}")
