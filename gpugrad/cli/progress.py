"""How far a training is: a bar on a terminal, about ten plain lines elsewhere."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from .errors import optional

Show = Callable[[int, Callable[[], str]], None]

_PLAIN_LINES = 10


@contextmanager
def progress(title: str, total: int, *, unit: str = "epoch", done: int = 0) -> Iterator[Show]:
    """Yield ``show(done, numbers)``, to be called after each of ``total`` units.

    ``numbers`` gives the text beside the count. It is called only where it is shown, since reading
    values waits for the device.
    """
    if not sys.stdout.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
        every, width = max(1, total // _PLAIN_LINES), len(str(total))

        def line(done: int, numbers: Callable[[], str]) -> None:
            if done % every == 0 or done == total:
                print(f"{unit} {done:{width}}/{total}  {numbers()}", flush=True)

        yield line
        return

    rich = optional("rich.progress")
    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(bar_width=20),
        rich.MofNCompleteColumn(),
        rich.TextColumn("{task.fields[numbers]}"),
        rich.TimeRemainingColumn(),
    )
    every = max(1, total // 1000)
    with rich.Progress(*columns) as bars:
        bar = bars.add_task(title, total=total, completed=done, numbers="")

        def move(done: int, numbers: Callable[[], str]) -> None:
            if done % every == 0 or done == total:
                bars.update(bar, completed=done, numbers=numbers())

        yield move


def one_blas_thread() -> AbstractContextManager[object]:
    """Within, NumPy's products use one thread, if threadpoolctl (part of scikit-learn) is there.

    The products of small models are too small to be shared; with a second thread that waits for
    its turn they take ten times as long on a busy machine.
    """
    try:
        threadpoolctl = importlib.import_module("threadpoolctl")
    except ImportError:
        return nullcontext()
    limits: AbstractContextManager[object] = threadpoolctl.threadpool_limits(1, user_api="blas")
    return limits
