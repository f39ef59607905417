"""The wider set of layers and functions against PyTorch: values, gradients, errors, first values."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

import gpugrad
from tests.oracle.comparison import check, flat, same_tensor

torch = pytest.importorskip("torch")

REPRS = [
    f"nn.{layer}"
    for layer in (
        "Conv2d(3, 4, 3, groups=2)",
        "Conv2d(4, 3, 3, groups=2)",
        "Conv2d(4, 4, 3, groups=0)",
        "Conv2d(4, 4, 3, groups=2)",
        "Conv2d(4, 4, 3, 2, 1, 2, 2, False, 'reflect')",
        "Conv2d(4, 4, 3, padding='same', stride=2)",
        "Conv2d(4, 4, (3, 2), padding='same', padding_mode='circular')",
        "Conv1d(4, 4, 3, 1, 2)",
        "Conv3d(4, 4, (1, 2, 3))",
        "ConvTranspose1d(4, 4, 3)",
        "ConvTranspose2d(4, 4, 3, 2, 1, 1, 2, False, 2)",
        "ConvTranspose2d(4, 4, 3, padding_mode='reflect')",
        "MaxPool2d(2)",
        "MaxPool2d((2, 3), 1, 1, 2, True, True)",
        "MaxPool1d(2)",
        "AvgPool2d(2)",
        "AvgPool1d(2, 1, 1, True, False)",
        "AvgPool2d(2, divisor_override=3)",
        "AdaptiveAvgPool2d((None, 3))",
        "AdaptiveAvgPool1d(3)",
        "AdaptiveMaxPool1d(4, True)",
        "AdaptiveMaxPool2d(4)",
        "RNN(3, 4)",
        "RNN(3, 4, nonlinearity='relu')",
        "LSTM(3, 4, 2, bias=False, batch_first=True, dropout=0.5, bidirectional=True)",
        "LSTM(3, 4, proj_size=2)",
        "GRU(3, 4)",
        "RNN(3, 4, 1, dropout=0.5)",
        "RNN(3, 4, 1, dropout=1.5)",
        "RNN(3, 4, 1, nonlinearity='foo')",
        "LSTM(3, 4, proj_size=5)",
        "GRU(3, 4, proj_size=2)",
        "RNN(3, 0)",
        "RNN(3, 4, 0)",
        "RNN(3, 4.0)",
        "RNNCell(3, 4)",
        "RNNCell(3, 4, False, 'relu')",
        "LSTMCell(3, 4, False)",
        "GRUCell(3, 4)",
        "ZeroPad1d(3)",
        "ZeroPad2d(2)",
        "ConstantPad1d((1, 2), 3.5)",
        "ConstantPad2d(1, 2)",
        "ReflectionPad2d((1, 2, 3, 4))",
        "ReplicationPad1d(1)",
        "CircularPad2d(1)",
    )
]

ERRORS = [
    "F.conv2d(zeros(8, 8), zeros(4, 1, 3, 3))",
    "F.conv2d(zeros(1, 2, 8, 8), zeros(4, 1, 3, 3))",
    "F.conv2d(zeros(2, 8, 8), zeros(4, 1, 3, 3))",
    "F.conv2d(zeros(1, 1, 2, 2), zeros(4, 1, 3, 3))",
    "F.conv2d(zeros(1, 1, 8, 8), zeros(4, 1, 3, 3), zeros(3))",
    "F.conv2d(zeros(1, 1, 8, 8), zeros(4, 1, 3, 3), zeros(1, 4))",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(3, 2, 3, 3), groups=2)",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 2, 3, 3), groups=0)",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 2, 3, 3), groups=2, stride=0)",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 2, 3, 3), groups=2, stride=(1, 2, 3))",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 2, 3, 3), groups=2, padding=-1)",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 2, 3, 3), groups=2, dilation=0)",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 4, 3, 3), padding='same', stride=2)",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 4, 3, 3), padding='foo')",
    "F.conv2d(zeros(1, 4, 8, 8, dtype=torch.float64), zeros(4, 4, 4, 4))",
    "F.conv2d(zeros(1, 4, 8, 8), zeros(4, 4, 4, 4), zeros(4, dtype=torch.float64))",
    "F.conv2d(zeros(1, 4, 8, 8, dtype=long), zeros(4, 4, 4, 4))",
    "F.conv2d(zeros(0, 4, 8, 8), zeros(4, 4, 4, 4))",
    "F.conv2d(zeros(1, 2, 8, 8), zeros(0, 2, 3, 3))",
    "F.conv1d(zeros(8), zeros(4, 4, 4))",
    "F.conv1d(zeros(2, 3, 4, 8), zeros(4, 4, 4))",
    "F.conv_transpose2d(zeros(1, 4, 8, 8), zeros(3, 4, 3, 3))",
    "F.conv_transpose2d(zeros(1, 4, 8, 8), zeros(4, 3, 3, 3), output_padding=1)",
    "F.conv_transpose2d(zeros(1, 4, 8, 8), zeros(4, 3, 3, 3), zeros(4))",
    "F.conv_transpose2d(zeros(1, 4, 8, 8), zeros(4, 3, 3, 3), stride=2, output_padding=2)",
    "F.conv_transpose2d(zeros(4, 8, 8), zeros(4, 3, 3, 3), stride=2, groups=3)",
    "F.conv_transpose2d(zeros(8, 8), zeros(4, 3, 3, 3))",
    "F.conv_transpose2d(zeros(4, 1, 1), zeros(4, 3, 1, 1), padding=1)",
    "F.conv_transpose2d(zeros(1, 4, 8, 8), zeros(4, 3, 3, 3), stride=2, output_padding=-1)",
    "nn.ConvTranspose2d(4, 4, 3, 2)(zeros(1, 4, 5, 5), output_size=(1, 2, 3, 12, 12))",
    "nn.ConvTranspose2d(4, 4, 3, 2)(zeros(1, 4, 5, 5), output_size=(14, 12))",
    "nn.ConvTranspose2d(4, 4, 3, 2)(zeros(1, 4, 5, 5), output_size=(12, 12)).shape",
    "nn.Conv2d(4, 4, 3, padding=(1, 1, 1))(zeros(1, 4, 8, 8))",
    "nn.Conv2d(4, 4, 3, padding_mode='reflect', padding=8)(zeros(1, 4, 8, 8))",
    "nn.RNN(3, 4)(zeros(2, 3, 3, 3))",
    "nn.RNN(3, 4)(zeros(2, 3, 5))",
    "nn.RNN(3, 4)(zeros(2, 5, 3), zeros(1, 4, 4))",
    "nn.RNN(3, 4)(zeros(2, 5, 3), zeros(5, 4))",
    "nn.RNN(3, 4)(zeros(5, 3), zeros(1, 5, 4))",
    "nn.LSTM(3, 4)(zeros(2, 5, 3), (zeros(1, 5, 4), zeros(1, 5, 3)))",
    "nn.LSTM(3, 4)(zeros(2, 5, 3), (zeros(1, 4, 4), zeros(1, 5, 4)))",
    "nn.LSTM(3, 4)(zeros(5, 3), (zeros(1, 5, 4), zeros(1, 5, 4)))",
    "nn.LSTM(3, 4)(zeros(2, 5, 3), (zeros(5, 4), zeros(5, 4)))",
    "nn.LSTM(3, 4)(zeros(2, 5, 3, 3))",
    "nn.GRU(3, 4)(zeros(2, 5, 3, dtype=torch.float64))",
    "nn.RNN(3, 4)(zeros(0, 5, 3))",
    "nn.RNNCell(3, 4)(zeros(2, 5, 3))",
    "nn.RNNCell(3, 4)(zeros(2, 5))",
    "nn.RNNCell(3, 4)(zeros(2, 3), zeros(3, 4))",
    "nn.RNNCell(3, 4)(zeros(2, 3), zeros(2, 5))",
    "nn.RNNCell(3, 4)(zeros(2, 3), zeros(4))",
    "nn.LSTMCell(3, 4)(zeros(2, 3), zeros(2, 4))",
    "nn.LSTMCell(3, 4)(zeros(2, 3), (zeros(2, 3), zeros(2, 4)))",
    "nn.LSTMCell(3, 4)(zeros(2, 2, 3))",
    "nn.GRUCell(3, 4)(zeros(2, 3, 3))",
    "nn.GRU(3, 4)._flat_weights_names",
    "F.pad(x, (1,))",
    "F.pad(x, (1, 1, 1, 1, 1, 1, 1, 1, 1, 1))",
    "F.pad(x, (-3, -3))",
    "F.pad(x, (1, 1), mode='foo')",
    "F.pad(x, (1, 1), mode='reflect', value=2.0)",
    "F.pad(x[0, 0], (1, 1), mode='reflect')",
    "F.pad(x, (1, 1, 1, 1, 1, 1), mode='reflect')",
    "F.pad(x, (3, 1, 1, 1), mode='reflect')",
    "F.pad(x, (5, 1, 1, 1), mode='circular')",
    "F.pad(x, (1, 1, 0, 2), 'constant', 3.5)[0]",
    "F.pad(x, (1, 1, 1, 1), 'circular')[0]",
    "F.pad(x, (-1, 2, 1, 1), 'circular')[0]",
    "F.pad(x, (1, 2, 1, 0), 'reflect')[0]",
    "F.pad(x, (2, 5, -1, 1), 'replicate')[0]",
    "F.pad(x, (2, 1), 'replicate')[0]",
    "F.pad(x, (-1, 1, 0, -1))[0]",
    "nn.ReflectionPad2d(1)(zeros(3, 3))",
    "nn.ZeroPad2d((1, 0, 2, 0))(x)[0]",
    "nn.ConstantPad1d(1, 2.5)(x)[0]",
    "nn.CircularPad1d(1)(x)[0]",
    "nn.ReplicationPad1d((1, 0))(x)[0]",
    "F.max_pool2d(x, 2, padding=2)",
    "F.max_pool2d(x, 2, stride=0)",
    "F.max_pool2d(x, 4)",
    "F.max_pool2d(x, 2, dilation=0)",
    "F.max_pool2d(x, 2, padding=-1)",
    "F.max_pool2d(x[0], 2)",
    "F.max_pool2d(x, (2, 2, 2))",
    "F.max_pool2d(x, 2, (1, 2, 3))",
    "F.max_pool2d(x, 2, 1)[0]",
    "F.max_pool2d(x, 2, 1, return_indices=True)[1]",
    "F.max_pool2d(T([[[1.0, 1.0], [float('nan'), 1.0]]]), 2, return_indices=True)[1]",
    "F.max_pool2d(ones(1, 3, 3, dtype=long), 2)",
    "F.max_pool2d(ones(1, 3, 3).bool(), 2)",
    "F.max_pool2d(zeros(0, 3, 4, 4), 2)",
    "F.max_pool2d(zeros(3, 0, 4, 4), 2)",
    "F.max_pool1d(x, 2)[0]",
    "F.max_pool1d(zeros(1, 1, 4, 4), 2)",
    "F.max_pool1d(zeros(4, 4), 9)",
    "F.max_pool1d(zeros(4, 4), 2, padding=2)",
    "F.avg_pool2d(x, 2, divisor_override=0)",
    "F.avg_pool2d(x, 2, padding=2)",
    "F.avg_pool2d(x, 4)",
    "F.avg_pool2d(x, 2, 0)",
    "F.avg_pool2d(x, (2, 2, 2))",
    "F.avg_pool2d(x, 2, 1)[0]",
    "F.avg_pool1d(zeros(1, 1, 4, 4), 2)",
    "F.adaptive_avg_pool2d(x[0], 2)",
    "F.adaptive_avg_pool2d(x, (2, 2, 2))",
    "F.adaptive_avg_pool2d(x, -1)",
    "F.adaptive_avg_pool2d(x, 2)[0]",
    "F.adaptive_avg_pool2d(x, 1)[0]",
    "F.adaptive_avg_pool2d(x, (None, 3))[0]",
    "F.adaptive_avg_pool2d(ones(1, 3, 3, dtype=long), 2)",
    "F.adaptive_avg_pool2d(zeros(3, 2, 0, 4), 2)",
    "F.adaptive_avg_pool1d(zeros(1, 1, 4, 4), 2)",
    "F.adaptive_avg_pool1d(x, 2)[0]",
    "F.adaptive_max_pool1d(zeros(1, 1, 4, 4), 2)",
    "F.adaptive_max_pool1d(x, 2)[0]",
    "F.adaptive_max_pool2d(x, 2)[0]",
    "F.adaptive_max_pool2d(x, (2, 2), return_indices=True)[1]",
    "F.adaptive_max_pool2d(x[0], 2)",
    "F.adaptive_max_pool2d(zeros(3, 2, 0, 4), 2)",
]

LAYERS: list[tuple[str, tuple[int, ...]]] = [
    ("Conv1d(4, 6, 3)", (2, 4, 9)),
    ("Conv1d(4, 6, 3, padding=2, dilation=2, groups=2)", (2, 4, 9)),
    ("Conv1d(4, 6, 4, stride=3, bias=False)", (4, 11)),
    ("Conv1d(4, 4, 3, padding=1, padding_mode='circular')", (2, 4, 9)),
    ("Conv2d(3, 5, 3)", (2, 3, 6, 7)),
    ("Conv2d(3, 5, 3)", (3, 6, 7)),
    ("Conv2d(3, 5, (3, 2), (2, 1), (1, 0), (1, 2))", (2, 3, 6, 7)),
    ("Conv2d(4, 8, 3, padding=1, groups=4)", (2, 4, 5, 5)),
    ("Conv2d(3, 5, 1)", (2, 3, 4, 4)),
    ("Conv2d(3, 5, 1, stride=2)", (2, 3, 5, 4)),
    ("Conv2d(3, 5, 3, padding='same', dilation=2)", (2, 3, 6, 6)),
    ("Conv2d(3, 5, (4, 3), padding='same')", (2, 3, 6, 6)),
    ("Conv2d(3, 5, 3, padding='valid')", (2, 3, 6, 6)),
    ("Conv2d(2, 3, 3, padding=(1, 2), padding_mode='reflect')", (2, 2, 6, 6)),
    ("Conv2d(2, 3, 3, padding=(1, 2), padding_mode='replicate')", (2, 2, 6, 6)),
    ("Conv2d(2, 3, 3, padding='same', padding_mode='circular')", (2, 2, 6, 6)),
    ("Conv3d(2, 3, 2, stride=(1, 2, 1), padding=1)", (2, 2, 3, 4, 3)),
    ("ConvTranspose1d(4, 6, 3, stride=2, output_padding=1)", (2, 4, 5)),
    ("ConvTranspose2d(4, 6, 3)", (2, 4, 5, 4)),
    ("ConvTranspose2d(4, 6, 3, 2, 1, 1, groups=2)", (2, 4, 5, 4)),
    ("ConvTranspose2d(4, 6, (3, 2), (2, 1), (1, 0), (1, 0), dilation=2, bias=False)", (4, 5, 4)),
    ("ConvTranspose3d(2, 3, 2)", (2, 2, 2, 3, 3)),
    ("MaxPool1d(3, 2, 1)", (2, 3, 8)),
    ("MaxPool2d(2)", (2, 3, 6, 7)),
    ("MaxPool2d(3, 2, 1)", (2, 3, 6, 7)),
    ("MaxPool2d(2, 2, ceil_mode=True)", (3, 5, 7)),
    ("MaxPool2d((2, 3), (1, 2), (1, 0), dilation=(1, 2))", (2, 3, 6, 7)),
    ("AvgPool1d(3, 2, 1)", (2, 3, 8)),
    ("AvgPool2d(2)", (2, 3, 6, 7)),
    ("AvgPool2d(3, 2, 1)", (2, 3, 6, 7)),
    ("AvgPool2d(3, 2, 1, count_include_pad=False)", (2, 3, 6, 7)),
    ("AvgPool2d(2, 2, 1, ceil_mode=True)", (2, 3, 5, 7)),
    ("AvgPool2d(3, 2, 1, ceil_mode=True, count_include_pad=False)", (2, 3, 6, 7)),
    ("AvgPool2d(3, 2, divisor_override=5)", (2, 3, 6, 7)),
    ("AdaptiveAvgPool1d(4)", (2, 3, 7)),
    ("AdaptiveAvgPool2d((3, 2))", (2, 3, 7, 8)),
    ("AdaptiveAvgPool2d((7, 10))", (2, 3, 7, 8)),
    ("AdaptiveAvgPool2d((None, 4))", (3, 7, 8)),
    ("AdaptiveMaxPool1d(4)", (2, 3, 7)),
    ("AdaptiveMaxPool2d((3, 2))", (2, 3, 7, 8)),
    ("RNNCell(3, 4)", (2, 3)),
    ("RNNCell(3, 4, False, 'relu')", (3,)),
    ("LSTMCell(3, 4)", (2, 3)),
    ("GRUCell(3, 4)", (2, 3)),
    ("RNN(3, 4)", (5, 2, 3)),
    ("RNN(3, 4, 2, 'relu', bias=False, bidirectional=True)", (5, 3)),
    ("LSTM(3, 4)", (5, 2, 3)),
    ("LSTM(3, 4, 2, batch_first=True, bidirectional=True)", (2, 5, 3)),
    ("LSTM(3, 4, 3, dropout=0.5)", (5, 2, 3)),
    ("LSTM(3, 5, 2, proj_size=2, bidirectional=True)", (5, 2, 3)),
    ("LSTM(3, 4, bias=False)", (5, 3)),
    ("GRU(3, 4)", (5, 2, 3)),
    ("GRU(3, 4, 2, batch_first=True, bidirectional=True)", (2, 5, 3)),
]


@pytest.mark.parametrize("source", REPRS)
def test_printed_forms(source: str) -> None:
    check(source)


@pytest.mark.parametrize("source", ERRORS)
def test_functions(source: str) -> None:
    check(source)


def tensors(result: Any) -> list[Any]:
    """All tensors in nested tuples."""
    if isinstance(result, tuple):
        return [t for part in result for t in tensors(part)]
    return [result]


def trained(lib: ModuleType, layer: str, shape: tuple[int, ...]) -> dict[str, Any]:
    """First values, the result and all gradients of a layer."""
    lib.manual_seed(5)
    module = eval(f"nn.{layer}", {"nn": lib.nn, "torch": lib})
    found = {f"first {name}": value.clone() for name, value in module.state_dict().items()}
    x = lib.randn(*shape, requires_grad=True)
    for number, y in enumerate(tensors(module(x))):
        found[f"result {number}"] = y
        (y * lib.linspace(-1.0, 1.0, y.numel()).reshape(y.shape)).sum().backward(retain_graph=True)
    found["gradient"] = x.grad
    for name, parameter in module.named_parameters():
        found[f"gradient of {name}"] = parameter.grad
    return found


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize(("layer", "shape"), LAYERS)
def test_layers(layer: str, shape: tuple[int, ...]) -> None:
    ours, theirs = trained(gpugrad, layer, shape), trained(torch, layer, shape)
    assert list(ours) == list(theirs)
    for name, expected in theirs.items():
        found = ours[name]
        assert tuple(found.shape) == tuple(expected.shape), name
        assert flat(found) == pytest.approx(flat(expected), rel=2e-5, abs=2e-5), name


def test_pooled_indices() -> None:
    for source in (
        "F.max_pool2d(r, 3, 2, 1, return_indices=True)",
        "F.max_pool2d(r, 2, 3, ceil_mode=True, return_indices=True)",
        "F.max_pool1d(r[0], 3, 2, 1, return_indices=True)",
        "F.adaptive_max_pool2d(r, (3, 5), return_indices=True)",
        "F.adaptive_max_pool1d(r[0], 3, return_indices=True)",
    ):
        found = []
        for lib in (gpugrad, torch):
            lib.manual_seed(1)
            found.append(eval(source, {"F": lib.nn.functional, "r": lib.randn(2, 3, 7, 8)}))
        for ours, theirs in zip(*found, strict=True):
            same_tensor(ours, theirs)
