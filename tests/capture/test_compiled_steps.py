"""Whole training steps, compiled: equal to eager ones to the last bit, with changing data."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.nn import functional as F
from tests.capture.step_jobs import OPTIMIZERS, feed, mlp, sgd, training
from tests.capture.training import (
    Job,
    check,
    classes,
    drawn,
    parameters,
)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name: str) -> None:
    check(training(OPTIMIZERS[name]))


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("place", ["first", "before backward", "last", "outside"])
def test_zero_grad_anywhere(place: str, set_to_none: bool) -> None:
    def make() -> Job:
        net = mlp()
        optimizer = sgd(net.parameters())

        def step(x: Tensor, y: Tensor) -> Any:
            if place == "first":
                optimizer.zero_grad(set_to_none)
            loss = F.cross_entropy(net(x), y)
            if place == "before backward":
                optimizer.zero_grad(set_to_none)
            loss.backward()
            optimizer.step()
            if place == "last":
                optimizer.zero_grad(set_to_none)
            return loss.detach()

        def between(turn: int) -> None:
            if place == "outside":
                optimizer.zero_grad(set_to_none)

        return Job(step, feed, parameters(net), between)

    check(make)


def test_accumulation_over_several_calls() -> None:
    """Gradients add up in three calls, and a fourth function takes the step."""

    def make() -> Job:
        net = mlp()
        optimizer = sgd(net.parameters())

        def add(x: Tensor, y: Tensor) -> Any:
            loss = F.cross_entropy(net(x), y) / 3
            loss.backward()
            return loss.detach()

        def between(turn: int) -> None:
            if turn % 3 == 0 and turn:
                optimizer.step()
                optimizer.zero_grad()

        return Job(add, feed, parameters(net), between)

    check(make, steps=18, plans=2)  # with gradients before and without


def test_accumulation_inside() -> None:
    def make() -> Job:
        net = mlp()
        optimizer = sgd(net.parameters())

        def step(x: Tensor, y: Tensor) -> list[Tensor]:
            optimizer.zero_grad()
            losses = []
            for part in range(3):
                rows = slice(2 * part, 2 * part + 2)
                loss = F.cross_entropy(net(x[rows]), y[rows])
                loss.backward()
                losses.append(loss.detach())
            optimizer.step()
            return losses

        return Job(step, feed, parameters(net))

    check(make)


@pytest.mark.parametrize("kind", ["norm", "infinity", "value"])
def test_clipping(kind: str) -> None:
    def make() -> Job:
        net = mlp()
        optimizer = sgd(net.parameters())

        def step(x: Tensor, y: Tensor) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            norm = None
            if kind == "value":
                nn.utils.clip_grad_value_(net.parameters(), 0.05)
            else:
                p = 2.0 if kind == "norm" else float("inf")
                norm = nn.utils.clip_grad_norm_(net.parameters(), 0.3, norm_type=p)
            optimizer.step()
            return loss.detach(), norm

        return Job(step, feed, parameters(net))

    check(make)


# --- what changes between steps ------------------------------------------------------------------


def test_scheduler_outside() -> None:
    def make() -> Job:
        net = mlp()
        optimizer = gpugrad.optim.Adam(net.parameters(), lr=0.1)
        scheduler = gpugrad.optim.lr_scheduler.ExponentialLR(optimizer, 0.7)

        def step(x: Tensor, y: Tensor) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), y)
            loss.backward()
            optimizer.step()
            return loss.detach()

        def between(turn: int) -> None:
            if turn:
                scheduler.step()

        return Job(step, feed, parameters(net), between)

    function = check(make)
    assert all(entry.stale == 0 for entry in function._entries.values())


def test_learning_rate_as_a_tensor() -> None:
    def change(turn: int, net: Any, optimizer: Any) -> None:
        if turn == 6:
            optimizer.param_groups[0]["lr"].fill_(0.03)

    check(training(lambda p: gpugrad.optim.SGD(p, lr=gpugrad.tensor(0.1)), between=change))


def test_changed_options() -> None:
    """Other betas are noticed, and the step is traced anew."""

    def change(turn: int, net: Any, optimizer: Any) -> None:
        if turn == 6:
            optimizer.param_groups[0]["betas"] = (0.5, 0.6)
        if turn == 7:
            optimizer.param_groups[0]["weight_decay"] = 0.1

    check(training(OPTIMIZERS["adam"], between=change))


def test_load_state_dict() -> None:
    """Of model and optimizer, between the calls: what was saved is trained again."""
    saved: dict[str, Any] = {}

    def change(turn: int, net: Any, optimizer: Any) -> None:
        if turn == 4:
            saved["net"] = copy.deepcopy(net.state_dict())
            saved["optimizer"] = copy.deepcopy(optimizer.state_dict())
        if turn == 8:
            net.load_state_dict(saved["net"])
            optimizer.load_state_dict(saved["optimizer"])

    check(training(OPTIMIZERS["adam"], between=change), steps=16)


def test_train_and_eval() -> None:
    def make() -> Job:
        net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3))
        optimizer = sgd(net.parameters())

        def step(x: Tensor, y: Tensor) -> Any:
            loss = F.cross_entropy(net(x), y)
            if net.training:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            return loss.detach()

        def between(turn: int) -> None:
            net.train(turn % 8 < 4)

        return Job(step, feed, parameters(net), between)

    check(make, steps=20)


def test_freezing_a_layer() -> None:
    def change(turn: int, net: Any, optimizer: Any) -> None:
        net[0].requires_grad_(turn < 6)

    check(training(lambda p: sgd(list(p)), between=change))


def test_another_batch_size() -> None:
    """Each has its plan; the plans take turns."""

    def sizes(turn: int) -> tuple[Tensor, Tensor]:
        rows = 6 if turn % 2 else 3
        return drawn(turn, rows, 4), classes(turn, rows, 3)

    check(training(OPTIMIZERS["adam"], feed=sizes), steps=16, plans=2)


# --- random numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", ["Dropout", "Dropout1d"])
def test_random_layers(layer: str) -> None:
    """The same numbers as in eager mode for a seed."""
    check(training(sgd, model=lambda: mlp(getattr(nn, layer)())))


def test_random_numbers_in_a_step() -> None:
    def make() -> Job:
        w = gpugrad.zeros(3, requires_grad=True)

        def step(x: Tensor) -> Any:
            w.grad = None
            noise = gpugrad.randn(3) + gpugrad.rand(3) + gpugrad.randint(0, 5, (3,))
            ((w - x - noise) ** 2).sum().backward()
            with gpugrad.no_grad():
                w.sub_(w.grad, alpha=0.1)
            return noise

        return Job(step, lambda turn: (drawn(turn, 3),), lambda: [w])

    check(make)


def test_draws_go_on_after_a_replay() -> None:
    def make() -> Job:
        def step(x: Tensor) -> Any:
            return F.dropout(x, 0.5)

        return Job(step, lambda turn: (drawn(turn, 5) + gpugrad.rand(5),), list)

    check(make)


# --- derivatives of derivatives ------------------------------------------------------------------


def test_gradient_penalty() -> None:
    def make() -> Job:
        net = mlp()
        optimizer = sgd(net.parameters())

        def step(x: Tensor, y: Tensor) -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x), y)
            grads = gpugrad.autograd.grad(loss, list(net.parameters()), create_graph=True)
            total = loss + sum((g * g).sum() for g in grads)
            total.backward()
            optimizer.step()
            return total.detach()

        return Job(step, feed, parameters(net))

    check(make)


def test_hessian_vector_product() -> None:
    def make() -> Job:
        w = drawn(77, 4, 3).requires_grad_()

        def step(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
            loss = F.cross_entropy((x @ w).tanh(), y)
            (grad,) = gpugrad.autograd.grad(loss, w, create_graph=True)
            (product,) = gpugrad.autograd.grad((grad * grad.detach()).sum(), w)
            return grad.detach(), product

        return Job(step, feed, lambda: [w])

    check(make)
