"""First values, results and gradients of the wider set of layers against PyTorch."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

import gpugrad
from tests.oracle.comparison import flat

torch = pytest.importorskip("torch")

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
    ("Unfold((2, 3), 2, 1, (1, 2))", (2, 3, 6, 7)),
    ("Unfold(3)", (3, 6, 7)),
    ("Fold((4, 5), 2, padding=1, stride=2)", (2, 8, 9)),
    ("PixelShuffle(2)", (2, 8, 3, 4)),
    ("PixelUnshuffle(3)", (8, 3, 6)),
    ("Upsample(scale_factor=2)", (2, 3, 4, 5)),
    ("Upsample(scale_factor=1.7)", (2, 3, 4)),
    ("Upsample(size=(3, 7), mode='nearest-exact')", (2, 3, 4, 5)),
    ("Upsample(scale_factor=1.7, mode='linear')", (2, 3, 5)),
    ("Upsample(scale_factor=(2, 0.6), mode='bilinear')", (2, 3, 4, 5)),
    ("Upsample(size=(7, 3), mode='bilinear', align_corners=True)", (2, 3, 4, 5)),
    ("Upsample(scale_factor=2, mode='bicubic')", (2, 3, 4, 5)),
    ("Upsample(scale_factor=2, mode='trilinear')", (1, 2, 2, 3, 2)),
    ("Upsample(size=(3, 3), mode='area')", (2, 3, 4, 5)),
    ("UpsamplingBilinear2d(scale_factor=3)", (2, 3, 2, 2)),
    ("GroupNorm(2, 4)", (3, 4, 5)),
    ("GroupNorm(4, 4, affine=False)", (3, 4, 2, 2)),
    ("InstanceNorm1d(4)", (3, 4, 5)),
    ("InstanceNorm2d(4, affine=True, track_running_stats=True)", (3, 4, 2, 5)),
    ("InstanceNorm2d(4, track_running_stats=True).eval()", (4, 2, 5)),
    ("TransformerEncoderLayer(8, 2, 16)", (5, 3, 8)),
    ("TransformerEncoderLayer(8, 2, 16, 0.0, 'gelu', norm_first=True)", (5, 8)),
    ("TransformerEncoderLayer(8, 2, 16, batch_first=True)", (3, 5, 8)),
    ("TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2, nn.LayerNorm(8))", (5, 3, 8)),
]

SEVERAL_INPUTS = {
    "nn.MultiheadAttention(6, 2)": (
        "m(q, q, q)",
        "m(q, k, k)",
        "m(q, k, k, average_attn_weights=False)",
        "m(q, k, k, need_weights=False)",
        "m(q[:, 0], k[:, 0], k[:, 0])",
        "m(q, k, k, key_padding_mask=torch.tensor([[False, False, True, True]] * 3))",
        "m(q, k, k, attn_mask=torch.ones(5, 4).tril(1) == 0, need_weights=False)",
        "m(q, k, k, attn_mask=torch.linspace(-1, 1, 120).reshape(6, 5, 4))",
        "m(q, q, q, attn_mask=nn.Transformer.generate_square_subsequent_mask(5), is_causal=True, "
        "need_weights=False)",
    ),
    "nn.MultiheadAttention(6, 2, 0.3, bias=False, add_bias_kv=True, add_zero_attn=True)": (
        "m(q, k, k)",
        "m(q, k, k, attn_mask=torch.ones(5, 4).tril(1) == 0)",
        "m.eval()(q, k, k)",
    ),
    "nn.MultiheadAttention(6, 3, kdim=6, vdim=6, batch_first=True)": ("m(q, q, q)",),
    "nn.MultiheadAttention(6, 3, vdim=2, batch_first=True)": (
        "m(q, q, q[..., :2])",
        "m(q[0], q[0], q[0, :, :2])",
    ),
    "nn.TransformerDecoderLayer(6, 2, 8)": (
        "m(q, k)",
        "m(q, k, tgt_mask=nn.Transformer.generate_square_subsequent_mask(5), tgt_is_causal=True)",
        "m(q, k, memory_key_padding_mask=torch.tensor([[False, False, True, True]] * 3))",
    ),
    "nn.TransformerEncoderLayer(6, 2, 8, 0.0)": (
        "m(q, torch.ones(5, 5).triu(1) == 1)",
        "m(q, src_key_padding_mask=torch.tensor([[False] * 3 + [True] * 2] * 3))",
        "m.eval()(q)",
    ),
    "nn.TransformerDecoder(nn.TransformerDecoderLayer(6, 2, 8, norm_first=True), 2)": (
        "m(q, k, nn.Transformer.generate_square_subsequent_mask(5))",
    ),
    "nn.Transformer(6, 2, 2, 2, 8, 0.0, batch_first=False)": (
        "m(k, q, tgt_mask=nn.Transformer.generate_square_subsequent_mask(5))",
    ),
    "nn.LSTM(6, 4, 2)": ("m(q, (q[:2, :, :4], q[2:4, :, 2:]))",),
    "nn.GRU(6, 4)": ("m(q, q[:1, :, :4])", "m(q[:, 0], q[:1, 0, :4])"),
    "nn.LSTMCell(6, 4)": ("m(q[0], (q[1, :, :4], q[2, :, 2:]))",),
    "nn.CosineSimilarity(-1)": ("m(q[:4], k)",),
    "nn.PairwiseDistance(3.0)": ("m(q[:4], k)",),
    "nn.TripletMarginLoss(swap=True)": ("m(q[:4], k, k + 1)",),
    "nn.GaussianNLLLoss()": ("m(q[:4], k, k**2)",),
    "nn.PoissonNLLLoss()": ("m(q[:4], k)",),
    "nn.MarginRankingLoss(0.3)": ("m(q[:4], k, k.sign())",),
    "nn.HingeEmbeddingLoss(0.3)": ("m(q[:4], k.detach().sign())",),
    "nn.CosineEmbeddingLoss(0.1)": ("m(q[0], k[0], torch.tensor([1, -1, 1]))",),
    "nn.MultiMarginLoss(2)": ("m(q[0], torch.tensor([1, 5, 0]))",),
    "nn.SoftMarginLoss()": ("m(q[:4], k.detach().sign())",),
    "nn.GRUCell(6, 4)": ("m(q[0], q[1, :, :4])", "m(q[0, 0], q[1, 0, :4])"),
}


def tensors(result: Any) -> list[Any]:
    """All tensors in nested tuples."""
    if isinstance(result, tuple):
        return [t for part in result for t in tensors(part)]
    return [result]


def trained(lib: ModuleType, layer: str, call: str, shapes: dict[str, Any]) -> dict[str, Any]:
    """First values, the results and all gradients of a layer ``m`` called with some tensors."""
    lib.manual_seed(5)
    space: dict[str, Any] = {"nn": lib.nn, "torch": lib}
    module = space["m"] = eval(layer, space)
    found = {f"first {name}": value.clone() for name, value in module.state_dict().items()}
    inputs = {name: lib.randn(*shape, requires_grad=True) for name, shape in shapes.items()}
    results = [t for t in tensors(eval(call, {**space, **inputs})) if t is not None]
    total: Any = 0
    for number, y in enumerate(results):
        found[f"result {number}"] = y
        total = total + (y * lib.linspace(-1.0, 1.0, y.numel()).reshape(y.shape)).sum()
    total.backward()
    for name, x in inputs.items():
        if x.grad is not None:
            found[f"gradient of {name}"] = x.grad
    for name, parameter in module.named_parameters():
        found[f"gradient of {name}"] = parameter.grad
    return found


def compare(layer: str, call: str, shapes: dict[str, Any]) -> None:
    ours, theirs = trained(gpugrad, layer, call, shapes), trained(torch, layer, call, shapes)
    assert list(ours) == list(theirs)
    for name, expected in theirs.items():
        found = ours[name]
        assert tuple(found.shape) == tuple(expected.shape), name
        assert flat(found) == pytest.approx(flat(expected), rel=2e-5, abs=2e-5), name


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("layer", "shape"), LAYERS)
def test_layers(layer: str, shape: tuple[int, ...]) -> None:
    compare(f"nn.{layer}", "m(x)", {"x": shape})


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("layer", "call"), [(layer, call) for layer, calls in SEVERAL_INPUTS.items() for call in calls]
)
def test_layers_of_several_inputs(layer: str, call: str) -> None:
    compare(layer, call, {"q": (5, 3, 6), "k": (4, 3, 6)})
