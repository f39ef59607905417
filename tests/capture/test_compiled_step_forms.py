"""Training steps of other forms, compiled: of several functions, types and scales, or by hand."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.nn import functional as F
from tests.capture.step_jobs import OPTIMIZERS, feed, mlp, sgd, training
from tests.capture.training import (
    STEPS,
    Job,
    array,
    check,
    classes,
    drawn,
    histories,
    parameters,
    programs,
)
from tests.native_switch import switched


def test_functions_that_share_parameters() -> None:
    """One trains, another evaluates, a third decays: each sees what the others did."""

    def run(wrap: Any) -> list[Any]:
        gpugrad.manual_seed(0)
        net = mlp()
        optimizer = sgd(net.parameters())

        def train(x: Tensor, y: Tensor) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            return loss.detach()

        def evaluate(x: Tensor) -> Any:
            with gpugrad.no_grad():
                result: Tensor = net(x)
                return result

        def decay() -> None:
            with gpugrad.no_grad():
                for p in net.parameters():
                    p.mul_(0.99)

        train, evaluate, decay = wrap(train), wrap(evaluate), wrap(decay)
        found = []
        for turn in range(STEPS):
            x, y = feed(turn)
            found.append(array(train(x, y)))
            found.append(array(evaluate(x)))
            decay()
            found.append(array(evaluate(x)))
        return found

    eager, compiled = run(lambda f: f), run(gpugrad.compile)
    for a, b in zip(eager, compiled, strict=True):
        assert (a == b).all()


def test_step_without_arguments() -> None:
    def make() -> Job:
        net, (x, y) = mlp(), feed(0)
        optimizer = OPTIMIZERS["adam"](net.parameters())

        def step() -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            return loss.detach()

        def between(turn: int) -> None:
            x.copy_(drawn(turn, 6, 4))

        return Job(step, lambda turn: (), parameters(net), between)

    check(make)


def test_step_that_returns_nothing() -> None:
    def make() -> Job:
        net = mlp()
        optimizer = sgd(net.parameters())

        def step(x: Tensor, y: Tensor) -> None:
            optimizer.zero_grad()
            F.cross_entropy(net(x), y).backward()
            optimizer.step()

        return Job(step, feed, parameters(net))

    check(make)


@pytest.mark.parametrize("overflows", [False, True])
def test_scaled_loss(overflows: bool) -> None:
    """With a GradScaler: skipped steps and the scale's growth are repeated, too."""

    def make() -> Job:
        net = mlp()
        optimizer = OPTIMIZERS["adam"](net.parameters())
        scaler = gpugrad.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=3)

        def step(x: Tensor, y: Tensor) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), y)
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
            return loss.detach()

        def numbers(turn: int) -> tuple[Tensor, Tensor]:
            x, y = feed(turn)
            return (x * float("inf") if overflows and turn in (2, 6, 7) else x), y

        return Job(step, numbers, parameters(net))

    check(make)


def test_half_precision() -> None:
    def halves(turn: int) -> tuple[Tensor, Tensor]:
        return drawn(turn, 6, 4).half(), classes(turn, 6, 3)

    check(training(sgd, model=lambda: mlp().half(), feed=halves))


def test_double_precision() -> None:
    def doubles(turn: int) -> tuple[Tensor, Tensor]:
        return drawn(turn, 6, 4).double(), classes(turn, 6, 3)

    check(training(OPTIMIZERS["adamw"], model=lambda: mlp().double(), feed=doubles))


def test_large_layers() -> None:
    """Sizes at which primitives choose other ways than for small arrays."""

    def model() -> nn.Module:
        return nn.Sequential(nn.Linear(64, 300), nn.GELU(), nn.LayerNorm(300), nn.Linear(300, 10))

    def much(turn: int) -> tuple[Tensor, Tensor]:
        return drawn(turn, 256, 64), classes(turn, 256, 10)

    with switched(on=False):  # C code adds up in an order of its own
        check(training(OPTIMIZERS["adam"], model=model, feed=much), steps=6)


def test_gradients_by_hand() -> None:
    """The XOR program: parameters without an optimizer."""

    def make() -> Job:
        w1, b1 = drawn(1, 2, 4).requires_grad_(), gpugrad.zeros(4, requires_grad=True)
        w2 = drawn(2, 4, 1).requires_grad_()

        def step(x: Tensor, y: Tensor) -> Any:
            hidden = gpugrad.sigmoid(x @ w1 + b1)
            loss = ((gpugrad.sigmoid(hidden @ w2) - y) ** 2).mean()
            loss.backward()
            with gpugrad.no_grad():
                for p in (w1, b1, w2):
                    p -= 0.5 * p.grad
                    p.grad = None
            return loss.detach()

        return Job(step, lambda turn: (drawn(turn, 1, 2), drawn(turn, 1, 1)), lambda: [w1, b1, w2])

    check(make)


def test_replays_go_on() -> None:
    """Nothing is traced again in a long run."""
    function = histories(training(OPTIMIZERS["adam"]), steps=40)[2]
    assert programs(function) == 1
    assert sum(entry.stale for entry in function._entries.values()) == 0


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam", "rmsprop"])
def test_step_of_the_optimizer_alone(name: str) -> None:
    """Gradients come from eager mode: other arrays in each step, and sometimes none."""

    def make() -> Job:
        net = mlp()
        optimizer = OPTIMIZERS[name](net.parameters())

        def step() -> None:
            optimizer.step()

        def between(turn: int) -> None:
            optimizer.zero_grad()
            x, y = feed(turn)
            F.cross_entropy(net(x), y).backward()
            if turn > 8:
                net[0].weight.grad = None

        return Job(step, lambda turn: (), parameters(net), between)

    check(make, steps=16)


@pytest.mark.parametrize("name", ["sgd", "momentum", "adam", "amsgrad", "centered"])
def test_many_small_parameters(name: str) -> None:
    """They are gathered, and one is too large for that."""

    def make() -> Job:
        weights = [drawn(n, 3 + n % 4).requires_grad_() for n in range(20)]
        weights.append(drawn(30, 2000).requires_grad_())
        if name in ("adam", "amsgrad"):
            weights.pop()  # which count their steps, and are gathered all or none
        optimizer = OPTIMIZERS[name](weights)

        def step(x: Tensor) -> Any:
            optimizer.zero_grad()
            loss = sum(((w * x).sin() ** 2).sum() for w in weights)
            loss.backward()
            optimizer.step()
            return loss.detach()

        return Job(step, lambda turn: (drawn(turn, 1),), lambda: weights)

    check(make)
