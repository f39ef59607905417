"""Programs that use more of the library in a step: transforms, checkpoints, masks, samples."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import gpugrad
from gpugrad import nn
from gpugrad.distributions import Categorical, Normal
from gpugrad.func import functional_call, grad_and_value, jacrev, vmap
from gpugrad.nn import functional as F
from gpugrad.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from gpugrad.utils.checkpoint import checkpoint
from tests.capture.jobs.registry import Data, batch, job, mlp, simple
from tests.capture.training import Job, parameters


def sgd(*modules: nn.Module) -> Any:
    return gpugrad.optim.SGD([p for m in modules for p in m.parameters()], lr=0.1)


@job("cumulative batch normalization")
def cumulative(device: str) -> Job:
    net = nn.Sequential(
        nn.Linear(4, 8), nn.BatchNorm1d(8, momentum=None), nn.ReLU(), nn.Linear(8, 3)
    ).to(device)
    return simple(net, batch(Data(device)), F.cross_entropy)


for reentrant in (True, False):

    @job(f"checkpoint with dropout, {'' if reentrant else 'not '}reentrant")
    def checkpointed(device: str, reentrant: bool = reentrant) -> Job:
        first, last = nn.Linear(4, 4).to(device), mlp(device, 0.4)
        optimizer = sgd(first, last)

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            hidden = first(F.dropout(x, 0.1))
            found = checkpoint(last, hidden, use_reentrant=reentrant)
            loss = F.cross_entropy(F.dropout(found, 0.1), y)
            loss.backward()
            optimizer.step()
            return loss.detach(), gpugrad.rand(2, device=device)

        return Job(step, batch(Data(device)), parameters(first, last))


@job("learning to learn by functional calls")
def inner_loop(device: str) -> Job:
    net, data = nn.Sequential(nn.Linear(1, 6), nn.Tanh(), nn.Linear(6, 1)).to(device), Data(device)
    optimizer = sgd(net)

    def step(x: Any, y: Any, later_x: Any, later_y: Any) -> Any:
        optimizer.zero_grad()
        for k in range(2):
            weights = dict(net.named_parameters())
            loss = F.mse_loss(functional_call(net, weights, (x[k],)), y[k])
            slopes = gpugrad.autograd.grad(loss, list(weights.values()), create_graph=True)
            named = zip(weights.items(), slopes, strict=True)
            weights = {name: w - 0.1 * slope for (name, w), slope in named}
            later = F.mse_loss(functional_call(net, weights, (later_x[k],)), later_y[k])
            later.backward()
        optimizer.step()
        return later  # with its graph, which has no leaf of its own left

    return Job(step, lambda turn: tuple(data.normal(turn + 9 * k, 2, 4, 1) for k in range(4)),
               parameters(net))  # fmt: skip


@job("gradients of single samples, clipped and noisy")
def private(device: str) -> Job:
    net = mlp(device)
    optimizer = sgd(net)

    def loss(weights: Any, x: Any, y: Any) -> Any:
        return F.cross_entropy(functional_call(net, weights, (x[None],)), y[None])

    single = vmap(grad_and_value(loss), in_dims=(None, 0, 0))

    def step(x: Any, y: Any) -> Any:
        slopes, losses = single({k: p.detach() for k, p in net.named_parameters()}, x, y)
        norms = gpugrad.stack([g.flatten(1).norm(dim=1) for g in slopes.values()]).norm(dim=0)
        factor = (0.5 / (norms + 1e-6)).clamp(max=1.0)
        for name, p in net.named_parameters():
            mean = (slopes[name] * factor.view(-1, *[1] * p.dim())).mean(0)
            p.grad = mean + 0.01 * gpugrad.randn_like(p)
        optimizer.step()
        return losses

    return Job(step, batch(Data(device)), parameters(net))


@job("penalty on Jacobian matrices")
def jacobians(device: str) -> Job:
    net, data = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 3)).to(device), Data(device)
    optimizer = sgd(net)

    def step(x: Any) -> Any:
        loss = (vmap(jacrev(net))(x) - gpugrad.eye(3, device=device)).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return Job(step, lambda turn: (data.normal(turn, 4, 3),), parameters(net))


@job("average of the parameters inside of the step")
def averaged_inside(device: str) -> Job:
    net = mlp(device)
    averages = [
        AveragedModel(net, device=device),
        AveragedModel(net, device=device, multi_avg_fn=get_ema_multi_avg_fn(0.8)),
    ]
    optimizer = sgd(net)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        for average in averages:
            average.update_parameters(net)
        return loss.detach(), averages[0](x)

    def between(turn: int) -> None:
        if turn == 4:
            averages[0].n_averaged.zero_()

    return Job(step, batch(Data(device)), parameters(net, *averages), between)


@job("actions drawn from distributions")
def actor(device: str) -> Job:
    net, data = mlp(device), Data(device)
    spread = nn.Parameter(gpugrad.zeros(3, device=device))
    optimizer = gpugrad.optim.SGD([*net.parameters(), spread], lr=0.1)

    def step(states: Any, reward: Any) -> Any:
        found = net(states)
        choice, size = Categorical(logits=found), Normal(found, spread.exp())
        action, amount = choice.sample(), size.sample()
        score = choice.log_prob(action) + size.log_prob(amount).sum(-1)
        loss = -(score * reward).mean() - 0.01 * choice.entropy().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach(), action, amount

    return Job(step, lambda turn: (data.normal(turn, 6, 4), data.normal(turn, 6)), parameters(net))


@dataclass
class Samples:
    x: Any
    y: Any
    name: str = "samples"


@dataclass(frozen=True)
class Outcome:
    loss: Any
    scores: list[Any]
    of: str


@job("dataclasses in and out", plans=2)
def dataclasses(device: str) -> Job:
    net, data = mlp(device), Data(device)
    optimizer = sgd(net)

    def step(samples: Samples) -> Any:
        found = net(samples.x)
        loss = F.cross_entropy(found, samples.y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return Outcome(loss.detach(), [found.detach(), (found > 0).sum()], samples.name)

    def feed(turn: int) -> tuple[Any, ...]:
        size = 6 - turn % 2
        return (Samples(data.normal(turn, size, 4), data.classes(turn, size, 3), f"of {size}"),)

    def parts(result: Any) -> None:
        assert result.of in ("of 5", "of 6")
        assert result.scores[0].shape[0] == int(result.of[-1])

    return Job(step, feed, parameters(net), after=parts)


@job("contrast with masks, made in the step and outside")
def masked_contrast(device: str) -> Job:
    net, data, n = mlp(device), Data(device), 4
    optimizer = sgd(net)
    itself = gpugrad.eye(2 * n, dtype=gpugrad.bool, device=device)

    def step(a: Any, b: Any) -> Any:
        labels = gpugrad.cat([gpugrad.arange(n, device=device)] * 2)
        alike = labels.unsqueeze(0) == labels.unsqueeze(1)
        z = F.normalize(gpugrad.cat([net(a), net(b)]), dim=1)
        others = (z @ z.T)[~itself].view(2 * n, -1)
        alike = alike[~itself].view(2 * n, -1)
        positive, negative = others[alike].view(2 * n, -1), others[~alike].view(2 * n, -1)
        logits = gpugrad.cat([positive, negative], dim=1) / 0.5
        loss = F.cross_entropy(logits, gpugrad.zeros(2 * n, dtype=gpugrad.long, device=device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return Job(
        step, lambda turn: (data.normal(turn, n, 4), data.normal(turn + 40, n, 4)), parameters(net)
    )


@job("graph with nodes to train and nodes to test")
def nodes(device: str) -> Job:
    net, data = mlp(device, 0.2), Data(device)
    optimizer = sgd(net)
    x, y = data.normal(1, 8, 4), data.classes(2, 8, 3)
    near = (data.normal(3, 8, 8) > 0.3).float()
    train = gpugrad.arange(8, device=device) % 3 > 0

    def step() -> Any:
        optimizer.zero_grad()
        found = near @ net(near @ x)
        loss = F.cross_entropy(found[train], y[train])
        loss.backward()
        optimizer.step()
        return loss, (found[~train].argmax(1) == y[~train]).float().mean()

    return Job(step, lambda turn: (), parameters(net))


@job("sequences of other lengths, packed")
def packed(device: str) -> Job:
    layer, last = nn.GRU(3, 5, batch_first=True).to(device), nn.Linear(5, 3).to(device)
    optimizer, data = sgd(layer, last), Data(device)

    def step(x: Any, y: Any) -> Any:
        parts = nn.utils.rnn.pack_padded_sequence(x, [5, 3, 2], batch_first=True)
        found, state = layer(parts)
        found, _ = nn.utils.rnn.pad_packed_sequence(found, batch_first=True)
        loss = F.cross_entropy(last(state[-1]), y) + 0.1 * found.square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach(), found

    return Job(
        step, lambda turn: (data.normal(turn, 3, 5, 3), data.classes(turn, 3, 3)),
        parameters(layer, last),
    )  # fmt: skip


@job("towards flat minima")
def sharpness(device: str) -> Job:
    net = mlp(device)
    optimizer = gpugrad.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        F.cross_entropy(net(x), y).backward()
        with gpugrad.no_grad():
            norm = gpugrad.stack([p.grad.norm() for p in net.parameters()]).norm()
            moves = [p.grad * (0.05 / (norm + 1e-12)) for p in net.parameters()]
            for p, move in zip(net.parameters(), moves, strict=True):
                p.add_(move)
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        with gpugrad.no_grad():
            for p, move in zip(net.parameters(), moves, strict=True):
                p.sub_(move)
        optimizer.step()
        return loss.detach()

    return Job(step, batch(Data(device)), parameters(net))


@job("two branches in turn, one optimizer", plans=2)
def branches(device: str) -> Job:
    first, second, data = mlp(device), mlp(device), Data(device)
    optimizer = gpugrad.optim.AdamW([*first.parameters(), *second.parameters()], lr=0.01)

    def step(x: Any, y: Any, branch: str) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy((first if branch == "first" else second)(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    def feed(turn: int) -> tuple[Any, ...]:
        return *batch(data)(turn), ("first", "second")[turn % 2]

    return Job(step, feed, parameters(first, second))


@job("best parameters so far, in memory")
def best_so_far(device: str) -> Job:
    net = mlp(device)
    kept = copy.deepcopy(net)
    best = gpugrad.full((), float("inf"), device=device)
    optimizer = sgd(net)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        with gpugrad.no_grad():
            better = loss < best
            best.copy_(gpugrad.minimum(best, loss))
            for old, new in zip(kept.parameters(), net.parameters(), strict=True):
                old.copy_(gpugrad.where(better, new, old))
        return loss.detach(), best

    return Job(step, batch(Data(device)), parameters(net, kept))
