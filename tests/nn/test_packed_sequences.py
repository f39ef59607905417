"""Packed sequences: a layer over them gives what it gives for each sequence by itself."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.nn.utils import rnn

ON_DEVICES = pytest.mark.parametrize("device", ["cpu", "host"])


@pytest.fixture(autouse=True)
def on_host(request: pytest.FixtureRequest) -> None:
    if "device" in request.fixturenames and request.getfixturevalue("device") == "host":
        request.getfixturevalue("host")


def place(device: str) -> str:
    return "cuda" if device == "host" else "cpu"


@ON_DEVICES
@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_each_sequence_is_as_by_itself(device: str, kind: Any, bidirectional: bool) -> None:
    layer = kind(2, 3, 2, bidirectional=bidirectional).to(place(device))
    sequences = [gpugrad.randn(n, 2).to(place(device)) for n in (2, 4, 1)]
    output, last = layer(rnn.pack_sequence(sequences, enforce_sorted=False))
    for number, (sequence, found) in enumerate(
        zip(sequences, rnn.unpack_sequence(output), strict=True)
    ):
        alone, end = layer(sequence)
        assert gpugrad.allclose(found, alone, atol=1e-6)
        for ours, theirs in zip(
            *(x if kind is nn.LSTM else (x,) for x in (last, end)), strict=True
        ):
            assert gpugrad.allclose(ours[:, number], theirs, atol=1e-6)


@ON_DEVICES
def test_packing_and_back(device: str) -> None:
    x = gpugrad.tensor([[1, 2, 0], [3, 0, 0], [4, 5, 6]]).to(place(device))
    packed = rnn.pack_padded_sequence(x, [2, 1, 3], batch_first=True, enforce_sorted=False)
    assert packed.data.tolist() == [4, 1, 3, 5, 2, 6]
    assert packed.batch_sizes.tolist() == [3, 2, 1]
    assert packed.batch_sizes.device.type == "cpu"
    assert packed.sorted_indices is not None
    assert packed.sorted_indices.tolist() == [2, 0, 1]
    assert packed.sorted_indices.device == x.device
    padded, lengths = rnn.pad_packed_sequence(packed, batch_first=True)
    assert padded.tolist() == x.tolist()
    assert lengths.tolist() == [2, 1, 3]


def test_gradients_of_padding_are_zero() -> None:
    x = gpugrad.ones(3, 2, requires_grad=True)
    (rnn.pack_padded_sequence(x, [3, 1]).data * 2).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[2, 2], [2, 0], [2, 0]]


def test_a_length_beyond_the_input_is_refused() -> None:
    with pytest.raises(RuntimeError, match="a length of 4 is longer than the input of 3 steps"):
        rnn.pack_padded_sequence(gpugrad.zeros(3, 2), [4, 1])


def test_states_for_more_sequences_are_refused() -> None:
    states = gpugrad.zeros(1, 2, 2), gpugrad.zeros(1, 2, 2)
    with pytest.raises(RuntimeError, match="Expected hidden.0. size"):
        nn.LSTM(3, 2)(rnn.pack_sequence([gpugrad.ones(4, 3)]), states)
