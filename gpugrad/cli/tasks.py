"""What can be trained: one description a task, all served by the one loop in `trainer`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

import gpugrad
from gpugrad import Tensor, nn, optim

from .errors import optional

OPTIMIZERS: Mapping[str, Callable[..., optim.Optimizer]] = {
    "sgd": partial(optim.SGD, momentum=0.9),
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "rmsprop": optim.RMSprop,
}


@dataclass(frozen=True)
class Data:
    """Inputs and targets on the CPU, samples along the first dimension.

    A task without a test set is measured on what it was trained on, as a truth table is.
    """

    inputs: Tensor
    targets: Tensor
    test: tuple[Tensor, Tensor] | None = None


@dataclass(frozen=True)
class Task:
    """Data, model, loss and accuracy, with the settings used where the user gives none.

    ``lr`` has one rate for every name in `OPTIMIZERS`: a rate that suits Adam is far off for SGD.
    ``accuracy`` maps outputs and targets to a 0-d tensor in 0 … 1; None where it makes no sense.
    """

    summary: str
    data: Callable[[], Data]
    model: Callable[[], nn.Module]
    loss: Callable[[], nn.Module]
    accuracy: Callable[[Tensor, Tensor], Tensor] | None
    epochs: int
    batch_size: int
    optimizer: str
    lr: Mapping[str, float]


def _truth_table(inputs: list[list[int]], outputs: list[int]) -> Data:
    table = gpugrad.tensor(inputs, dtype=gpugrad.float32)
    return Data(table, gpugrad.tensor(outputs, dtype=gpugrad.float32).reshape(-1, 1))


def _noisy_line() -> Data:
    """1500 points around y = 0.5 x + 2, the same in every run."""
    draw = np.random.default_rng(0)
    x = draw.standard_normal((1500, 1))
    y = 0.5 * x + 2 + 0.3 * draw.standard_normal((1500, 1))
    inputs, targets = (gpugrad.from_numpy(values.astype(np.float32)) for values in (x, y))
    return Data(inputs[:1200], targets[:1200], test=(inputs[1200:], targets[1200:]))


def _digits() -> Data:
    """scikit-learn's 1797 handwritten digits of 8x8 pixels; every fifth one is for testing.

    Pixels are standardised with the training set's mean and deviation; a tenth is added to the
    deviation because some pixels at the border are always empty.
    """
    datasets = optional("sklearn.datasets")
    selection = optional("sklearn.model_selection")
    pixels, labels = datasets.load_digits(return_X_y=True)
    train_x, test_x, train_y, test_y = selection.train_test_split(
        pixels / 16, labels, test_size=0.2, random_state=0, stratify=labels
    )
    mean, deviation = train_x.mean(axis=0), train_x.std(axis=0) + 0.1
    inputs, test_inputs = (
        gpugrad.from_numpy(((x - mean) / deviation).astype(np.float32)) for x in (train_x, test_x)
    )
    targets, test_targets = (gpugrad.from_numpy(y.astype(np.int64)) for y in (train_y, test_y))
    return Data(inputs, targets, test=(test_inputs, test_targets))


def _right_side(logits: Tensor, targets: Tensor) -> Tensor:
    share: Tensor = ((logits > 0) == (targets > 0.5)).float().mean()
    return share


def _right_class(logits: Tensor, targets: Tensor) -> Tensor:
    share: Tensor = (logits.argmax(dim=1) == targets).float().mean()
    return share


TASKS: Mapping[str, Task] = {
    "xor": Task(
        summary="exclusive or of two bits, a network with one hidden layer",
        data=partial(_truth_table, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]),
        model=lambda: nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)),
        loss=nn.BCEWithLogitsLoss,
        accuracy=_right_side,
        epochs=200,
        batch_size=4,
        optimizer="adam",
        lr={"sgd": 0.5, "adam": 0.05, "adamw": 0.05, "rmsprop": 0.02},
    ),
    "not-gate": Task(
        summary="negation of one bit, a single neuron",
        data=partial(_truth_table, [[0], [1]], [1, 0]),
        model=lambda: nn.Linear(1, 1),
        loss=nn.BCEWithLogitsLoss,
        accuracy=_right_side,
        epochs=100,
        batch_size=2,
        optimizer="sgd",
        lr={"sgd": 1.0, "adam": 0.1, "adamw": 0.1, "rmsprop": 0.1},
    ),
    "regression": Task(
        summary="a straight line through noisy points",
        data=_noisy_line,
        model=lambda: nn.Linear(1, 1),
        loss=nn.MSELoss,
        accuracy=None,
        epochs=20,
        batch_size=50,
        optimizer="sgd",
        lr={"sgd": 0.01, "adam": 0.05, "adamw": 0.05, "rmsprop": 0.02},
    ),
    "digits": Task(
        summary="handwritten digits (scikit-learn's), a network with one hidden layer",
        data=_digits,
        model=lambda: nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 10)),
        # On 1437 samples, smoothing the labels is worth half a percent of test accuracy.
        loss=partial(nn.CrossEntropyLoss, label_smoothing=0.1),
        accuracy=_right_class,
        epochs=30,
        batch_size=32,
        optimizer="adamw",
        lr={"sgd": 0.05, "adam": 2e-3, "adamw": 2e-3, "rmsprop": 1e-3},
    ),
}
