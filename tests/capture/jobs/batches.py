"""Data that is not a plain batch: other sizes, containers, padded words, evaluation."""

from __future__ import annotations

from typing import Any

import gpugrad
from gpugrad import nn
from gpugrad.nn import functional as F
from tests.capture.jobs.registry import Data, batch, job, mlp, simple
from tests.capture.training import Job, parameters


@job("batches of two sizes", plans=2)
def two_sizes(device: str) -> Job:
    data = Data(device)

    def feed(turn: int) -> tuple[Any, ...]:
        n = 6 if turn % 2 == 0 else 4
        return data.normal(turn, n, 4), data.classes(turn, n, 3)

    return simple(mlp(device), feed, F.cross_entropy, gpugrad.optim.Adam, lr=0.01)


@job("dictionaries in and out")
def nested(device: str) -> Job:
    data, net = Data(device), mlp(device)
    optimizer = gpugrad.optim.SGD(net.parameters(), lr=0.1)

    def step(given: Any) -> Any:
        optimizer.zero_grad()
        logits = net(given["inputs"]["x"]) * given["scale"]
        loss = F.cross_entropy(logits, given["targets"][0])
        loss.backward()
        optimizer.step()
        return {"loss": loss.detach(), "parts": (logits.detach(), [logits.argmax(1)]), "n": 6}

    def feed(turn: int) -> tuple[Any, ...]:
        x, y = batch(data)(turn)
        return ({"inputs": {"x": x}, "targets": [y], "scale": 2.0},)

    return Job(step, feed, parameters(net))


@job("words of other lengths, padded")
def padded(device: str) -> Job:
    data = Data(device)
    words = nn.Embedding(9, 4, padding_idx=0).to(device)
    head = nn.Linear(4, 3).to(device)
    optimizer = gpugrad.optim.Adam([*words.parameters(), *head.parameters()], lr=0.01)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        there = (x != 0).unsqueeze(-1).float()
        mean = (words(x) * there).sum(1) / there.sum(1).clamp(min=1)
        loss = F.cross_entropy(head(mean), y, weight=gpugrad.tensor([1.0, 2.0, 3.0], device=device))
        loss.backward()
        optimizer.step()
        return loss.detach()

    return Job(
        step, lambda turn: (data.words(turn, 3, 4, 9), data.classes(turn, 3, 3)),
        parameters(words, head),
    )  # fmt: skip


@job("embedding of two towers")
def towers(device: str) -> Job:
    data = Data(device)
    users, items = nn.Embedding(5, 4).to(device), nn.Embedding(7, 4).to(device)
    optimizer = gpugrad.optim.SGD([*users.parameters(), *items.parameters()], lr=0.5)

    def step(user: Any, item: Any, liked: Any) -> Any:
        optimizer.zero_grad()
        score = (users(user) * items(item)).sum(-1)
        loss = F.binary_cross_entropy_with_logits(score, liked.float())
        loss.backward()
        optimizer.step()
        return loss.detach()

    return Job(
        step,
        lambda turn: (
            data.classes(turn, 6, 5),
            data.classes(turn + 9, 6, 7),
            data.classes(turn, 6, 2),
        ),
        parameters(users, items),
    )


@job("evaluation between the steps", plans=2)
def evaluated(device: str) -> Job:
    data = Data(device)
    net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.2), nn.Linear(8, 3))
    net = net.to(device)
    optimizer = gpugrad.optim.SGD(net.parameters(), lr=0.1)

    def step(x: Any, y: Any, training: bool) -> Any:
        if not training:
            with gpugrad.no_grad():
                return (net(x).argmax(1) == y).float().mean()
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    def feed(turn: int) -> tuple[Any, ...]:
        net.train(turn % 2 == 0)
        return (*batch(data)(turn), turn % 2 == 0)

    return Job(step, feed, parameters(net))
