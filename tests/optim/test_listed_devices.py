"""Optimizers that are one step of the backend: on devices, compiled and as graphs."""

from __future__ import annotations

from typing import Any

import numpy as np

import gpugrad
from gpugrad import nn, optim
from gpugrad.nn import functional as F
from tests import host_cupy
from tests.capture.training import Job, check, parameters
from tests.optim.listed import every, on_cuda


def classifier(device: str) -> Any:
    gpugrad.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3)).to(device)


def losses(name: str, options: dict[str, Any], device: str) -> tuple[list[float], Any]:
    model = classifier(device)
    optimizer = getattr(optim, name)(model.parameters(), **options)
    x = gpugrad.randn(16, 6).to(device)
    y = gpugrad.randint(3, (16,)).to(device)
    found = []
    for step in range(8):
        optimizer.param_groups[0]["lr"] = 0.05 / (step + 1)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found, optimizer


@on_cuda
@every
def test_training_gives_the_results_of_the_cpu(
    device: str, name: str, options: dict[str, Any]
) -> None:
    there, optimizer = losses(name, options, device)
    here, other = losses(name, options, "cpu")
    np.testing.assert_allclose(there, here, rtol=1e-4)
    assert there[-1] < there[0]
    for one, two in zip(optimizer.state.values(), other.state.values(), strict=True):
        assert list(one) == list(two)
        for key, value in one.items():
            assert value.is_cuda
            np.testing.assert_allclose(
                value.cpu().numpy(), two[key].numpy(), rtol=1e-3, atol=1e-5, err_msg=key
            )


@every
def test_a_step_copies_nothing(host: host_cupy.Copies, name: str, options: dict[str, Any]) -> None:
    params = [gpugrad.ones(n, device="cuda", requires_grad=True) for n in (3, 4)]
    optimizer = getattr(optim, name)(params, **options)
    for turn in range(4):
        for p in params:
            p.grad = gpugrad.ones_like(p.detach())
        optimizer.param_groups[0]["lr"] = 0.1 / (turn + 1)
        host.reset()
        optimizer.step()
        if turn:
            assert (host.to_device, host.to_host) == (0, 0)


def compiled_job(name: str, options: dict[str, Any], device: str) -> Job:
    model = classifier(device)
    optimizer = getattr(optim, name)(model.parameters(), **options)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    def feed(turn: int) -> tuple[Any, ...]:
        rng = np.random.default_rng(turn)
        x = gpugrad.tensor(rng.standard_normal((5, 6)).astype("f4"))
        return x.to(device), gpugrad.tensor(rng.integers(0, 3, 5)).to(device)

    def between(turn: int) -> None:
        optimizer.param_groups[0]["lr"] = 0.05 / (turn + 1)

    return Job(step, feed, parameters(model), between)


@every
def test_a_compiled_step_is_the_eager_one(name: str, options: dict[str, Any]) -> None:
    check(lambda: compiled_job(name, options, "cpu"))


@every
def test_a_step_as_a_graph_is_the_eager_one(
    host: host_cupy.Copies, name: str, options: dict[str, Any]
) -> None:
    """Learning rates and counts are read anew in each replay."""

    def arrays(tensors: Any) -> list[Any]:
        return [t.detach().cpu().numpy() for t in tensors]

    results = []
    for compiled in (False, True):
        job = compiled_job(name, options, "cuda")
        function = gpugrad.compile(job.step) if compiled else job.step
        history = []
        for turn in range(8):
            assert job.between is not None
            job.between(turn)
            history.append(arrays([function(*job.feed(turn)), *job.watched()]))
        results.append(history)
    for eager, replayed in zip(*results, strict=True):
        for one, other in zip(eager, replayed, strict=True):
            np.testing.assert_array_equal(other, one)
