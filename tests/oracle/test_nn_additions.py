"""Layers and helpers of ``nn`` that few programs use: against PyTorch, expression by expression."""

from __future__ import annotations

import importlib
import warnings
from types import ModuleType
from typing import Any

import pytest

import gpugrad
from tests.oracle.both_libraries import tree_difference
from tests.oracle.comparison import check, plain

torch = pytest.importorskip("torch")

LAYERS = [
    "AdaptiveLogSoftmaxWithLoss(8, 20, [5, 10])",
    "AdaptiveLogSoftmaxWithLoss(8, 20, [5, 10], div_value=2.0, head_bias=True)",
    "AdaptiveLogSoftmaxWithLoss(8, 20, [])",
    "AdaptiveLogSoftmaxWithLoss(8, 20, [10, 5])",
    "AdaptiveLogSoftmaxWithLoss(8, 20, [5, 20])",
    "CrossMapLRN2d(3)",
    "FractionalMaxPool2d(2, output_size=3)",
    "FractionalMaxPool2d(2)",
    "FractionalMaxPool2d(2, 2, 0.5)",
    "FractionalMaxPool3d(2, output_ratio=1.5)",
    "LinearCrossEntropyLoss(3, 4, bias=True)",
    "LinearCrossEntropyLoss(3, 4, label_smoothing=2.0)",
    "SyncBatchNorm(3)",
    "DataParallel(nn.Linear(2, 3))",
    "RNNCellBase(2, 3, True, 4)",
    "NLLLoss2d()",
    "LinearCrossEntropyOptions()",
    "LinearCrossEntropyOptions(chunking_method='x')",
    "LinearCrossEntropyOptions(batch_chunk_size=0)",
]

CALLS = [
    "nn.CrossMapLRN2d(4, 1.0, 0.5, 2)(image)",
    "nn.CrossMapLRN2d(3, 1.0)(image)",
    "nn.CrossMapLRN2d(3)(image[0])",
    "nn.SyncBatchNorm(2)(image)",
    "nn.SyncBatchNorm(3)(torch.ones(3))",
    "nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.BatchNorm2d(2), nn.ReLU()))(image)",
    "nn.DataParallel(nn.Conv2d(2, 3, 2))(image)",
    "nn.AdaptiveLogSoftmaxWithLoss(3, 9, [2, 4], 2.0)(rows, T([0, 3, 8, 4])).loss",
    "nn.AdaptiveLogSoftmaxWithLoss(3, 9, [2, 4], 2.0)(rows, T([0, 3, 8, 4])).output",
    "nn.AdaptiveLogSoftmaxWithLoss(3, 9, [2, 4], 2.0)(rows[0], T(3)).output",
    "nn.AdaptiveLogSoftmaxWithLoss(3, 9, [2, 4], 2.0)(rows, T([0, 3, 9, 4]))",
    "nn.AdaptiveLogSoftmaxWithLoss(3, 9, [2, 4], 2.0)(rows, T([0, 3]))",
    "nn.AdaptiveLogSoftmaxWithLoss(3, 9, [2, 4], 2.0)(rows, T([[0, 3]]))",
    "nn.AdaptiveLogSoftmaxWithLoss(3, 9, [2, 4], 2.0).log_prob(rows)",
    "nn.AdaptiveLogSoftmaxWithLoss(3, 9, [2, 4], 2.0).predict(rows)",
    "nn.FractionalMaxPool2d(2, output_size=2)(image)",
    "F.fractional_max_pool2d(image, 2, output_ratio=(0.6, 0.6))",
    "F.fractional_max_pool2d(image, 2)",
    "F.fractional_max_pool2d(image, 3, 3)",
    "F.fractional_max_pool2d_with_indices(image, 2, 2)[1]",
    "F.max_pool2d_with_indices(image, 2)[1]",
    "F.adaptive_max_pool2d_with_indices(image, 2)[1]",
    "F.max_pool1d_with_indices(rows, 2)[1]",
    "F.conv_tbc(image[0], torch.ones(2, 4, 3), torch.zeros(3), 1)",
    "nn.grad.conv2d_input((2, 2, 3, 4), torch.ones(1, 2, 2, 2), torch.ones(2, 1, 2, 3))",
    "nn.grad.conv2d_weight(image, (1, 2, 2, 2), torch.ones(2, 1, 2, 3))",
    "nn.grad.conv2d_weight(image, (2, 1, 2, 2), torch.ones(2, 2, 4, 5), padding=1, dilation=1,"
    " stride=1, groups=2)",
    "nn.grad.conv1d_weight(rows.unsqueeze(1), (1, 1, 2), torch.ones(4, 1, 2))",
    "F.linear_cross_entropy(rows, torch.eye(3), T([0, 1, 2, 0]))",
    "nn.init.uniform(torch.ones(2))",
    "nn.utils.clip_grad_norm([torch.ones(2)], 1.0)",
    "F.grid_sample(image, torch.zeros(2, 1, 1, 2) + 0.3, 'bicubic', align_corners=False)",
    "F.grid_sample(image.unsqueeze(0), torch.zeros(1, 1, 1, 1, 3), 'bicubic')",
    "F.gumbel_softmax(rows, 0.5, True)",
    "torch.nn.attention.sdpa_kernel('x').__enter__()",
]


def names(lib: ModuleType) -> str:
    """What the expressions of this file use beside those of the other files."""
    return (
        "(lambda image, rows: {})(torch.linspace(-2.0, 3.0, 48).reshape(2, 2, 3, 4), "
        "torch.linspace(-1.0, 1.0, 12).reshape(4, 3))"
    )


@pytest.mark.parametrize("layer", LAYERS)
def test_printed(layer: str) -> None:
    check(f"nn.{layer}")


@pytest.mark.parametrize("layer", [layer for layer in LAYERS if "Adaptive" in layer])
def test_first_values(layer: str) -> None:
    check(f"[list(nn.{layer}.state_dict())]")


@pytest.mark.parametrize("call", CALLS)
def test_calls(call: str) -> None:
    importlib.import_module("torch.nn.attention")
    check(names(torch).format(call))


# --- modules whose parameters are computed --------------------------------------------------------


def trained(lib: ModuleType, shape: tuple[int, int], choice: str | None, based: bool) -> list[Any]:
    """An orthogonal layer's parameters, weight and gradient, before and after an assignment."""
    lib.manual_seed(3)
    orthogonal = importlib.import_module(f"{lib.__name__}.nn.utils.parametrizations").orthogonal
    layer = orthogonal(lib.nn.Linear(*shape), orthogonal_map=choice, use_trivialization=based)
    found = [layer.weight.detach(), {k: v.clone() for k, v in layer.state_dict().items()}]
    layer(lib.linspace(-1.0, 1.0, 2 * shape[0]).reshape(2, -1)).square().sum().backward()
    found += [layer.parametrizations.weight.original.grad, plain(repr(layer))]
    try:
        layer.weight = lib.linspace(0.0, 2.0, shape[0] * shape[1]).sin().reshape(
            shape[::-1]
        ) + lib.eye(*shape[::-1])
        found.append(layer.weight.detach() if shape[0] == shape[1] else None)
    except NotImplementedError as error:
        found.append(str(error))
    return found


@pytest.mark.parametrize("based", [True, False])
@pytest.mark.parametrize("choice", [None, "matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3)])
def test_orthogonal(shape: tuple[int, int], choice: str | None, based: bool) -> None:
    ours = trained(gpugrad, shape, choice, based)
    assert tree_difference(ours, trained(torch, shape, choice, based), tolerance=1e-5) is None


def pruned(lib: ModuleType) -> list[Any]:
    """What pruning in many ways, one after the other, makes of a model."""
    prune = importlib.import_module(f"{lib.__name__}.nn.utils.prune")
    nn = lib.nn
    lib.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 6, 3), nn.Flatten(), nn.Linear(24, 5))
    conv, linear = model[0], model[2]
    found: list[Any] = []
    steps: list[Any] = [
        lambda: prune.random_unstructured(conv, "weight", 0.3),
        lambda: prune.l1_unstructured(conv, "weight", 20),
        lambda: prune.ln_structured(conv, "weight", 2, n=2, dim=0),
        lambda: prune.random_structured(linear, "weight", 0.25, dim=1),
        lambda: prune.ln_structured(linear, "weight", 0.5, n=float("inf"), dim=0),
        lambda: prune.l1_unstructured(linear, "bias", 2),
        lambda: prune.global_unstructured(
            [(conv, "weight"), (linear, "weight")], prune.L1Unstructured, amount=0.2
        ),
        lambda: model(lib.ones(2, 3, 4, 4)).sum().backward(),
        lambda: prune.remove(conv, "weight"),
        lambda: prune.identity(conv, "bias"),
        lambda: prune.custom_from_mask(linear, "bias", lib.tensor([0, 1, 1, 0, 1])),
    ]
    for step in steps:
        step()
        found.append({name: value.clone() for name, value in model.state_dict().items()})
        found.append(prune.is_pruned(model))
        found.append([None if p.grad is None else p.grad for p in model.parameters()])
    return found


def test_pruning() -> None:
    assert tree_difference(pruned(gpugrad), pruned(torch), strict=False) is None


@pytest.mark.parametrize(
    "call",
    [
        "l1_unstructured(layer, 'weight', 7)",
        "l1_unstructured(layer, 'weight', 1.2)",
        "l1_unstructured(layer, 'weight', -1)",
        "l1_unstructured(layer, 'weight', 'a')",
        "l1_unstructured(layer, 'other', 1)",
        "ln_structured(layer, 'bias', 1, 2, 0)",
        "ln_structured(layer, 'weight', 1, 2, 3)",
        "remove(layer, 'weight')",
        "global_unstructured(5, prune.L1Unstructured)",
    ],
)
def test_pruning_refused(call: str) -> None:
    check(f"(lambda prune, layer: prune.{call})(torch.nn.utils.prune, nn.Linear(2, 3))")


def fused(lib: ModuleType) -> list[Any]:
    nn, found = lib.nn, []
    for layer, norm, x, options in (
        (nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3), lib.ones(1, 2, 4, 4), {}),
        (nn.ConvTranspose1d(2, 3, 2), nn.BatchNorm1d(3), lib.ones(2, 2, 4), {"transpose": True}),
    ):
        norm(layer(x + lib.arange(4.0)))
        result = nn.utils.fuse_conv_bn_eval(layer.eval(), norm.eval(), **options)
        found += [result(x).detach(), norm(layer(x)).detach()]
    linear, norm = nn.Linear(2, 3, bias=False).eval(), nn.BatchNorm1d(3).eval()
    found.append(nn.utils.fuse_linear_bn_eval(linear, norm)(lib.ones(2, 2)).detach())
    return found


def test_fusion() -> None:
    found = []
    for lib in (gpugrad, torch):
        lib.manual_seed(1)
        found.append(fused(lib))
    assert tree_difference(found[0], found[1], tolerance=1e-5) is None


def test_stateless_call() -> None:
    results = []
    for lib in (gpugrad, torch):
        stateless = importlib.import_module(f"{lib.__name__}.nn.utils.stateless")
        layer = lib.nn.Linear(2, 1)
        values = {"weight": lib.ones(1, 2), "bias": lib.ones(1)}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = stateless.functional_call(layer, values, lib.ones(2))
        results.append([result.detach(), [plain(str(w.message)) for w in caught]])
    assert tree_difference(results[0], results[1]) is None
