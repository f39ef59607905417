"""Kinds of models: convolutional, recurrent, transformers, and those that make data."""

from __future__ import annotations

from typing import Any

import gpugrad
from gpugrad import nn
from gpugrad.nn import functional as F
from tests.capture.jobs.registry import Data, job, simple
from tests.capture.training import Job, parameters


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
