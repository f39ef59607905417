"""Functions that write into their arguments: parts of other memory, or other tensors every time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.backend.noted_steps import CaptureError
from tests.capture.training import array, drawn, equal, programs

DEVICES = ["cpu", "host"]


def normalize(x: Tensor) -> Any:
    x -= x.mean(0)
    x.div_(x.square().mean(0) + 0.1)
    return x.square().sum()


def check_parts(device: str) -> None:
    compiled, results = gpugrad.compile(normalize), []
    data, same = (drawn(0, 24, 3).to(device) for _ in range(2))
    for turn in range(8):
        count = data._version
        part = slice(3 * turn, 3 * turn + 3)
        results.append((compiled(data[part]), normalize(same[part])))
        assert data._version > count
        np.testing.assert_allclose(array(data), array(same), rtol=1e-6, atol=1e-7)
    for found, expected in results:
        np.testing.assert_allclose(array(found), array(expected), rtol=1e-6)
    assert programs(compiled) == 1


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_parts_of_other_memory(device: str) -> None:
    check_parts(device)


def test_parts_of_other_memory_in_c(generated: None) -> None:
    check_parts("cpu")


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_columns(device: str) -> None:
    """Parts with gaps between their elements."""
    table, same = (gpugrad.zeros(4, 8, device=device) for _ in range(2))
    compiled = gpugrad.compile(lambda x, out: out.copy_(x * 2) if out.dim() == 1 else None)
    for turn in range(8):
        x = drawn(turn, 4).to(device)
        compiled(x, table[:, turn])
        same[:, turn].copy_(x * 2)
    np.testing.assert_array_equal(array(table), array(same))


@pytest.mark.parametrize("device", DEVICES, indirect=True)
def test_another_tensor_in_every_call(device: str) -> None:
    """At first it is taken to be always the same one; nothing is traced again for the others."""
    compiled = gpugrad.compile(lambda x, out: out.copy_(x * 2).add_(1))
    held = []
    for turn in range(20):
        out = gpugrad.zeros(3, device=device)
        compiled(drawn(turn, 3).to(device), out)
        assert out._version > 0
        held.append(out)
    for turn, out in enumerate(held):
        equal(out, drawn(turn, 3) * 2 + 1)
    assert programs(compiled) == 1
    assert all(entry.stale == 0 for entry in compiled._entries.values())


def test_clipped_gradients_from_outside() -> None:
    """Eager gradients are new tensors in every step, which clipping writes into."""
    histories = []
    ways: list[Any] = [lambda f: f, gpugrad.compile]
    for wrap in ways:
        gpugrad.manual_seed(0)
        net = nn.Linear(4, 3)
        optimizer = gpugrad.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)

        def update(net: Any = net, optimizer: Any = optimizer) -> Any:
            norm = nn.utils.clip_grad_norm_(net.parameters(), 0.5)
            optimizer.step()
            optimizer.zero_grad()
            return norm

        function, found = wrap(update), []
        for turn in range(20):
            net(drawn(turn, 5, 4)).square().mean().backward()
            found += [array(function()), *(array(p) for p in net.parameters())]
            assert net.weight.grad is None
        histories.append(found)
    assert programs(function) == 1
    for one, other in zip(*histories, strict=True):
        np.testing.assert_array_equal(one, other)


def two_parts(a: Tensor, b: Tensor) -> Any:
    a.add_(b)
    return a.sum()


def test_parts_that_overlap_are_refused() -> None:
    data = drawn(0, 6)
    compiled = gpugrad.compile(two_parts)
    compiled(data[:3], data[1:4])
    with pytest.raises(CaptureError, match="clone one of them"):
        compiled(data[:3], data[1:4])


@pytest.mark.parametrize("writes", ["part", "whole"])
def test_whole_under_another_name_is_refused(writes: str) -> None:
    data = drawn(0, 6)

    def function(x: Tensor) -> Any:
        (x if writes == "part" else data).add_(1)
        return (data if writes == "part" else x).sum()

    compiled = gpugrad.compile(function)
    compiled(data[:3])
    with pytest.raises(CaptureError, match="clone one of them"):
        compiled(data[:3])


def test_error_after_writing() -> None:
    """What was written before an error stays written, also while tracing."""
    broken = False

    def function(x: Tensor) -> Any:
        x.mul_(2)
        if broken:
            raise ValueError("mine")
        return x.sum()

    compiled = gpugrad.compile(function)
    data = gpugrad.ones(6)
    compiled(data[:3])
    broken = True
    with pytest.raises(ValueError, match="mine"):
        compiled(data[:3])
    np.testing.assert_array_equal(array(data), [4, 4, 4, 1, 1, 1])


def test_versions_of_what_replays_change() -> None:
    """A graph that needs a tensor's former numbers notices that a replay has changed them."""
    running = gpugrad.ones(3)

    @gpugrad.compile
    def move(x: Tensor) -> None:
        running.mul_(0.5).add_(x)

    for turn in range(5):
        move(drawn(turn, 3))
    w = gpugrad.ones(3, requires_grad=True)
    loss = (w * running).sum()
    move(drawn(9, 3))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
