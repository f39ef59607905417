"""Hooks around the calls of all modules."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.nn.module import Module

register = nn.modules.module
KINDS = ("forward_pre", "forward", "full_backward_pre", "full_backward")


def test_they_see_every_module() -> None:
    seen: list[str] = []

    def noting(kind: str) -> Any:
        return lambda module, *rest: seen.append(f"{kind} {type(module).__name__}")

    plain = Module.__call__
    handles = [getattr(register, f"register_module_{kind}_hook")(noting(kind)) for kind in KINDS]
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    net.register_forward_hook(lambda *_: seen.append("its own"))
    net(gpugrad.ones(1, 2, requires_grad=True)).sum().backward()
    assert seen == [
        *("forward_pre Sequential", "forward_pre Linear", "forward Linear"),
        *("forward_pre ReLU", "forward ReLU", "forward Sequential", "its own"),
        *("full_backward_pre Sequential", "full_backward_pre ReLU", "full_backward ReLU"),
        *("full_backward_pre Linear", "full_backward Linear", "full_backward Sequential"),
    ]
    seen.clear()
    for handle in handles:
        assert Module.__call__ is not plain
        handle.remove()
    assert Module.__call__ is plain
    net(gpugrad.ones(1, 2))
    assert seen == ["its own"]


def test_they_replace_what_passes() -> None:
    with register.register_module_forward_pre_hook(lambda module, args: (args[0] + 1,)):
        assert nn.Identity()(gpugrad.zeros(1)).item() == 1
    with register.register_module_forward_hook(lambda module, args, out: out * 3):
        assert nn.Identity()(gpugrad.ones(1)).item() == 3
    assert nn.Identity()(gpugrad.ones(1)).item() == 1


def test_always_call() -> None:
    seen: list[Any] = []
    with (
        register.register_module_forward_hook(lambda *given: seen.append(given), always_call=True),
        pytest.raises(RuntimeError),
    ):
        nn.Linear(2, 2)(gpugrad.ones(3))
    assert len(seen) == 1
