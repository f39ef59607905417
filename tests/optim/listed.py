"""The optimizers that are one step of the backend, each with several options."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import DEVICES

EVERY: list[tuple[str, dict[str, Any]]] = [
    ("Adagrad", {"lr": 0.05, "lr_decay": 0.1}),
    ("Adadelta", {"eps": 0.01}),
    ("Adamax", {"lr": 0.05}),
    ("NAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.05, "betas": (0.9, 0.9)}),
    ("Rprop", {"lr": 0.05}),
    ("ASGD", {"lr": 0.05, "t0": 2}),
]

NAMES = [name for name, _ in EVERY]
every = pytest.mark.parametrize(("name", "options"), EVERY, ids=NAMES)
on_cuda = pytest.mark.parametrize("device", DEVICES[1:], indirect=True)
