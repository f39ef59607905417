"""``nn`` against PyTorch: every case is an expression evaluated with both libraries.

What is compared: values and gradients, types, printed forms, errors with their texts, warnings.
"""

from __future__ import annotations

import math
import re
import warnings
from types import ModuleType
from typing import Any

import pytest

import gpugrad

torch = pytest.importorskip("torch")

LOGITS = [[0.3, -1.2, 2.0], [0.1, 0.2, -0.4]]
CLASS_WEIGHT = [1.0, 2.0, 0.5]


def names(lib: ModuleType) -> dict[str, Any]:
    """What the expressions may use, made anew for every case."""
    nn = lib.nn
    logits = lib.tensor(LOGITS, requires_grad=True)
    return {
        "torch": lib,
        "nn": nn,
        "F": nn.functional,
        "init": nn.init,
        "T": lib.tensor,
        "zeros": lib.zeros,
        "ones": lib.ones,
        "long": lib.int64,
        "a": logits,
        "i": lib.tensor([2, 0]),
        "w": lib.tensor(CLASS_WEIGHT),
        "z": lib.zeros(2, 3),
        "s": lib.sigmoid(logits),
        "p": lib.softmax(lib.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 1.0]]), 1),
        "x": lib.linspace(-3.0, 3.0, 12).reshape(2, 2, 3).requires_grad_(),
        "seq": nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)),
    }


def plain(text: str) -> str:
    """A text without what may differ: where classes are defined, and addresses."""
    text = re.sub(r"(torch|gpugrad)\.nn\.[a-z_.]*(?=[A-Z])", "", text)
    text = text.replace("gpugrad", "torch")
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def is_tensor(value: Any) -> bool:
    return isinstance(value, (torch.Tensor, gpugrad.Tensor))


def outcome(lib: ModuleType, source: str) -> Any:
    """The value of an expression with its gradient, or its error; and the warnings it gave."""
    space = names(lib)
    lib.manual_seed(7)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = eval(source, space)
        except Exception as error:
            return type(error).__name__, plain(str(error)), messages(caught)
        if not is_tensor(value):
            return plain(repr(value)), messages(caught)
        grads = []
        if value.requires_grad and value.dim() < 3 and not value.is_leaf:
            (value * value.detach().exp()).sum().backward()
            grads = [g for name in ("a", "x") if (g := space[name].grad) is not None]
    return value, grads, messages(caught)


def messages(caught: list[warnings.WarningMessage]) -> list[str]:
    # The texts name documentation pages that only PyTorch has.
    return [f"{w.category.__name__}: {re.sub(r' See https.*', '', str(w.message))}" for w in caught]


def check(source: str) -> None:
    theirs, ours = outcome(torch, source), outcome(gpugrad, source)
    assert len(ours) == len(theirs), (ours, theirs)
    for our, their in zip(ours, theirs, strict=True):
        if is_tensor(their):
            same_tensor(our, their)
        elif isinstance(their, list) and any(is_tensor(t) for t in [*their, *our]):
            assert len(our) == len(their)
            for one, other in zip(our, their, strict=True):
                same_tensor(one, other)
        else:
            assert our == their


def same_tensor(ours: Any, theirs: Any) -> None:
    assert isinstance(ours, gpugrad.Tensor)
    assert str(ours.dtype) == str(theirs.dtype)
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert ours.requires_grad == theirs.requires_grad
    tolerance = 2e-3 if str(theirs.dtype).endswith("16") else 2e-6
    assert flat(ours) == pytest.approx(flat(theirs), rel=tolerance, abs=tolerance, nan_ok=True)


def flat(tensor: Any) -> list[Any]:
    values: list[Any] = tensor.detach().reshape(-1).tolist()
    return values


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

CONTAINERS = [
    "seq",
    "seq[5]",
    "seq[-4]",
    "seq['a']",
    "seq[1.5]",
    "seq[0:2]",
    "seq[-1]",
    "nn.Sequential(__import__('collections').OrderedDict(a=nn.ReLU(), b=nn.Tanh()))",
    "nn.Sequential({'a': nn.ReLU()})",
    "nn.Sequential([nn.ReLU()])",
    "nn.Sequential(3)",
    "seq + 3",
    "seq + nn.Sequential(nn.Tanh())",
    "seq * 2",
    "2 * seq",
    "seq * 2.0",
    "seq * 0",
    "seq.insert(1, nn.Tanh())",
    "seq.insert(-1, nn.Tanh())",
    "seq.insert(20, nn.Tanh())",
    "seq.insert(0, 3)",
    "(seq.pop(0), seq)",
    "seq.pop(20)",
    "seq.extend([nn.ReLU()])",
    "seq.append(nn.ReLU())",
    "seq.append(3)",
    "(seq.__delitem__(1), seq)",
    "(seq.__delitem__(slice(0, 2)), seq)",
    "(seq.__setitem__(-1, nn.Tanh()), seq, len(seq), [type(m).__name__ for m in seq])",
    "seq(1, 2)",
    "nn.Sequential()",
    "nn.Sequential()(3)",
    "nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Tanh(), nn.ReLU()])",
    "nn.ModuleList([seq, nn.Sequential(nn.ReLU()), nn.Sequential(nn.ReLU())])",
    "nn.ModuleList([nn.ReLU()])[9]",
    "nn.ModuleList([nn.ReLU()])['a']",
    "nn.ModuleList([nn.ReLU(), nn.Tanh()])[1:]",
    "nn.ModuleList()(3)",
    "nn.ModuleList(3)",
    "nn.ModuleList([3])",
    "nn.ModuleList() + [nn.ReLU()]",
    "nn.ModuleList([nn.ReLU(), nn.Tanh()]).pop(0)",
    "nn.ModuleList()",
    "nn.ModuleDict({'b': nn.ReLU(), 'a': nn.Tanh()})",
    "nn.ModuleDict({'b': nn.ReLU()})['c']",
    "nn.ModuleDict({'b': nn.ReLU()}).pop('b')",
    "nn.ModuleDict([('a', nn.ReLU())]).items()",
    "nn.ModuleDict([3])",
    "nn.ModuleDict([('a',)])",
    "nn.ModuleDict([('a', 3)])",
    "nn.ModuleDict(3)",
    "nn.ModuleDict({'keys': nn.ReLU()})",
    "nn.ParameterList([nn.Parameter(zeros(2)), ones(3, 4), 3])",
    "nn.ParameterList([zeros(2)])[7]",
    "nn.ParameterList([zeros(2), ones(1)])[0:1]",
    "nn.ParameterList()(3)",
    "nn.ParameterList(3)",
    "nn.ParameterList(zeros(2))",
    "list(nn.ParameterList([zeros(1), zeros(1)]).state_dict())",
    "nn.ParameterDict({'z': zeros(2), 'b': ones(3, 4), 'c': 3})",
    "nn.ParameterDict({'z': zeros(2)})['q']",
    "list(nn.ParameterDict({'z': zeros(2), 'b': zeros(1)}).keys())",
    "nn.ParameterDict({'z': zeros(2)}) | {'y': zeros(1)}",
    "nn.ParameterDict({'z': zeros(2)}).popitem()",
    "nn.ParameterDict({'z': zeros(2)}).get('q')",
    "nn.ParameterDict()(1)",
    "nn.ParameterDict(3)",
    "nn.ParameterDict({1: zeros(2)})",
    "nn.ParameterDict({'keys': zeros(1)})",
]

MODULES = [
    *(
        f"seq.{method}({name}, {value})"
        for method, value in (
            ("register_parameter", "nn.Parameter(zeros(1))"),
            ("register_buffer", "zeros(1)"),
            ("add_module", "nn.ReLU()"),
        )
        for name in ("3", "'a.b'", "''", "'forward'", "'0'", "'fine'")
    ),
    "seq.register_parameter('q', 3)",
    "seq.register_parameter('q', zeros(1))",
    "seq.register_buffer('q', 3)",
    "seq.add_module('q', 3)",
    "setattr(seq[0], 'weight', zeros(3, 2))",
    "setattr(seq[0], 'weight', 3)",
    "setattr(seq, '1', 3)",
    "setattr(nn.BatchNorm1d(2), 'running_mean', 3)",
    "(setattr(seq[0], 'bias', None), seq[0], list(seq.state_dict()))",
    "delattr(seq, 'nope')",
    "(delattr(seq, '1'), seq)",
    "seq.nope",
    "seq.get_submodule('0')",
    "seq.get_submodule('')",
    "seq.get_submodule('0.x')",
    "seq.get_submodule('0.weight')",
    "seq.get_parameter('0.nope')",
    "seq.get_parameter('0')",
    "seq.get_buffer('0.weight')",
    "seq.set_submodule('', nn.ReLU())",
    "seq.set_submodule('0', 3)",
    "seq.set_submodule('0.x', nn.ReLU(), strict=True)",
    "seq.train('x')",
    "(seq.eval(), seq[0].training)",
    "seq.to(torch.int32)",
    "seq.to(torch.float64)[0].weight.dtype",
    "seq.to('cpu', torch.float64)[0].weight.dtype",
    "seq.to(zeros(1, dtype=torch.float16))[0].weight.dtype",
    "seq.half()[0].weight.dtype",
    "seq.type(torch.float64)[2].bias.dtype",
    "seq.requires_grad_(False)[0].weight",
    "[name for name, _ in seq.named_modules()]",
    "[name for name, _ in seq.named_parameters()]",
    "[name for name, _ in nn.Sequential(seq, seq).named_parameters()]",
    "[name for name, _ in nn.Sequential(seq, seq).named_parameters(remove_duplicate=False)]",
    "list(nn.Sequential(seq, seq).state_dict())",
    "seq.load_state_dict(seq.state_dict())",
    "seq.load_state_dict({})",
    "seq.load_state_dict({}, strict=False)",
    "seq.load_state_dict({**seq.state_dict(), 'x': 1, '0.y': 2, '9.z': 2})",
    "seq.load_state_dict({**seq.state_dict(), '0.bias': zeros(2), '2.bias': zeros(1, 1)})",
    "seq.load_state_dict({'0.bias': zeros(2), 'x': 1}, strict=False)",
    "seq.load_state_dict({'0.bias': zeros(2), 'x': 1})",
    "seq.load_state_dict({**seq.state_dict(), '0.bias': 3})",
    "seq.load_state_dict(3)",
]


@pytest.mark.parametrize("source", REDUCED + LOSSES)
def test_losses(source: str) -> None:
    check(source)


@pytest.mark.parametrize("source", ACTIVATIONS)
def test_activations(source: str) -> None:
    check(source)


@pytest.mark.parametrize("source", REPRS)
def test_printed_forms(source: str) -> None:
    check(source)


@pytest.mark.parametrize("source", LAYERS)
def test_layers(source: str) -> None:
    check(source)


@pytest.mark.parametrize("source", INITS)
def test_initial_values(source: str) -> None:
    check(source)


@pytest.mark.parametrize("source", CONTAINERS)
def test_containers(source: str) -> None:
    check(source)


@pytest.mark.parametrize("source", MODULES)
def test_modules(source: str) -> None:
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
