"""Contexts whose handler sees the calls of functions and methods."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

import gpugrad
from gpugrad import Tensor
from gpugrad.nn import functional
from gpugrad.overrides import TorchFunctionMode, resolve_name


class Logged(TorchFunctionMode):
    def __init__(self, note: str = "") -> None:
        self.note = note
        self.seen: list[str] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen.append(self.note + str(resolve_name(func)))
        return func(*args, **(kwargs or {}))


def test_sees_functions_methods_and_operators() -> None:
    with Logged() as mode:
        x = gpugrad.ones(2)
        x.exp()
        functional.relu(x)
        2 * x - x[0]
        x[0] = 3
        x += 1
        gpugrad.tensor([1.0])
    assert x.tolist() == [4, 2]
    assert mode.seen == [
        "torch.ones",
        "torch.Tensor.exp",
        "torch.nn.functional.relu",
        "torch.Tensor.mul",
        "torch.Tensor.__getitem__",
        "torch.Tensor.sub",
        "torch.Tensor.__setitem__",
        "torch.Tensor.add_",
        "torch.tensor",
    ]


def test_leaves_nothing_behind() -> None:
    before = [dict(vars(home)) for home in (Tensor, gpugrad, functional)]
    with Logged(), Logged():
        assert vars(Tensor)["exp"] is not before[0]["exp"]
    for home, names in zip((Tensor, gpugrad, functional), before, strict=True):
        assert {n: v for n, v in vars(home).items() if v is not names.get(n)} == {}


def test_inner_contexts_come_first_and_are_off_in_their_handlers() -> None:
    outer, inner = Logged(), Logged()
    inner.seen = outer.seen
    outer.note, inner.note = "outer ", "inner "
    with outer, inner:
        gpugrad.zeros(1)
    assert outer.seen == ["inner torch.zeros", "outer torch.zeros"]


def test_a_handler_replaces_functions() -> None:
    class Other(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kw: Any = None) -> Any:
            if func is gpugrad.add:
                func = gpugrad.sub
            return func(*args, **(kw or {}))

    x = gpugrad.ones(1)
    with Other():
        assert gpugrad.add(x, x).item() == 0
    assert gpugrad.add(x, x).item() == 2


def test_gradients_pass_through() -> None:
    x = gpugrad.ones(2, requires_grad=True)
    with Logged() as mode:
        (x * 3).sum().backward()
    assert x.grad.tolist() == [3, 3]
    assert "torch.Tensor.backward" in mode.seen


def test_classes_derived_inside_keep_their_dispatch() -> None:
    """In a process of its own: deriving the first class replaces functions for good."""
    program = """
import gpugrad
from gpugrad.overrides import TorchFunctionMode

class Through(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))

with Through():
    class Named(gpugrad.Tensor):
        pass
    x = gpugrad.ones(1).as_subclass(Named)
    assert type(x + 1) is type(gpugrad.exp(x)) is Named
assert type(x + 1) is type(gpugrad.exp(x)) is type(gpugrad.stack([x, x])) is Named
assert type(gpugrad.exp(gpugrad.ones(1))) is gpugrad.Tensor
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_errors_leave_the_context() -> None:
    with pytest.raises(RuntimeError), Logged():
        gpugrad.ones(2) + gpugrad.ones(3)
    assert vars(Tensor)["add"].__qualname__ != "_seen.<locals>.call"

    class Refusing(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kw: Any = None) -> Any:
            return NotImplemented

    with pytest.raises(TypeError, match="Multiple dispatch failed for 'torch.ones'"), Refusing():
        gpugrad.ones(1)
