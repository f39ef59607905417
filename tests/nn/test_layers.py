"""Layers: their first values, what they compute, their modes and devices."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import nn


def flat(tensor: Any) -> list[float]:
    values: list[float] = tensor.detach().reshape(-1).tolist()
    return values


def test_initial_values_are_pytorchs() -> None:
    gpugrad.manual_seed(0)
    layer = nn.Linear(2, 3)
    assert flat(layer.weight) == pytest.approx(
        [-0.0052939, 0.3793229, -0.5819808, -0.5203875, -0.2723452, 0.1896159], abs=1e-6
    )
    assert flat(layer.bias) == pytest.approx([-0.01401, 0.5606575, -0.0627515], abs=1e-6)
    assert flat(nn.Embedding(3, 2).weight) == pytest.approx(
        [0.647248, 0.2490022, -0.3353951, 0.4563528, -0.6254658, 0.4538792], abs=1e-6
    )
    bilinear = nn.Bilinear(2, 2, 1)
    assert flat(bilinear.weight) == pytest.approx(
        [0.5871729, -0.1455227, 0.5291363, -0.1139738], abs=1e-6
    )
    assert flat(bilinear.bias) == pytest.approx([0.0748219], abs=1e-6)


def test_a_given_device_changes_nothing() -> None:
    gpugrad.manual_seed(0)
    plain = nn.Linear(2, 3)
    gpugrad.manual_seed(0)
    placed = nn.Linear(2, 3, device="cpu", dtype=gpugrad.float32)
    assert flat(placed.weight) == flat(plain.weight)


def test_linear() -> None:
    layer = nn.Linear(2, 1)
    with gpugrad.no_grad():
        layer.weight.copy_(gpugrad.tensor([[2.0, 3.0]]))
        layer.bias.fill_(1)
    assert layer(gpugrad.ones(2)).tolist() == [6]
    assert layer(gpugrad.ones(4, 5, 2)).shape == (4, 5, 1)
    with pytest.raises(RuntimeError, match=r"mat1 and mat2 shapes cannot be multiplied \(2x3 and"):
        layer(gpugrad.ones(2, 3))


def test_bilinear() -> None:
    layer = nn.Bilinear(2, 2, 1, bias=False)
    with gpugrad.no_grad():
        layer.weight.copy_(gpugrad.tensor([[[1.0, 2.0], [3.0, 4.0]]]))
    # (1, 2) @ [[1, 2], [3, 4]] @ (5, 6)
    x, y = gpugrad.tensor([1.0, 2.0]), gpugrad.tensor([5.0, 6.0])
    assert layer(x, y).tolist() == [95]


def test_flatten_and_back() -> None:
    x = gpugrad.arange(24.0).reshape(2, 3, 4)
    assert nn.Flatten()(x).shape == (2, 12)
    assert nn.Flatten(0, 1)(x).shape == (6, 4)
    assert nn.Unflatten(1, (3, 4))(nn.Flatten()(x)).tolist() == x.tolist()


def test_dropout_follows_the_mode() -> None:
    layer = nn.Dropout(0.5)
    x = gpugrad.ones(1000)
    assert set(layer(x).tolist()) == {0.0, 2.0}
    assert layer.eval()(x) is x


def test_embedding_padding_starts_at_zero() -> None:
    layer = nn.Embedding(4, 3, padding_idx=1)
    assert layer.weight[1].tolist() == [0, 0, 0]
    frozen = nn.Embedding.from_pretrained(gpugrad.eye(3))
    assert not frozen.weight.requires_grad
    assert frozen(gpugrad.tensor([2])).tolist() == [[0, 0, 1]]


def test_batch_norm_modes() -> None:
    layer = nn.BatchNorm1d(1)
    x = gpugrad.tensor([[1.0], [3.0]])
    assert flat(layer(x)) == pytest.approx([-1, 1], abs=1e-4)
    assert layer.num_batches_tracked.item() == 1
    layer.eval()
    expected = [(v - 0.2) / (1.1 + 1e-5) ** 0.5 for v in (1, 3)]
    assert flat(layer(x)) == pytest.approx(expected, rel=1e-6)
    assert layer.num_batches_tracked.item() == 1
    layer.reset_parameters()
    assert layer.running_mean.item() == 0 and layer.running_var.item() == 1


def test_batch_norm_with_cumulative_average() -> None:
    layer = nn.BatchNorm1d(1, momentum=None)
    for value in (2.0, 4.0, 9.0):
        layer(gpugrad.tensor([[value - 1], [value + 1]]))
    assert layer.running_mean.item() == pytest.approx(5)


def test_batch_norm_without_running_statistics() -> None:
    layer = nn.BatchNorm1d(1, track_running_stats=False).eval()
    assert flat(layer(gpugrad.tensor([[1.0], [3.0]]))) == pytest.approx([-1, 1], abs=1e-4)
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_batch_norm_checks_its_input() -> None:
    with pytest.raises(ValueError, match="expected 4D input"):
        nn.BatchNorm2d(3)(gpugrad.zeros(2, 3))
    with pytest.raises(ValueError, match="Expected more than 1 value per channel"):
        nn.BatchNorm1d(3)(gpugrad.zeros(1, 3))


def test_layer_norm_parameters() -> None:
    assert list(nn.LayerNorm(3).state_dict()) == ["weight", "bias"]
    assert list(nn.LayerNorm(3, bias=False).state_dict()) == ["weight"]
    assert list(nn.LayerNorm(3, elementwise_affine=False).state_dict()) == []
    assert list(nn.RMSNorm((2, 3)).state_dict()) == ["weight"]


def test_loss_weights_are_buffers() -> None:
    loss: Any = nn.CrossEntropyLoss(weight=gpugrad.tensor([1.0, 2.0]))
    assert list(loss.state_dict()) == ["weight"]
    assert loss.double().weight.dtype is gpugrad.float64


def test_a_small_network_learns() -> None:
    gpugrad.manual_seed(1)
    net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1), nn.Sigmoid())
    x = gpugrad.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = gpugrad.tensor([[0.0], [1.0], [1.0], [0.0]])
    loss_of = nn.BCELoss()
    for _ in range(400):
        loss = loss_of(net(x), y)
        net.zero_grad()
        loss.backward()
        with gpugrad.no_grad():
            for parameter in net.parameters():
                parameter -= 1.0 * parameter.grad
    assert loss.item() < 0.05
    assert ((net(x) > 0.5) == (y > 0.5)).all()
