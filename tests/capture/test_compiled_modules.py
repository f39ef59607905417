"""Compiled modules, methods and decorated functions behave as the ones that they wrap."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import Tensor, nn
from tests.capture.training import drawn, programs, same


def net() -> nn.Sequential:
    gpugrad.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2))


def test_modules_train_as_in_eager_mode() -> None:
    plain, inner = net(), net()
    module = gpugrad.compile(inner)
    optimizers = [gpugrad.optim.SGD(m.parameters(), lr=0.1) for m in (plain, module)]
    for turn in range(10):
        x = drawn(turn, 5, 4)
        for model, optimizer in zip((plain, module), optimizers, strict=True):
            optimizer.zero_grad()
            model(x).square().sum().backward()
            optimizer.step()
        same(list(module.parameters()), list(plain.parameters()))
        same(list(module.buffers()), list(plain.buffers()))
    assert programs(module._compiled) == 1


def test_module_is_still_a_module() -> None:
    inner = net()
    module = gpugrad.compile(inner)
    assert isinstance(module, nn.Module)
    assert module._orig_mod is inner
    assert [n for n, _ in module.named_parameters()] == [
        f"_orig_mod.{n}" for n, _ in inner.named_parameters()
    ]
    assert list(module.state_dict()) == [f"_orig_mod.{n}" for n in inner.state_dict()]
    module.load_state_dict(module.state_dict())
    inner.flag = 3
    assert module.flag == 3
    with pytest.raises(AttributeError, match="nothing_like_this"):
        _ = module.nothing_like_this


def test_eval_of_a_compiled_module() -> None:
    plain, inner = net(), net()
    module = gpugrad.compile(inner)
    for turn in range(16):
        mode = turn % 8 < 4
        plain.train(mode)
        module.train(mode)
        assert inner.training == mode
        x = drawn(turn, 5, 4)
        same(module(x), plain(x))


def test_decorators() -> None:
    @gpugrad.compile
    def one(x: Tensor) -> Any:
        return x + 1

    @gpugrad.compile(fullgraph=False)  # type: ignore[untyped-decorator]
    def two(x: Tensor) -> Any:
        return x + 2

    for turn in range(4):
        x = drawn(turn, 2)
        same(one(x), x + 1)
        same(two(x), x + 2)


def test_methods() -> None:
    """A decorated method is bound like any other."""

    class Model:
        def __init__(self, factor: float) -> None:
            self.factor = factor

        @gpugrad.compile
        def scaled(self, x: Tensor) -> Any:
            return x * self.factor

    models = Model(2.0), Model(3.0)
    for turn in range(5):
        x = drawn(turn, 2)
        for model in models:
            same(model.scaled(x), x * model.factor)
