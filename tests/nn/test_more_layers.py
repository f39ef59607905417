"""Layers beyond the usual ones: what holds for them by definition, on both backends."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

import gpugrad
import gpugrad.nn.functional as F
from gpugrad import nn


@pytest.fixture(params=["cpu", "cuda"])
def device(request: pytest.FixtureRequest) -> str:
    """The CPU, and the CUDA backend over the stand-in for CuPy."""
    if request.param == "cuda":
        request.getfixturevalue("host")
    return str(request.param)


def values(*numbers: float, device: str = "cpu") -> Any:
    return gpugrad.tensor(numbers, requires_grad=True, device=device)


def test_unpooling_puts_the_largest_back(device: str) -> None:
    x = gpugrad.randperm(2 * 3 * 6 * 6).reshape(2, 3, 6, 6).float().to(device)
    for pool, unpool, data in (
        (nn.MaxPool2d(2, return_indices=True), nn.MaxUnpool2d(2), x),
        (nn.MaxPool1d(3, return_indices=True), nn.MaxUnpool1d(3), x[0]),
        (nn.MaxPool3d((1, 2, 3), return_indices=True), nn.MaxUnpool3d((1, 2, 3)), x),
    ):
        largest, where = pool(data)
        back = unpool(largest, where)
        assert back.shape == data.shape
        kept = back != 0
        assert back[kept].tolist() == data[kept].tolist()
        assert sorted(back[kept].tolist()) == sorted(v for v in largest.flatten().tolist() if v)


def test_pooling_of_volumes() -> None:
    x = gpugrad.arange(27.0).reshape(1, 1, 3, 3, 3)
    assert F.max_pool3d(x, 2, 1).flatten().tolist() == [13, 14, 16, 17, 22, 23, 25, 26]
    assert F.avg_pool3d(x, 3).item() == 13
    assert F.adaptive_avg_pool3d(x, 1).item() == 13
    assert F.adaptive_max_pool3d(x, (1, 1, 3)).flatten().tolist() == [24, 25, 26]


def test_power_pooling_is_a_norm(device: str) -> None:
    x = gpugrad.tensor([[[3.0, 4.0, 6.0, 8.0]]], device=device)
    assert nn.LPPool1d(2, 2)(x).flatten().tolist() == pytest.approx([5, 10])
    assert nn.LPPool1d(1, 4)(x).item() == pytest.approx(21)


def test_local_response_norm_looks_at_neighbouring_channels(device: str) -> None:
    x = gpugrad.tensor([[[1.0], [2.0], [3.0]]], device=device)
    # size 3: means of squares over (0, 1, 2), (1, 2, 3) and (2, 3, 0).
    expected = [1 / (1 + 5 / 3), 2 / (1 + 14 / 3), 3 / (1 + 13 / 3)]
    y = nn.LocalResponseNorm(3, alpha=1.0, beta=1.0, k=1.0)(x)
    assert y.flatten().tolist() == pytest.approx(expected)


def test_shrinking(device: str) -> None:
    x = values(-2.0, -0.5, 0.25, 1.0, device=device)
    assert F.hardshrink(x).tolist() == [-2, 0, 0, 1]
    assert F.softshrink(x).tolist() == [-1.5, 0, 0, 0.5]
    (F.hardshrink(x) + 2 * F.softshrink(x)).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3, 0, 0, 3]


def test_slopes_are_drawn_in_their_range(device: str) -> None:
    gpugrad.manual_seed(0)
    x = gpugrad.full((1000,), -1.0, device=device)
    slopes = -nn.RReLU(0.2, 0.4)(x)
    assert 0.2 <= float(slopes.min()) < 0.22
    assert 0.38 < float(slopes.max()) <= 0.4
    assert float(nn.RReLU(0.2, 0.4).eval()(x)[0]) == pytest.approx(-0.3)
    assert nn.RReLU()(-x).tolist() == [1.0] * 1000


def test_alpha_dropout_keeps_mean_and_variance(device: str) -> None:
    gpugrad.manual_seed(0)
    x = gpugrad.randn(200, 500).to(device)
    y = F.alpha_dropout(x, 0.3, training=True)
    assert float(y.mean()) == pytest.approx(0, abs=0.02)
    assert float(y.var()) == pytest.approx(1, abs=0.03)
    assert F.alpha_dropout(x, 0.3) is x
    channels = F.feature_alpha_dropout(gpugrad.zeros(50, 4, 7, device=device), training=True)
    assert (channels == channels[:, :, :1]).all()
    assert len(set(channels.flatten().tolist())) == 2


def test_dropout_of_volumes(device: str) -> None:
    gpugrad.manual_seed(0)
    y = nn.Dropout3d(0.5)(gpugrad.ones(20, 10, 2, 2, 2, device=device))
    assert (y == y[:, :, :1, :1, :1]).all()
    assert set(y.flatten().tolist()) == {0.0, 2.0}


def spelled(path: tuple[int, ...]) -> tuple[int, ...]:
    """What an alignment says: repetitions once, then without blanks."""
    return tuple(label for label, _ in itertools.groupby(path) if label)


@pytest.mark.parametrize("target", [(), (1,), (1, 2), (1, 1), (2, 1, 2)])
def test_ctc_sums_all_alignments(target: tuple[int, ...], device: str) -> None:
    gpugrad.manual_seed(0)
    steps = gpugrad.randn(5, 1, 3, dtype=gpugrad.float64).log_softmax(2)
    table = steps[:, 0].tolist()
    total = sum(
        math.exp(sum(table[t][label] for t, label in enumerate(path)))
        for path in itertools.product(range(3), repeat=5)
        if spelled(path) == target
    )
    padded = gpugrad.tensor([[*target, 2, 2]]).to(device)
    loss = F.ctc_loss(steps.to(device), padded, [5], [len(target)], reduction="sum")
    assert loss.item() == pytest.approx(-math.log(total))


def test_ctc_learns_its_target() -> None:
    gpugrad.manual_seed(0)
    logits = gpugrad.zeros(6, 1, 4, requires_grad=True)
    optimizer = gpugrad.optim.Adam([logits], lr=0.3)
    for _ in range(60):
        optimizer.zero_grad()
        loss = nn.CTCLoss()(logits.log_softmax(2), gpugrad.tensor([[3, 1, 1]]), [6], [3])
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.05
    assert spelled(tuple(logits.argmax(2).flatten().tolist())) == (3, 1, 1)


def test_the_same_map_gives_the_same_image(device: str) -> None:
    x = gpugrad.randn(2, 3, 5, 4).to(device)
    same = gpugrad.tensor([[[1.0, 0, 0], [0, 1.0, 0]]] * 2, device=device)
    for corners in (False, True):
        grid = F.affine_grid(same, (2, 3, 5, 4), align_corners=corners)
        assert gpugrad.allclose(F.grid_sample(x, grid, align_corners=corners), x, atol=1e-5)
        flipped = F.affine_grid(-same, (2, 3, 5, 4), align_corners=corners)
        y = F.grid_sample(x, flipped, mode="nearest", align_corners=corners)
        assert gpugrad.equal(y, x.flip((2, 3)))


def test_bags(device: str) -> None:
    table = gpugrad.arange(10.0, device=device).reshape(5, 2)
    indices = gpugrad.tensor([0, 1, 4, 2], device=device)
    offsets = gpugrad.tensor([0, 3, 3], device=device)
    bag = nn.EmbeddingBag.from_pretrained
    assert bag(table, mode="sum")(indices, offsets).tolist() == [[10, 13], [0, 0], [4, 5]]
    assert bag(table)(indices, offsets)[0].tolist() == pytest.approx([10 / 3, 13 / 3])
    assert bag(table, mode="max")(indices, offsets).tolist() == [[8, 9], [0, 0], [4, 5]]
    assert bag(table, mode="sum", padding_idx=4)(indices, offsets)[0].tolist() == [2, 4]
    assert bag(table)(indices.reshape(2, 2)).tolist() == [[1, 2], [6, 7]]


def test_gumbel_softmax_draws_the_likely(device: str) -> None:
    gpugrad.manual_seed(0)
    logits = gpugrad.tensor([0.7, 0.2, 0.1], device=device).log().expand(4000, 3)
    drawn = F.gumbel_softmax(logits, hard=True)
    assert set(drawn.sum(1).round().tolist()) == {1.0}
    assert drawn.mean(0).tolist() == pytest.approx([0.7, 0.2, 0.1], abs=0.03)


def test_distances_of_all_pairs(device: str) -> None:
    x = gpugrad.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]], device=device)
    assert F.pdist(x).tolist() == pytest.approx([5, 1, math.sqrt(18)])


def test_multilabel_losses() -> None:
    x, y = gpugrad.tensor([0.1, 0.2, 0.4, 0.8]), gpugrad.tensor([3, 0, -1, 1])
    # Targets 3 and 0 against 1 and 2, as in PyTorch's documentation.
    assert nn.MultiLabelMarginLoss()(x, y).item() == pytest.approx(0.85)
    zeros = gpugrad.zeros(1, 2)
    assert nn.MultiLabelSoftMarginLoss()(zeros, zeros).item() == pytest.approx(math.log(2))


def test_logsigmoid_has_its_derivatives_at_zero() -> None:
    x = gpugrad.zeros(1, dtype=gpugrad.float64, requires_grad=True)
    (first,) = gpugrad.autograd.grad(nn.functional.logsigmoid(x), x, create_graph=True)
    (second,) = gpugrad.autograd.grad(first, x)
    assert (first.item(), second.item()) == (0.5, -0.25)
