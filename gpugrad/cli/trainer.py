"""One loop that trains every task, and the state from which a run goes on.

Everything random (first weights, order of the samples) comes from the CPU's stream on every
device, so its state, the model, the optimizer and the history are all that a resumed run needs to
compute exactly what an uninterrupted one would have.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import gpugrad
from gpugrad import Tensor
from gpugrad.utils.data import DataLoader, TensorDataset

from .tasks import OPTIMIZERS, TASKS


@dataclass(frozen=True)
class Settings:
    """How a run trains; stored with it."""

    optimizer: str
    lr: float
    batch_size: int
    seed: int


@dataclass
class History:
    """One number per finished epoch: mean training loss, and accuracy where the task has one."""

    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)


class Trainer:
    """A task's model in training, one epoch at a time.

    Example:
        >>> import gpugrad
        >>> from gpugrad.cli.trainer import Settings, Trainer
        >>> settings = Settings(optimizer="sgd", lr=1.0, batch_size=2, seed=0)
        >>> trainer = Trainer("not-gate", settings, gpugrad.device("cpu"))
        >>> samples_per_second = trainer.train_epoch()
        >>> trainer.epoch
        1
    """

    def __init__(self, name: str, settings: Settings, device: gpugrad.device) -> None:
        self.name, self.settings, self.device = name, settings, device
        self.task = TASKS[name]
        self.history = History()
        data = self.task.data()
        gpugrad.manual_seed(settings.seed)
        self.model = self.task.model().to(device)
        self.loss = self.task.loss()
        self.optimizer = OPTIMIZERS[settings.optimizer](self.model.parameters(), lr=settings.lr)
        dataset = TensorDataset(data.inputs, data.targets)
        self.samples = len(dataset)
        self.batches = DataLoader(dataset, batch_size=settings.batch_size, shuffle=True)
        inputs, targets = data.test or (data.inputs, data.targets)
        self.measured = inputs.to(device), targets.to(device)
        self.measured_on = "test" if data.test else "training"

    @property
    def epoch(self) -> int:
        """Finished epochs."""
        return len(self.history.losses)

    def train_epoch(self) -> float:
        """Pass over the data once and add to the history; return the samples per second."""
        started = time.perf_counter()
        self.model.train()
        total = gpugrad.zeros((), device=self.device)
        for inputs, targets in self.batches:
            total += self.train_step(inputs.to(self.device), targets.to(self.device)) * len(inputs)
        # The only moment at which the host waits for the device.
        self.history.losses.append(total.item() / self.samples)
        seconds = time.perf_counter() - started
        if self.task.accuracy is not None:
            inputs, targets = self.measured
            self.model.eval()
            with gpugrad.no_grad():
                accuracy = self.task.accuracy(self.model(inputs), targets)
            self.history.accuracies.append(float(accuracy.item()))
        return self.samples / seconds

    def train_step(self, inputs: Tensor, targets: Tensor) -> Tensor:
        """Learn from one batch on the model's device; return the loss."""
        self.optimizer.zero_grad()
        loss = self.loss(self.model(inputs), targets)
        loss.backward()
        self.optimizer.step()
        detached: Tensor = loss.detach()
        return detached

    def state(self) -> dict[str, Any]:
        """What `gpugrad.save` writes; `restore` takes it back."""
        history = asdict(self.history)
        return {
            "task": self.name,
            "settings": asdict(self.settings),
            "history": {
                name: gpugrad.tensor(values, dtype=gpugrad.float64)
                for name, values in history.items()
            },
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rng": gpugrad.get_rng_state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go back to a `state`; the learning rate stays that of this trainer's settings."""
        self.history = History(**{name: t.tolist() for name, t in state["history"].items()})
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.lr
        gpugrad.set_rng_state(state["rng"])
