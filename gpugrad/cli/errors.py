"""What a command line program says when it cannot go on: one line on stderr and an exit code."""

from __future__ import annotations

import argparse
import functools
import importlib
import os
import sys
from collections.abc import Callable
from types import ModuleType
from typing import NoReturn, ParamSpec

import gpugrad

USAGE_ERROR = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells report it

_DISTRIBUTIONS = {"sklearn": "scikit-learn"}

_Arguments = ParamSpec("_Arguments")


class UserError(Exception):
    """Something the user can put right; the message is all that is shown."""

    def __init__(self, message: str, code: int = USAGE_ERROR) -> None:
        super().__init__(message)
        self.code = code


class Parser(argparse.ArgumentParser):
    """An argument parser that reports a bad argument as one line, without the usage text."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f"{message} (see {self.prog} --help)")


def program(name: str) -> Callable[[Callable[_Arguments, int]], Callable[_Arguments, int]]:
    """Decorate a function that returns an exit code: errors of the user end it in one line."""

    def decorate(main: Callable[_Arguments, int]) -> Callable[_Arguments, int]:
        @functools.wraps(main)
        def run(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> int:
            try:
                return main(*args, **kwargs)
            except UserError as error:
                print(f"{name}: error: {' '.join(str(error).split())}", file=sys.stderr)
                return error.code
            except KeyboardInterrupt:
                print(f"{name}: interrupted", file=sys.stderr)
                return INTERRUPTED
            except BrokenPipeError:
                # The reader (`| head`) has gone; what is left in the buffer must not fail at exit.
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                return 1

        return run

    return decorate


def optional(module: str) -> ModuleType:
    """Import a module of the `train` extra, or say how to install it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.partition(".")[0]
        name = _DISTRIBUTIONS.get(package, package)
        raise UserError(
            f"this needs {name}, which cannot be imported ({error}): pip install 'gpugrad[train]'"
        ) from error


def choose_device(name: str) -> gpugrad.device:
    """The device for ``auto``, ``cpu`` or ``cuda``; a `UserError` with the reason without CUDA."""
    if name == "cpu":
        return gpugrad.device("cpu")
    reason = gpugrad.cuda.unavailable_reason()
    if reason is None:
        return gpugrad.device("cuda")
    if name == "auto":
        return gpugrad.device("cpu")
    raise UserError(f"device cuda is not usable: {reason}")
