"""``gpugrad profile``: what a training step of a task costs, and what compiling makes of it."""

from __future__ import annotations

from pathlib import Path

import gpugrad

from .errors import UserError, choose_device, optional
from .progress import one_blas_thread
from .tasks import TASKS
from .trainer import Settings, Trainer


def run(
    task: str,
    device: str = "auto",
    batch_size: int | None = None,
    plot: Path | None = None,
    json: Path | None = None,
) -> int:
    """Profile the steps of a task on one batch, and print the report; 0.

    Raises:
        UserError: the device is not usable, or a file cannot be written.
    """
    if plot is not None:
        optional("matplotlib.figure")
    described = TASKS[task]
    settings = Settings(
        optimizer=described.optimizer,
        lr=described.lr[described.optimizer],
        batch_size=batch_size or described.batch_size,
        seed=0,
    )
    trainer = Trainer(task, settings, choose_device(device))
    inputs, targets = (part.to(trainer.device) for part in next(iter(trainer.batches)))
    with one_blas_thread():
        report = gpugrad.profile(trainer.train_step, inputs, targets)
    print(report)
    try:
        if plot is not None:
            report.save_timeline(plot)
        if json is not None:
            report.to_json(json)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot write {plot or json}: {error}") from error
    return 0
