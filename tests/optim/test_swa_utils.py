"""Averaged models: what they hold, and that they leave the model alone."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.optim import swa_utils
from tests.conftest import DEVICES


def set_to(model: Any, value: float) -> None:
    with gpugrad.no_grad():
        for p in model.parameters():
            p.fill_(value)


@pytest.mark.parametrize("device", DEVICES, indirect=True)
@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({}, 3.0),
        ({"avg_fn": swa_utils.get_ema_avg_fn(0.5)}, 3.75),
        ({"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.5)}, 3.75),
        ({"multi_avg_fn": swa_utils.get_swa_multi_avg_fn()}, 3.0),
        ({"avg_fn": lambda average, value, n: average + value * n}, 15.0),
    ],
)
def test_averages(device: str, options: dict[str, Any], wanted: float) -> None:
    model = nn.Linear(2, 1).to(device)
    averaged = swa_utils.AveragedModel(model, device, **options)
    for value in (1.0, 2.0, 6.0):
        set_to(model, value)
        averaged.update_parameters(model)
    assert averaged.n_averaged.item() == 3
    assert averaged.module.weight.tolist() == [[wanted, wanted]]
    assert averaged.module.bias.device == model.bias.device
    assert model.weight.tolist() == [[6.0, 6.0]]
    x = gpugrad.ones(2, device=device)
    assert averaged(x).item() == 3 * wanted


def test_buffers_are_copied_or_averaged() -> None:
    model = nn.BatchNorm1d(1)
    copied = swa_utils.AveragedModel(model)
    averaged = swa_utils.AveragedModel(model, use_buffers=True)
    for value in (1.0, 3.0):
        model.running_mean.fill_(value)
        copied.update_parameters(model)
        averaged.update_parameters(model)
    assert copied.module.running_mean.item() == 3.0
    assert averaged.module.running_mean.item() == 2.0


def test_an_average_is_saved_and_goes_on() -> None:
    model = nn.Linear(1, 1)
    first, second = (swa_utils.AveragedModel(model) for _ in range(2))
    for value in (1.0, 2.0):
        set_to(model, value)
        first.update_parameters(model)
    second.load_state_dict(first.state_dict())
    set_to(model, 6.0)
    second.update_parameters(model)
    assert second.module.weight.item() == 3.0


def test_statistics_are_those_of_all_the_data() -> None:
    model = nn.Sequential(nn.BatchNorm1d(1, momentum=0.1), nn.Dropout(0.5)).eval()
    model[0].running_mean.fill_(100.0)
    batches = [(gpugrad.tensor([[1.0], [3.0]]), 0), (gpugrad.tensor([[5.0], [7.0]]), 1)]
    swa_utils.update_bn(batches, model, "cpu")
    assert model[0].running_mean.item() == 4.0
    assert model[0].running_var.item() == 2.0
    assert model[0].momentum == 0.1
    assert not model.training
    assert not any(layer.training for layer in model)


def test_a_model_without_statistics_is_not_called() -> None:
    class Untouchable(nn.Module):
        def forward(self, x: Any) -> Any:
            raise AssertionError("called")

    swa_utils.update_bn([gpugrad.ones(1)], Untouchable())


def test_one_function_only() -> None:
    with pytest.raises(AssertionError, match="Only one"):
        swa_utils.AveragedModel(
            nn.Linear(1, 1),
            avg_fn=swa_utils.get_swa_avg_fn(),
            multi_avg_fn=swa_utils.get_swa_multi_avg_fn(),
        )


@pytest.mark.parametrize(
    ("strategy", "wanted"),
    [("linear", [1.0, 0.8, 0.6, 0.6]), ("cos", [1.0, 0.8, 0.6, 0.6])],
)
def test_the_schedule(strategy: Any, wanted: list[float]) -> None:
    optimizer = gpugrad.optim.SGD([gpugrad.zeros(1, requires_grad=True)], lr=1.0)
    scheduler = swa_utils.SWALR(optimizer, 0.6, anneal_epochs=2, anneal_strategy=strategy)
    rates = []
    for _ in range(4):
        rates += scheduler.get_last_lr()
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx(wanted)
