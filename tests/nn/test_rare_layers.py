"""Layers and helpers that few programs use: what holds for them by definition, on both backends."""

from __future__ import annotations

import math
from typing import Any

import pytest

import gpugrad
import gpugrad.nn.functional as F
from gpugrad import nn
from gpugrad.autograd import gradcheck, gradgradcheck
from gpugrad.nn.utils import parametrizations, prune


@pytest.fixture(params=["cpu", "cuda"])
def device(request: pytest.FixtureRequest) -> str:
    """The CPU, and the CUDA backend over the stand-in for CuPy."""
    if request.param == "cuda":
        request.getfixturevalue("host")
    return str(request.param)


def numbers(*shape: int, device: str = "cpu", step: float = 0.7) -> Any:
    """Numbers of both signs, all different."""
    count = math.prod(shape)
    x = (gpugrad.arange(count, dtype=gpugrad.float64) * step).sin() * 2
    return x.reshape(shape).to(device).requires_grad_()


def test_fractional_pooling_takes_the_largest_of_windows_that_cover_the_input(device: str) -> None:
    x = gpugrad.randperm(2 * 3 * 7 * 7).reshape(2, 3, 7, 7).float().to(device)
    pooled, where = F.fractional_max_pool2d(x, 3, output_size=3, return_indices=True)
    assert pooled.shape == (2, 3, 3, 3)
    assert x.flatten(2).gather(2, where.flatten(2)).tolist() == pooled.flatten(2).tolist()
    # With windows of two and as many as fit, nothing is left out but by chance of the last step.
    assert pooled.flatten(2).amax(2).tolist() == x[..., :, :].flatten(2).amax(2).tolist()
    volumes = numbers(1, 2, 4, 4, 4, device=device)
    samples = gpugrad.tensor([[[0.1, 0.5, 0.9], [0.3, 0.2, 0.6]]], device=device)
    assert gradcheck(lambda t: F.fractional_max_pool3d(t, 2, 2, None, False, samples), volumes)


def test_bicubic_samples_go_through_the_elements(device: str) -> None:
    grid = gpugrad.linspace(-1, 1, 5, dtype=gpugrad.float64)
    places = gpugrad.stack([grid, grid * 0], -1).reshape(1, 1, 5, 2).to(device)
    x = numbers(1, 1, 5, 5, device=device)
    found = F.grid_sample(x, places, "bicubic", align_corners=True)
    assert found.flatten().tolist() == pytest.approx(x[0, 0, 2].tolist())
    between = F.grid_sample(x * 0 + 3, places * 0.37, "bicubic", "border", align_corners=False)
    assert between.flatten().tolist() == pytest.approx([3.0] * 5)
    image = numbers(1, 1, 3, 4, device=device)
    free = gpugrad.tensor([[[[0.21, -0.37]], [[-0.73, 0.11]]]], dtype=gpugrad.float64).to(device)
    free.requires_grad_()
    for beyond in ("zeros", "border", "reflection"):
        for corners in (True, False):
            arguments = "bicubic", beyond, corners
            assert gradcheck(lambda x, g, a=arguments: F.grid_sample(x, g, *a), (image, free))


def test_linear_cross_entropy_is_both_in_one(device: str) -> None:
    x, weight = numbers(4, 3, device=device), numbers(5, 3, device=device, step=1.1)
    target = gpugrad.tensor([0, 4, 2, 2], device=device)
    one = F.linear_cross_entropy(x, weight, target, reduction="none")
    assert one.tolist() == F.cross_entropy(F.linear(x, weight), target, reduction="none").tolist()
    assert gradcheck(lambda a, w: F.linear_cross_entropy(a, w, target), (x, weight))
    layer = nn.LinearCrossEntropyLoss(3, 5, out_features=(2,), bias=True).to(device)
    assert layer(gpugrad.ones(4, 3, device=device), target.reshape(4, 1).expand(4, 2)).dim() == 0


def test_adaptive_softmax_is_a_distribution(device: str) -> None:
    gpugrad.manual_seed(0)
    softmax = nn.AdaptiveLogSoftmaxWithLoss(6, 12, [3, 7], div_value=2.0).double().to(device)
    x = numbers(5, 6, device=device)
    logs = softmax.log_prob(x)
    assert logs.exp().sum(1).tolist() == pytest.approx([1.0] * 5)
    target = gpugrad.tensor([0, 2, 3, 11, 8], device=device)
    output, loss = softmax(x, target)
    assert output.tolist() == pytest.approx(logs.gather(1, target.unsqueeze(1)).flatten().tolist())
    assert loss.item() == pytest.approx(-output.mean().item())
    assert softmax.predict(x).tolist() == logs.argmax(1).tolist()
    assert gradcheck(lambda t: softmax(t, target).loss, x)


def test_cross_map_normalization(device: str) -> None:
    x = numbers(1, 4, 2, 1, device=device)
    layer = nn.CrossMapLRN2d(3, alpha=0.6, beta=0.5, k=2.0)
    square = [float(v) ** 2 for v in x[0, :, 0, 0]]
    total = [sum(square[max(i - 1, 0) : i + 2]) for i in range(4)]
    expected = [float(v) / (2 + 0.2 * t) ** 0.5 for v, t in zip(x[0, :, 0, 0], total, strict=True)]
    assert layer(x)[0, :, 0, 0].tolist() == pytest.approx(expected)
    assert gradcheck(layer, x) and gradgradcheck(layer, x)


def test_synchronised_normalization_is_that_of_the_batch(device: str) -> None:
    model = nn.Sequential(nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3), nn.BatchNorm1d(3)).to(device)
    norm: Any = model[1]
    norm(gpugrad.rand(4, 3, 2, 2, device=device))
    converted: Any = nn.SyncBatchNorm.convert_sync_batchnorm(model)
    assert converted is model and isinstance(model[1], nn.SyncBatchNorm)
    assert model[1].weight is norm.weight and model[1].running_mean is norm.running_mean
    x = gpugrad.rand(4, 3, 2, 2, device=device)
    assert model[1].eval()(x).tolist() == norm.eval()(x).tolist()
    with pytest.raises(ValueError, match="at least 2D"):
        model[1](gpugrad.zeros(3))


def test_functional_attention_is_that_of_the_layer(device: str) -> None:
    layer = nn.MultiheadAttention(4, 2, add_bias_kv=True, add_zero_attn=True).double().to(device)
    x = numbers(3, 2, 4, device=device)
    result, weights = layer(x, x, x)
    found = F.multi_head_attention_forward(
        *(x, x, x, 4, 2, layer.in_proj_weight, layer.in_proj_bias, layer.bias_k, layer.bias_v),
        *(True, 0.0, layer.out_proj.weight, layer.out_proj.bias),
    )
    assert found[1] is not None and found[1].tolist() == weights.tolist()
    assert found[0].tolist() == result.tolist()
    with pytest.raises(AssertionError, match="expecting embedding dimension of 6, but got 4"):
        F.multi_head_attention_forward(
            *(x, x, x, 6, 2, None, None, None, None, False, 0.0, layer.out_proj.weight, None)
        )


def test_attention_with_given_keys(device: str) -> None:
    x, eye = numbers(2, 1, 4, device=device), gpugrad.eye(4, dtype=gpugrad.float64, device=device)
    given = numbers(2, 3, 2, device=device, step=0.3)  # (N * heads, S, E / heads)
    found, weights = F.multi_head_attention_forward(
        *(x, x, x, 4, 2, eye.repeat(3, 1), None, None, None, False, 0.0, eye, None),
        static_k=given,
        static_v=given,
    )
    heads = x.reshape(2, 2, 2).transpose(0, 1)
    expected = F.scaled_dot_product_attention(heads, given, given)
    assert weights is not None and weights.shape == (1, 2, 3)
    assert found.flatten().tolist() == pytest.approx(expected.transpose(0, 1).flatten().tolist())


def test_convolution_over_time_first(device: str) -> None:
    x, weight = numbers(5, 2, 3, device=device), numbers(2, 3, 4, device=device)
    bias = numbers(4, device=device)
    found = F.conv_tbc(x, weight, bias, 1)
    expected = F.conv1d(x.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=1)
    assert found.permute(1, 2, 0).tolist() == expected.tolist()


@pytest.mark.parametrize("groups", [1, 2])
def test_gradients_of_convolutions(groups: int, device: str) -> None:
    x, weight = numbers(2, 2, 5, 6, device=device), numbers(4, 2 // groups, 2, 3, device=device)
    options: dict[str, Any] = {"stride": 2, "padding": 1, "dilation": 1, "groups": groups}
    out = F.conv2d(x, weight, **options)
    grad = out.detach().cos()
    grads = gpugrad.autograd.grad(out, (x, weight), grad)
    assert nn.grad.conv2d_input(x.shape, weight, grad, **options).tolist() == grads[0].tolist()
    assert nn.grad.conv2d_weight(x, weight.shape, grad, **options).tolist() == grads[1].tolist()


def test_transposed_convolution_with_room_for_more_windows() -> None:
    x, weight = numbers(1, 1, 3, 3), numbers(1, 1, 2, 2)
    out = F.conv_transpose2d(x, weight, stride=2, dilation=4, output_padding=3)
    plain = F.conv_transpose2d(x, weight, stride=2, dilation=4)
    assert out.shape == (1, 1, 12, 12) and plain.shape == (1, 1, 9, 9)
    assert out[..., :9, :9].allclose(plain, rtol=1e-12, atol=1e-14)
    assert not out[..., 9:, :].any() and not out[..., 9:].any()


# --- parameters computed from others --------------------------------------------------------------


@pytest.mark.parametrize("shape", [(4, 4), (6, 3), (3, 6)])
@pytest.mark.parametrize("choice", ["matrix_exp", "cayley", "householder"])
def test_orthogonal_weights_stay_orthogonal(choice: str, shape: tuple[int, int]) -> None:
    layer = parametrizations.orthogonal(nn.Linear(*shape).double(), orthogonal_map=choice)
    optimizer = gpugrad.optim.SGD(layer.parameters(), lr=0.3)
    for _ in range(3):
        optimizer.zero_grad()
        layer(numbers(5, shape[0])).square().sum().backward()
        optimizer.step()
        w = layer.weight if shape[0] > shape[1] else layer.weight.T
        product = w @ w.T if w.size(0) <= w.size(1) else w.T @ w
        one = gpugrad.eye(min(shape), dtype=gpugrad.float64)
        assert product.allclose(one, atol=1e-10)


def test_nothing_is_drawn_to_prune_nothing() -> None:
    layer = nn.Linear(4, 3)
    state = gpugrad.get_rng_state()
    prune.random_unstructured(layer, "weight", amount=0)
    prune.random_structured(layer, "weight", amount=0, dim=1)
    assert gpugrad.equal(gpugrad.get_rng_state(), state)
    assert layer.weight_mask.all()


def test_a_refused_pruning_leaves_the_former_one_at_work() -> None:
    layer = prune.l1_unstructured(nn.Linear(4, 3), "weight", amount=5)
    for _ in range(2):
        with pytest.raises(ValueError, match="amount=100"):
            prune.l1_unstructured(layer, "weight", amount=100)
    assert prune.is_pruned(layer)
    assert layer.weight_mask.sum() == 7
    prune.l1_unstructured(layer, "weight", amount=2)
    layer(gpugrad.ones(4))
    assert (layer.weight == 0).sum() == 7


def test_pruned_elements_get_no_values(device: str) -> None:
    layer = prune.l1_unstructured(nn.Linear(4, 3), "weight", amount=5).to(device)
    zero = layer.weight_mask == 0
    optimizer = gpugrad.optim.SGD(layer.parameters(), lr=0.5)
    layer(gpugrad.ones(2, 4, device=device)).sum().backward()
    optimizer.step()
    layer(gpugrad.ones(2, 4, device=device))
    assert zero.sum().item() == 5 and not layer.weight[zero].any()
    assert not layer.weight_orig.grad[zero].any()
    assert prune.is_pruned(nn.Sequential(layer))


def test_data_parallel_passes_calls_on() -> None:
    inner = nn.Linear(2, 3)
    model = nn.DataParallel(inner)
    x = gpugrad.ones(4, 2)
    assert model(x).tolist() == inner(x).tolist()
    assert list(model.state_dict()) == ["module.weight", "module.bias"]


@pytest.mark.parametrize("name", ["bfloat16", "float16"])
def test_sums_of_16_bit_numbers_are_taken_in_float32(name: str) -> None:
    dtype = getattr(gpugrad, name)
    ones = gpugrad.ones(3, 1024, dtype=dtype)
    assert ones.sum().item() == 3072 and ones.mean().item() == 1
    assert ones.sum(1).tolist() == [1024] * 3 and ones.T.sum(0).tolist() == [1024] * 3
    assert ones[0].cumsum(0)[-1].item() == 1024
    compiled = gpugrad.compile(lambda t: (t * 1).sum(1))
    assert [compiled(ones).tolist() for _ in range(3)] == [[1024] * 3] * 3
