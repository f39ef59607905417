"""Averaged models and their schedule against PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from tests.oracle.refusals import refused_alike

torch = pytest.importorskip("torch")

AVERAGES: dict[str, Callable[[Any], dict[str, Any]]] = {
    "plain": lambda u: {},
    "buffers": lambda u: {"use_buffers": True},
    "plain function": lambda u: {"avg_fn": u.get_swa_avg_fn()},
    "plain lists": lambda u: {"multi_avg_fn": u.get_swa_multi_avg_fn()},
    "exponential function": lambda u: {"avg_fn": u.get_ema_avg_fn(0.7), "use_buffers": True},
    "exponential lists": lambda u: {"multi_avg_fn": u.get_ema_multi_avg_fn(0.3)},
    "exponential with buffers": lambda u: {
        "multi_avg_fn": u.get_ema_multi_avg_fn(),
        "use_buffers": True,
    },
    "own": lambda u: {"avg_fn": lambda average, value, n: (average * n + 2 * value) / (n + 2)},
}


def model_of(library: Any) -> Any:
    nn = library.nn
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 2).double())


def fill(library: Any, model: Any, seed: int) -> None:
    """Give parameters and buffers the same values in both libraries."""
    rng = np.random.default_rng(seed)
    with library.no_grad():
        for p in model.parameters():
            drawn = library.from_numpy(np.asarray(rng.standard_normal(p.shape)))
            p.copy_(drawn)
        for b in model.buffers():
            b.copy_(library.from_numpy(np.asarray(10 * rng.random(b.shape))))


@pytest.mark.parametrize("name", AVERAGES)
def test_averages(name: str) -> None:
    states = []
    for library in (gpugrad, torch):
        model = model_of(library)
        averaged = library.optim.swa_utils.AveragedModel(
            model, **AVERAGES[name](library.optim.swa_utils)
        )
        for seed in range(4):
            fill(library, model, seed)
            averaged.update_parameters(model)
        states.append(averaged.state_dict())
    assert list(states[0]) == list(states[1])
    for key, wanted in states[1].items():
        assert str(states[0][key].dtype).split(".")[1] == str(wanted.dtype).split(".")[1]
        np.testing.assert_allclose(
            states[0][key].numpy(), wanted.numpy(), rtol=1e-5, atol=1e-6, err_msg=key
        )


@pytest.mark.parametrize("form", ["tensor", "pair"])
def test_statistics_of_the_data(form: str) -> None:
    rng = np.random.default_rng(0)
    batches = [rng.standard_normal((5, 3)).astype("f4") for _ in range(3)]
    results = []
    for library in (gpugrad, torch):
        model = library.nn.Sequential(library.nn.BatchNorm1d(3, momentum=0.3), library.nn.ReLU())
        model.eval()
        data = [library.from_numpy(b.copy()) for b in batches]
        loader = data if form == "tensor" else [(x, None) for x in data]
        library.optim.swa_utils.update_bn(loader, model)
        layer = model[0]
        assert (layer.momentum, model.training, layer.training) == (0.3, False, False)
        results.append([b.numpy() for b in layer.buffers()])
    for mine, other in zip(*results, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        {"swa_lr": 0.05},
        {"swa_lr": [0.05, 0.2], "anneal_epochs": 4, "anneal_strategy": "linear"},
        {"swa_lr": 0.05, "anneal_epochs": 0},
        {"swa_lr": 0.05, "anneal_epochs": 1},
    ],
)
def test_schedule(options: dict[str, Any]) -> None:
    histories = []
    for library in (gpugrad, torch):
        optimizer = library.optim.SGD(
            [{"params": [library.zeros(1)]}, {"params": [library.zeros(1)], "lr": 0.3}], lr=0.1
        )
        scheduler = library.optim.swa_utils.SWALR(optimizer, **options)
        history = []
        for step in range(14):
            history.append((scheduler.get_last_lr(), scheduler.state_dict()))
            optimizer.step()
            scheduler.step()
            if step == 2:
                optimizer.param_groups[0]["lr"] *= 2
            if step == 7:
                saved = scheduler.state_dict()
                scheduler = library.optim.swa_utils.SWALR(optimizer, swa_lr=0.9)
                scheduler.load_state_dict(saved)
        histories.append(history)
    assert histories[0] == histories[1]


def wrong_calls(library: Any) -> list[Any]:
    swa = library.optim.swa_utils
    optimizer = library.optim.SGD([library.zeros(1)], lr=0.1)
    model = library.nn.Linear(1, 1)
    return [
        lambda: swa.get_ema_avg_fn(-0.1),
        lambda: swa.get_ema_multi_avg_fn(1.5),
        lambda: swa.AveragedModel(model, avg_fn=min, multi_avg_fn=max),
        lambda: swa.SWALR(optimizer, [0.1, 0.2]),
        lambda: swa.SWALR(optimizer, 0.1, anneal_strategy="steep"),
        lambda: swa.SWALR(optimizer, 0.1, anneal_epochs=-1),
        lambda: swa.SWALR(optimizer, 0.1, anneal_epochs=2.5),
        lambda: swa.SWALR(optimizer, 0.1, last_epoch=3),
    ]


test_errors = refused_alike(wrong_calls, KeyError)
