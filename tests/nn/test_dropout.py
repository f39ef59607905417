"""Dropout on every device: masks, gradients, streams of random numbers, copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import nn
from gpugrad.autograd import gradcheck, gradgradcheck
from gpugrad.backend.philox import philox_words, words_kept
from gpugrad.nn import functional as F
from gpugrad.utils.checkpoint import checkpoint
from tests import host_cupy
from tests.conftest import DEVICES

Tensor = Any

everywhere = pytest.mark.parametrize("device", DEVICES, indirect=True)
on_cuda = pytest.mark.parametrize("device", DEVICES[1:], indirect=True)


def ones(device: str, *shape: int, dtype: Any = None) -> Tensor:
    return gpugrad.ones(*shape, device=device, dtype=dtype, requires_grad=True)


def values(tensor: Tensor) -> Any:
    return tensor.detach().cpu().double().numpy()


def expected(seed: int, offset: int, shape: tuple[int, ...], p: float) -> Any:
    """What a GPU makes of ones."""
    words = philox_words(seed, offset, int(np.prod(shape)))
    return np.where(words < words_kept(p), 1 / (1 - p), 0.0).reshape(shape)


@on_cuda
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_the_numbers_are_philoxs(device: str, dtype: str) -> None:
    gpugrad.manual_seed(11)
    kind = getattr(gpugrad, dtype)
    for offset, shape in enumerate([(5,), (3, 67), (2, 2, 2)]):
        found = F.dropout(ones(device, *shape, dtype=kind), 0.5)
        assert found.dtype == kind
        np.testing.assert_array_equal(values(found), expected(11, offset, shape, 0.5))


@on_cuda
def test_dropout_keeps_what_bernoulli_draws(device: str) -> None:
    gpugrad.manual_seed(3)
    dropped = F.dropout(ones(device, 1000), 0.3)
    gpugrad.manual_seed(3)
    drawn = gpugrad.empty(1000, device=device).bernoulli_(0.7)
    assert ((dropped != 0) == (drawn != 0)).all()


@everywhere
@pytest.mark.parametrize("layout", ["contiguous", "transposed", "sliced"])
def test_backward_has_the_mask_of_forward(device: str, layout: str) -> None:
    x = ones(device, 40, 31)
    view = {"contiguous": x, "transposed": x.T, "sliced": x[1:, ::2]}[layout]
    y = F.dropout(view, 0.25)
    # The gradient comes in another layout than the values went in.
    y.T.contiguous().T.sum().backward()
    back = {"contiguous": x.grad, "transposed": x.grad.T, "sliced": x.grad[1:, ::2]}[layout]
    np.testing.assert_array_equal(values(back), values(y))
    kept = values(y)[values(y) != 0]
    assert 0.6 < kept.size / y.numel() < 0.9
    np.testing.assert_allclose(kept, 1 / 0.75, rtol=1e-6)


@on_cuda
def test_a_mask_belongs_to_places_in_the_tensor(device: str) -> None:
    found = []
    for view in (ones(device, 6, 9), ones(device, 9, 6).T, ones(device, 61)[1:55].reshape(6, 9)):
        gpugrad.manual_seed(1)
        found.append(values(F.dropout(view, 0.5)).tolist())
    assert found[0] == found[1] == found[2]


@everywhere
def test_derivatives(device: str) -> None:
    x = gpugrad.randn(7, 3, dtype=gpugrad.float64).to(device).requires_grad_()

    def function(x: Tensor) -> Tensor:
        gpugrad.manual_seed(2)
        return F.dropout(x, 0.4) * x

    assert gradcheck(function, (x,))
    assert gradgradcheck(function, (x,))


@on_cuda
def test_the_gradient_of_the_gradient_drops_the_same(device: str) -> None:
    x, v = ones(device, 100), ones(device, 100)
    y: Tensor = F.dropout(x, 0.5)
    assert y.grad_fn.name() == "NativeDropoutBackward0"
    (first,) = gpugrad.autograd.grad(y, x, v, create_graph=True)
    (second,) = gpugrad.autograd.grad(first.square().sum(), v)
    np.testing.assert_array_equal(values(first), values(y))
    np.testing.assert_array_equal(values(second), 4 * values(y))


@everywhere
def test_in_place(device: str) -> None:
    x = ones(device, 50)
    y = x * 2
    found = F.dropout(y, 0.5, inplace=True)
    assert found is y
    y.sum().backward()
    np.testing.assert_array_equal(values(x.grad), values(y))
    assert set(values(y)) == {0.0, 4.0}


@everywhere
def test_all_or_nothing(device: str) -> None:
    gpugrad.manual_seed(0)
    first = gpugrad.rand(3, device=device).tolist()
    gpugrad.manual_seed(0)
    x = ones(device, 5)
    assert F.dropout(x, 0.0) is x
    dropped = F.dropout(x, 1.0)
    dropped.sum().backward()
    assert dropped.tolist() == x.grad.tolist() == [0.0] * 5
    assert F.dropout(ones(device, 0), 0.5).shape == (0,)
    assert gpugrad.rand(3, device=device).tolist() == first  # nothing was drawn


@everywhere
def test_backward_twice_is_refused(device: str) -> None:
    y = F.dropout(ones(device, 4), 0.5).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="backward through the graph a second time"):
        y.backward()


@on_cuda
def test_hooks_on_saved_tensors_cannot_change_the_mask(device: str) -> None:
    x = ones(device, 100)
    with gpugrad.autograd.graph.saved_tensors_hooks(lambda t: t.half(), lambda t: t.float()):
        y = F.dropout(x, 0.5)
    y.sum().backward()
    np.testing.assert_array_equal(values(x.grad), values(y))


# --- the stream of random numbers -----------------------------------------------------------------


@on_cuda
def test_state_and_seed(device: str) -> None:
    def draw() -> Any:
        return values(F.dropout(ones(device, 200), 0.5)).tolist()

    gpugrad.manual_seed(2**63 + 9)
    first, state, second = draw(), gpugrad.cuda.get_rng_state(), draw()
    assert first != second
    gpugrad.cuda.set_rng_state(state)
    assert draw() == second
    gpugrad.cuda.manual_seed(2**63 + 9)
    assert draw() == first
    assert bool((gpugrad.cuda.get_rng_state() == state).all())
    with gpugrad.random.fork_rng():
        assert draw() == second
    assert draw() == second


@on_cuda
def test_other_draws_and_dropout_take_turns(device: str) -> None:
    gpugrad.manual_seed(4)
    uniform = [gpugrad.rand(6, device=device).tolist() for _ in range(3)]
    gpugrad.manual_seed(4)
    assert gpugrad.rand(6, device=device).tolist() == uniform[0]
    F.dropout(ones(device, 9), 0.5)
    assert gpugrad.rand(6, device=device).tolist() == uniform[2]


@everywhere
@pytest.mark.parametrize("use_reentrant", [False, True])
def test_a_checkpoint_drops_the_same_again(device: str, use_reentrant: bool) -> None:
    for _ in range(2):  # the first of them with a generator that has drawn nothing yet
        x = ones(device, 100)
        y = checkpoint(lambda t: F.dropout(t * 1, 0.5) * t, x * 1, use_reentrant=use_reentrant)
        y.sum().backward()
        np.testing.assert_array_equal(values(x.grad), 2 * values(y))


@on_cuda
def test_vmap_notices_a_draw(device: str) -> None:
    x = gpugrad.ones(3, 4, device=device)
    F.dropout(x, 0.5)
    with pytest.raises(RuntimeError, match="called random operation"):
        gpugrad.func.vmap(lambda t: F.dropout(t, 0.5))(x)
    rows = gpugrad.func.vmap(lambda t: F.dropout(t, 0.5), randomness="same")(x).tolist()
    assert rows[0] == rows[1] == rows[2]


# --- launches and copies --------------------------------------------------------------------------


def test_one_launch_each_way_and_no_copies(host: host_cupy.Copies) -> None:
    layer, x = nn.Dropout(0.5), ones("cuda", 33, 5)
    layer(x).sum().backward()
    host.reset()
    host_cupy.launches.clear()
    y = layer(x)
    y.backward(gpugrad.ones_like(y))
    assert host_cupy.launches == ["dropout_forward_float32", "dropout_backward_float32"]
    checkpoint(layer, x, use_reentrant=False).sum().backward()
    assert (host.to_device, host.to_host) == (0, 0)


def test_layers_drop_by_the_kernel(host: host_cupy.Copies) -> None:
    x = gpugrad.randn(2, 3, 8, device="cuda")
    for layer in (
        nn.MultiheadAttention(8, 2, dropout=0.5, batch_first=True),
        nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5, batch_first=True),
        nn.LSTM(8, 8, 2, dropout=0.5, batch_first=True),
        nn.Dropout1d(0.5),
    ):
        host_cupy.launches.clear()
        arguments = (x, x, x) if isinstance(layer, nn.MultiheadAttention) else (x,)
        layer.to("cuda")(*arguments)
        assert "dropout_forward_float32" in host_cupy.launches
