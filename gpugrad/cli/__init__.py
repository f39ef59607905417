"""The command line: ``gpugrad train``, ``profile``, ``run``, ``info``, ``kernels``, ``--version``.

Only the parsing is here; the modules of the commands' names do the work and are imported when asked
for.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gpugrad

from .arguments import count, learning_rate, seed
from .errors import Parser, UserError, program
from .programs import PROGRAMS
from .tasks import OPTIMIZERS, TASKS


def build_parser() -> Parser:
    """The parser of all commands; unset options of ``train`` are None: the task decides."""
    parser = Parser(prog="gpugrad", description="Train small models and look at the installation.")
    parser.add_argument("--version", action="version", version=f"gpugrad {gpugrad.__version__}")
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="{train,profile,run,info,kernels}"
    )

    tasks = "\n".join(f"  {name:<11} {task.summary}" for name, task in TASKS.items())
    programs = "\n".join(f"  {name:<11} {summary}" for name, summary in PROGRAMS.items())
    train = commands.add_parser(
        "train",
        help="train a model",
        description=f"Train a model on one of these tasks:\n{tasks}\n\n"
        "or run one of these examples, each with options of its own "
        f"(gpugrad train {next(iter(PROGRAMS))} --help):\n{programs}",
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
        "--epochs", type=count, metavar="N", help="passes over the data, resumed ones included"
    )
    train.add_argument("--batch-size", type=count, metavar="N", help="samples in one step")
    train.add_argument("--lr", type=learning_rate, metavar="RATE", help="learning rate")
    train.add_argument("--optimizer", choices=tuple(OPTIMIZERS), help="how weights are updated")
    train.add_argument("--seed", type=seed, metavar="N", help="of weights and order (default: 0)")
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

    _add_profile(commands.add_parser("profile", help="show what a training step costs"))

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


def _add_profile(profiling: argparse.ArgumentParser) -> None:
    profiling.description = (
        "Take training steps of a task, and show what they cost: time by primitive, bytes, "
        "operations, what bounds them, and what compiling saves."
    )
    profiling.add_argument("task", choices=tuple(TASKS), metavar="task", help=", ".join(TASKS))
    profiling.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where to compute; auto takes cuda if it is usable (default: auto)",
    )
    profiling.add_argument("--batch-size", type=count, metavar="N", help="samples in one step")
    profiling.add_argument("--plot", type=Path, metavar="FILE", help="draw one step here")
    profiling.add_argument("--json", type=Path, metavar="FILE", help="write the report here")


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
    if command == "profile":
        from . import profile

        return profile.run(**arguments)
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
