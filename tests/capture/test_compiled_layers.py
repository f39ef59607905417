"""Training steps with layers and losses of every kind, compiled: equal to eager ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gpugrad import Tensor, nn
from gpugrad.nn import functional as F
from tests.capture.step_jobs import OPTIMIZERS, feed, sgd, training
from tests.capture.training import (
    check,
    classes,
    drawn,
)


def tokens(turn: int) -> tuple[Tensor, Tensor]:
    return classes(turn, 15, 7).reshape(3, 5), classes(turn + 50, 3, 3)


class Text(nn.Module):
    """An embedding, some layer over the sequence, and a classifier."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.embedding, self.layer, self.head = nn.Embedding(7, 8), layer, nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Any:
        found = self.layer(self.embedding(x))
        found = found[0] if isinstance(found, tuple) else found
        result: Tensor = self.head(found.mean(1))
        return result


class Attend(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor) -> Any:
        result: Tensor = self.attention(x, x, x, need_weights=False)[0]
        return result


SEQUENCES: dict[str, Callable[[], nn.Module]] = {
    "none": nn.Identity,
    "layer norm": lambda: nn.LayerNorm(8),
    "rnn": lambda: nn.RNN(8, 8, batch_first=True),
    "lstm": lambda: nn.LSTM(8, 8, num_layers=2, batch_first=True, dropout=0.3),
    "gru": lambda: nn.GRU(8, 8, batch_first=True),
    "attention": Attend,
    "transformer": lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences(name: str) -> None:
    check(training(OPTIMIZERS["adam"], model=lambda: Text(SEQUENCES[name]()), feed=tokens))


def images(turn: int) -> tuple[Tensor, Tensor]:
    return drawn(turn, 4, 2, 6, 6), classes(turn, 4, 3)


def convolutions(pool: nn.Module, norm: nn.Module) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), norm, nn.ReLU(), pool, nn.Flatten(), nn.Linear(36, 3)
    )


@pytest.mark.parametrize("name", ["max", "average", "group norm", "strided"])
def test_images(name: str) -> None:
    def model() -> nn.Module:
        if name == "strided":
            return convolutions(nn.Conv2d(4, 4, 2, stride=2), nn.Identity())
        norm = nn.GroupNorm(2, 4) if name == "group norm" else nn.BatchNorm2d(4)
        return convolutions(nn.MaxPool2d(2) if name == "max" else nn.AvgPool2d(2), norm)

    check(training(OPTIMIZERS["momentum"], model=model, feed=images))


ACTIVATIONS = [
    "ReLU",
    "GELU",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "LeakyReLU",
    "ELU",
    "Hardswish",
    "Mish",
]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    def model() -> nn.Module:
        return nn.Sequential(nn.Linear(4, 8), getattr(nn, name)(), nn.Linear(8, 3))

    check(training(sgd, model=model))


LOSSES = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy_with_logits"]


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    def numbers(turn: int) -> tuple[Tensor, Tensor]:
        return drawn(turn, 6, 4), drawn(turn + 99, 6, 3)

    check(training(sgd, feed=numbers, loss=getattr(F, name)))


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"ignore_index": 1}], ids=str)
def test_cross_entropy(options: dict[str, Any]) -> None:
    def loss(x: Tensor, y: Tensor) -> Any:
        return F.cross_entropy(x, y, **options)

    check(training(sgd, loss=loss))


def test_classes_to_ignore_that_come_later() -> None:
    """No target is to be ignored while the step is traced; some are afterwards."""

    def some_ignored(turn: int) -> tuple[Tensor, Tensor]:
        x, y = feed(turn)
        if turn > 5:
            y[turn % 6] = -100
        return x, y

    check(training(sgd, feed=some_ignored))
