"""The table of a model's layers."""

from __future__ import annotations

import io
from typing import Any

import pytest

import gpugrad
from gpugrad import nn


class Attention(nn.Module):
    """Products of matrices in ``forward`` itself, and a layer used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.project = nn.Linear(8, 8, bias=False)
        self.unused = nn.Linear(2, 2)

    def forward(self, x: Any, scale: float = 1.0) -> tuple[Any, Any]:
        q, k = self.project(x), self.project(x)
        weights = (q @ k.mT * scale).softmax(-1)
        return weights @ x, weights


def test_rows_and_totals() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.Sequential(nn.BatchNorm1d(8)), nn.Linear(8, 2))
    model[0].weight.requires_grad_(False)
    table = model.summary(gpugrad.ones(5, 4))
    assert [(r.name, r.kind, r.depth, r.output, r.parameters, r.flops) for r in table.rows] == [
        ("(model)", "Sequential", 0, "(5, 2)", 0, 0),
        ("0", "Linear", 1, "(5, 8)", 40, 2 * 5 * 4 * 8),
        ("1", "Sequential", 1, "(5, 8)", 0, 0),
        ("0", "BatchNorm1d", 2, "(5, 8)", 16, 0),
        ("2", "Linear", 1, "(5, 2)", 18, 2 * 5 * 8 * 2),
    ]
    assert (table.parameters, table.trainable, table.flops) == (74, 42, 480)
    lines = repr(table).splitlines()
    assert lines[0].split() == ["layer", "type", "output", "parameters", "FLOPs"]
    assert lines[-1] == "74 parameters, 42 trainable; 480 FLOPs"


def test_products_in_forward_and_layers_used_twice() -> None:
    table = gpugrad.summary(Attention(), gpugrad.ones(3, 5, 8), scale=0.5)
    model, project, unused = table.rows
    assert model.output == "[(3, 5, 8), (3, 5, 5)]"
    assert model.flops == 2 * 3 * 5 * 5 * 8 * 2
    assert project.flops == 2 * 2 * 3 * 5 * 8 * 8
    assert (unused.output, unused.flops, unused.parameters) == ("-", 0, 6)


def test_convolutions() -> None:
    x = gpugrad.ones(2, 4, 5, 5)
    plain = gpugrad.summary(nn.Conv2d(4, 6, 3, groups=2), x)
    assert plain.flops == 2 * (2 * 6 * 3 * 3) * (2 * 3 * 3)
    transposed = gpugrad.summary(nn.ConvTranspose2d(4, 6, 3), x)
    assert transposed.flops == 2 * (2 * 4 * 5 * 5) * (6 * 3 * 3)


def test_the_model_is_left_as_it_was() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5))
    state = {name: value.tolist() for name, value in model.state_dict().items()}
    random = gpugrad.get_rng_state()
    with gpugrad.no_grad():
        model.summary(gpugrad.rand(3, 4))
    gpugrad.set_rng_state(random)
    model.summary(gpugrad.ones(3, 4))
    assert gpugrad.equal(gpugrad.get_rng_state(), random)
    assert {name: value.tolist() for name, value in model.state_dict().items()} == state
    assert all(module._call_hooks is None for module in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_an_error_in_the_model_leaves_no_hooks() -> None:
    model = nn.Sequential(nn.Linear(4, 4))
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        model.summary(gpugrad.ones(3, 5))
    assert model._call_hooks is None
    assert model(gpugrad.ones(1, 4)).shape == (1, 4)


def test_rich_table() -> None:
    rich = pytest.importorskip("rich.console")
    console = rich.Console(width=100, file=io.StringIO())
    console.print(nn.Linear(2, 3).summary(gpugrad.ones(1, 2)))
    text = console.file.getvalue()
    assert "Linear" in text and "9 parameters, 9 trainable; 12 FLOPs" in text
