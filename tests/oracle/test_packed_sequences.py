"""Packed sequences against PyTorch: their functions, and the recurrent layers over them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

import gpugrad
from tests.oracle.comparison import check, same_tensor

torch = pytest.importorskip("torch")

LENGTHS = {"falling": [5, 3, 3, 1], "mixed": [2, 5, 1, 3], "equal": [4, 4, 4, 4], "one": [3]}

LAYERS: dict[str, tuple[str, dict[str, Any]]] = {
    "rnn": ("RNN", {}),
    "relu": ("RNN", {"nonlinearity": "relu", "num_layers": 2}),
    "both ways": ("RNN", {"bidirectional": True, "batch_first": True}),
    "lstm": ("LSTM", {"num_layers": 2, "bidirectional": True}),
    "projected": ("LSTM", {"proj_size": 2, "bidirectional": True}),
    "gru": ("GRU", {"num_layers": 2, "bias": False, "bidirectional": True}),
}


def run(lib: ModuleType, kind: str, options: dict[str, Any], sizes: list[int], hx: bool) -> Any:
    lib.manual_seed(3)
    layer = getattr(lib.nn, kind)(3, 4, **options).double()
    sequences = [lib.randn(n, 3, dtype=lib.float64, requires_grad=True) for n in sizes]
    packed = lib.nn.utils.rnn.pack_sequence(sequences, enforce_sorted=False)
    state = None
    if hx:
        shape = [2 if options.get("bidirectional") else 1, len(sizes), 4]
        shape[0] *= options.get("num_layers", 1)
        first = lib.randn(*shape[:2], options.get("proj_size", 4), dtype=lib.float64)
        cell = lib.randn(*shape, dtype=lib.float64)
        state = (first, cell) if kind == "LSTM" else first
    output, last = layer(packed, state)
    padded, lengths = lib.nn.utils.rnn.pad_packed_sequence(output, padding_value=0.5)
    ends = last if isinstance(last, tuple) else (last,)
    total = (padded * padded.detach().cos()).sum() + sum((e * e).sum() for e in ends)
    total.backward()
    grads = [t.grad for t in (*layer.parameters(), *sequences)]
    return [output.data, output.batch_sizes, padded, lengths, *ends, *grads]


@pytest.mark.parametrize("sizes", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("hx", [False, True], ids=["zeros", "states"])
def test_layers(layer: tuple[str, dict[str, Any]], sizes: list[int], hx: bool) -> None:
    ours, theirs = (run(lib, *layer, sizes, hx) for lib in (gpugrad, torch))
    for one, other in zip(ours, theirs, strict=True):
        same_tensor(one, other)


@pytest.mark.parametrize(
    "source",
    [
        "R.pack_padded_sequence(T([[1, 2, 0], [3, 0, 0], [4, 5, 6]]), [2, 1, 3], True, False)",
        "R.pack_padded_sequence(T([[1, 2], [3, 0]]), T([2, 1]), batch_first=True)",
        "R.pack_padded_sequence(T([[1, 2], [3, 0]]), T([2, 1.5]))",
        "R.pack_padded_sequence(zeros(3, 4), [1, 1, 1, 1])",
        "R.pack_padded_sequence(zeros(3, 4), [3, 2, 0, 0])",
        "R.pack_padded_sequence(zeros(3, 4), [3, 2, 3, 1])",
        "R.pack_padded_sequence(zeros(3, 4), [3, 2])",
        "R.pack_padded_sequence(zeros(3, 0), [])",
        "R.pack_padded_sequence(zeros(0, 3), [1, 1, 1])",
        "R.pack_padded_sequence(zeros(3, 4), T([[1, 1, 1, 1]]))",
        "R.pad_packed_sequence(R.pack_sequence([ones(3), zeros(1)]), True, -1, 5)",
        "R.pad_packed_sequence(R.pack_sequence([ones(3), zeros(1)]), total_length=2)",
        "R.pad_sequence([ones(2, 2), zeros(1, 2)], padding_value=3)",
        "R.pad_sequence([ones(2), zeros(1)], True, padding_side='left')",
        "R.pad_sequence([ones(2), zeros(1)], True, padding_side='top')",
        "R.pad_sequence([T([1, 2]), ones(1)])",
        "R.pad_sequence(ones(2, 3))",
        "R.pad_sequence([])",
        "R.pad_sequence(3)",
        "R.pack_sequence([ones(1), zeros(2)])",
        "R.pack_sequence([ones(2), zeros(1)])",
        "R.pack_sequence([ones(1), zeros(2)], enforce_sorted=False).double()",
        "R.pack_sequence([ones(1)]).to(torch.int64).is_cuda",
        "R.unpack_sequence(R.pack_sequence([ones(1), zeros(2)], False))",
        "R.unpad_sequence(ones(3, 2), T([1, 2]))",
        "R.invert_permutation(T([2, 0, 1, 3]))",
        "R.invert_permutation(None)",
        "R.PackedSequence(ones(3))",
        "R.PackedSequence((ones(3), T([2, 1])))",
        "R.PackedSequence(ones(3), T([2, 1]), T([1, 0]))",
        "R.pack_sequence([a[0, :2], a[1]], False).data",
        "nn.RNN(3, 2)(R.pack_sequence([ones(3), zeros(2)]))",
        "nn.RNN(3, 2)(R.pack_sequence([ones(3, 4)]))",
        "nn.RNN(3, 2)(R.pack_sequence([ones(3, 3).double()]))",
        "nn.RNN(3, 2)(R.pack_sequence([ones(3, 3)]), zeros(1, 2))",
        "nn.GRU(3, 2)(R.pack_sequence([ones(3, 3)]), zeros(1, 2, 2))",
    ],
)
def test_functions(source: str) -> None:
    check(source.replace("R.", "nn.utils.rnn."))
