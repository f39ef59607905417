"""Training steps as tutorials have them, each for its own kind of model: compiled as in eager mode.

Every step runs on the CPU and on the stand-in for CuPy, with other data in every turn.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.nn import functional as F
from gpugrad.optim import lr_scheduler
from tests.capture import training
from tests.capture.training import Job, histories, parameters, programs

TURNS = 6
"""Three are traced or warm up, and three are replays."""

Make = Callable[[str], Job]
JOBS: dict[str, Make] = {}
"""By name, programs for a device."""
PLANS: dict[str, int] = {}
"""How many plans they need, if not one."""


def job(name: str, plans: int = 1) -> Callable[[Make], Make]:
    def add(make: Make) -> Make:
        JOBS[name], PLANS[name] = make, plans
        return make

    return add


def simple(
    net: Any,
    feed: Callable[[int], tuple[Any, ...]],
    loss: Callable[..., Tensor],
    optimizer: Callable[..., Any] = gpugrad.optim.SGD,
    **options: Any,
) -> Job:
    """``zero_grad``, forward, ``backward``, ``step``; the last of the step's arguments is the
    target."""
    options.setdefault("lr", 0.05)
    chosen = optimizer(net.parameters(), **options)

    def step(*inputs: Any) -> Any:
        chosen.zero_grad()
        value = loss(net(*inputs[:-1]), inputs[-1])
        value.backward()
        chosen.step()
        return value.detach()

    return Job(step, feed, parameters(net))


class Data:
    """Numbers that differ from turn to turn, on a device."""

    def __init__(self, device: str) -> None:
        self.device = device

    def normal(self, turn: int, *shape: int) -> Tensor:
        found: Tensor = training.drawn(turn, *shape).to(self.device)
        return found

    def classes(self, turn: int, count: int, number: int) -> Tensor:
        found: Tensor = training.classes(turn, count, number).to(self.device)
        return found

    def words(self, turn: int, rows: int, length: int, number: int) -> Tensor:
        found: Tensor = self.classes(turn, rows * length, number).reshape(rows, length)
        return found


# --- kinds of models ------------------------------------------------------------------------------


@job("cnn with batch norm")
def cnn(device: str) -> Job:
    data = Data(device)
    net = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(4, 6, 3),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 3),
    ).to(device)
    return simple(
        net,
        lambda turn: (data.normal(turn, 4, 1, 8, 8), data.classes(turn, 4, 3)),
        F.cross_entropy,
        momentum=0.9,
        weight_decay=1e-3,
    )


class Block(nn.Module):
    """Two convolutions beside a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.norms = nn.ModuleList([nn.BatchNorm2d(channels) for _ in range(2)])

    def forward(self, x: Any) -> Any:
        y = F.relu(self.norms[0](self.first(x)))
        return F.relu(self.norms[1](self.second(y)) + x)


@job("residual network")
def residual(device: str) -> Job:
    data = Data(device)
    net = nn.Sequential(Block(2), Block(2), nn.Flatten(1), nn.Linear(2 * 16, 3)).to(device)
    return simple(
        net,
        lambda turn: (data.normal(turn, 3, 2, 4, 4), data.classes(turn, 3, 3)),
        F.cross_entropy,
        gpugrad.optim.AdamW,
        lr=0.01,
    )


class Recurrent(nn.Module):
    """A recurrent layer, and a linear one on its last state."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.words = nn.Embedding(7, 4)
        self.layer = layer
        self.head = nn.Linear(5, 3)

    def forward(self, words: Any) -> Any:
        out, _ = self.layer(self.words(words))
        return self.head(out[:, -1])


for kind, layer in {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}.items():

    @job(kind)
    def recurrent(device: str, layer: Any = layer) -> Job:
        data = Data(device)
        net = Recurrent(layer(4, 5, num_layers=2, batch_first=True)).to(device)
        return simple(
            net,
            lambda turn: (data.words(turn, 3, 4, 7), data.classes(turn, 3, 3)),
            F.cross_entropy,
            gpugrad.optim.Adam,
            lr=0.01,
        )


@job("lstm with a state from step to step")
def stateful(device: str) -> Job:
    data = Data(device)
    cell, head = nn.LSTM(3, 4, batch_first=True).to(device), nn.Linear(4, 2).to(device)
    optimizer = gpugrad.optim.SGD([*cell.parameters(), *head.parameters()], lr=0.1)
    state = [gpugrad.zeros(1, 2, 4, device=device), gpugrad.zeros(1, 2, 4, device=device)]

    def step(x: Any, y: Any, h: Any, c: Any) -> Any:
        optimizer.zero_grad()
        out, (h, c) = cell(x, (h, c))
        loss = F.mse_loss(head(out), y)
        loss.backward()
        optimizer.step()
        return loss.detach(), h.detach(), c.detach()

    def feed(turn: int) -> tuple[Any, ...]:
        return data.normal(turn, 2, 3, 3), data.normal(turn, 2, 3, 2), *state

    def keep(result: Any) -> None:
        state[:] = result[1:]

    return Job(step, feed, parameters(cell, head), after=keep)


class Encoder(nn.Module):
    """Words and places, a transformer, and a word for each place."""

    def __init__(self, dropout: float, causal: bool) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(9, 8), nn.Embedding(5, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, 2)
        self.head = nn.Linear(8, 9)
        self.causal = causal

    def forward(self, words: Any) -> Any:
        length = words.shape[1]
        x = self.words(words) + self.places(gpugrad.arange(length, device=words.device))
        mask = None
        if self.causal:
            mask = nn.Transformer.generate_square_subsequent_mask(length, device=words.device)
        return self.head(self.layers(x, mask=mask, is_causal=self.causal))


def per_word(logits: Any, words: Any) -> Any:
    return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), words.reshape(-1))


for causal in (False, True):
    for dropout in (0.0, 0.2):

        @job(f"transformer{' that looks back only' * causal}, dropout {dropout}")
        def encoder(device: str, causal: bool = causal, dropout: float = dropout) -> Job:
            data = Data(device)
            net = Encoder(dropout, causal).to(device)
            return simple(
                net,
                lambda turn: (data.words(turn, 2, 5, 9), data.words(turn + 50, 2, 5, 9)),
                per_word,
                gpugrad.optim.AdamW,
                lr=0.01,
            )


@job("attention by hand")
def attention(device: str) -> Job:
    data = Data(device)

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.all = nn.Linear(8, 24)
            self.norm = nn.LayerNorm(8)
            self.register_buffer("mask", gpugrad.tril(gpugrad.ones(4, 4)))

        def forward(self, x: Any) -> Any:
            b, t, c = x.shape
            q, k, v = self.all(self.norm(x)).split(c, dim=2)
            q, k, v = (p.view(b, t, 2, c // 2).transpose(1, 2) for p in (q, k, v))
            weights = (q @ k.transpose(-2, -1)) * (c // 2) ** -0.5
            weights = weights.masked_fill(self.mask[:t, :t] == 0, float("-inf"))
            mixed = F.softmax(weights, dim=-1) @ v
            return x + mixed.transpose(1, 2).contiguous().view(b, t, c)

    return simple(
        Attention().to(device),
        lambda turn: (data.normal(turn, 2, 4, 8), data.normal(turn + 50, 2, 4, 8)),
        F.mse_loss,
    )


@job("bag of words")
def bag(device: str) -> Job:
    data = Data(device)
    net = nn.Sequential(nn.EmbeddingBag(9, 4, mode="mean"), nn.Linear(4, 3)).to(device)
    return simple(
        net,
        lambda turn: (data.words(turn, 3, 4, 9), data.classes(turn, 3, 3)),
        F.cross_entropy,
        gpugrad.optim.Adagrad,
    )


@job("autoencoder")
def autoencoder(device: str) -> Job:
    data = Data(device)
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3, stride=2, padding=1),
        nn.LeakyReLU(0.1),
        nn.ConvTranspose2d(3, 1, 4, stride=2, padding=1),
        nn.Sigmoid(),
    ).to(device)
    return simple(
        net,
        lambda turn: (data.normal(turn, 2, 1, 8, 8), data.normal(turn, 2, 1, 8, 8).sigmoid()),
        F.binary_cross_entropy,
        gpugrad.optim.RMSprop,
        lr=0.01,
        momentum=0.5,
    )


@job("variational autoencoder")
def variational(device: str) -> Job:
    data = Data(device)
    encode, decode = nn.Linear(6, 4).to(device), nn.Linear(2, 6).to(device)
    optimizer = gpugrad.optim.Adam([*encode.parameters(), *decode.parameters()], lr=0.01)

    def step(x: Any) -> Any:
        optimizer.zero_grad()
        mean, log_variance = encode(x).chunk(2, dim=1)
        z = mean + gpugrad.randn_like(mean) * (0.5 * log_variance).exp()
        divergence = -0.5 * (1 + log_variance - mean.pow(2) - log_variance.exp()).sum()
        loss = F.mse_loss(decode(z), x, reduction="sum") + divergence
        loss.backward()
        optimizer.step()
        return loss.detach()

    return Job(step, lambda turn: (data.normal(turn, 3, 6),), parameters(encode, decode))


# --- what is done around the gradient -------------------------------------------------------------


def mlp(device: str, dropout: float = 0.0) -> Any:
    return nn.Sequential(
        nn.Linear(4, 8), nn.Tanh(), nn.Dropout(dropout), nn.Linear(8, 3)
    ).to(device)  # fmt: skip


def batch(data: Data) -> Callable[[int], tuple[Any, ...]]:
    return lambda turn: (data.normal(turn, 6, 4), data.classes(turn, 6, 3))


OPTIMIZERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "adamw": (gpugrad.optim.AdamW, {"lr": 0.01, "weight_decay": 0.1}),
    "adam with decay": (gpugrad.optim.Adam, {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True}),
    "rmsprop": (gpugrad.optim.RMSprop, {"lr": 0.01, "centered": True}),
    "adagrad": (gpugrad.optim.Adagrad, {"lr": 0.1, "weight_decay": 0.01}),
    "nesterov": (gpugrad.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
}
for title, (kind_of, chosen_options) in OPTIMIZERS.items():

    @job(f"dropout, {title}")
    def optimized(device: str, kind: Any = kind_of, options: Any = chosen_options) -> Job:
        return simple(mlp(device, 0.3), batch(Data(device)), F.cross_entropy, kind, **options)


@job("groups of parameters")
def groups(device: str) -> Job:
    net = mlp(device)
    biases = [p for p in net.parameters() if p.ndim == 1]
    weights = [p for p in net.parameters() if p.ndim > 1]
    optimizer = gpugrad.optim.AdamW(
        [{"params": weights, "weight_decay": 0.1}, {"params": biases, "weight_decay": 0.0}], lr=0.01
    )

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return Job(step, batch(Data(device)), parameters(net))


@job("clipping and a scheduler outside")
def clipped(device: str) -> Job:
    net = mlp(device)
    optimizer = gpugrad.optim.AdamW(net.parameters(), lr=0.05)
    scheduler = lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.1, total_steps=2 * TURNS, cycle_momentum=False
    )

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad(set_to_none=True)
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(net.parameters(), 0.5)
        optimizer.step()
        return loss.detach(), norm

    return Job(step, batch(Data(device)), parameters(net), after=lambda _: scheduler.step())


@job("gradients accumulated over three batches")
def accumulated(device: str) -> Job:
    net, data = mlp(device), Data(device)
    optimizer = gpugrad.optim.SGD(net.parameters(), lr=0.1)

    def step(xs: list[Any], ys: list[Any]) -> Any:
        optimizer.zero_grad()
        total = gpugrad.zeros((), device=device)
        for x, y in zip(xs, ys, strict=True):
            loss = F.cross_entropy(net(x), y) / len(xs)
            loss.backward()
            total += loss.detach()
        optimizer.step()
        return total

    def feed(turn: int) -> tuple[Any, ...]:
        pairs = [batch(data)(3 * turn + n) for n in range(3)]
        return [x for x, _ in pairs], [y for _, y in pairs]

    return Job(step, feed, parameters(net))


@job("average of the parameters")
def averaged(device: str) -> Job:
    net = mlp(device)
    slow = copy.deepcopy(net)
    optimizer = gpugrad.optim.Adam(net.parameters(), lr=0.05)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        with gpugrad.no_grad():
            for average, p in zip(slow.parameters(), net.parameters(), strict=True):
                average.mul_(0.9).add_(p, alpha=0.1)
        return loss.detach()

    return Job(step, batch(Data(device)), parameters(net, slow))


@job("average of the parameters by lerp and data")
def lerped(device: str) -> Job:
    net = mlp(device)
    slow = copy.deepcopy(net).requires_grad_(False)
    optimizer = gpugrad.optim.SGD(net.parameters(), lr=0.1)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        for average, p in zip(slow.parameters(), net.parameters(), strict=True):
            average.data.lerp_(p.data, 0.2)
        return loss.detach(), slow(x)

    return Job(step, batch(Data(device)), parameters(net, slow))


@job("gan with two optimizers")
def gan(device: str) -> Job:
    data = Data(device)
    maker = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)).to(device)
    critic = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1)).to(device)
    of_maker = gpugrad.optim.Adam(maker.parameters(), lr=0.01, betas=(0.5, 0.999))
    of_critic = gpugrad.optim.Adam(critic.parameters(), lr=0.01, betas=(0.5, 0.999))
    criterion = nn.BCEWithLogitsLoss()

    def step(real: Any) -> Any:
        n = real.shape[0]
        ones, zeros = gpugrad.ones(n, 1, device=device), gpugrad.zeros(n, 1, device=device)
        made = maker(gpugrad.randn(n, 3, device=device))
        of_critic.zero_grad()
        critic_loss = criterion(critic(real), ones) + criterion(critic(made.detach()), zeros)
        critic_loss.backward()
        of_critic.step()
        of_maker.zero_grad()
        maker_loss = criterion(critic(made), ones)
        maker_loss.backward()
        of_maker.step()
        return critic_loss.detach(), maker_loss.detach()

    return Job(step, lambda turn: (data.normal(turn, 4, 2),), parameters(maker, critic))


@job("gradient penalty")
def penalty(device: str) -> Job:
    data = Data(device)
    critic = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).to(device)
    optimizer = gpugrad.optim.Adam(critic.parameters(), lr=0.01)

    def step(real: Any, made: Any) -> Any:
        optimizer.zero_grad()
        share = gpugrad.rand(real.shape[0], 1, device=device)
        mixed = (share * real + (1 - share) * made).requires_grad_(True)
        values = critic(mixed)
        (slope,) = gpugrad.autograd.grad(
            values, mixed, grad_outputs=gpugrad.ones_like(values), create_graph=True
        )
        limit = ((slope.norm(2, dim=1) - 1) ** 2).mean()
        loss = critic(made).mean() - critic(real).mean() + 10 * limit
        loss.backward()
        optimizer.step()
        return loss.detach(), limit.detach()

    return Job(
        step, lambda turn: (data.normal(turn, 4, 2), data.normal(turn + 50, 4, 2)),
        parameters(critic),
    )  # fmt: skip


@job("q-learning with a target network")
def q_learning(device: str) -> Job:
    data = Data(device)
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2)).to(device)
    target = copy.deepcopy(net)
    optimizer = gpugrad.optim.AdamW(net.parameters(), lr=0.01, amsgrad=True)

    def step(state: Any, action: Any, reward: Any, following: Any, done: Any) -> Any:
        values = net(state).gather(1, action.unsqueeze(1)).squeeze(1)
        with gpugrad.no_grad():
            best = target(following).max(1).values
        expected = reward + 0.9 * best * (1 - done.float())
        loss = F.smooth_l1_loss(values, expected)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_value_(net.parameters(), 0.1)
        optimizer.step()
        return loss.detach()

    def feed(turn: int) -> tuple[Any, ...]:
        return (
            data.normal(turn, 5, 4),
            data.classes(turn, 5, 2),
            data.normal(turn + 1, 5),
            data.normal(turn + 2, 5, 4),
            data.classes(turn + 3, 5, 2).bool(),
        )

    def copied(turn: int) -> None:
        if turn % 2 == 1:
            target.load_state_dict(net.state_dict())

    return Job(step, feed, parameters(net, target), copied)


@job("policy gradient")
def policy(device: str) -> Job:
    data = Data(device)
    net = mlp(device)
    optimizer = gpugrad.optim.Adam(net.parameters(), lr=0.01)

    def step(states: Any, actions: Any, returns: Any) -> Any:
        returns = (returns - returns.mean()) / (returns.std() + 1e-5)
        logs = F.log_softmax(net(states), dim=-1)
        chosen = logs[gpugrad.arange(len(actions), device=device), actions]
        entropy = -(logs.exp() * logs).sum(-1).mean()
        loss = -(chosen * returns).mean() - 0.01 * entropy
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach(), entropy.detach()

    def feed(turn: int) -> tuple[Any, ...]:
        return data.normal(turn, 6, 4), data.classes(turn, 6, 3), data.normal(turn, 6)

    return Job(step, feed, parameters(net))


@job("teacher and student")
def distilled(device: str) -> Job:
    teacher, student = mlp(device).eval(), mlp(device, 0.1)
    optimizer = gpugrad.optim.SGD(student.parameters(), lr=0.1)

    def step(x: Any, y: Any) -> Any:
        with gpugrad.no_grad():
            wanted = F.softmax(teacher(x) / 2, dim=-1)
        found = student(x)
        soft = F.kl_div(F.log_softmax(found / 2, dim=-1), wanted, reduction="batchmean") * 4
        loss = 0.5 * soft + 0.5 * F.cross_entropy(found, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return Job(step, batch(Data(device)), parameters(student))


@job("contrast within the batch")
def contrast(device: str) -> Job:
    data, net = Data(device), mlp(device)
    optimizer = gpugrad.optim.Adam(net.parameters(), lr=0.01)

    def step(x: Any, noise: Any) -> Any:
        a, b = F.normalize(net(x), dim=1), F.normalize(net(x + 0.1 * noise), dim=1)
        logits = a @ b.T / 0.1
        loss = F.cross_entropy(logits, gpugrad.arange(len(x), device=device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        right = (logits.argmax(1) == gpugrad.arange(len(x), device=device)).float().mean()
        return loss.detach(), right

    return Job(
        step, lambda turn: (data.normal(turn, 5, 4), data.normal(turn + 50, 5, 4)),
        parameters(net),
    )  # fmt: skip


@job("physics-informed network")
def physics(device: str) -> Job:
    data = Data(device)
    net = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1)).to(device)
    optimizer = gpugrad.optim.Adam(net.parameters(), lr=0.01)

    def step(x: Any) -> Any:
        x = x.detach().requires_grad_(True)
        u = net(x)
        (du,) = gpugrad.autograd.grad(u.sum(), x, create_graph=True)
        (ddu,) = gpugrad.autograd.grad(du.sum(), x, create_graph=True)
        start = gpugrad.tensor([[0.0]], device=device)
        loss = (ddu + u).square().mean() + (net(start) - 1).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    return Job(step, lambda turn: (data.normal(turn, 6, 1),), parameters(net))


# --- data that is not a plain batch ---------------------------------------------------------------


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


@pytest.mark.parametrize("device", ["cpu", "host"], indirect=True)
@pytest.mark.parametrize("name", JOBS)
def test_compiled_equals_eager(name: str, device: str) -> None:
    turns = TURNS * PLANS[name]
    eager, compiled, function = histories(lambda: JOBS[name](device), turns)
    for turn, (a, b) in enumerate(zip(eager, compiled, strict=True)):
        assert len(a) == len(b)
        for place, (one, other) in enumerate(zip(a, b, strict=True)):
            message = f"step {turn}, tensor {place}"
            if device == "cpu":
                np.testing.assert_array_equal(other, one, err_msg=message)
            else:
                np.testing.assert_allclose(other, one, rtol=2e-5, atol=2e-6, err_msg=message)
    assert programs(function) == PLANS[name]
