"""What training does around the gradient: optimizers, clipping, averages, several networks."""

from __future__ import annotations

import copy
from typing import Any

import gpugrad
from gpugrad import nn
from gpugrad.nn import functional as F
from gpugrad.optim import lr_scheduler
from tests.capture.jobs.registry import TURNS, Data, batch, job, mlp, simple
from tests.capture.training import Job, parameters

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
    scheduler = lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=2 * TURNS)

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
