"""Losses and activation functions against PyTorch, to the second derivative."""

from __future__ import annotations

import pytest

import gpugrad
from tests.oracle.comparison import check, flat, names

torch = pytest.importorskip("torch")

REDUCED = [
    f"F.{loss}, reduction={reduction!r})"
    for reduction in ("mean", "sum", "none", "strange")
    for loss in (
        "mse_loss(a, z + 1",
        "l1_loss(a, z + 1",
        "smooth_l1_loss(a, z, beta=0.5",
        "huber_loss(a, z, delta=0.5",
        "mse_loss(a, z, weight=T([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]])",
        "l1_loss(a, z, weight=T([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]])",
        "huber_loss(a, z, weight=T([[1.0, 2.0, 3.0], [1.0, 1.0, 1.0]])",
        "cross_entropy(a, i",
        "cross_entropy(a, i, weight=w",
        "cross_entropy(a, i, label_smoothing=0.2",
        "cross_entropy(a, i, weight=w, label_smoothing=0.2",
        "cross_entropy(a, T([2, -100])",
        "cross_entropy(a, T([2, -100]), weight=w, label_smoothing=0.1",
        "cross_entropy(a, T([2, 1]), ignore_index=1",
        "cross_entropy(a, T([-100, -100])",
        "cross_entropy(a, p",
        "cross_entropy(a, p, weight=w",
        "cross_entropy(a, p, weight=w, label_smoothing=0.2",
        "cross_entropy(a.unsqueeze(2), T([[1], [2]])",
        "cross_entropy(a[0], T(1)",
        "cross_entropy(x, T([[1, 0, 1], [0, 0, 1]])",
        "nll_loss(a, i",
        "nll_loss(a, i, weight=w",
        "nll_loss(x, T([[1, 0, 1], [0, 0, 1]])",
        "binary_cross_entropy(s, z + 0.3",
        "binary_cross_entropy(s, z + 1, weight=w",
        "binary_cross_entropy_with_logits(a, z + 0.3",
        "binary_cross_entropy_with_logits(a, z + 1, weight=w, pos_weight=w",
        "kl_div(a, p",
        "kl_div(a, p.log(), log_target=True",
        "kl_div(a, z",
    )
]

LOSSES = [
    "F.kl_div(a, p, reduction='batchmean')",
    "F.kl_div(a, p.log(), log_target=True, reduction='batchmean')",
    "F.mse_loss(a, z, size_average=False)",
    "F.mse_loss(a, z, reduce=False)",
    "F.mse_loss(a, z, reduction='elementwise_mean')",
    "nn.MSELoss(size_average=True, reduce=True)",
    "F.mse_loss(zeros(0), zeros(0))",
    "F.l1_loss(zeros(0), zeros(0))",
    "F.smooth_l1_loss(a, z, beta=0)",
    "F.smooth_l1_loss(a, z, beta=-1.0)",
    "F.huber_loss(a, z, delta=0)",
    "F.cross_entropy(a, T([3, 0]))",
    "F.cross_entropy(a, T([0, -1]))",
    "F.cross_entropy(a, T([1.0, 0.0]))",
    "F.cross_entropy(a, i.to(torch.int32))",
    "F.cross_entropy(a, i.to(torch.uint8))",
    "F.cross_entropy(a, T([1, 0, 2]))",
    "F.cross_entropy(a, T([[1], [0]]))",
    "F.cross_entropy(a[0].detach(), T([1]))",
    "F.cross_entropy(T(1.0), T(0))",
    "F.cross_entropy(ones(2, 3, 4), zeros(2, 5, dtype=long))",
    "F.cross_entropy(ones(2, 3, 1, 2), zeros(2, 1, 2, dtype=long), reduction='none')",
    "F.cross_entropy(a, p, ignore_index=1)",
    "F.cross_entropy(a, zeros(2, 3, dtype=long))",
    "F.cross_entropy(ones(2, 3, 4), ones(2, 3, 4))",
    "F.cross_entropy(a[0], p[0])",
    "F.cross_entropy(a, i, label_smoothing=1.5)",
    "F.cross_entropy(a, i, weight=T([1.0, 2.0]))",
    "F.cross_entropy(a, i, weight=w.double())",
    "F.cross_entropy(a, p, weight=T([1.0, 2.0]))",
    "F.cross_entropy(a, p.double())",
    "F.cross_entropy(zeros(0, 3), zeros(0, dtype=long))",
    "F.cross_entropy(zeros(0, 3), zeros(0, dtype=long), reduction='sum')",
    "F.nll_loss(a, T([3, 0]))",
    "F.nll_loss(a, p)",
    "F.nll_loss(a, T([1.0, 0.0]))",
    "F.nll_loss(T(1.0), T(0))",
    "F.nll_loss(a, T([1]))",
    "F.nll_loss(ones(2, 3, 4), zeros(2, dtype=long))",
    "F.nll_loss(ones(2, 3, 4, 5), zeros(2, 4, 6, dtype=long))",
    "F.nll_loss(ones(2, 3, 1, 1, 2), zeros(2, 1, 1, 3, dtype=long))",
    "F.nll_loss(a, i, weight=T([1.0]))",
    "F.binary_cross_entropy(s, zeros(3))",
    "F.binary_cross_entropy(s, zeros(2, 1))",
    "F.binary_cross_entropy(a, z)",
    "F.binary_cross_entropy(s, z + 2)",
    "F.binary_cross_entropy(T([0.0, 1.0, 0.0, 1.0]), T([0.0, 0.0, 1.0, 1.0]), reduction='none')",
    "F.binary_cross_entropy(s, zeros(2, 3, dtype=long))",
    "F.binary_cross_entropy(s, zeros(2, 3, dtype=torch.float64))",
    "F.binary_cross_entropy(T([float('nan')]), T([1.0]))",
    "F.binary_cross_entropy_with_logits(a, zeros(3))",
    "F.binary_cross_entropy_with_logits(T([100.0, -100.0, 1e4]), T([0.0, 1.0, 1.0]))",
    "F.binary_cross_entropy_with_logits(a, zeros(2, 3, dtype=long))",
    "F.binary_cross_entropy_with_logits(a, zeros(2, 3, dtype=torch.float64))",
    "F.binary_cross_entropy_with_logits(a, z, weight=T([1.0, 2.0]))",
    *(
        f"F.{name}({arguments})"
        for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
        for arguments in (
            "a, zeros(3)",
            "a, zeros(2)",
            "T([1, 2]), T([2, 2])",
            "a, 3",
        )
    ),
    "F.mse_loss(a, zeros(2, 3, dtype=torch.float64))",
    "F.mse_loss(a, zeros(2, 3, dtype=long))",
    "F.l1_loss(a, zeros(2, 3, dtype=long))",
    "F.mse_loss(a, z, weight=w)",
    "F.huber_loss(a, z, weight=w)",
    *(
        f"nn.{name}"
        for name in (
            "MSELoss()(a, z)",
            "L1Loss(reduction='sum')(a, z)",
            "SmoothL1Loss(beta=0.3)(a, z)",
            "HuberLoss(delta=0.3)(a, z)",
            "CrossEntropyLoss(w, label_smoothing=0.1)(a, i)",
            "NLLLoss(w)(a, i)",
            "BCELoss()(s, z)",
            "BCEWithLogitsLoss(pos_weight=w)(a, z + 1)",
            "KLDivLoss(reduction='batchmean')(a, p)",
            "MSELoss(reduction='strange')",
            "MSELoss(reduction='strange')(a, z)",
            "KLDivLoss('batchmean')",
            "CrossEntropyLoss(weight=w).state_dict().keys()",
            "BCEWithLogitsLoss(weight=w, pos_weight=w).state_dict().keys()",
        )
    ),
]

ACTIVATIONS = [
    *(
        f"F.{name}"
        for name in (
            "relu(a)",
            "relu(a * 2, inplace=True)",
            "relu_(a * 2)",
            "relu(a, True)",
            "relu(T([1, -1]))",
            "leaky_relu(a)",
            "leaky_relu(a, 0.3)",
            "leaky_relu(a * 2, 0.3, True)",
            "elu(a)",
            "elu(a, 0.7)",
            "selu(a)",
            "celu(a, 0.7)",
            "gelu(a)",
            "gelu(a, approximate='tanh')",
            "gelu(a, approximate='other')",
            "silu(a)",
            "silu(a * 2, True)",
            "mish(a)",
            "softplus(a)",
            "softplus(a * 20, 2, 10)",
            "logsigmoid(a)",
            "logsigmoid(a * 100)",
            "softsign(a)",
            "sigmoid(a)",
            "sigmoid(T([1, 2]))",
            "tanh(a)",
            "tanh(T([1, 2]))",
            "hardtanh(a)",
            "hardtanh(a, -1.2, 2.0)",
            "hardtanh(a, 2, 1)",
            "hardtanh(T([1, -1, 9]))",
            "relu6(a * 4)",
            "relu6(T([1, -1, 9]))",
            "hardsigmoid(a * 2)",
            "hardswish(a * 2)",
            "threshold(a, 0.2, -5)",
            "prelu(a, T([0.1, 0.2, 0.3]))",
            "prelu(a, T(0.1))",
            "prelu(a, T([0.1, 0.2]))",
            "glu(T([[1.0, 2.0, 3.0, 4.0]]))",
            "glu(a, 0)",
            "glu(a)",
            "softmax(a, 1)",
            "softmax(a, 0)",
            "softmax(a, -1)",
            "softmax(a)",
            "softmax(ones(1, 2, 2))",
            "softmax(T([1, 2]), 0, dtype=torch.float64)",
            "softmax(a, 5)",
            "softmax(T(1.0), 0)",
            "softmin(a, 1)",
            "log_softmax(a, 1)",
            "log_softmax(a)",
            "log_softmax(a * 1000, 1)",
        )
    ),
    *(
        f"nn.{layer}(a)"
        for layer in (
            "ReLU()",
            "LeakyReLU()",
            "ELU()",
            "SELU()",
            "CELU()",
            "GELU()",
            "SiLU()",
            "Mish()",
            "Softplus()",
            "Sigmoid()",
            "LogSigmoid()",
            "Tanh()",
            "Softsign()",
            "Hardtanh()",
            "ReLU6()",
            "Hardsigmoid()",
            "Hardswish()",
            "Threshold(0.1, 2.0)",
            "PReLU()",
            "PReLU(3)",
            "GLU(0)",
            "Softmax(1)",
            "Softmax()",
            "Softmin(1)",
            "LogSoftmax(1)",
            "LogSoftmax()",
        )
    ),
]

SMOOTH = [
    "elu",
    "selu",
    "celu",
    "gelu",
    "silu",
    "mish",
    "softplus",
    "logsigmoid",
    "softsign",
    "sigmoid",
    "tanh",
    "hardswish",
]


@pytest.mark.parametrize("source", REDUCED + LOSSES)
def test_losses(source: str) -> None:
    check(source)


@pytest.mark.parametrize("source", ACTIVATIONS)
def test_activations(source: str) -> None:
    check(source)


@pytest.mark.parametrize(
    "source",
    [
        *(f"F.{name}(a)" for name in SMOOTH),
        "F.leaky_relu(a)",
        "F.softmax(a, 1)",
        "F.log_softmax(a, 1)",
        "F.layer_norm(a * 3, (3,), w, w)",
        "F.rms_norm(a, (3,), w)",
        "F.normalize(a)",
        "F.linear(a, s.detach())",
        "F.embedding(T([[0, 1], [1, 1]]), a, padding_idx=0)",
        "F.batch_norm(x.reshape(6, 2), None, None, w[:2], w[:2], training=True)",
        "F.mse_loss(a, z)",
        "F.mse_loss(a, z, reduction='none')",
        "F.smooth_l1_loss(a, z)",
        "F.huber_loss(a, z)",
        "F.cross_entropy(a, i)",
        "F.cross_entropy(a, i, weight=w, label_smoothing=0.2)",
        "F.cross_entropy(a, p)",
        "F.binary_cross_entropy(s, z + 0.3)",
        "F.binary_cross_entropy_with_logits(a, z + 0.3, pos_weight=w)",
        "F.kl_div(a, p, reduction='sum')",
        "nn.Bilinear(3, 3, 2)(a, a)",
    ],
)
def test_second_derivatives(source: str) -> None:
    results = []
    for lib in (torch, gpugrad):
        lib.manual_seed(7)
        space = names(lib)
        value = eval(source, space)
        leaf = space["x" if "(x" in source else "a"]
        # Not linear in the result, or second derivatives of piecewise linear functions vanish.
        (first,) = lib.autograd.grad((value * value).sum(), leaf, create_graph=True)
        (second,) = lib.autograd.grad((first * first).sum(), leaf)
        results.append((first, second))
    for ours, theirs in zip(results[1], results[0], strict=True):
        assert flat(ours) == pytest.approx(flat(theirs), rel=2e-4, abs=2e-4)
