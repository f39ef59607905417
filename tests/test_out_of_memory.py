"""When a device has no memory left: an error that names the sizes, and a library that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.cuda.devices import cupy
from tests import host_cupy
from tests.conftest import DEVICES, device_named

MIB = 2**20


@pytest.fixture(params=DEVICES[1:])
def limited(request: pytest.FixtureRequest) -> Iterator[Any]:
    """CuPy's pool, which a test may limit."""
    device_named(request)
    pool = cupy().get_default_memory_pool()
    gpugrad.cuda.empty_cache()
    yield pool
    pool.set_limit(size=0)


def test_the_error_is_pytorchs() -> None:
    assert gpugrad.OutOfMemoryError is gpugrad.cuda.OutOfMemoryError
    assert gpugrad.OutOfMemoryError.__bases__ == (RuntimeError,)


def test_the_sizes_are_named(limited: Any) -> None:
    kept = gpugrad.zeros(3 * MIB, dtype=gpugrad.uint8, device="cuda")
    used = gpugrad.cuda.memory_allocated()
    limited.set_limit(size=used + 4 * MIB)
    with pytest.raises(gpugrad.cuda.OutOfMemoryError) as caught:
        gpugrad.zeros(5 * MIB // 4 + 1, device="cuda")
    total = gpugrad.cuda.mem_get_info()[1]
    message = str(caught.value)
    assert message.startswith("CUDA out of memory. Tried to allocate 5.00 MiB. GPU 0 has a total")
    assert f"capacity of {total / 2**30:.2f} GiB of which " in message
    assert f"{used / MIB:.2f} MiB is allocated by arrays of this process, and 0 bytes" in message
    assert message.endswith(f"limited to {(used + 4 * MIB) / MIB:.2f} MiB.")
    assert kept[-1].item() == 0


def step(model: nn.Module, x: gpugrad.Tensor) -> list[float]:
    model.zero_grad()
    loss = model(x).square().mean()
    loss.backward()
    grads = [p.grad for p in model.parameters() if p.grad is not None]
    assert len(grads) == 4
    return [loss.item(), *(grad.sum().item() for grad in grads)]


def check_a_failing_step(pool: Any, allowed: int) -> list[str]:
    """Let a step fail for lack of memory and do it again; the functions in which it failed."""
    gpugrad.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 1)).to("cuda")
    x = gpugrad.randn(512, 8).to("cuda")
    expected = step(model, x)
    model.zero_grad()
    before = gpugrad.cuda.memory_allocated()
    gpugrad.cuda.empty_cache()
    pool.set_limit(size=before + allowed)
    with pytest.raises(gpugrad.cuda.OutOfMemoryError) as caught:
        step(model, x)
    where = [entry.name for entry in caught.traceback]
    del caught  # it keeps the arrays of all those functions
    pool.set_limit(size=0)
    model.zero_grad()
    assert gpugrad.cuda.memory_allocated() == before
    assert step(model, x) == expected
    return where


def test_a_step_that_fails_can_be_done_again(limited: Any) -> None:
    assert "forward" in check_a_failing_step(limited, 100_000)


def test_a_backward_pass_that_fails_can_be_done_again(host: host_cupy.Copies) -> None:
    # Not on a GPU: how much of CuPy's pool is in pieces there decides where memory ends.
    assert "backward" in check_a_failing_step(host_cupy.pool, 300_000)


def test_an_allocator_of_the_users_is_kept(
    host: host_cupy.Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuda, sizes = host_cupy.module.cuda, []

    def allocate(size: int) -> Any:
        sizes.append(size)
        return host_cupy.pool.malloc(size)

    cuda.set_allocator(allocate)
    gpugrad.zeros(100, device="cuda")
    assert sizes == [400]
    made = cuda.get_allocator()
    monkeypatch.setattr("gpugrad.backend.cuda._made", None)
    gpugrad.cuda.init()
    assert cuda.get_allocator() is made, "wrapped twice"


def test_an_allocator_of_the_thread_is_left_alone(
    host: host_cupy.Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(allocator: Any) -> None:
        raise ValueError("Can't change the global allocator inside `using_allocator`.")

    monkeypatch.setattr(host_cupy.module.cuda, "set_allocator", refuse)
    assert gpugrad.zeros(2, device="cuda").tolist() == [0, 0]


@pytest.mark.cuda
def test_more_than_the_device_has() -> None:
    total = gpugrad.cuda.mem_get_info()[1]
    with pytest.raises(gpugrad.cuda.OutOfMemoryError, match=r"Tried to allocate [\d.]+ GiB"):
        gpugrad.zeros(2 * total, dtype=gpugrad.uint8, device="cuda")
    assert gpugrad.ones(3, device="cuda").sum().item() == 3
