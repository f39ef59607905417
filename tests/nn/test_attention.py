"""Attention and transformers: PyTorch's numbers, masks, layouts, derivatives, devices."""

from __future__ import annotations

import math
from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.autograd import gradcheck, gradgradcheck

F = nn.functional


def flat(tensor: Any) -> list[float]:
    values: list[float] = tensor.detach().reshape(-1).tolist()
    return values


def leaf(*shape: int) -> Any:
    return gpugrad.randn(*shape, dtype=gpugrad.float64, requires_grad=True)


def test_scaled_dot_product_by_hand() -> None:
    x = gpugrad.tensor([[1.0, 0.0], [0.0, 1.0]])
    e = math.exp(1 / math.sqrt(2))
    assert flat(F.scaled_dot_product_attention(x, x, x)) == pytest.approx(
        [e / (e + 1), 1 / (e + 1), 1 / (e + 1), e / (e + 1)]
    )
    causal = F.scaled_dot_product_attention(x, x, x, is_causal=True)
    assert flat(causal) == pytest.approx([1, 0, 1 / (e + 1), e / (e + 1)])


def test_masks_of_bools_and_numbers() -> None:
    q, k, v = gpugrad.randn(2, 3, 4), gpugrad.randn(2, 5, 4), gpugrad.randn(2, 5, 6)
    seen = gpugrad.ones(3, 5).tril(1) == 1
    added = gpugrad.zeros(3, 5).masked_fill(~seen, -math.inf)
    by_bools = F.scaled_dot_product_attention(q, k, v, seen)
    assert gpugrad.allclose(by_bools, F.scaled_dot_product_attention(q, k, v, added))
    first = F.scaled_dot_product_attention(q[:, :1], k[:, :2], v[:, :2])
    assert gpugrad.allclose(by_bools[:, :1], first, atol=1e-6)


def test_a_query_that_sees_nothing_gives_zeros() -> None:
    x = gpugrad.randn(2, 3, requires_grad=True)
    seen = gpugrad.tensor([[True, True], [False, False]])
    found = F.scaled_dot_product_attention(x, x, x, seen)
    assert found[1].tolist() == [0, 0, 0]


@pytest.mark.parametrize("arguments", [{}, {"is_causal": True}, {"scale": 0.3}])
def test_derivatives(arguments: dict[str, Any]) -> None:
    def function(q: Any, k: Any, v: Any) -> Any:
        return F.scaled_dot_product_attention(q, k, v, **arguments)

    tensors = leaf(1, 3, 2), leaf(1, 3, 2), leaf(1, 3, 2)
    assert gradcheck(function, tensors)
    assert gradgradcheck(function, tensors)


def test_multihead_numbers_are_pytorchs() -> None:
    # The state of the stream after these layers is what the numbers below were made with.
    gpugrad.manual_seed(0)
    nn.LSTM(2, 1), nn.GRU(2, 2, bidirectional=True), nn.RNN(2, 1, 2)
    attention = nn.MultiheadAttention(2, 1)
    x = gpugrad.arange(6.0).reshape(3, 1, 2) / 6
    result, weights = attention(x, x, x)
    assert flat(attention.in_proj_weight)[:3] == pytest.approx([-0.6680145, -0.0477177, 0.1300294])
    assert flat(result) == pytest.approx(
        [-0.1886906, 0.0109312, -0.1860605, 0.0106330, -0.1834330, 0.0103349], abs=1e-6
    )
    assert flat(weights)[:3] == pytest.approx([0.3397509, 0.3332924, 0.3269567], abs=1e-6)


def test_multihead_layouts() -> None:
    attention = nn.MultiheadAttention(6, 2)
    other = nn.MultiheadAttention(6, 2, batch_first=True)
    other.load_state_dict(attention.state_dict())
    q, k = gpugrad.randn(5, 3, 6), gpugrad.randn(4, 3, 6)
    result, weights = attention(q, k, k)
    swapped, same = other(q.transpose(0, 1), k.transpose(0, 1), k.transpose(0, 1))
    assert gpugrad.allclose(result, swapped.transpose(0, 1), atol=1e-6)
    assert gpugrad.allclose(weights, same, atol=1e-6)
    alone, its_weights = attention(q[:, 1], k[:, 1], k[:, 1], average_attn_weights=False)
    assert gpugrad.allclose(alone, result[:, 1], atol=1e-6)
    assert its_weights.shape == (2, 5, 4)
    assert gpugrad.allclose(attention(q, k, k, need_weights=False)[0], result, atol=1e-6)


def test_hidden_keys_do_not_count() -> None:
    attention = nn.MultiheadAttention(6, 2, batch_first=True)
    q, k = gpugrad.randn(2, 3, 6), gpugrad.randn(2, 4, 6)
    padding = gpugrad.tensor([[False, False, True, True]] * 2)
    for need in (True, False):
        result, _ = attention(q, k, k, key_padding_mask=padding, need_weights=need)
        assert gpugrad.allclose(result, attention(q, k[:, :2], k[:, :2])[0], atol=1e-6)


def test_a_causal_encoder_does_not_look_ahead() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True, norm_first=True)
    encoder = nn.TransformerEncoder(layer, 2, nn.LayerNorm(8), enable_nested_tensor=False)
    x = gpugrad.randn(2, 5, 8)
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    result = encoder(x, mask)
    x[:, 3:] = 0.0
    assert gpugrad.allclose(encoder(x, mask)[:, :3], result[:, :3], atol=1e-6)
    assert gpugrad.allclose(encoder(x, mask, is_causal=True), encoder(x, mask), atol=1e-6)


def test_copies_of_a_layer_are_apart() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2)
    first, second = encoder.layers[0].linear1.weight, encoder.layers[1].linear1.weight
    assert first is not second and flat(first) == flat(second)


def test_transformer_trains() -> None:
    gpugrad.manual_seed(0)
    model = nn.Transformer(8, 2, 1, 1, 16, 0.0, batch_first=True)
    source, target = gpugrad.randn(4, 5, 8), gpugrad.randn(4, 3, 8)
    optimizer = gpugrad.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(30):
        loss = F.mse_loss(model(source, target * 0), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.6 * losses[0]


def test_errors() -> None:
    with pytest.raises(AssertionError, match="embed_dim must be divisible by num_heads"):
        nn.MultiheadAttention(6, 4)
    x = gpugrad.zeros(3, 2, 6)
    with pytest.raises(RuntimeError, match="Need attn_mask if specifying the is_causal hint"):
        nn.MultiheadAttention(6, 2)(x, x, x, is_causal=True)
    with pytest.raises(RuntimeError, match="activation should be relu/gelu, not foo"):
        nn.TransformerEncoderLayer(8, 2, activation="foo")
    with pytest.warns(UserWarning, match=r"encoder_layer\.norm_first was True"):
        nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, norm_first=True), 1)


def test_devices(device: str) -> None:
    attention = nn.MultiheadAttention(6, 2)
    x = gpugrad.randn(5, 3, 6)
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    expected = attention(x, x, x, attn_mask=mask, need_weights=False)[0]
    there = x.to(device)
    attention.to(device)
    found, _ = attention(there, there, there, attn_mask=mask.to(device), need_weights=False)
    assert gpugrad.allclose(found.cpu(), expected, atol=1e-5)
    causal = F.scaled_dot_product_attention(there, there, there, is_causal=True)
    here = F.scaled_dot_product_attention(x, x, x, is_causal=True)
    assert gpugrad.allclose(causal.cpu(), here, atol=1e-5)
