"""Layers and initial values against PyTorch."""

from __future__ import annotations

import math
from types import ModuleType

import pytest

import gpugrad
from tests.oracle.comparison import check

torch = pytest.importorskip("torch")

REPRS = [
    f"nn.{layer}"
    for layer in (
        "ReLU(True)",
        "LeakyReLU()",
        "LeakyReLU(0.2, True)",
        "ELU()",
        "ELU(2, True)",
        "SELU(True)",
        "CELU(0.5, True)",
        "GELU('tanh')",
        "SiLU(True)",
        "Mish()",
        "Softplus(2, 10)",
        "Softmax(1)",
        "Softmax()",
        "LogSoftmax(-1)",
        "Hardtanh()",
        "Hardtanh(-2, 2, True)",
        "Hardtanh(1, 0)",
        "Hardtanh(min_value=-3, max_value=3)",
        "ReLU6()",
        "ReLU6(True)",
        "Hardswish(True)",
        "PReLU(3)",
        "Threshold(0.1, 2, True)",
        "GLU()",
        "Dropout(0.3)",
        "Dropout(0.3, True)",
        "Dropout(1.5)",
        "Dropout(-1)",
        "Flatten()",
        "Flatten(0, 2)",
        "Unflatten(1, (2, 3))",
        "Unflatten(1, [2, 3])",
        "Unflatten(1, 3)",
        "Unflatten(1, ('a', 3))",
        "Identity(3, foo=4)",
        "Bilinear(2, 3, 4)",
        "Bilinear(0, 3, 4)",
        "Linear(2, 3, bias=False)",
        "Linear(0, 3)",
        "Embedding(5, 2)",
        "Embedding(5, 2, padding_idx=-1)",
        "Embedding(5, 2, padding_idx=7)",
        "Embedding(5, 2, 0, 2.0, 3.0, True, True)",
        "Embedding(5, 2, _weight=zeros(3, 2))",
        "Embedding.from_pretrained(zeros(3, 2))",
        "Embedding.from_pretrained(zeros(3))",
        "LayerNorm(3)",
        "LayerNorm((2, 3), bias=False)",
        "RMSNorm(3)",
        "RMSNorm([2, 3], eps=1e-6)",
        "BatchNorm1d(3)",
        "BatchNorm1d(3, momentum=None)",
        "BatchNorm2d(3, affine=False, track_running_stats=False)",
        "MSELoss()",
        "CrossEntropyLoss(weight=w)",
        "Module()",
        "Module(3)",
        "Module(a=3)",
        "Module()(3)",
        "Parameter(zeros(2))",
        "Parameter(zeros(2), requires_grad=False)",
        "Parameter()",
        "Parameter(zeros(2, dtype=long))",
        "Parameter(3)",
        "Buffer(zeros(2))",
    )
]

LAYERS = [
    "nn.Linear(3, 4)(a)",
    "nn.Linear(3, 4)(a[0])",
    "nn.Linear(3, 4)(x)",
    "nn.Linear(3, 4, bias=False)(a)",
    "nn.Linear(3, 4, dtype=torch.float64).weight",
    "nn.Linear(3, 4).bias",
    "nn.Linear(100, 50).weight",
    "nn.Linear(2, 3)(zeros(2, 4))",
    "nn.Linear(2, 3)(zeros(4))",
    "nn.Linear(2, 3)(zeros(1, 2, 4))",
    "nn.Linear(2, 3)(zeros(2, 2, dtype=long))",
    "nn.Linear(2, 3)(zeros(2, 2, dtype=torch.float64))",
    "nn.Linear(2, 3)([1, 2])",
    "nn.Linear(0, 2)(zeros(3, 0))",
    "nn.Bilinear(3, 3, 4)(a, a)",
    "nn.Bilinear(3, 2, 4, bias=False).weight",
    "nn.Bilinear(2, 3, 4)(zeros(5, 2), zeros(4, 3))",
    "nn.Bilinear(2, 3, 4)(zeros(5, 3), zeros(5, 3))",
    "nn.Embedding(5, 2).weight",
    "nn.Embedding(5, 2, padding_idx=1).weight",
    "nn.Embedding(5, 2)(T([1, 4]))",
    "nn.Embedding(5, 2)(T([1.0]))",
    "nn.Embedding(5, 2)(T([5]))",
    "nn.Embedding(5, 2)(T([-1]))",
    "nn.Embedding(5, 2, max_norm=1.0)(T([1, 1, 2]))",
    "F.embedding(T([[0, 1], [1, 1]]), a)[0]",
    "F.embedding(T([1, 0, 1]), a, padding_idx=0)",
    "F.embedding(T([1, 0, 1]), a, scale_grad_by_freq=True)",
    "F.embedding(T([1, 2]), ones(3, 2), padding_idx=5)",
    "F.one_hot(T([0, 2]))",
    "F.one_hot(T([[0, 2], [1, 1]]), 4)",
    "F.one_hot(T([-1, 2]))",
    "F.one_hot(T([3]), 2)",
    "F.one_hot(T([1.0]))",
    "F.one_hot(T([], dtype=long))",
    "nn.Flatten()(x)",
    "nn.Flatten()(zeros(3))",
    "nn.Unflatten(1, (1, 3))(a)[0]",
    "nn.Unflatten(1, (2, 3))(zeros(2, 5))",
    "nn.Identity()(a)",
    "nn.LayerNorm(3)(a)",
    "nn.LayerNorm(3, elementwise_affine=False)(a)",
    "F.layer_norm(a, (2, 3), ones(2, 3) / 2, ones(2, 3))",
    "F.layer_norm(a, (3,), w)",
    "F.layer_norm(a.bfloat16(), (3,), w, w)",
    "F.layer_norm(a, (3,), w.half())",
    "F.layer_norm(a, (3,), w, w.double())",
    "F.layer_norm(a.double(), (3,), w)",
    "F.layer_norm(a, (3,), None, w)",
    "nn.LayerNorm(3)(zeros(2, 4))",
    "nn.LayerNorm((2, 3))(zeros(3))",
    "F.layer_norm(ones(2, 3, dtype=long), (3,))",
    "F.layer_norm(ones(2, 3), (3,), ones(2))",
    "F.layer_norm(ones(2, 3), (3,), None, ones(2))",
    "F.layer_norm(ones(2, 3), ())",
    "nn.RMSNorm(3)(a)",
    "F.rms_norm(a, (3,), w, 0.1)",
    "nn.RMSNorm(3)(zeros(2, 4))",
    "nn.BatchNorm1d(2)(x.reshape(6, 2))",
    "nn.BatchNorm1d(3).eval()(a)",
    "nn.BatchNorm1d(2)(x)[0]",
    "nn.BatchNorm2d(3)(ones(2, 3, 2, 2))",
    "nn.BatchNorm1d(3)(zeros(3))",
    "nn.BatchNorm1d(3)(zeros(1, 3))",
    "nn.BatchNorm1d(3)(zeros(2, 4))",
    "nn.BatchNorm2d(3)(zeros(2, 3))",
    "nn.BatchNorm3d(3)(zeros(2, 3))",
    "list(nn.BatchNorm1d(3).state_dict())",
    "nn.BatchNorm1d(3, affine=False, track_running_stats=False).state_dict()",
    "F.batch_norm(ones(2, 3), None, None)",
    "F.batch_norm(ones(2, 3), ones(2), ones(3))",
    "F.batch_norm(ones(2, 3), ones(3), ones(3), ones(2))",
    "F.batch_norm(a, T([1.0, 2.0, 3.0]), w, w, w)",
    "F.batch_norm(x, None, None, training=True)[0]",
    "F.normalize(a)",
    "F.normalize(a, p=1, dim=0)",
    "F.normalize(z)",
    "F.dropout(ones(40))",
    "F.dropout(a, 0.3)",
    "F.dropout(a, 1.0)",
    "F.dropout(a, 0.0)",
    "F.dropout(a, 0.3, training=False)",
    "F.dropout(a * 1, 0.3, inplace=True)",
    "F.dropout(a, -1)",
    "nn.Dropout(0.2)(ones(3, 7))",
]

INITS = [
    *(
        f"init.{name}(zeros{shape})"
        for name in (
            "uniform_",
            "normal_",
            "trunc_normal_",
            "xavier_uniform_",
            "xavier_normal_",
            "kaiming_uniform_",
            "kaiming_normal_",
            "orthogonal_",
            "ones_",
            "zeros_",
            "eye_",
            "dirac_",
        )
        for shape in ("(3, 5)", "(5, 3)", "(4, 3, 2)", "(7, 8, 3)", "(0, 3)", "(2,)")
    ),
    *(
        f"init.{name}(zeros(2, 2, dtype=torch.{dtype}))"
        for name in ("uniform_", "normal_", "trunc_normal_", "kaiming_uniform_", "xavier_normal_")
        for dtype in ("float64", "float16", "int64")
    ),
    "init.xavier_uniform_(nn.Parameter(zeros(2, 2)))",
    "init.uniform_(zeros(3), -2, 5)",
    "init.normal_(zeros(30), 2, 0.5)",
    "init.trunc_normal_(zeros(50), 1, 3.0, 0.0, 2.0)",
    "init.trunc_normal_(zeros(50), 0.1, 0.02, 0.0, 0.5)",
    "init.trunc_normal_(zeros(20), 10, 1, -2, 2)",
    "init.constant_(zeros(2), 3.5)",
    "init.dirac_(zeros(4, 2, 3, 3), 2)",
    "init.dirac_(zeros(3, 2, 3), 2)",
    "init.sparse_(zeros(6, 3), 0.5)",
    "init.sparse_(zeros(2), 0.5)",
    "init.orthogonal_(zeros(3, 2), gain=2.0)",
    "init.xavier_uniform_(zeros(2, 2), gain=3)",
    "init.kaiming_uniform_(zeros(2, 3), mode='fan_out', nonlinearity='relu')",
    "init.kaiming_normal_(zeros(2, 3), a=0.3, mode='FAN_IN')",
    "init.kaiming_uniform_(zeros(2, 3), mode='strange')",
    "init.kaiming_uniform_(zeros(2, 3), nonlinearity='strange')",
    *(
        f"init.calculate_gain({name})"
        for name in (
            "'linear'",
            "'conv_transpose2d'",
            "'sigmoid'",
            "'tanh'",
            "'relu'",
            "'leaky_relu'",
            "'leaky_relu', 0.2",
            "'leaky_relu', True",
            "'leaky_relu', 'a'",
            "'selu'",
            "'strange'",
        )
    ),
]


@pytest.mark.parametrize("source", REPRS)
def test_printed_forms(source: str) -> None:
    check(source)


@pytest.mark.parametrize("source", LAYERS)
def test_layers(source: str) -> None:
    check(source)


@pytest.mark.parametrize("source", INITS)
def test_initial_values(source: str) -> None:
    check(source)


def test_training_takes_the_same_path() -> None:
    """A small network trained by hand: the same losses, step by step."""

    def losses(lib: ModuleType) -> list[float]:
        nn = lib.nn
        lib.manual_seed(3)
        net = nn.Sequential(
            nn.Linear(4, 16), nn.BatchNorm1d(16), nn.GELU(), nn.Dropout(0.2), nn.Linear(16, 3)
        )
        inputs, target = lib.randn(24, 4), lib.randint(0, 3, (24,))
        result = []
        for _ in range(20):
            loss = nn.functional.cross_entropy(net(inputs), target)
            net.zero_grad()
            loss.backward()
            with lib.no_grad():
                for parameter in net.parameters():
                    parameter -= 0.1 * parameter.grad
            result.append(loss.item())
        return result

    ours = losses(gpugrad)
    assert ours == pytest.approx(losses(torch), rel=1e-3)
    assert not math.isnan(ours[-1]) and ours[-1] < ours[0]
