"""``gpugrad run``: a PyTorch program as it is, with this package in the place of PyTorch."""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from types import ModuleType

from .. import as_torch
from .errors import INTERRUPTED, UserError


def run(script: str, arguments: Sequence[str]) -> int:
    """Run a file as ``python script arguments`` would, with this package as ``torch``.

    The program sees its own ``sys.argv``, ``sys.path`` and ``__main__``. An error that it does not
    catch is shown with the program's frames and those below it.

    Returns:
        0, 1 after an error, 130 after Ctrl-C.

    Raises:
        UserError: the file cannot be read.
        SystemExit: the program ended itself by it.
    """
    try:
        with open(script, "rb") as file:
            source = file.read()
    except OSError as error:
        raise UserError(f"cannot read {script}: {error.strerror}") from error
    as_torch.install()
    path = os.path.abspath(script)
    sys.argv = [script, *arguments]
    if not sys.flags.safe_path:
        # In the place of the folder of this command.
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    module = _main_module(path)
    try:
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        _report(error)
        return INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1
    return 0


def _main_module(path: str) -> ModuleType:
    """A new ``__main__``, with what the interpreter puts into it for a file."""
    module = ModuleType("__main__")
    module.__dict__.update(
        __file__=path,
        __builtins__=builtins,
        __loader__=SourceFileLoader("__main__", path),
        __spec__=None,
        __package__=None,
    )
    sys.modules["__main__"] = module
    return module


def _report(error: BaseException) -> None:
    """Show an error as the interpreter would, without the frames of this file and of the finder."""
    frames = error.__traceback__.tb_next if error.__traceback__ else None
    last, frame = None, frames
    while frame is not None:
        if frame.tb_frame.f_code.co_filename != as_torch.__file__:
            last = frame
        frame = frame.tb_next
    if last is not None:
        last.tb_next = None
    sys.excepthook(type(error), error.with_traceback(frames), frames)
