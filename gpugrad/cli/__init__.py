"""The command line: ``gpugrad train``, ``run``, ``info``, ``kernels`` and ``--version``.

Only the parsing is here; the modules of the commands' names do the work and are imported when asked
for.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gpugrad

from .errors import Parser, UserError, program
from .programs import PROGRAMS
from .tasks import OPTIMIZERS, TASKS


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number above zero")
    return value


def _seed(text: str) -> int:
    value = int(text)
    if not 0 <= value < 2**64:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 2**64 - 1")
    return value


def _learning_rate(text: str) -> float:
    value = float(text)
    if not (value > 0 and math.isfinite(value)):
        raise argparse.ArgumentTypeError(f"{text} is not a finite number above zero")
    return value


# argparse names the type after the function in "invalid ... value".
_count.__name__ = _seed.__name__ = "whole number"
_learning_rate.__name__ = "number"


def build_parser() -> Parser:
    """The parser of all commands; unset options of ``train`` are None: the task decides."""
    parser = Parser(prog="gpugrad", description="Train small models and look at the installation.")
    parser.add_argument("--version", action="version", version=f"gpugrad {gpugrad.__version__}")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="{train,run,info,kernels}"
    )

    tasks = "\n".join(f"  {name:<11} {task.summary}" for name, task in TASKS.items())
    programs = "\n".join(f"  {name:<11} {summary}" for name, summary in PROGRAMS.items())
    train = commands.add_parser(
        "train",
        help="train a model",
        description=f"Train a model on one of these tasks:\n{tasks}\n\nor run one of these examples, "
        f"each with options of its own (gpugrad train {next(iter(PROGRAMS))} --help):\n{programs}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    train.add_argument("task", choices=(*TASKS, *PROGRAMS), metavar="task", help="its name")
    train.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where to compute; auto takes cuda if it is usable (default: auto)",
    )
    train.add_argument(
        "--epochs", type=_count, metavar="N", help="passes over the data, resumed ones included"
    )
    train.add_argument("--batch-size", type=_count, metavar="N", help="samples in one step")
    train.add_argument("--lr", type=_learning_rate, metavar="RATE", help="learning rate")
    train.add_argument("--optimizer", choices=tuple(OPTIMIZERS), help="how weights are updated")
    train.add_argument("--seed", type=_seed, metavar="N", help="of weights and order (default: 0)")
    train.add_argument(
        "--save",
        type=Path,
        metavar="FILE",
        help="write model, optimizer and random state here (safetensors) at the end or on Ctrl-C",
    )
    train.add_argument(
        "--resume", type=Path, metavar="FILE", help="go on where the run saved in FILE stopped"
    )
    train.add_argument("--plot", type=Path, metavar="FILE", help="draw the loss by epoch here")

    running = commands.add_parser(
        "run",
        help="run a PyTorch program with gpugrad in the place of PyTorch",
        description="Run a Python file in which `torch` and all below it is gpugrad. What gpugrad "
        "does not have is an error that names it.",
    )
    running.add_argument("script", help="the file")
    running.add_argument("arguments", nargs="*", help="what the program finds in sys.argv")

    commands.add_parser(
        "info",
        help="show versions, devices and why CUDA is or is not usable",
        description="Show versions, devices and why CUDA is or is not usable.",
    )
    _add_kernels(commands.add_parser("kernels", help="list, compile or delete the CUDA kernels"))
    return parser


def _add_kernels(kernels: argparse.ArgumentParser) -> None:
    kernels.description = "The CUDA kernels: none of these commands needs a GPU."
    actions = kernels.add_subparsers(dest="action", required=True, metavar="{list,compile,clear}")
    actions.add_parser("list", help="show all kernels with their arguments, by source file")
    compiling = actions.add_parser(
        "compile",
        help="compile kernels and show what they use",
        description="Compile kernels and show their registers, stack and shared memory. Warnings "
        "of the compiler and use of the stack are errors.",
    )
    compiling.add_argument("stems", nargs="*", metavar="source", help="such as relu (default: all)")
    compiling.add_argument(
        "--arch",
        nargs="+",
        default=["all"],
        metavar="CC",
        help="compute capabilities such as 75 90, all that are tested, or native: this machine's "
        "(default: all)",
    )
    actions.add_parser("clear", help="delete compiled kernels from CuPy's cache")


@program("gpugrad")
def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return 0, 2 for bad arguments, 130 after Ctrl-C, 1 for a failed run.

    Example:
        >>> from gpugrad.cli import main
        >>> main(["train", "perceptron"])
        2
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    if argv[:1] == ["train"] and len(argv) > 1 and argv[1] in PROGRAMS:
        from . import programs

        return programs.run(argv[1], argv[2:])
    if argv[:1] == ["run"] and len(argv) > 1 and not argv[1].startswith("-"):
        # Past the parser: all options behind the file are the program's.
        arguments: dict[str, Any] = {"command": "run", "script": argv[1], "arguments": argv[2:]}
    else:
        arguments = vars(build_parser().parse_args(argv))
    command = arguments.pop("command")
    if command == "train" and arguments["task"] in PROGRAMS:
        name = arguments["task"]
        raise UserError(f"the options of {name} follow its name: gpugrad train {name} ...")
    if command == "run":
        from . import run

        return run.run(**arguments)
    if command == "info":
        from . import info

        return info.run()
    if command == "kernels":
        from . import kernels

        match arguments["action"]:
            case "list":
                return kernels.list_kernels()
            case "clear":
                return kernels.clear_cache()
        return kernels.compile_kernels(arguments["stems"], arguments["arch"])
    from . import train

    return train.run(train.Request(**arguments))
