"""What the training of the examples and of ``gpugrad train`` copies between host and device.

After the first step nothing but what the program itself reads or brings: the stand-in for CuPy
counts every copy, also those that CuPy would make unasked.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.cli.tasks import TASKS
from gpugrad.cli.trainer import Settings, Trainer
from gpugrad.examples import autograd_basics, gradient_computation, not_gate, regression, xor
from tests import host_cupy

CUDA = gpugrad.device("cuda")


def train_xor(steps: int) -> None:
    xor.train(xor.Network.start(CUDA), *xor.data(CUDA), epochs=steps)


def train_tensors(steps: int) -> None:
    w, b = (gpugrad.full((1, 1), v, device=CUDA, requires_grad=True) for v in (3.0, 1.0))
    not_gate.train(lambda x: gpugrad.sigmoid(w @ x.T + b), (w, b), steps)


def train_module(module: nn.Module, steps: int) -> None:
    not_gate.train(module.to(CUDA), module.parameters(), steps)


def train_regression(steps: int) -> None:
    pytest.importorskip("sklearn")
    points, line = regression.make_points(CUDA), regression.Line(CUDA)
    for _ in range(steps):
        line.step(points)


RUNS: dict[str, tuple[Callable[[int], object], int]] = {
    "xor": (train_xor, 0),
    "a neuron of tensors": (train_tensors, 0),
    "a neuron as a module": (lambda steps: train_module(not_gate.Neuron(), steps), 0),
    "a neuron as a layer": (lambda steps: train_module(not_gate.LinearNeuron(), steps), 0),
    "a descent": (lambda steps: not_gate.descend_parabola(CUDA, steps), 3),
    "a line by hand": (lambda steps: gradient_computation.fit_line(CUDA, steps), 0),
    "regression": (train_regression, 1),
    "a weight by autograd": (lambda steps: autograd_basics.fit_by_autograd(CUDA, steps), 2),
    "a weight by an optimizer": (lambda steps: autograd_basics.fit_by_optimizer(CUDA, steps), 2),
    "a weight as a layer": (lambda steps: autograd_basics.fit_layer(CUDA, steps), 2),
}
"""Training for so many steps, and how many numbers each step reads to report them."""


@pytest.mark.parametrize("name", RUNS)
def test_steps_of_an_example(name: str, host: host_cupy.Copies) -> None:
    run, reads = RUNS[name]

    def copies(steps: int) -> tuple[int, int]:
        host.reset()
        run(steps)
        return host.to_device, host.to_host

    first, more = copies(1), copies(4)
    assert more == (first[0], first[1] + 3 * reads)


@pytest.mark.parametrize("name", TASKS)
def test_epochs_of_the_command(name: str, host: host_cupy.Copies) -> None:
    """A batch's inputs and targets go there; the mean loss and the accuracy come back."""
    task = TASKS[name]
    if name == "digits":
        pytest.importorskip("sklearn")
    settings = Settings(task.optimizer, task.lr[task.optimizer], task.batch_size, seed=0)
    trainer = Trainer(name, settings, CUDA)
    trainer.train_epoch()
    host.reset()
    trainer.train_epoch()
    assert host.to_device == 2 * len(trainer.batches)
    assert host.to_host == 1 + (task.accuracy is not None)
