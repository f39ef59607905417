"""What ``gpugrad train`` shows: a progress bar or plain lines, a plot and a summary."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from .errors import UserError, optional
from .progress import progress as shown
from .trainer import Trainer


def check_progress() -> None:
    """Raise `UserError` if the package of the progress bar is missing."""
    optional("rich.progress")


def heading(trainer: Trainer, epochs: int) -> None:
    """Print what is about to be trained, and how."""
    settings = ", ".join(f"{k.replace('_', ' ')} {v}" for k, v in asdict(trainer.settings).items())
    start = f"epochs {trainer.epoch + 1} to {epochs}" if trainer.epoch else f"{epochs} epochs"
    print(f"training {trainer.name} on {trainer.device}: {start}, {settings}", flush=True)


@contextmanager
def progress(trainer: Trainer, epochs: int) -> Iterator[Callable[[float], None]]:
    """Yield a function to call after each epoch with its samples per second."""
    with shown(trainer.name, epochs, done=trainer.epoch) as show:
        yield lambda speed: show(trainer.epoch, lambda: _numbers(trainer, speed))


def _numbers(trainer: Trainer, speed: float) -> str:
    history = trainer.history
    accuracy = f"accuracy {history.accuracies[-1]:7.2%}  " if history.accuracies else ""
    return f"loss {history.losses[-1]:.4f}  {accuracy}{speed:7,.0f} samples/s"


def summary(
    trainer: Trainer,
    first: int,
    epochs: int,
    seconds: float,
    saved: Path | None,
    plotted: Path | None,
) -> None:
    """Print the line that is left of a run: what it did after epoch ``first``, and the result."""
    count, history = trainer.epoch - first, trainer.history
    parts = [f"{trainer.name} on {trainer.device}: {count} epochs in {seconds:.1f} s"]
    if trainer.epoch < epochs:
        parts[0] = f"interrupted after epoch {trainer.epoch} of {epochs}; {parts[0]}"
    parts.append(f"{count * trainer.samples / seconds:,.0f} samples/s")
    if history.losses:
        parts.append(f"loss {history.losses[-1]:.4f}")
    if history.accuracies:
        parts.append(f"{trainer.measured_on} accuracy {history.accuracies[-1]:.2%}")
    if saved:
        parts.append(f"saved to {saved}")
    if plotted:
        parts.append(f"plotted to {plotted}")
    print(", ".join(parts), flush=True)


def check_plot(path: Path) -> None:
    """Raise `UserError` if matplotlib is missing or does not know the ending of ``path``."""
    figure = optional("matplotlib.figure").Figure()
    endings = sorted(figure.canvas.get_supported_filetypes())
    if path.suffix.removeprefix(".").lower() not in endings:
        raise UserError(f"cannot draw {path}: its name must end in {', '.join(endings)}")


def plot(trainer: Trainer, path: Path) -> None:
    """Draw the loss by epoch, and the accuracy above it if there is one, into a file."""
    history = trainer.history
    epochs = range(1, trainer.epoch + 1)
    figure = optional("matplotlib.figure").Figure(layout="constrained")
    axes = figure.subplots(2 if history.accuracies else 1, sharex=True, squeeze=False)[:, 0]
    axes[0].set_title(f"gpugrad train {trainer.name}")
    if history.accuracies:
        axes[0].plot(epochs, [100 * value for value in history.accuracies], color="tab:green")
        axes[0].set_ylabel("accuracy in %")
    axes[-1].plot(epochs, history.losses)
    axes[-1].set(yscale="log", xlabel="epoch", ylabel="mean training loss")
    for axis in axes:
        axis.grid(alpha=0.3)
    figure.savefig(path)
