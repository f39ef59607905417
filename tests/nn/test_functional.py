"""Values and gradients of the functions, against numbers from PyTorch."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad.nn import functional as F

X = [[0.3, -1.2, 2.0], [0.1, 0.2, -0.4]]
SPACE = {"F": F, "gpugrad": gpugrad}

# expression, values, gradient of (values * [1, 2, 3]).sum()
ACTIVATIONS: list[tuple[str, list[float], list[float]]] = [
    ("relu(x)", [0.3, 0, 2, 0.1, 0.2, 0], [1, 0, 3, 1, 2, 0]),
    (
        "leaky_relu(x, 0.1)",
        [0.3, -0.12, 2, 0.1, 0.2, -0.04],
        [1, 0.2, 3, 1, 2, 0.3],
    ),
    (
        "elu(x)",
        [0.3, -0.698806, 2, 0.1, 0.2, -0.32968],
        [1, 0.602388, 3, 1, 2, 2.01096],
    ),
    (
        "gelu(x)",
        [0.185373, -0.138084, 1.9545, 0.053983, 0.115852, -0.137831],
        [0.732328, -0.235907, 3.255696, 0.579523, 1.314937, 0.591811],
    ),
    (
        "gelu(x, approximate='tanh')",
        [0.185371, -0.138297, 1.954598, 0.053983, 0.115851, -0.137839],
        [0.732296, -0.235452, 3.258298, 0.579522, 1.314916, 0.592023],
    ),
    (
        "silu(x)",
        [0.172333, -0.27777, 1.761594, 0.052498, 0.109967, -0.160525],
        [0.64778, 0.036004, 3.272353, 0.549917, 1.198674, 0.915624],
    ),
    (
        "mish(x)",
        [0.208001, -0.308836, 1.943959, 0.063179, 0.132599, -0.188916],
        [0.782827, -0.004018, 3.207954, 0.663337, 1.449249, 1.042718],
    ),
    (
        "softplus(x)",
        [0.854355, 0.263282, 2.126928, 0.744397, 0.798139, 0.513015],
        [0.574443, 0.46295, 2.642391, 0.524979, 1.099668, 1.203937],
    ),
    (
        "softplus(x, 2, 1)",
        [0.518744, 0.043418, 2, 0.399069, 0.456508, 0.18555],
        [0.645656, 0.166345, 3, 0.549834, 1.197375, 0.930077],
    ),
    (
        "sigmoid(x)",
        [0.574443, 0.231475, 0.880797, 0.524979, 0.549834, 0.401312],
        [0.244458, 0.355789, 0.314981, 0.249376, 0.495033, 0.720782],
    ),
    (
        "tanh(x)",
        [0.291313, -0.833655, 0.964028, 0.099668, 0.197375, -0.379949],
        [0.915137, 0.61004, 0.211952, 0.990066, 1.922086, 2.566916],
    ),
    (
        "logsigmoid(x)",
        [-0.554355, -1.463282, -0.126928, -0.644397, -0.598139, -0.913015],
        [0.425557, 1.53705, 0.357609, 0.475021, 0.900332, 1.796063],
    ),
    (
        "softsign(x)",
        [0.230769, -0.545455, 0.666667, 0.090909, 0.166667, -0.285714],
        [0.591716, 0.413223, 0.333333, 0.826446, 1.388889, 1.530612],
    ),
    # No gradient at the bounds: 1 is where the third value was cut, -0.5 the second.
    (
        "hardtanh(x, -0.5, 1)",
        [0.3, -0.5, 1, 0.1, 0.2, -0.4],
        [1, 0, 0, 1, 2, 3],
    ),
    ("hardtanh(x, -1.2, 2.0)", [0.3, -1.2, 2, 0.1, 0.2, -0.4], [1, 0, 0, 1, 2, 3]),
    ("relu6(x)", [0.3, 0, 2, 0.1, 0.2, 0], [1, 0, 3, 1, 2, 0]),
    (
        "hardsigmoid(x)",
        [0.55, 0.3, 0.833333, 0.516667, 0.533333, 0.433333],
        [0.166667, 0.333333, 0.5, 0.166667, 0.333333, 0.5],
    ),
    (
        "hardswish(x)",
        [0.165, -0.36, 1.666667, 0.051667, 0.106667, -0.173333],
        [0.6, 0.2, 3.5, 0.533333, 1.133333, 1.1],
    ),
    (
        "selu(x)",
        [0.31521, -1.22857, 2.101402, 0.10507, 0.21014, -0.57961],
        [1.050701, 1.059059, 3.152103, 1.050701, 2.101402, 3.535467],
    ),
    (
        "celu(x, 0.5)",
        [0.3, -0.454641, 2, 0.1, 0.2, -0.275336],
        [1, 0.181436, 3, 1, 2, 1.347987],
    ),
    (
        "softmax(x, 1)",
        [0.149319, 0.033318, 0.817364, 0.368772, 0.407556, 0.223672],
        [-0.249071, -0.022258, 0.271328, -0.315263, 0.059137, 0.256126],
    ),
    (
        "softmin(x, 1)",
        [0.176542, 0.791207, 0.032251, 0.281408, 0.254629, 0.463963],
        [0.151069, -0.114164, -0.036905, 0.332781, 0.046484, -0.379264],
    ),
    (
        "log_softmax(x, 1)",
        [-1.901671, -3.401671, -0.201671, -0.997576, -0.897576, -1.497576],
        [0.104087, 1.800095, -1.904182, -1.212633, -0.445337, 1.65797],
    ),
    (
        "layer_norm(x, (3,))",
        [-0.050998, -1.198446, 1.249444, 0.507964, 0.888936, -1.3969],
        [-0.748055, 0.397402, 0.350653, -2.580962, 2.15034, 0.430621],
    ),
    (
        "rms_norm(x, (3,))",
        [0.220963, -0.883852, 1.473086, 0.377964, 0.755928, -1.511857],
        [0.58071, 2.096417, 1.170744, 5.03952, 10.07904, 6.299411],
    ),
    (
        "normalize(x)",
        [0.127573, -0.510292, 0.850487, 0.218218, 0.436436, -0.872872],
        [0.335273, 1.210367, 0.675929, 2.909572, 5.819143, 3.636965],
    ),
]

# expression, value, gradient
LOSSES: list[tuple[str, float, list[float]]] = [
    (
        "mse_loss(x, one)",
        1.623333,
        [-0.233333, -0.733333, 0.333333, -0.3, -0.266667, -0.466667],
    ),
    (
        "l1_loss(x, one)",
        1.166667,
        [-0.166667, -0.166667, 0.166667, -0.166667, -0.166667, -0.166667],
    ),
    (
        "smooth_l1_loss(x, one, beta=0.5)",
        0.916667,
        [-0.166667, -0.166667, 0.166667, -0.166667, -0.166667, -0.166667],
    ),
    (
        "huber_loss(x, one, delta=0.5)",
        0.458333,
        [-0.083333, -0.083333, 0.083333, -0.083333, -0.083333, -0.083333],
    ),
    (
        "cross_entropy(x, t)",
        0.599624,
        [0.074659, 0.016659, -0.091318, -0.315614, 0.203778, 0.111836],
    ),
    (
        "cross_entropy(x, t, weight=w)",
        0.732275,
        [0.049773, 0.011106, -0.060879, -0.420819, 0.271704, 0.149114],
    ),
    (
        "cross_entropy(x, t, label_smoothing=0.1)",
        0.687957,
        [0.057993, -8e-06, -0.057985, -0.282281, 0.187111, 0.095169],
    ),
    (
        "cross_entropy(x, x.detach().softmax(1), label_smoothing=0.1)",
        0.882149,
        [-0.009201, -0.015001, 0.024202, 0.001772, 0.003711, -0.005483],
    ),
    (
        "cross_entropy(x, gpugrad.tensor([2, -100]))",
        0.201671,
        [0.149319, 0.033318, -0.182636, 0, 0, 0],
    ),
    ("nll_loss(x, t, weight=w)", -0.733333, [0, 0, -0.333333, -0.666667, 0, 0]),
    (
        "binary_cross_entropy(x.sigmoid(), one * 0.3)",
        0.833353,
        [0.04574, -0.011421, 0.0968, 0.037497, 0.041639, 0.016885],
    ),
    (
        "binary_cross_entropy_with_logits(x, one, weight=w, pos_weight=w)",
        1.617404,
        [-0.070926, -0.51235, -0.004967, -0.07917, -0.300111, -0.024945],
    ),
    (
        "kl_div(x, one / 3, reduction='batchmean')",
        -1.265279,
        [-0.166667] * 6,
    ),
]


def evaluate(source: str) -> tuple[Any, Any]:
    x = gpugrad.tensor(X, requires_grad=True)
    names = {
        **SPACE,
        "x": x,
        "one": gpugrad.ones(2, 3),
        "t": gpugrad.tensor([2, 0]),
        "w": gpugrad.tensor([1.0, 2.0, 0.5]),
    }
    return x, eval("F." + source, names)


def flat(tensor: Any) -> list[float]:
    values: list[float] = tensor.reshape(-1).tolist()
    return values


@pytest.mark.parametrize(("source", "values", "gradient"), ACTIVATIONS)
def test_activations(source: str, values: list[float], gradient: list[float]) -> None:
    x, y = evaluate(source)
    assert flat(y) == pytest.approx(values, abs=2e-6)
    (y * gpugrad.tensor([1.0, 2.0, 3.0])).sum().backward()
    # RMSNorm's gradient is a difference of numbers ten times as large.
    assert flat(x.grad) == pytest.approx(gradient, abs=1e-5)


@pytest.mark.parametrize(("source", "value", "gradient"), LOSSES)
def test_losses(source: str, value: float, gradient: list[float]) -> None:
    x, loss = evaluate(source)
    assert loss.item() == pytest.approx(value, abs=2e-6)
    loss.backward()
    assert flat(x.grad) == pytest.approx(gradient, abs=2e-6)


@pytest.mark.parametrize(
    "source", ["relu(x, True)", "leaky_relu(x, 0.1, True)", "elu(x, 1.0, True)", "silu(x, True)"]
)
def test_in_place_activations_overwrite_their_input(source: str) -> None:
    x = gpugrad.tensor(X)
    result = eval("F." + source, {"F": F, "x": x})
    assert result is x
    assert flat(x) != flat(gpugrad.tensor(X))


def test_in_place_on_a_leaf_is_refused() -> None:
    x = gpugrad.tensor(X, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        F.relu(x, inplace=True)


def test_reductions() -> None:
    a, b = gpugrad.tensor([1.0, 3.0]), gpugrad.zeros(2)
    assert F.mse_loss(a, b).item() == 5
    assert F.mse_loss(a, b, reduction="sum").item() == 10
    assert F.mse_loss(a, b, reduction="none").tolist() == [1, 9]
    with pytest.raises(ValueError, match=r"^strange is not a valid value for reduction$"):
        F.mse_loss(a, b, reduction="strange")


def test_different_sizes_warn() -> None:
    expected = (
        r"Using a target size \(torch.Size\(\[3\]\)\) that is different to the input size "
        r"\(torch.Size\(\[2, 3\]\)\). This will likely lead to incorrect results due to "
        r"broadcasting. Please ensure they have the same size."
    )
    with pytest.warns(UserWarning, match=expected) as caught:
        loss = F.mse_loss(gpugrad.tensor(X), gpugrad.zeros(3))
    assert loss.item() == pytest.approx(0.956667, abs=1e-6)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("wrong", [3, -1])
def test_a_target_that_is_no_class(wrong: int) -> None:
    target = gpugrad.tensor([0, wrong])
    with pytest.raises(IndexError, match=f"^Target {wrong} is out of bounds.$"):
        F.cross_entropy(gpugrad.tensor(X), target)


def test_probabilities_out_of_range() -> None:
    with pytest.raises(RuntimeError, match="all elements of input should be between 0 and 1"):
        F.binary_cross_entropy(gpugrad.tensor([1.5]), gpugrad.tensor([1.0]))


def test_binary_cross_entropy_at_the_ends_is_finite() -> None:
    loss = F.binary_cross_entropy(
        gpugrad.tensor([0.0, 1.0]), gpugrad.tensor([1.0, 0.0]), reduction="none"
    )
    assert loss.tolist() == [100, 100]
    loss = F.binary_cross_entropy_with_logits(
        gpugrad.tensor([1e4, -1e4]), gpugrad.tensor([1.0, 1.0]), reduction="none"
    )
    assert loss.tolist() == [0, 10000]


def test_dropout_drops_what_pytorch_drops() -> None:
    gpugrad.manual_seed(0)
    expected = [0.0, 0, 2, 0, 0, 0, 2, 2]
    assert F.dropout(gpugrad.ones(8), 0.5).tolist() == expected


def test_dropout_scales_the_gradient_by_the_same_mask() -> None:
    x = gpugrad.ones(100, requires_grad=True)
    y = F.dropout(x, 0.25)
    y.sum().backward()
    assert x.grad.tolist() == y.tolist()
    assert sorted(set(y.tolist())) == pytest.approx([0, 1 / 0.75])


def test_embedding_adds_up_repeated_rows() -> None:
    table = gpugrad.zeros(3, 2).requires_grad_()
    F.embedding(gpugrad.tensor([[1, 2], [1, 1]]), table).sum().backward()
    assert table.grad.tolist() == [[0, 0], [3, 3], [1, 1]]


def test_embedding_padding_gets_no_gradient() -> None:
    table = gpugrad.zeros(3, 2).requires_grad_()
    F.embedding(gpugrad.tensor([1, 2, 1]), table, padding_idx=-1).sum().backward()
    assert table.grad.tolist() == [[0, 0], [2, 2], [0, 0]]


@pytest.mark.parametrize("index", [3, -1])
def test_embedding_index_out_of_range(index: int) -> None:
    with pytest.raises(IndexError, match=r"^index out of range in self$"):
        F.embedding(gpugrad.tensor([index]), gpugrad.zeros(3, 2))


def test_batch_norm_moves_running_statistics() -> None:
    mean, var = gpugrad.zeros(1), gpugrad.ones(1)
    x = gpugrad.tensor([[1.0], [3.0]])
    F.batch_norm(x, mean, var, training=True)
    # a tenth of the way to mean 2 and unbiased variance 2
    assert mean.item() == pytest.approx(0.2)
    assert var.item() == pytest.approx(1.1)
