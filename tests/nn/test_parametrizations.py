"""Parametrized weights: what holds for them without PyTorch."""

from __future__ import annotations

import copy
import pickle

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.nn.utils import parametrizations, parametrize


def test_weight_norm_splits_length_and_direction() -> None:
    layer = parametrizations.weight_norm(nn.Linear(3, 2))
    originals = layer.parametrizations.weight
    lengths = originals.original0
    assert gpugrad.allclose(layer.weight.norm(2, 1, True), lengths)
    with gpugrad.no_grad():
        originals.original1.mul_(7)
    assert gpugrad.allclose(layer.weight.norm(2, 1, True), lengths)
    with gpugrad.no_grad():
        lengths.fill_(3)
    assert gpugrad.allclose(layer.weight.norm(2, 1), gpugrad.full((2,), 3.0))


@pytest.mark.parametrize("wrap", [parametrizations.spectral_norm, nn.utils.spectral_norm])
def test_spectral_norm_makes_the_largest_singular_value_one(wrap: object) -> None:
    assert callable(wrap)
    gpugrad.manual_seed(0)
    layer = wrap(nn.Linear(4, 6))
    for _ in range(30):
        layer(gpugrad.zeros(4))
    assert gpugrad.linalg.svdvals(layer.weight)[0].item() == pytest.approx(1, abs=1e-4)


def test_two_forward_passes_before_backward() -> None:
    for wrap in (parametrizations.spectral_norm, nn.utils.spectral_norm):
        layer = wrap(nn.Linear(4, 6))
        (layer(gpugrad.ones(4)) - layer(gpugrad.zeros(4))).sum().backward()
        assert all(p.grad is not None for p in layer.parameters())


def test_a_copy_is_independent_and_pickle_is_refused() -> None:
    layer = parametrizations.weight_norm(nn.Linear(3, 2))
    twin = copy.deepcopy(layer)
    with gpugrad.no_grad():
        layer.parametrizations.weight.original0.zero_()
    assert (layer.weight == 0).all()
    assert (twin.weight != 0).all()
    with pytest.raises(RuntimeError, match="only supported through state_dict"):
        pickle.dumps(layer)


def test_removal_gives_the_class_back() -> None:
    layer = parametrizations.weight_norm(nn.Linear(3, 2))
    weight = layer.weight.detach().clone()
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear
    assert isinstance(layer.weight, nn.Parameter)
    assert layer.weight.tolist() == weight.tolist()
