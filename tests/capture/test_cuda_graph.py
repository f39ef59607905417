"""Compiled functions on CUDA: one graph launch a call, over a stand-in that keeps CUDA's rules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import nn
from gpugrad.backend.noted_steps import CaptureError
from gpugrad.nn import functional as F
from tests import host_cupy
from tests.conftest import DEVICES

on_cuda = pytest.mark.parametrize("device", DEVICES[1:], indirect=True)


def values(tensor: Any) -> Any:
    return tensor.detach().cpu().numpy()


def network() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(6, 16),
        nn.ReLU(),
        nn.LayerNorm(16),
        nn.Linear(16, 16),
        nn.GELU(),
        nn.BatchNorm1d(16),
        nn.Dropout(0.25),
        nn.Linear(16, 3),
    )


OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: gpugrad.optim.SGD(p, lr=0.1),
    "momentum": lambda p: gpugrad.optim.SGD(p, lr=0.1, momentum=0.9),
    "Adam": lambda p: gpugrad.optim.Adam(p, lr=0.01, weight_decay=0.01),
    "AdamW": lambda p: gpugrad.optim.AdamW(p, lr=0.01, amsgrad=True),
    "RMSprop": lambda p: gpugrad.optim.RMSprop(p, lr=0.01, momentum=0.5),
}


class Training:
    """A classifier on a device; data and parameters are the same with and without compile."""

    def __init__(self, device: str, optimizer: str, compiled: bool) -> None:
        gpugrad.manual_seed(0)
        self.model = network().to(device)
        self.optimizer = OPTIMIZERS[optimizer](self.model.parameters())
        self.scheduler = gpugrad.optim.lr_scheduler.StepLR(self.optimizer, 3, 0.5)
        self.batches = [
            (gpugrad.randn(8, 6).to(device), gpugrad.randint(3, (8,)).to(device)) for _ in range(4)
        ]
        self.step = gpugrad.compile(self.eager_step) if compiled else self.eager_step

    def eager_step(self, x: Any, y: Any) -> Any:
        self.optimizer.zero_grad()
        loss = F.cross_entropy(self.model(x), y)
        loss.backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), 0.5)
        self.optimizer.step()
        return loss.detach()

    def run(self, steps: int) -> list[Any]:
        losses = []
        gpugrad.manual_seed(7)
        for i in range(steps):
            losses.append(self.step(*self.batches[i % 4]))
            self.scheduler.step()
        return losses


@on_cuda
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_training_step_is_what_it_is_without(device: str, optimizer: str) -> None:
    eager, compiled = (Training(device, optimizer, on) for on in (False, True))
    expected, found = eager.run(9), compiled.run(9)
    np.testing.assert_allclose([float(v) for v in found], [float(v) for v in expected], rtol=1e-4)
    for a, b in zip(eager.model.parameters(), compiled.model.parameters(), strict=True):
        np.testing.assert_allclose(values(b), values(a), rtol=1e-3, atol=1e-5)
        assert a.grad is not None and b.grad is not None
        np.testing.assert_allclose(values(b.grad), values(a.grad), rtol=1e-2, atol=1e-4)
    for one, other in zip(eager.model.buffers(), compiled.model.buffers(), strict=True):
        np.testing.assert_allclose(values(other), values(one), rtol=1e-4)


def test_a_replay_copies_nothing_and_takes_no_memory(host: host_cupy.Copies) -> None:
    training = Training("cuda", "Adam", True)
    losses = training.run(5)
    host.reset()
    before = gpugrad.cuda.memory_allocated()
    for _ in range(3):
        losses = training.run(4)
    assert (host.to_device, host.to_host) == (0, 0)
    del losses
    assert gpugrad.cuda.memory_allocated() <= before


def test_a_graph_outlives_its_model(host: host_cupy.Copies) -> None:
    training = Training("cuda", "SGD", True)
    training.run(5)
    step, batch = training.step, training.batches[0]
    del training
    assert np.isfinite(float(step(*batch)))


@on_cuda
def test_forward_inside_eager_autograd(device: str) -> None:
    gpugrad.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2)).to(device)
    compiled = gpugrad.compile(model)
    for i in range(6):
        x = gpugrad.randn(5, 4).to(device).requires_grad_()
        wanted = [x, *model.parameters()]
        expected = gpugrad.autograd.grad(model(x).square().sum(), wanted)
        found = gpugrad.autograd.grad(compiled(x).square().sum(), wanted)
        for a, b in zip(expected, found, strict=True):
            np.testing.assert_allclose(values(b), values(a), rtol=1e-4, atol=1e-6, err_msg=str(i))


def shapes() -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    return [
        ((3, 4), (4, 5)),
        ((4,), (4, 5)),
        ((3, 4), (4,)),
        ((4,), (4,)),
        ((2, 3, 4), (4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((3, 4), (2, 4, 5)),
        ((4,), (2, 4, 5)),
        ((2, 3, 4), (4,)),
        ((3, 1, 2, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (6, 4, 5)),
        ((1, 4), (4, 1)),
        ((3, 1), (1, 5)),
        ((3, 0), (0, 5)),
    ]


@on_cuda
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("transposed", [False, True])
def test_products_of_any_layout(device: str, dtype: str, transposed: bool) -> None:
    kind = getattr(gpugrad, dtype)
    for left, right in shapes():
        x, y = gpugrad.randn(left), gpugrad.randn(right)
        x, y = (t.to(device=device, dtype=kind) for t in (x, y))
        if transposed:
            x, y = (t.mT.contiguous().mT if t.dim() > 1 else t for t in (x, y))
        product = gpugrad.compile(lambda a, b: a @ b)
        for _ in range(4):
            found = product(x, y)
        tolerance = 1e-5 if dtype in ("float32", "float64") else 2e-2
        expected = values(x.double() @ y.double())
        np.testing.assert_allclose(
            values(found.double()), expected, rtol=tolerance, atol=tolerance, err_msg=f"{left}"
        )


@on_cuda
def test_products_of_slices_are_copied_first(device: str) -> None:
    x = gpugrad.randn(6, 8).to(device)
    product = gpugrad.compile(lambda a: a[::2, ::2] @ a[:4, ::2])
    for _ in range(4):
        found = product(x)
    np.testing.assert_allclose(values(found), values(x[::2, ::2] @ x[:4, ::2]), rtol=1e-5)


@on_cuda
def test_random_numbers_go_on(device: str) -> None:
    def draw(x: Any) -> Any:
        return F.dropout(x, 0.5) + gpugrad.rand_like(x)

    x = gpugrad.ones(100, device=device)
    gpugrad.manual_seed(3)
    expected = [values(draw(x)) for _ in range(6)]
    gpugrad.manual_seed(3)
    compiled = gpugrad.compile(draw)
    for one in expected:
        np.testing.assert_array_equal(values(compiled(x)), one)


@on_cuda
def test_indices_are_read_in_each_replay(device: str) -> None:
    def pick(x: Any) -> Any:
        order = gpugrad.argsort(x.detach())
        y = x[order] * gpugrad.arange(4.0, device=device)
        (grad,) = gpugrad.autograd.grad(y.sum(), x)
        return y.detach(), grad

    picked = gpugrad.compile(pick)
    for seed in range(6):
        gpugrad.manual_seed(seed)
        x = gpugrad.randn(4).to(device).requires_grad_()
        for found, expected in zip(picked(x), pick(x), strict=True):
            np.testing.assert_array_equal(values(found), values(expected))


def test_what_the_host_reads_is_refused(host: host_cupy.Copies) -> None:
    x = gpugrad.ones(3, device="cuda")
    read = gpugrad.compile(lambda t: t * float(t.sum()))
    read(x)
    with pytest.raises(CaptureError, match="a value is read by Python"):
        read(x)


def test_what_cupy_cannot_capture_is_refused_with_its_name(host: host_cupy.Copies) -> None:
    x = gpugrad.eye(3).cuda() * 2
    invert = gpugrad.compile(gpugrad.linalg.inv)
    for _ in range(2):
        invert(x)
    with pytest.raises(CaptureError, match="cuSOLVER"):
        invert(x)
    assert gpugrad.linalg.inv(x)[0, 0].item() == 0.5


def test_graphs_take_turns_on_different_streams(host: host_cupy.Copies) -> None:
    x = gpugrad.ones(3, device="cuda")
    double = gpugrad.compile(lambda t: t * 2)
    for _ in range(4):
        double(x)
    one, other = (host_cupy.Stream(non_blocking=True) for _ in range(2))
    for stream in (one, one, other):
        with stream:
            double(x)
    assert (len(one.waited_for), len(other.waited_for)) == (1, 1)
    (event,) = other.waited_for
    assert event.stream is one


def test_a_device_that_is_not_the_current_one(two_devices: host_cupy.Copies) -> None:
    gpugrad.manual_seed(0)
    model = network().to("cuda:1")
    optimizer = gpugrad.optim.Adam(model.parameters(), lr=0.01)
    x, y = gpugrad.randn(8, 6).to("cuda:1"), gpugrad.randint(3, (8,)).to("cuda:1")

    @gpugrad.compile
    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    losses = [float(step(x, y)) for _ in range(8)]
    assert losses[-1] < losses[0]


def test_the_stand_in_notices_freed_memory(host: host_cupy.Copies) -> None:
    cupy = host_cupy.module
    stream, pool = cupy.cuda.Stream(non_blocking=True), cupy.cuda.MemoryPool()
    x, out = cupy.ones(3), cupy.zeros(3)
    with cupy.cuda.using_allocator(pool.malloc), stream:
        stream.begin_capture()
        cupy.add(x, x * 2, out=out)
        graph = stream.end_capture()
    assert out.get().tolist() == [0, 0, 0]
    graph.launch()
    assert out.get().tolist() == [3, 3, 3]
    del x
    with pytest.raises(host_cupy.CUDARuntimeError, match="freed"):
        graph.launch()


@pytest.mark.parametrize(
    "act",
    [
        lambda cupy, x: x.get(),
        lambda cupy, x: bool(x[0]),
        lambda cupy, x: cupy.array([1.0, 2.0]),
        lambda cupy, x: cupy.matmul(x, x),
        lambda cupy, x: x.nonzero(),
        lambda cupy, x: cupy.cuda.get_current_stream().synchronize(),
        lambda cupy, x: x + 1,
        lambda cupy, x: cupy.RawModule(code=""),
    ],
)
def test_the_stand_in_refuses_what_cuda_refuses(host: host_cupy.Copies, act: Any) -> None:
    cupy = host_cupy.module
    x = cupy.ones(3)
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        stream.begin_capture()
        with pytest.raises((host_cupy.CUDARuntimeError, NotImplementedError)):
            act(cupy, x)
        stream.end_capture()


@on_cuda
def test_a_step_without_arguments(device: str) -> None:
    def training(compiled: bool) -> list[float]:
        gpugrad.manual_seed(0)
        x, y = gpugrad.randn(8, 3).to(device), gpugrad.randn(8, 1).to(device)
        w = gpugrad.randn(3, 1).to(device).requires_grad_()

        def step() -> Any:
            w.grad = None
            loss = (x @ w - y).square().mean()
            loss.backward()
            with gpugrad.no_grad():
                w.sub_(w.grad, alpha=0.1)
            return loss.detach()

        run = gpugrad.compile(step) if compiled else step
        return [run() for _ in range(8)]

    np.testing.assert_allclose(
        [float(v) for v in training(True)], [float(v) for v in training(False)], rtol=1e-5
    )


def test_moving_between_devices_is_refused(host: host_cupy.Copies) -> None:
    move = gpugrad.compile(lambda x: x.cuda() * 2)
    x = gpugrad.ones(3)
    move(x)
    with pytest.raises(CaptureError, match="moved to another device"):
        move(x)
    back = gpugrad.compile(lambda x: (x * 2).cpu())
    back(x.cuda())
    with pytest.raises(CaptureError, match="moved to another device|read by Python"):
        back(x.cuda())
