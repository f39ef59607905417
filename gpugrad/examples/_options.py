"""The options that the examples share, and what they do with them.

All have ``--device`` and, where there is a picture, ``--plot``. Those that train a model have
``--seed``, ``--steps`` or ``--epochs``, and ``--no-compile``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import gpugrad
from gpugrad.cli.arguments import count, seed
from gpugrad.cli.errors import Parser, UserError, choose_device, optional
from gpugrad.cli.progress import one_blas_thread, progress

Draw = Callable[[Any], None]

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Options:
    """The parsed options of one example.

    Args:
        about: the docstring of the program; its first line goes into the help.
        argv: the arguments, by default those of the process.
        plots: whether there is a picture.
        steps, epochs: one of them, with its default, if a model is trained. The attribute of that
            name has what was asked for.
    """

    def __init__(
        self,
        about: str | None,
        argv: Sequence[str] | None,
        *,
        plots: bool,
        steps: int | None = None,
        epochs: int | None = None,
    ) -> None:
        trains = steps is not None or epochs is not None
        parser = Parser(description=(about or "").partition("\n")[0])
        parser.add_argument(
            "--device",
            choices=("auto", "cpu", "cuda"),
            default="auto" if trains else "cpu",
            help="where to compute; auto takes cuda if it is usable (default: %(default)s)",
        )
        if plots:
            parser.add_argument("--plot", type=Path, metavar="FILE", help="draw into this file")
        if trains:
            for name, default in (("steps", steps), ("epochs", epochs)):
                if default is not None:
                    parser.add_argument(
                        f"--{name}", type=count, default=default, metavar="N",
                        help=f"{name} of training (default: {default})",
                    )  # fmt: skip
            parser.add_argument(
                "--seed", type=seed, default=0, metavar="N", help="of all random numbers"
            )
            parser.add_argument(
                "--no-compile", dest="compiled", action="store_false",
                help="run each step as it is written rather than replay it",
            )  # fmt: skip
        arguments = vars(parser.parse_args(argv))
        self.device: gpugrad.device = choose_device(arguments["device"])
        self.plot: Path | None = arguments.get("plot")
        self.steps: int = arguments.get("steps", 0)
        self.epochs: int = arguments.get("epochs", 0)
        self.seed: int = arguments.get("seed", 0)
        self.compiled: bool = arguments.get("compiled", False)
        if self.plot is not None:
            optional("matplotlib.figure")  # rather than fail when all is computed

    def compile(self, function: _Function) -> _Function:
        """``gpugrad.compile``, or nothing under ``--no-compile``."""
        if not self.compiled:
            return function
        compiled: _Function = gpugrad.compile(function)
        return compiled

    @contextmanager
    def training(self, title: str) -> Iterator[Callable[..., None]]:
        """Within, NumPy's products use one thread; yields ``show(done, name=value, …)``.

        It is called after each step or epoch with their count so far, and with numbers, tensors of
        one element or texts. These are read only where they are shown.
        """
        total, unit = (self.steps, "step") if self.steps else (self.epochs, "epoch")
        with one_blas_thread(), progress(title, total, unit=unit) as show:
            yield lambda done, **values: show(done, lambda: _listed(values))

    def draw(self, draw: Draw, *, panels: tuple[int, int] = (1, 1), size: Any = None) -> None:
        """Call ``draw`` and write the picture, if ``--plot`` was given.

        Args:
            draw: takes matplotlib axes, or an array of them if there are several panels.
            panels: rows and columns.
            size: of the picture in inches.
        """
        if self.plot is None:
            return
        figure = optional("matplotlib.figure").Figure(layout="constrained", figsize=size)
        draw(figure.subplots(*panels))
        try:
            figure.savefig(self.plot)
        except (OSError, ValueError) as error:
            raise UserError(f"cannot draw {self.plot}: {error}") from error
        print(f"plotted to {self.plot}")


def _listed(values: Mapping[str, Any]) -> str:
    return "  ".join(
        f"{name.replace('_', ' ')} {value if isinstance(value, str) else f'{float(value):.4f}'}"
        for name, value in values.items()
    )
