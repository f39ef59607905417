"""``gpugrad train``: from what the user asked to a trained, saved, plotted and summarised run."""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

import gpugrad

from . import report
from .errors import INTERRUPTED, UserError, choose_device
from .progress import one_blas_thread
from .tasks import TASKS
from .trainer import Settings, Trainer

_DIVERGED = 1


@dataclass(frozen=True)
class Request:
    """What the command line asked for; None where the task or the resumed run decides."""

    task: str
    device: str = "auto"
    epochs: int | None = None
    batch_size: int | None = None
    lr: float | None = None
    optimizer: str | None = None
    seed: int | None = None
    save: Path | None = None
    resume: Path | None = None
    plot: Path | None = None


def run(request: Request) -> int:
    """Train as asked; 0, or 130 if Ctrl-C ended it early (what was trained is saved all the same).

    Raises:
        UserError: a request that cannot be served, or a loss that is no longer finite.
    """
    report.check_progress()
    _check_outputs(request)
    device = choose_device(request.device)
    saved = None if request.resume is None else _load(request.resume, request.task)
    trainer = Trainer(request.task, _settings(request, saved), device)
    if saved is not None:
        _restore(trainer, saved, request.resume)
    first, epochs = trainer.epoch, request.epochs or trainer.task.epochs
    if first >= epochs:
        raise UserError(f"{request.resume} has {first} epochs behind it: ask for more by --epochs")

    with deferred_interrupt() as interrupted:
        report.heading(trainer, epochs)
        started = time.perf_counter()
        # What overflows ends the run by its loss; NumPy's warnings would come before that.
        quiet = np.errstate(all="ignore")
        with quiet, one_blas_thread(), report.progress(trainer, epochs) as show:
            while trainer.epoch < epochs and not interrupted():
                speed = trainer.train_epoch()
                loss = trainer.history.losses[-1]
                if not math.isfinite(loss):
                    message = f"the loss is {loss} after epoch {trainer.epoch}: try a smaller --lr"
                    raise UserError(message, code=_DIVERGED)
                show(speed)
        seconds = time.perf_counter() - started
        if request.save:
            gpugrad.save(trainer.state(), request.save)
        if request.plot and trainer.epoch:
            report.plot(trainer, request.plot)
        report.summary(trainer, first, epochs, seconds, request.save, request.plot)
    return 0 if trainer.epoch == epochs else INTERRUPTED


def _settings(request: Request, saved: Mapping[str, Any] | None) -> Settings:
    """The user's settings; where there is none, the resumed run's or the task's."""
    task = TASKS[request.task]
    settings: dict[str, Any]
    if saved is None:
        optimizer = request.optimizer or task.optimizer
        settings = {
            "optimizer": optimizer,
            "lr": task.lr[optimizer],
            "batch_size": task.batch_size,
            "seed": 0,
        }
    else:
        settings = dict(saved["settings"])
        if request.seed is not None:
            raise UserError("--seed and --resume exclude each other: a run keeps its random state")
        if request.optimizer not in (None, settings["optimizer"]):
            raise UserError(
                f"{request.resume} holds the state of --optimizer {settings['optimizer']}, "
                f"which {request.optimizer} cannot use"
            )
    for name in settings:
        if (given := getattr(request, name)) is not None:
            settings[name] = given
    return Settings(**settings)


def _load(path: Path, task: str) -> dict[str, Any]:
    """The state in a file, checked to be one of this task."""
    try:
        state = gpugrad.load(path, map_location="cpu")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except (RuntimeError, TypeError) as error:
        raise UserError(str(error)) from error
    if not (isinstance(state, dict) and {"task", "settings"} <= state.keys()):
        raise UserError(f"{path} was not saved by gpugrad train")
    if state["task"] != task:
        raise UserError(f"{path} is a run of the task {state['task']}, not of {task}")
    return state


def _restore(trainer: Trainer, state: Mapping[str, Any], path: Path | None) -> None:
    try:
        trainer.restore(state)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        # A file of another release, whose task has another model.
        reason = " ".join(str(error).split())
        raise UserError(f"{path} does not fit the task {trainer.name}: {reason}") from error


def _check_outputs(request: Request) -> None:
    """Fail before the training rather than after it."""
    for path in (request.save, request.plot):
        if path is None:
            continue
        if not path.parent.is_dir():
            raise UserError(f"cannot write {path}: there is no folder {path.parent}")
        if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
            raise UserError(f"cannot write {path}")
    if request.plot:
        report.check_plot(request.plot)


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Within, Ctrl-C only makes the yielded function true; a second one raises as ever.

    So a run stops between two epochs, where its state is whole and resuming is exact.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # only the main thread can handle signals
        return
    requested = False

    def on_signal(signum: int, frame: FrameType | None) -> None:
        nonlocal requested
        if requested:
            raise KeyboardInterrupt
        requested = True

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield lambda: requested
    finally:
        signal.signal(signal.SIGINT, before)
