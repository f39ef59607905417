"""Recurrent layers: PyTorch's numbers, layers against cells, derivatives, devices."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.autograd import gradcheck, gradgradcheck


def flat(tensor: Any) -> list[float]:
    values: list[float] = tensor.detach().reshape(-1).tolist()
    return values


def test_numbers_are_pytorchs() -> None:
    gpugrad.manual_seed(0)
    x = gpugrad.arange(6.0).reshape(3, 1, 2) / 6
    lstm = nn.LSTM(2, 1)
    assert flat(lstm.weight_ih_l0)[:3] == pytest.approx(
        [-0.0074868, 0.5364436, -0.8230451], abs=1e-6
    )
    assert flat(lstm.bias_hh_l0)[:2] == pytest.approx([0.3953352, 0.6000228])
    output, (hidden, cell) = lstm(x)
    assert flat(output) == pytest.approx([-0.1263399, -0.2052847, -0.2495146], rel=1e-5)
    assert flat(hidden) == pytest.approx([-0.2495146], rel=1e-5)
    assert flat(cell) == pytest.approx([-0.4676729], rel=1e-5)
    output, last = nn.GRU(2, 2, bidirectional=True)(x)
    assert flat(output)[:4] == pytest.approx(
        [-0.0327660, -0.0697247, 0.1398503, 0.0881307], rel=1e-5
    )
    assert flat(last) == pytest.approx([-0.2048855, -0.0226160, 0.1398503, 0.0881307], rel=1e-5)
    output, last = nn.RNN(2, 1, 2, "relu")(x)
    assert flat(output) == pytest.approx([0.3649298, 0.1380624, 0.3338539], rel=1e-5)
    assert flat(last) == pytest.approx([0.3660960, 0.3338539], rel=1e-5)


def test_names() -> None:
    layer = nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2)
    names = list(layer.state_dict())
    assert names[:5] == [
        f"{part}_l0" for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
    ]
    assert names[-1] == "weight_hr_l1_reverse" and len(names) == 20
    assert layer.weight_ih_l1.shape == (16, 4)
    assert repr(nn.GRU(3, 4, 2, dropout=0.5)) == "GRU(3, 4, num_layers=2, dropout=0.5)"


@pytest.mark.parametrize(
    ("layer", "cell"), [(nn.RNN, nn.RNNCell), (nn.GRU, nn.GRUCell), (nn.LSTM, nn.LSTMCell)]
)
def test_a_layer_is_its_cell_repeated(layer: Any, cell: Any) -> None:
    whole, step = layer(3, 4), cell(3, 4)
    step.load_state_dict({name[:-3]: value for name, value in whole.state_dict().items()})
    x = gpugrad.randn(5, 2, 3)
    output, _ = whole(x)
    state = None
    for t in range(5):
        state = step(x[t], state)
        hidden = state[0] if isinstance(state, tuple) else state
        assert gpugrad.allclose(output[t], hidden, atol=1e-6)


@pytest.mark.parametrize("layer", [nn.RNN, nn.GRU, nn.LSTM])
def test_layouts_agree(layer: Any) -> None:
    whole = layer(3, 4, 2, bidirectional=True)
    other = layer(3, 4, 2, batch_first=True, bidirectional=True)
    other.load_state_dict(whole.state_dict())
    x = gpugrad.randn(5, 2, 3)
    output, _ = whole(x)
    swapped, _ = other(x.transpose(0, 1))
    assert gpugrad.allclose(output, swapped.transpose(0, 1), atol=1e-6)
    alone, _ = whole(x[:, 1])
    assert alone.shape == (5, 8)
    assert gpugrad.allclose(output[:, 1], alone, atol=1e-6)


@pytest.mark.parametrize("layer", [nn.RNN, nn.GRU, nn.LSTM])
def test_derivatives(layer: Any) -> None:
    module = layer(2, 2, dtype=gpugrad.float64)
    x = gpugrad.randn(3, 1, 2, dtype=gpugrad.float64, requires_grad=True)
    state = gpugrad.randn(1, 1, 2, dtype=gpugrad.float64, requires_grad=True)

    def function(x: Any, state: Any) -> Any:
        return module(x, (state, state * 0.5) if layer is nn.LSTM else state)[0]

    assert gradcheck(function, (x, state))
    assert gradgradcheck(function, (x, state))


def test_errors() -> None:
    with pytest.raises(RuntimeError, match=r"Expected hidden size \(1, 5, 4\), got \[1, 4, 4\]"):
        nn.RNN(3, 4)(gpugrad.zeros(2, 5, 3), gpugrad.zeros(1, 4, 4))
    with pytest.raises(RuntimeError, match="Expected 3, got 5"):
        nn.LSTM(3, 4)(gpugrad.zeros(2, 3, 5))
    with pytest.raises(ValueError, match="proj_size argument is only supported for LSTM"):
        nn.GRU(3, 4, proj_size=2)
    with pytest.warns(UserWarning, match="dropout option adds dropout after all but last"):
        nn.RNN(3, 4, dropout=0.5)


def test_devices(device: str) -> None:
    module = nn.LSTM(3, 4, 2, bidirectional=True)
    x = gpugrad.randn(5, 2, 3)
    expected, _ = module(x)
    found, (hidden, _) = module.to(device)(x.to(device))
    assert hidden.device == found.device
    assert gpugrad.allclose(found.cpu(), expected, atol=1e-5)


@pytest.mark.parametrize("options", [{"bias": False}, {"bidirectional": True, "num_layers": 2}])
@pytest.mark.parametrize("layer", [nn.RNN, nn.GRU, nn.LSTM])
def test_compiled_steps_on_every_device(layer: Any, options: Any, device: str) -> None:
    """Gradients of all parameters and of the input, compiled on a device and eager on the CPU."""
    gpugrad.manual_seed(0)
    module, x = layer(3, 4, batch_first=True, **options), gpugrad.randn(2, 5, 3)
    found: list[list[list[float]]] = []
    for place in ("cpu", device):
        module = module.to(place)
        input = x.to(place).requires_grad_()

        def gradients(module: Any = module, input: Any = input) -> Any:
            output, state = module(input)
            last = state[1] if isinstance(state, tuple) else state
            loss = output.square().sum() + last.sin().sum()
            return gpugrad.autograd.grad(loss, [input, *module.parameters()])

        run: Any = gpugrad.compile(gradients) if len(found) else gradients
        for _ in range(3):
            results = run()
        found.append([flat(g.cpu()) for g in results])
    for one, other in zip(*found, strict=True):
        assert other == pytest.approx(one, rel=1e-4, abs=1e-5)


@pytest.mark.parametrize("options", [{"bias": False}, {"bidirectional": True, "num_layers": 2}])
@pytest.mark.parametrize("layer", [nn.RNN, nn.GRU, nn.LSTM])
def test_derivatives_in_the_parameters(layer: Any, options: Any) -> None:
    gpugrad.manual_seed(0)
    module = layer(2, 2, dtype=gpugrad.float64, **options)
    x = gpugrad.randn(3, 2, 2, dtype=gpugrad.float64, requires_grad=True)
    names, weights = zip(*module.named_parameters(), strict=True)

    def function(x: Any, *weights: Any) -> Any:
        output, state = gpugrad.func.functional_call(
            module, dict(zip(names, weights, strict=True)), (x,)
        )
        return output, state[1] if layer is nn.LSTM else state

    assert gradcheck(function, (x, *weights))
    if not options.get("num_layers"):
        assert gradgradcheck(function, (x, *weights))


def test_many_gradients_at_once() -> None:
    """Each row of a batch of gradients goes backward as it would alone."""
    gpugrad.manual_seed(0)
    module, x = nn.LSTM(3, 4), gpugrad.randn(5, 2, 3, requires_grad=True)
    output, _ = module(x)
    starts = gpugrad.randn(6, *output.shape)
    (together,) = gpugrad.autograd.grad(output, x, starts, retain_graph=True, is_grads_batched=True)
    for start, found in zip(starts, together, strict=True):
        (alone,) = gpugrad.autograd.grad(output, x, start, retain_graph=True)
        assert gpugrad.allclose(found, alone, atol=1e-6)


def test_outputs_may_be_changed_in_place() -> None:
    gpugrad.manual_seed(0)
    module, x = nn.GRU(3, 4), gpugrad.randn(5, 2, 3, requires_grad=True)
    (expected,) = gpugrad.autograd.grad((module(x)[0] * 2).sum(), x)
    output, _ = module(x)
    output.mul_(2)
    (found,) = gpugrad.autograd.grad(output.sum(), x)
    assert gpugrad.allclose(found, expected)


@pytest.mark.parametrize("layer", [nn.RNN, nn.GRU, nn.LSTM])
def test_no_sequences(layer: Any) -> None:
    module, x = layer(3, 4), gpugrad.zeros(5, 0, 3, requires_grad=True)
    output, _ = module(x)
    assert output.shape == (5, 0, 4)
    output.sum().backward()
    assert not module.weight_hh_l0.grad.any()
    assert x.grad is not None and x.grad.shape == (5, 0, 3)
