"""Several compiled functions over the same parameters, and what one of them leaves to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.backend.noted_steps import CaptureError
from gpugrad.nn import functional as F
from gpugrad.utils.checkpoint import checkpoint
from tests.capture.training import array, classes, drawn, parameters, programs

Wrap = Callable[[Any], Any]
DEVICES = ["cpu", "host"]


def same_in_both(train: Callable[[Wrap], tuple[list[Any], list[Any]]]) -> None:
    (eager, _), (compiled, functions) = train(lambda f: f), train(gpugrad.compile)
    for turn, (one, other) in enumerate(zip(eager, compiled, strict=True)):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(b, a, 2e-5, 2e-6, err_msg=f"turn {turn}")
    for function in functions:
        assert programs(function)


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_generator_and_critic(device: str) -> None:
    """The generator's step adds to the critic's gradients, which the critic's step takes away."""

    def train(wrap: Wrap) -> tuple[list[Any], list[Any]]:
        gpugrad.manual_seed(0)
        maker = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2)).to(device)
        critic = nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1)).to(device)
        of_maker, of_critic = (gpugrad.optim.SGD(m.parameters(), lr=0.1) for m in (maker, critic))

        def judge(real: Tensor) -> Any:
            with gpugrad.no_grad():
                made = maker(gpugrad.randn(5, 3, device=device))
            of_critic.zero_grad()
            loss = F.relu(1 - critic(real)).mean() + F.relu(1 + critic(made)).mean()
            loss.backward()
            of_critic.step()
            return loss.detach()

        def make() -> Any:
            of_maker.zero_grad()
            loss = -critic(maker(gpugrad.randn(5, 3, device=device))).mean()
            loss.backward()
            of_maker.step()
            return loss

        functions, found = [wrap(judge), wrap(make)], []
        for turn in range(10):
            results = [functions[0](drawn(turn, 5, 2).to(device)), functions[1]()]
            found.append([array(t) for t in (*results, *parameters(maker, critic)())])
        return found, functions

    same_in_both(train)


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_update_after_several_batches(device: str) -> None:
    def train(wrap: Wrap) -> tuple[list[Any], list[Any]]:
        gpugrad.manual_seed(0)
        net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 3)).to(device)
        optimizer = gpugrad.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

        def collect(x: Tensor, y: Tensor) -> Any:
            loss = F.cross_entropy(net(x), y) / 3
            loss.backward()
            return loss.detach()

        def update() -> None:
            nn.utils.clip_grad_norm_(net.parameters(), 0.2)
            optimizer.step()
            optimizer.zero_grad()

        functions, found = [wrap(collect), wrap(update)], []
        for turn in range(30):
            loss = functions[0](drawn(turn, 6, 4).to(device), classes(turn, 6, 3).to(device))
            if turn % 3 == 2:
                functions[1]()
            found.append([array(t) for t in (loss, *parameters(net)())])
        return found, functions

    same_in_both(train)


def test_gradient_is_taken_away_after_the_step() -> None:
    """A function that only updates, and then forgets the gradients; some come later."""

    def train(wrap: Wrap) -> tuple[list[Any], list[Any]]:
        gpugrad.manual_seed(0)
        nets = [nn.Linear(3, 2), nn.Linear(3, 2)]
        params = [p for net in nets for p in net.parameters()]
        optimizer = gpugrad.optim.SGD(
            [{"params": list(net.parameters())} for net in nets], lr=0.1, momentum=0.9
        )

        def update() -> None:
            optimizer.step()
            optimizer.zero_grad()

        function, found = wrap(update), []
        for turn in range(16):
            for net in nets[: 1 if turn < 8 else 2]:  # the second has none at first
                net(drawn(turn, 4, 3)).square().sum().backward()
            version = nets[0].weight._version
            function()
            assert nets[0].weight._version > version
            found.append([array(p) for p in params])
            assert all(p.grad is None for p in params)
        return found, [function]

    same_in_both(train)


def test_results_that_keep_their_graph() -> None:
    """A leaf that every call makes for itself is held by the graph of what it returns."""
    net = nn.Linear(3, 2)

    def step(x: Tensor) -> Any:
        x = x.detach().requires_grad_()
        found = net(x)
        (slope,) = gpugrad.autograd.grad(found.sum(), x, create_graph=True)
        penalty = slope.square().mean()
        net.zero_grad()
        (found.square().mean() + penalty).backward()
        return penalty

    compiled = gpugrad.compile(step)
    for turn in range(6):
        expected = step(drawn(turn, 4, 3)).item()
        slopes = net.weight.grad.clone()
        assert compiled(drawn(turn, 4, 3)).item() == pytest.approx(expected, rel=1e-6)
        np.testing.assert_allclose(array(net.weight.grad), array(slopes), rtol=1e-6)
    assert programs(compiled) == 1


# --- states of random numbers --------------------------------------------------------------------


def test_checkpoint_without_random_numbers() -> None:
    """In a forward function, its backward pass may compute anew."""
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    compiled = gpugrad.compile(lambda x: checkpoint(net, x, use_reentrant=False))
    for turn in range(6):
        slopes = []
        for function in (net, compiled):
            net.zero_grad()
            function(drawn(turn, 5, 3)).square().mean().backward()
            slopes.append([array(p.grad) for p in net.parameters()])
        for one, other in zip(*slopes, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
    assert programs(compiled) == 1


def test_checkpoint_that_draws_after_the_function_is_refused() -> None:
    net = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 2))
    compiled = gpugrad.compile(lambda x: checkpoint(net, x, use_reentrant=False))
    compiled(drawn(0, 5, 3))
    with pytest.raises(CaptureError, match=r"call backward\(\) inside"):
        compiled(drawn(0, 5, 3))


# --- messages ------------------------------------------------------------------------------------


class Remembering(nn.Module):
    """Keeps a state in an attribute or buffer that it assigns anew."""

    def __init__(self, registered: bool) -> None:
        super().__init__()
        if registered:
            self.register_buffer("state", gpugrad.zeros(3))
        else:
            self.state = gpugrad.zeros(3)

    def forward(self, x: Tensor) -> Any:
        self.state = 0.9 * self.state + 0.1 * x
        return x - self.state


@pytest.mark.parametrize("registered", [False, True])
def test_state_that_is_assigned_anew(registered: bool) -> None:
    compiled = gpugrad.compile(Remembering(registered))
    for turn in range(3):
        compiled(drawn(turn, 3))
    with pytest.raises(CaptureError, match="left behind"):
        compiled(drawn(3, 3))


def test_where_values_are_read() -> None:
    net = nn.Linear(3, 1)
    optimizer = gpugrad.optim.LBFGS(net.parameters())

    def step(x: Tensor) -> Any:
        def closure() -> Any:
            optimizer.zero_grad()
            loss = net(x).square().mean()
            loss.backward()
            return loss

        return optimizer.step(closure)

    compiled = gpugrad.compile(step)
    compiled(drawn(0, 4, 3))
    with pytest.raises(CaptureError, match=r"inside of LBFGS at .*test_functions_in_turn.py:\d+"):
        compiled(drawn(1, 4, 3))


def test_wide_numbers_of_narrow_ones(generated: None) -> None:
    """float64 that follows from float32 is compared as such: C rounds the latter in its own way."""
    first, last = nn.Linear(4, 8), nn.Linear(8, 3).double()
    optimizer = gpugrad.optim.SGD([*first.parameters(), *last.parameters()], lr=0.1)

    @gpugrad.compile
    def step(x: Tensor, y: Tensor) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(last(first(x).tanh().double()), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    for turn in range(4):
        step(drawn(turn, 6, 4), classes(turn, 6, 3))
    assert [program.rewrite for program in step.programs()] == [True]
