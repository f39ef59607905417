"""How many kernels a compiled training step launches on CUDA, and that its numbers are eager's."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import nn
from gpugrad.backend.cuda_capture import Capturable
from gpugrad.backend.cuda_graph import GraphExecutor
from gpugrad.nn import functional as F
from tests import host_cupy

Step = Callable[..., Any]


def by_hand() -> tuple[Step, list[Any], list[Any]]:
    """XOR: two layers, one sample, an update by hand; with parameters and arguments."""
    starts = [[0.1, 0.3], [0.2, 0.1]], [0.2, -0.2], [[0.1], [-0.4]], [0.0]
    w1, b1, w2, b2 = parameters = [
        gpugrad.tensor(s, requires_grad=True, device="cuda") for s in starts
    ]

    def step(x: Any, y: Any) -> Any:
        hidden = gpugrad.relu(x @ w1 + b1)
        loss = ((y - gpugrad.sigmoid(hidden @ w2 + b2)) ** 2).sum()
        loss.backward()
        with gpugrad.no_grad():
            for p in parameters:
                p -= 0.1 * p.grad
                p.grad = None
        return loss.detach()

    arguments = [gpugrad.tensor(v, device="cuda") for v in ([0.0, 1.0], [1.0])]
    return step, parameters, arguments


def network() -> tuple[Step, list[Any], list[Any]]:
    """A perceptron of three layers with relu, cross entropy and SGD."""
    gpugrad.manual_seed(0)
    layers = nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 3)
    model = nn.Sequential(*layers).to("cuda")
    optimizer = gpugrad.optim.SGD(model.parameters(), lr=0.1)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    arguments = [gpugrad.randn(8, 6).to("cuda"), gpugrad.randint(3, (8,)).to("cuda")]
    return step, list(model.parameters()), arguments


def attention() -> tuple[Step, list[Any], list[Any]]:
    """A transformer block with an update by hand."""
    gpugrad.manual_seed(0)
    batch, context, width, heads = 2, 4, 8, 2
    shapes: dict[str, tuple[int, ...]] = dict.fromkeys(
        ("query", "key", "value", "join"), (width, width)
    )
    shapes |= {"up": (width, 4 * width), "down": (4 * width, width), "bias": (4 * width,)}
    p = {n: gpugrad.randn(s).mul(0.3).to("cuda").requires_grad_() for n, s in shapes.items()}
    for n in ("first", "second"):
        p[n] = gpugrad.ones(width, device="cuda", requires_grad=True)

    def split(t: Any) -> Any:
        return t.reshape(batch, context, heads, width // heads).transpose(1, 2)

    def step(x: Any, y: Any) -> Any:
        inner = F.layer_norm(x, (width,), p["first"])
        query, key, value = (split(inner @ p[n]) for n in ("query", "key", "value"))
        weights = gpugrad.softmax(query @ key.transpose(2, 3) / math.sqrt(width // heads), -1)
        x = x + (weights @ value).transpose(1, 2).reshape(batch, context, width) @ p["join"]
        inner = F.layer_norm(x, (width,), p["second"])
        x = x + F.gelu(inner @ p["up"] + p["bias"]) @ p["down"]
        loss = F.mse_loss(x, y)
        loss.backward()
        with gpugrad.no_grad():
            for q in p.values():
                q -= 0.01 * q.grad
                q.grad = None
        return loss.detach()

    arguments = [gpugrad.randn(batch, context, width).to("cuda") for _ in range(2)]
    return step, list(p.values()), arguments


def sigmoid_error() -> tuple[Step, list[Any], list[Any]]:
    """Sigmoid and squared error of many values."""
    x = gpugrad.linspace(-3, 3, 40).to("cuda").requires_grad_()

    def step(y: Any) -> Any:
        x.grad = None
        loss = F.mse_loss(gpugrad.sigmoid(x), y)
        loss.backward()
        return loss.detach()

    return step, [x], [gpugrad.full((40,), 0.5, device="cuda")]


TASKS = {"xor": by_hand, "mlp": network, "attention": attention, "sigmoid-mse": sigmoid_error}


def trained(task: str, steps: int, compiled: bool) -> list[Any]:
    """Losses and parameters after some steps."""
    step, parameters, arguments = TASKS[task]()
    step = gpugrad.compile(step) if compiled else step
    losses = [step(*arguments) for _ in range(steps)]
    return [t.detach().cpu().numpy() for t in (*losses, *parameters)]


def launches(task: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """What the graph of a step holds: kernels, products, copies and fills."""
    made: list[GraphExecutor] = []
    init = GraphExecutor.__init__

    def note(self: GraphExecutor, *args: Any) -> None:
        init(self, *args)
        made.append(self)

    monkeypatch.setattr(GraphExecutor, "__init__", note)
    trained(task, 5, True)
    (executor,) = made
    return len(executor._graph._work)


@pytest.mark.parametrize("task", TASKS)
def test_numbers_are_those_of_eager_steps(task: str, host: host_cupy.Copies) -> None:
    eager, compiled = (trained(task, 7, on) for on in (False, True))
    for a, b in zip(eager, compiled, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-6)


MOST = {"xor": (27, 9), "mlp": (22, 18), "attention": (77, 56), "sigmoid-mse": (4, 2)}
"""Launches of a step without and with rewriting."""


@pytest.mark.parametrize("task", TASKS)
def test_launches_of_a_step(
    task: str, host: host_cupy.Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    fused = launches(task, monkeypatch)
    monkeypatch.setattr(Capturable, "rewritten", lambda self, steps, kept, inputs: steps)
    assert (launches(task, monkeypatch), fused) == MOST[task]
