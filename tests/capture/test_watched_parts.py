"""Numbers in dictionaries, lists, objects and helpers of compiled functions: changes are seen."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor, nn
from tests.capture.training import drawn, equal, programs

FACTOR = 2.0


def helper(x: Tensor) -> Any:
    return x * FACTOR


def through_a_helper(x: Tensor) -> Any:
    return helper(x) + 1


class Trainer:
    def __init__(self) -> None:
        self.scale = 2.0
        self.options = SimpleNamespace(shift=3.0, more=SimpleNamespace(power=1.0))
        self.table = {"weight": 2.0}
        self.mask = gpugrad.ones(3)

    @property
    def gain(self) -> float:
        return self.scale * 2

    def loss(self, x: Tensor) -> Any:
        return x * self.gain + self.options.shift

    def step(self, x: Tensor) -> Any:
        return self.loss(x) ** self.options.more.power * self.table["weight"] * self.mask


class Model(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale, self.table, self.mask = 2.0, {"shift": 1.0}, gpugrad.ones(3)

    def encode(self, x: Tensor) -> Any:
        return x * self.scale + self.table["shift"]

    def forward(self, x: Tensor) -> Any:
        return self.encode(x) * self.mask


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def wrapper(*args: Any) -> Any:
        return function(*args)

    return wrapper


Case = tuple[Callable[[Tensor], Any], Callable[[], Any]]


def dictionary() -> Case:
    table: dict[str, Any] = {"rate": 2.0, "inner": {"shift": 1.0}}
    return lambda x: x * table["rate"] + table["inner"]["shift"], lambda: table.update(rate=3.0)


def inner_dictionary() -> Case:
    table: dict[str, Any] = {"rate": 2.0, "inner": {"shift": 1.0}}
    return lambda x: x * table["inner"]["shift"], lambda: table["inner"].update(shift=5.0)


def tensor_in_a_dictionary() -> Case:
    table = {"shift": gpugrad.ones(3)}
    return lambda x: x + table["shift"], lambda: table.update(shift=gpugrad.zeros(3))


def numbers_in_a_list() -> Case:
    rates = [1.0, 2.0]
    return lambda x: x * rates[1], lambda: rates.reverse()


def default() -> Case:
    rates = [1.0, 2.0]

    def function(x: Tensor, rates: list[float] = rates) -> Any:
        return x * rates[0]

    return function, rates.reverse


def names_in_a_set() -> Case:
    flags = {"a"}
    return lambda x: x * (2 if "b" in flags else 1), lambda: flags.add("b")


def array_of_numpy() -> Case:
    numbers = np.ones(3, "float32")

    def change() -> None:
        numbers[1] = 4

    return lambda x: x * gpugrad.tensor(numbers), change


def partial() -> Case:
    table = {"rate": 2.0}
    bound = functools.partial(lambda t, x: x * t["rate"], table)
    return bound, lambda: table.update(rate=3.0)


def within_a_comprehension() -> Case:
    options = SimpleNamespace(rate=2.0)
    return lambda x: sum([x * options.rate for _ in range(2)]), lambda: vars(options).update(rate=1)


def behind_a_decorator() -> Case:
    options = SimpleNamespace(rate=2.0)
    return decorated(lambda x: x * options.rate), lambda: vars(options).update(rate=3.0)


def attribute_of_a_layer() -> Case:
    net = nn.Sequential(nn.Tanh())
    net.temperature = 2.0
    return lambda x: net(x) / net.temperature, lambda: setattr(net, "temperature", 4.0)


def of_trainer(change: Callable[[Trainer], Any]) -> Callable[[], Case]:
    def case() -> Case:
        trainer = Trainer()
        return trainer.step, lambda: change(trainer)

    return case


def of_model(change: Callable[[Model], Any]) -> Callable[[], Case]:
    def case() -> Case:
        model = Model()
        return lambda x: model(x), lambda: change(model)

    return case


CASES: dict[str, Callable[[], Case]] = {
    **{f.__name__: f for f in (dictionary, inner_dictionary, tensor_in_a_dictionary, default)},
    **{f.__name__: f for f in (numbers_in_a_list, names_in_a_set, array_of_numpy, partial)},
    **{f.__name__: f for f in (within_a_comprehension, behind_a_decorator, attribute_of_a_layer)},
    "property of a method's": of_trainer(lambda t: setattr(t, "scale", 5.0)),
    "options": of_trainer(lambda t: setattr(t.options, "shift", 5.0)),
    "options of options": of_trainer(lambda t: setattr(t.options.more, "power", 2.0)),
    "other options": of_trainer(lambda t: setattr(t, "options", Trainer().options)),
    "table": of_trainer(lambda t: t.table.update(weight=1.0)),
    "tensor": of_trainer(lambda t: setattr(t, "mask", gpugrad.zeros(3))),
    "number of a module": of_model(lambda m: setattr(m, "scale", 5.0)),
    "table of a module": of_model(lambda m: m.table.update(shift=5.0)),
    "tensor of a module": of_model(lambda m: setattr(m, "mask", gpugrad.zeros(3))),
}


def check(case: Case) -> None:
    function, change = case
    compiled = gpugrad.compile(function)
    for turn in range(10):
        if turn == 5:
            assert programs(compiled) == 1
            change()
        equal(compiled(drawn(turn, 3)), function(drawn(turn, 3)))
    assert programs(compiled) == 1


@pytest.mark.parametrize("name", CASES)
def test_changes_are_seen(name: str) -> None:
    check(CASES[name]())


def test_global_of_a_helper(monkeypatch: pytest.MonkeyPatch) -> None:
    check((through_a_helper, lambda: monkeypatch.setitem(globals(), "FACTOR", 3.0)))


def test_nan_is_the_same_nan() -> None:
    options = SimpleNamespace(rate=float("nan"))
    compiled = gpugrad.compile(lambda x: x * options.rate)
    for turn in range(6):
        equal(compiled(drawn(turn, 3)), drawn(turn, 3) * options.rate)
    assert programs(compiled) == 1


def test_what_the_function_itself_leaves_behind() -> None:
    """Lists and tables that it fills are no reason to trace again."""
    seen: list[float] = []
    table: dict[str, Any] = {}

    def function(x: Tensor) -> Any:
        seen.append(1.0)
        table["last"] = x.detach() * 2
        return x + 1

    compiled = gpugrad.compile(function)
    for turn in range(8):
        equal(compiled(drawn(turn, 3)), drawn(turn, 3) + 1)
    assert len(seen) == 3


# --- optimizers ----------------------------------------------------------------------------------


class Signs(gpugrad.optim.Optimizer):
    """An optimizer as programs have their own: with options as numbers of Python's."""

    def __init__(self, params: Any, lr: float) -> None:
        super().__init__(params, {"lr": lr})

    def step(self, closure: Any = None) -> None:
        with gpugrad.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        p.sub_(p.grad.sign(), alpha=group["lr"])


class Decayed(gpugrad.optim.SGD):
    """One that adds to another one."""

    def step(self, closure: Any = None) -> Any:
        with gpugrad.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    p.mul_(1 - group["decay"])
        return super().step(closure)


def trained(wrap: Callable[[Any], Any], kind: str) -> tuple[list[Any], Any]:
    gpugrad.manual_seed(0)
    net, head = nn.Linear(3, 2), nn.Linear(2, 2)
    optimizer: Any
    if kind == "own":
        optimizer = Signs(net.parameters(), lr=0.1)
    else:
        optimizer = Decayed(net.parameters(), lr=0.1)
        optimizer.param_groups[0]["decay"] = 0.01

    def step(x: Tensor) -> Any:
        optimizer.zero_grad()
        loss = head(net(x)).square().sum()
        loss.backward()
        optimizer.step()
        return loss.detach()

    function, found = wrap(step), []
    for turn in range(15):
        if turn == 6:
            optimizer.param_groups[0]["lr" if kind == "own" else "decay"] = 0.05
        if kind != "own":
            optimizer.param_groups[0]["lr"] = 0.1 / (1 + turn)
        if turn == 10:
            optimizer.add_param_group({"params": list(head.parameters()), "lr": 0.1, "decay": 0.1})
        found += [function(drawn(turn, 4, 3)).item(), net.weight.tolist(), head.bias.tolist()]
        found += [head.bias.grad.tolist()]
    return found, function


@pytest.mark.parametrize("kind", ["own", "derived"])
def test_options_of_optimizers_from_outside(kind: str) -> None:
    """And groups of parameters that are added later on."""
    (eager, _), (compiled, function) = (trained(w, kind) for w in (lambda f: f, gpugrad.compile))
    for one, other in zip(eager, compiled, strict=True):
        np.testing.assert_array_equal(one, other)
    assert programs(function)
