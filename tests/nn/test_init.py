"""Initial values, against numbers from PyTorch."""

from __future__ import annotations

import math
from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.nn import init

# what each function draws for a (2, 3) tensor after manual_seed(1)
DRAWN = {
    "uniform_": [0.757632, 0.279311, 0.403069, 0.734684, 0.029282, 0.799859],
    "normal_": [0.661352, 0.266924, 0.061677, 0.621317, -0.451906, -0.16613],
    "trunc_normal_": [0.661352, 0.266924, 0.061677, 0.621317, -0.451906, -0.16613],
    "xavier_uniform_": [0.564443, -0.483506, -0.212365, 0.514168, -1.031292, 0.656957],
    "xavier_normal_": [0.418276, 0.168818, 0.039008, 0.392956, -0.28581, -0.10507],
    "kaiming_uniform_": [0.728692, -0.624203, -0.274162, 0.663788, -1.331393, 0.848128],
    "kaiming_normal_": [0.539992, 0.217943, 0.050359, 0.507303, -0.36898, -0.135645],
    "orthogonal_": [0.923871, 0.372878, 0.08616, 0.381212, -0.876792, -0.293111],
}


@pytest.mark.parametrize(("name", "expected"), DRAWN.items())
def test_draws(name: str, expected: list[float]) -> None:
    gpugrad.manual_seed(1)
    tensor = gpugrad.empty(2, 3)
    assert getattr(init, name)(tensor) is tensor
    assert tensor.reshape(-1).tolist() == pytest.approx(expected, abs=2e-6)


def test_parameters_are_filled_unrecorded() -> None:
    parameter = nn.Parameter(gpugrad.empty(2, 2))
    assert init.ones_(parameter) is parameter
    assert parameter.is_leaf and parameter.requires_grad
    for name in DRAWN:
        getattr(init, name)(parameter)
    assert parameter.is_leaf


def test_constants() -> None:
    assert init.constant_(gpugrad.empty(2), 3.5).tolist() == [3.5, 3.5]
    assert init.zeros_(gpugrad.ones(2)).tolist() == [0, 0]
    assert init.eye_(gpugrad.ones(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]


def test_dirac_passes_channels_through() -> None:
    weight = init.dirac_(gpugrad.ones(4, 2, 3), groups=2)
    expected = [[[0, 1, 0], [0, 0, 0]], [[0, 0, 0], [0, 1, 0]]] * 2
    assert weight.tolist() == expected


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (2, 3, 4), (40, 40)])
def test_orthogonal_is_orthonormal(shape: tuple[int, ...]) -> None:
    values: Any = init.orthogonal_(gpugrad.empty(shape), gain=2.0).reshape(shape[0], -1)
    small = values if shape[0] <= values.shape[1] else values.T
    product = small @ small.T
    difference = product - 4 * gpugrad.eye(len(product))
    assert difference.abs().max().item() < 1e-5


def test_trunc_normal_stays_inside() -> None:
    gpugrad.manual_seed(0)
    for mean, low, high in ((0.0, -1.0, 1.0), (0.0, 2.0, 3.0), (0.0, -0.1, 0.1)):
        values = init.trunc_normal_(gpugrad.empty(2000), mean, 1.0, low, high)
        assert low <= values.min().item() and values.max().item() <= high
        assert values.std().item() > 0
    # The tail beyond 2 falls off quickly: its mean is 2.26.
    tail = init.trunc_normal_(gpugrad.empty(20000), 0.0, 1.0, 2.0, 3.0)
    assert tail.mean().item() == pytest.approx(2.316, abs=0.01)


def test_sparse_zeroes_a_share_of_every_column() -> None:
    weight = init.sparse_(gpugrad.empty(10, 6), sparsity=0.35)
    assert (weight == 0).sum(0).tolist() == [4] * 6


def test_gains() -> None:
    assert init.calculate_gain("linear") == 1
    assert init.calculate_gain("tanh") == 5 / 3
    assert init.calculate_gain("relu") == math.sqrt(2)
    assert init.calculate_gain("leaky_relu", 1) == 1
    assert init.calculate_gain("selu") == 0.75
    with pytest.raises(ValueError, match=r"^Unsupported nonlinearity strange$"):
        init.calculate_gain("strange")


def test_errors() -> None:
    with pytest.raises(ValueError, match="Fan in and fan out can not be computed"):
        init.xavier_normal_(gpugrad.empty(3))
    with pytest.raises(ValueError, match="Only tensors with 2 dimensions are supported"):
        init.eye_(gpugrad.empty(3))
    with pytest.raises(ValueError, match="Mode strange not supported"):
        init.kaiming_uniform_(gpugrad.empty(2, 2), mode="strange")
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        init.kaiming_normal_(gpugrad.empty(0, 3))
    with pytest.warns(UserWarning, match="mean is more than 2 std from"):
        init.trunc_normal_(gpugrad.empty(3), 10.0)
