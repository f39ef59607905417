"""Graphs die with the last reference to them, and steps leave nothing behind."""

from __future__ import annotations

import gc
import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import gpugrad


@pytest.fixture(autouse=True)
def collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


class XOR:
    """Two layers trained by hand, one example at a time."""

    def __init__(self) -> None:
        gpugrad.manual_seed(0)
        self.w1, self.b1 = gpugrad.randn(2, 3), gpugrad.zeros(3)
        self.w2, self.b2 = gpugrad.randn(3, 1), gpugrad.zeros(1)
        self.parameters = [self.w1, self.b1, self.w2, self.b2]
        for p in self.parameters:
            p.requires_grad_()
        self.x = gpugrad.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        self.y = gpugrad.tensor([[0.0], [1.0], [1.0], [0.0]])

    def step(self, i: int) -> Any:
        x, y = self.x[i % 4 : i % 4 + 1], self.y[i % 4 : i % 4 + 1]
        hidden = (x @ self.w1 + self.b1).tanh()
        loss = ((hidden @ self.w2 + self.b2).sigmoid() - y).square().mean()
        loss.backward()
        with gpugrad.no_grad():
            for p in self.parameters:
                p -= 0.1 * p.grad
                p.grad = None
        return loss


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads memory use from /proc")
def test_ten_thousand_steps_need_no_more_memory() -> None:
    model = XOR()
    for i in range(1000):
        model.step(i)
    before = resident_bytes()
    for i in range(10_000):
        model.step(i)
    assert resident_bytes() - before < 2**20


def test_a_step_leaves_no_cycles() -> None:
    model = XOR()
    model.step(0)
    gc.collect()
    for i in range(5):
        model.step(i)
    assert gc.collect() == 0


def use_every_feature(x: Any) -> Any:
    y = (x * 2).exp()
    y.retain_grad()
    y.register_hook(lambda grad: grad * 1)
    first, second = y.chunk(2)
    z = y * 1
    z[0] = first.sum()
    z[1:].mul_(second.sum())
    loss = (z.softmax(0) + y.detach()).sum()
    loss.backward(retain_graph=True)
    (slope,) = gpugrad.autograd.grad(loss, x, create_graph=True)
    gpugrad.autograd.grad(slope.sum(), x)
    return loss


def test_views_hooks_and_higher_derivatives_leave_no_cycles() -> None:
    x = gpugrad.ones(4, requires_grad=True)
    use_every_feature(x)
    gc.collect()
    for _ in range(3):
        use_every_feature(x)
    assert gc.collect() == 0


def test_an_unused_graph_is_freed_at_once() -> None:
    x = gpugrad.ones(3, requires_grad=True)
    y = (x * 2).exp()
    node, inner = weakref.ref(y.grad_fn), weakref.ref(y)
    assert node() is not None
    del y
    assert inner() is None
    assert node() is None


def test_a_backward_pass_frees_what_was_saved() -> None:
    x = gpugrad.ones(3, requires_grad=True)
    middle = x * 2
    saved = weakref.ref(middle)
    array = weakref.ref(middle.array)
    loss = middle.exp().mul(middle).sum()
    del middle
    assert saved() is None
    assert array() is not None, "the product keeps its operand"
    loss.backward()
    assert array() is None, "the graph keeps its shape but not its values"


def test_leaves_do_not_keep_the_graph() -> None:
    x = gpugrad.ones(3, requires_grad=True)
    loss = x.exp().sum()
    loss.backward()
    node = weakref.ref(loss.grad_fn)
    del loss
    assert node() is None


def test_a_long_chain_is_freed_without_recursion() -> None:
    x = gpugrad.ones(1, requires_grad=True)
    y = x
    for _ in range(200_000):
        y = y + 1
    node = weakref.ref(y.grad_fn)
    del y
    assert node() is None


def test_a_hook_s_tensor_is_not_kept_by_its_node() -> None:
    x = gpugrad.ones(1, requires_grad=True)
    y = x * 2
    y.retain_grad()
    reference = weakref.ref(y)
    z = y * 3
    del y
    assert reference() is None
    z.sum().backward()
    assert x.grad.tolist() == [6.0]
