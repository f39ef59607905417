"""Whole training steps, compiled: equal to eager ones to the last bit, with changing data."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.nn import functional as F
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

Make = Callable[[], Job]


def mlp(*extra: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.Tanh(), *extra, nn.Linear(8, 3))


def feed(turn: int) -> tuple[Tensor, Tensor]:
    return drawn(turn, 6, 4), classes(turn, 6, 3)


def training(
    make_optimizer: Callable[[Any], Any],
    model: Callable[[], nn.Module] = mlp,
    feed: Callable[[int], tuple[Any, ...]] = feed,
    loss: Callable[..., Tensor] = F.cross_entropy,
    between: Callable[[int, Any, Any], None] | None = None,
) -> Make:
    """A program of ``zero_grad``, forward, ``backward`` and ``step``."""

    def make() -> Job:
        net = model()
        optimizer = make_optimizer(net.parameters())

        def step(x: Any, y: Any) -> Any:
            optimizer.zero_grad()
            value = loss(net(x), y)
            value.backward()
            optimizer.step()
            return value.detach()

        def outside(turn: int) -> None:
            if between is not None:
                between(turn, net, optimizer)

        return Job(step, feed, parameters(net), outside)

    return make


def sgd(params: Any, **options: Any) -> Any:
    return gpugrad.optim.SGD(params, lr=0.1, **options)


# --- optimizers ----------------------------------------------------------------------------------

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": sgd,
    "momentum": lambda p: sgd(p, momentum=0.9),
    "nesterov": lambda p: sgd(p, momentum=0.9, nesterov=True, weight_decay=0.01),
    "dampening": lambda p: sgd(p, momentum=0.5, dampening=0.1, maximize=True),
    "adam": lambda p: gpugrad.optim.Adam(p, lr=0.01),
    "amsgrad": lambda p: gpugrad.optim.Adam(p, lr=0.01, amsgrad=True, weight_decay=0.1),
    "adamw": lambda p: gpugrad.optim.AdamW(p, lr=0.01),
    "adam of low betas": lambda p: gpugrad.optim.Adam(p, lr=0.01, betas=(0.2, 0.5)),
    "rmsprop": lambda p: gpugrad.optim.RMSprop(p, lr=0.01),
    "adamax": lambda p: gpugrad.optim.Adamax(p, lr=0.01),
    "nadam": lambda p: gpugrad.optim.NAdam(p, lr=0.01),
    "radam": lambda p: gpugrad.optim.RAdam(p, lr=0.01),
    "adagrad": lambda p: gpugrad.optim.Adagrad(p, lr=0.01),
    "adadelta": lambda p: gpugrad.optim.Adadelta(p, lr=0.5),
    "rprop": lambda p: gpugrad.optim.Rprop(p, lr=0.01),
    "asgd": lambda p: gpugrad.optim.ASGD(p, lr=0.01),
    "centered": lambda p: gpugrad.optim.RMSprop(p, lr=0.01, centered=True, momentum=0.9),
}


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


# --- layers --------------------------------------------------------------------------------------


def tokens(turn: int) -> tuple[Tensor, Tensor]:
    return classes(turn, 15, 7).reshape(3, 5), classes(turn + 50, 3, 3)


class Text(nn.Module):
    """An embedding, some layer over the sequence, and a classifier."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.embedding, self.layer, self.head = nn.Embedding(7, 8), layer, nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Any:
        found = self.layer(self.embedding(x))
        found = found[0] if isinstance(found, tuple) else found
        result: Tensor = self.head(found.mean(1))
        return result


class Attend(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor) -> Any:
        result: Tensor = self.attention(x, x, x, need_weights=False)[0]
        return result


SEQUENCES: dict[str, Callable[[], nn.Module]] = {
    "none": nn.Identity,
    "layer norm": lambda: nn.LayerNorm(8),
    "rnn": lambda: nn.RNN(8, 8, batch_first=True),
    "lstm": lambda: nn.LSTM(8, 8, num_layers=2, batch_first=True, dropout=0.3),
    "gru": lambda: nn.GRU(8, 8, batch_first=True),
    "attention": Attend,
    "transformer": lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences(name: str) -> None:
    check(training(OPTIMIZERS["adam"], model=lambda: Text(SEQUENCES[name]()), feed=tokens))


def images(turn: int) -> tuple[Tensor, Tensor]:
    return drawn(turn, 4, 2, 6, 6), classes(turn, 4, 3)


def convolutions(pool: nn.Module, norm: nn.Module) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, padding=1), norm, nn.ReLU(), pool, nn.Flatten(), nn.Linear(36, 3)
    )


@pytest.mark.parametrize("name", ["max", "average", "group norm", "strided"])
def test_images(name: str) -> None:
    def model() -> nn.Module:
        if name == "strided":
            return convolutions(nn.Conv2d(4, 4, 2, stride=2), nn.Identity())
        norm = nn.GroupNorm(2, 4) if name == "group norm" else nn.BatchNorm2d(4)
        return convolutions(nn.MaxPool2d(2) if name == "max" else nn.AvgPool2d(2), norm)

    check(training(OPTIMIZERS["momentum"], model=model, feed=images))


ACTIVATIONS = [
    "ReLU",
    "GELU",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "LeakyReLU",
    "ELU",
    "Hardswish",
    "Mish",
]


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name: str) -> None:
    def model() -> nn.Module:
        return nn.Sequential(nn.Linear(4, 8), getattr(nn, name)(), nn.Linear(8, 3))

    check(training(sgd, model=model))


LOSSES = ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy_with_logits"]


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name: str) -> None:
    def numbers(turn: int) -> tuple[Tensor, Tensor]:
        return drawn(turn, 6, 4), drawn(turn + 99, 6, 3)

    check(training(sgd, feed=numbers, loss=getattr(F, name)))


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.1}, {"ignore_index": 1}], ids=str)
def test_cross_entropy(options: dict[str, Any]) -> None:
    def loss(x: Tensor, y: Tensor) -> Any:
        return F.cross_entropy(x, y, **options)

    check(training(sgd, loss=loss))


def test_classes_to_ignore_that_come_later() -> None:
    """No target is to be ignored while the step is traced; some are afterwards."""

    def some_ignored(turn: int) -> tuple[Tensor, Tensor]:
        x, y = feed(turn)
        if turn > 5:
            y[turn % 6] = -100
        return x, y

    check(training(sgd, feed=some_ignored))


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


# --- several functions, plans and scales ---------------------------------------------------------


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
