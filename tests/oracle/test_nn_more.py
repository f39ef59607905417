"""Layers and functions beyond the usual ones against PyTorch: results, gradients, errors, texts."""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

import pytest

import gpugrad
from tests.oracle.comparison import check, same_tensor

torch = pytest.importorskip("torch")

REPRS = [
    f"nn.{layer}"
    for layer in (
        "MaxPool3d(2)",
        "MaxPool3d((2, 3, 1), 1, 1, 2, True, True)",
        "AvgPool3d(2)",
        "AvgPool3d(2, 1, divisor_override=3)",
        "AdaptiveAvgPool3d((None, 3, 1))",
        "AdaptiveMaxPool3d(4)",
        "MaxUnpool1d(2)",
        "MaxUnpool2d((2, 3), 1, 1)",
        "MaxUnpool3d(2, stride=3)",
        "LPPool1d(2, 3)",
        "LPPool2d(1.5, 3, stride=2, ceil_mode=True)",
        "LPPool3d(2, (1, 2, 2))",
        "LocalResponseNorm(2)",
        "Hardshrink()",
        "Softshrink(0.25)",
        "Tanhshrink()",
        "RReLU()",
        "RReLU(0.1, 0.2, True)",
        "AlphaDropout()",
        "AlphaDropout(1.5)",
        "FeatureAlphaDropout(0.2, True)",
        "Dropout3d()",
        "MultiLabelMarginLoss()",
        "MultiLabelSoftMarginLoss()",
        "TripletMarginWithDistanceLoss()",
        "TripletMarginWithDistanceLoss(margin=-1)",
        "CTCLoss()",
        "EmbeddingBag(4, 3)",
        "EmbeddingBag(4, 3, 1.5, 1.0, True, 'sum', padding_idx=1)",
        "EmbeddingBag(4, 3, padding_idx=4)",
        "Softmax2d()",
        "ChannelShuffle(2)",
    )
]

SIGNATURES = [
    *(
        f"nn.{name}"
        for name in (
            "MaxPool3d",
            "AvgPool3d",
            "AdaptiveAvgPool3d",
            "AdaptiveMaxPool3d",
            "MaxUnpool1d",
            "MaxUnpool2d",
            "MaxUnpool3d",
            "LPPool1d",
            "LPPool2d",
            "LPPool3d",
            "LocalResponseNorm",
            "Hardshrink",
            "Softshrink",
            "AlphaDropout",
            "FeatureAlphaDropout",
            "Dropout3d",
            "MultiLabelMarginLoss",
            "MultiLabelSoftMarginLoss",
            "TripletMarginWithDistanceLoss",
            "CTCLoss",
            "EmbeddingBag",
            "ChannelShuffle",
        )
    ),
    *(
        f"F.{name}"
        for name in (
            "lp_pool1d",
            "lp_pool2d",
            "lp_pool3d",
            "local_response_norm",
            "tanhshrink",
            "rrelu",
            "alpha_dropout",
            "feature_alpha_dropout",
            "dropout3d",
            "multilabel_margin_loss",
            "multilabel_soft_margin_loss",
            "triplet_margin_with_distance_loss",
            "gumbel_softmax",
            "grid_sample",
            "affine_grid",
            "embedding_bag",
            "ctc_loss",
            "max_unpool1d",
            "max_unpool2d",
            "max_unpool3d",
            "upsample",
        )
    ),
]

V = "T([[[[0.5, -1.0], [2.0, 0.1]], [[1.5, -0.3], [-2.0, 0.7]]]], requires_grad=True)"

CALLS = [
    "F.max_pool3d(x[0], 2)",
    "F.max_pool3d(zeros(1, 1, 2, 2, 2), 3)",
    "F.max_pool3d(zeros(1, 1, 2, 2, 2), (2, 2))",
    "F.max_pool3d(zeros(1, 1, 2, 2, 2), 2, padding=2)",
    "F.max_pool3d(zeros(1, 1, 2, 2, 2), 2, stride=0)",
    "F.max_pool3d(zeros(1, 1, 2, 2, 2), 2, dilation=0)",
    f"F.max_pool3d({V}, 2)",
    f"F.max_pool3d({V}, (1, 2, 2), 1, return_indices=True)[1]",
    "F.avg_pool3d(x, 2)",
    "F.avg_pool3d(zeros(1, 1, 2, 2, 2), 3)",
    "F.avg_pool3d(zeros(1, 1, 2, 2, 2), 2, divisor_override=0)",
    f"F.avg_pool3d({V}, (1, 2, 1), 1, (0, 1, 0), count_include_pad=False)",
    f"F.avg_pool3d({V}, 2, divisor_override=3)",
    "F.adaptive_avg_pool3d(x, 2)",
    f"F.adaptive_avg_pool3d({V}, 1)",
    f"F.adaptive_avg_pool3d({V}, (1, 2, None))",
    "F.adaptive_max_pool3d(x, 2)",
    f"F.adaptive_max_pool3d({V}, (1, 2, 1), True)",
    "F.max_unpool1d(a, T([[0, 2, 5], [1, 3, 4]]), 2)",
    "F.max_unpool1d(a, T([[0, 2, 5], [1, 3, 4]]), 2, output_size=(7,))",
    "F.max_unpool1d(a, T([[0, 2, 5], [1, 3, 4]]), 2, output_size=(9,))",
    "F.max_unpool1d(a, T([[0, 2, 5], [1, 3, 4]]), 2, output_size=(1, 1, 1, 9))",
    "F.max_unpool2d(x, T([[0, 2, 5]]), 2)",
    "F.max_unpool2d(*F.max_pool2d(x, 2, 1, return_indices=True), 2, 1)[0]",
    "F.max_unpool2d(*F.max_pool2d(zeros(1, 1, 5, 5), 2, return_indices=True), 2, "
    "output_size=(1, 1, 5, 5)).shape",
    f"F.max_unpool3d(*F.max_pool3d({V}, 2, return_indices=True), 2)",
    "nn.MaxUnpool2d(2)(*nn.MaxPool2d(2, return_indices=True)(ones(1, 4, 4)))",
    "F.lp_pool1d(a, 2, 2)",
    "F.lp_pool1d(a, 3, 2, 1, True)",
    "F.lp_pool2d(x, 2.0, (2, 1))[0]",
    "F.lp_pool2d(x, 2, 9)",
    f"F.lp_pool3d({V}, 2, 2)",
    "F.local_response_norm(x, 2)[0]",
    "F.local_response_norm(x, 3, 0.1, 0.5, 2.0)[0]",
    "F.local_response_norm(a, 2)",
    "nn.LocalResponseNorm(2)(x)[0]",
    "F.hardshrink(a)",
    "F.hardshrink(T([0.5, -0.5, 0.6, float('nan'), float('-inf')]))",
    "F.hardshrink(T([1, 2]))",
    "F.softshrink(a)",
    "F.softshrink(T([0.5, -0.5, 0.6, float('nan'), float('-inf')]))",
    "F.softshrink(a, -1)",
    "F.softshrink(T([1, 2]))",
    "F.tanhshrink(a)",
    "F.rrelu(a)",
    "F.rrelu(a, training=True)",
    "F.rrelu(a * 1, 0.1, 0.2, True, True)",
    "F.rrelu(a, 2, 1)",
    "F.rrelu_(zeros(3) - 1)",
    "nn.RReLU()(a)",
    "F.alpha_dropout(a, training=True)",
    "F.alpha_dropout(a, 1.0, True)",
    "F.alpha_dropout(a, 0.0, True)",
    "F.alpha_dropout(a, 2.0)",
    "F.alpha_dropout(a * 1, 0.3, True, True)",
    "F.alpha_dropout(a)",
    "F.feature_alpha_dropout(x, 0.5, True)[0]",
    "F.feature_alpha_dropout(a[0], 0.5, True)",
    "nn.AlphaDropout()(a)",
    "nn.FeatureAlphaDropout()(x)[1]",
    "F.dropout3d(x)[0]",
    "F.dropout3d(ones(2, 3, 2, 2))",
    "F.dropout3d(ones(2, 3, 1, 2, 2))",
    "nn.Dropout3d(0.2)(ones(2, 3, 1, 2, 2))",
    "F.multilabel_margin_loss(a, T([[0, 2, -1], [1, -1, 2]]))",
    "F.multilabel_margin_loss(a, T([[0, 2, 1], [-1, -1, 2]]), reduction='none')",
    "F.multilabel_margin_loss(a[0], T([1, -1, 0]), reduction='none')",
    "F.multilabel_margin_loss(a[0], T([1, 1, 0]))",
    "F.multilabel_margin_loss(a, T([1, 1, 0]))",
    "F.multilabel_margin_loss(a[0], T([1.0, 1.0, 0.0]))",
    "F.multilabel_margin_loss(a[0], T([3, 1, 0]))",
    "F.multilabel_margin_loss(a[0], T([1, 1, 0]), reduction='foo')",
    "F.multilabel_soft_margin_loss(a, p)",
    "F.multilabel_soft_margin_loss(a, p, w, reduction='none')",
    "F.multilabel_soft_margin_loss(a, p, reduction='foo')",
    "nn.MultiLabelSoftMarginLoss(w, reduction='sum')(a, p)",
    "F.triplet_margin_with_distance_loss(a, z, z + 0.2)",
    "F.triplet_margin_with_distance_loss(a, z, p, swap=True, margin=0.5, reduction='none', "
    "distance_function=lambda x, y: 1 - F.cosine_similarity(x, y))",
    "F.triplet_margin_with_distance_loss(a, z, z[0])",
    "F.triplet_margin_with_distance_loss(a, z, z, margin=0)",
    "nn.TripletMarginWithDistanceLoss(distance_function=nn.PairwiseDistance(1))(a, z, p)",
    "F.gumbel_softmax(a)",
    "F.gumbel_softmax(a, 0.5, dim=0)",
    "F.gumbel_softmax(a, hard=True)",
    "F.gumbel_softmax(a, eps=1e-9)",
    "F.pdist(a)",
    "F.pdist(T([[1.0, 2.0], [3.0, 0.5], [0.0, 0.0]], requires_grad=True), 1)",
    "F.pdist(T([[1.0, 2.0], [3.0, 0.5], [0.0, 0.0]]), float('inf'))",
    "F.pdist(ones(1, 2))",
    "F.pdist(w)",
    "F.pdist(a, -1)",
    "F.channel_shuffle(torch.arange(12).reshape(1, 6, 2), 3)",
    "F.channel_shuffle(x, 3)",
    "F.channel_shuffle(a, 3)",
    "F.channel_shuffle(x, 0)",
    "nn.ChannelShuffle(2)(x)[0]",
    "nn.Softmax2d()(x)[0]",
    "nn.Softmax2d()(a)",
    "F.hardtanh_(a * 1)",
    "F.selu_(a * 1)",
    "F.celu_(a * 1, 0.5)",
    "F.threshold_(a * 1, 0.2, 3.0)",
    "F.upsample(x, 4)[0, :, 0]",
    "F.affine_grid(T([[[1.0, 0.2, 0.1], [0.0, 0.5, -0.3]]], requires_grad=True), (1, 1, 2, 3), "
    "False)[0, 0]",
    "F.affine_grid(T([[[1.0, 0.2, 0.1], [0.0, 0.5, -0.3]]]), (1, 1, 2, 1), True)",
    "F.affine_grid(T([[[1.0, 0.2, 0.1], [0.0, 0.5, -0.3]]]), (1, 1, 2, 1))",
    "F.affine_grid(ones(1, 3, 4), (1, 1, 2, 1, 3), False)",
    "F.affine_grid(ones(1, 3, 3), (1, 1, 2, 1), False)",
    "F.affine_grid(ones(1, 2, 3), (1, 1, 2), False)",
    "nn.EmbeddingBag(4, 3)(T([[1, 2], [3, 3]]))",
    "nn.EmbeddingBag(4, 3, mode='max')(T([1, 2, 3, 3, 0]), T([0, 2, 2]))",
    "nn.EmbeddingBag(4, 3, mode='sum')(T([1, 2, 3, 3, 0]), T([0, 2, 5]))",
    "nn.EmbeddingBag(4, 3, padding_idx=3)(T([1, 2, 3, 3, 0]), T([0, 2, 4]))",
    "nn.EmbeddingBag(4, 3, include_last_offset=True)(T([1, 2, 3, 3, 0]), T([0, 2, 5]))",
    "nn.EmbeddingBag(4, 3, mode='sum')(T([[1, 2], [3, 3]]), "
    "per_sample_weights=T([[0.5, 1.0], [2.0, -1.0]]))",
    "nn.EmbeddingBag(4, 3)(T([1, 2]))",
    "nn.EmbeddingBag(4, 3)(T([[1, 2]]), T([0]))",
    "nn.EmbeddingBag(4, 3, mode='foo')(T([[1, 2]]))",
    "nn.EmbeddingBag(4, 3, mode='mean')(T([[1, 2]]), per_sample_weights=ones(1, 2))",
    "nn.EmbeddingBag.from_pretrained(ones(3, 2))(T([[1, 2]]))",
    "nn.EmbeddingBag(4, 3, padding_idx=-1).weight",
]


@pytest.mark.parametrize("source", REPRS)
def test_printed_forms(source: str) -> None:
    check(source)


@pytest.mark.parametrize("source", CALLS)
def test_calls(source: str) -> None:
    check(source)


@pytest.mark.parametrize("name", SIGNATURES)
def test_signatures(name: str) -> None:
    ours, theirs = (
        [(p.name, p.default, p.kind) for p in inspect.signature(f).parameters.values()]
        for f in (eval(name, {"nn": lib.nn, "F": lib.nn.functional}) for lib in (gpugrad, torch))
    )
    assert ours == theirs


def sampled(lib: ModuleType, ndim: int, mode: str, beyond: str, corners: bool) -> list[Any]:
    lib.manual_seed(2)
    x = lib.randn(2, 3, *(5, 4, 3)[:ndim], dtype=lib.float64, requires_grad=True)
    places = (lib.rand(2, *(3, 6, 2)[:ndim], ndim, dtype=lib.float64) * 4 - 2).requires_grad_()
    y = lib.nn.functional.grid_sample(x, places, mode, beyond, corners)
    (y * y.detach().cos()).sum().backward()
    return [y, x.grad, places.grad]


@pytest.mark.parametrize("corners", [False, True])
@pytest.mark.parametrize("beyond", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_grid_sample(ndim: int, mode: str, beyond: str, corners: bool) -> None:
    ours, theirs = (sampled(lib, ndim, mode, beyond, corners) for lib in (gpugrad, torch))
    for one, other in zip(ours, theirs, strict=True):
        if one is None:  # no gradient at all where PyTorch has zeros
            assert not other.any()
        else:
            same_tensor(one, other)


@pytest.mark.parametrize("flat_targets", [False, True])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.parametrize("zero", [False, True])
def test_ctc_loss(flat_targets: bool, reduction: str, zero: bool) -> None:
    def run(lib: ModuleType) -> list[Any]:
        lib.manual_seed(4)
        logits = lib.randn(9, 4, 5, dtype=lib.float64, requires_grad=True)
        labels = [[1, 2, 2], [3, 1, 4], [4, 1, 1], [2, 2, 2]]
        lengths = [3, 1, 2, 0]
        targets = lib.tensor(labels)
        if flat_targets:
            targets = lib.tensor(
                [n for row, k in zip(labels, lengths, strict=True) for n in row[:k]]
            )
        loss = lib.nn.functional.ctc_loss(
            logits.log_softmax(2), targets, [9, 4, 6, 5], lengths, 0, reduction, zero
        )
        loss.sum().backward()
        return [loss, logits.grad]

    for one, other in zip(run(gpugrad), run(torch), strict=True):
        same_tensor(one, other)


def test_ctc_of_targets_that_do_not_fit() -> None:
    for zero in (False, True):
        found = []
        for lib in (gpugrad, torch):
            logits = lib.zeros(2, 1, 3, requires_grad=True)
            target = lib.tensor([[1, 1]])
            loss = lib.nn.CTCLoss(zero_infinity=zero)(logits.log_softmax(2), target, [2], [2])
            found.append(loss.item())
        assert found[0] == found[1]


def test_embedding_bag_gradients() -> None:
    for mode in ("sum", "mean", "max"):
        grads = []
        for lib in (gpugrad, torch):
            lib.manual_seed(0)
            table = lib.nn.EmbeddingBag(5, 3, mode=mode, padding_idx=2)
            y = table(lib.tensor([1, 2, 3, 3, 0, 4]), lib.tensor([0, 2, 2, 5]))
            (y * y.detach()).sum().backward()
            grads.append(table.weight.grad)
        same_tensor(*grads)
