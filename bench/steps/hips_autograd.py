"""Training steps for HIPS autograd: NumPy code with ``grad`` around the loss."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from ..contest import Step, flat
from . import functional
from .functional import Task


def _step(task: Task, autograd: Any) -> Step:
    gradient = autograd.grad(task.loss)
    held = [task.parameters, functional.start(task, np)]
    turns = len(task.batches)

    def run(i: int) -> None:
        p, state = held
        held[:] = functional.updated(task, np, p, gradient(p, *task.batches[i % turns]), state)

    return Step(run, lambda: flat(held[0]))


def _task(name: str) -> Callable[[Any], Step]:
    return lambda autograd: _step(
        functional.TASKS[name](importlib.import_module("autograd.numpy")), autograd
    )


def _attention(autograd: Any) -> Step:
    numpy = importlib.import_module("autograd.numpy")
    special = importlib.import_module("autograd.scipy.special")
    return _step(functional.attention(numpy, special.erf), autograd)


STEPS: dict[str, Callable[[Any], Step]] = {
    **{name: _task(name) for name in functional.TASKS},
    "attention": _attention,
}
