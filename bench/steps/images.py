"""The training step of a small convolutional network, written once against PyTorch's interface."""

from __future__ import annotations

from typing import Any

from ..contest import Step
from . import data
from .torch_api import How, Tools, with_optimizer


def cnn(torch: Any, device: str, how: How) -> Step:
    """Convolution, relu, pooling, convolution, relu, linear; cross-entropy and momentum."""
    nn, tools = torch.nn, Tools(torch, device)
    first, second = data.CHANNELS
    model = nn.Sequential(
        nn.Conv2d(1, first, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(first, second, 3, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(second * data.IMAGE**2 // 4, data.CLASSES),
    ).to(device)  # fmt: skip
    parameters = list(model.parameters())
    with torch.no_grad():
        for p, start in zip(parameters, data.cnn(), strict=True):
            p.copy_(tools.constant(start))
    optimizer = torch.optim.SGD(parameters, lr=data.SGD_RATE, momentum=data.MOMENTUM)
    criterion = nn.CrossEntropyLoss()
    return with_optimizer(
        lambda x, y: criterion(model(x), y),
        tuple(tools.constant(a) for a in data.images()),
        optimizer,
        tools.values(parameters),
        how,
    )
