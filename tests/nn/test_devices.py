"""Layers on every device: the same first values, the same results, no hidden copies."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import nn
from gpugrad.nn import functional as F
from tests import host_cupy


def build(device: str) -> Any:
    gpugrad.manual_seed(5)
    return nn.Sequential(
        nn.Embedding(7, 6, padding_idx=0, device=device),
        nn.Flatten(),
        nn.Linear(12, 8, device=device),
        nn.LayerNorm(8, device=device),
        nn.GELU(),
        nn.BatchNorm1d(8, device=device),
        nn.Linear(8, 3, device=device),
    )


def data(device: str) -> tuple[Any, Any]:
    words = gpugrad.tensor([[1, 2], [3, 4], [0, 6], [5, 5]]).to(device)
    return words, gpugrad.tensor([0, 2, 1, 1]).to(device)


def same(ours: Any, cpu: Any) -> None:
    assert ours.cpu().reshape(-1).tolist() == pytest.approx(
        cpu.reshape(-1).tolist(), rel=1e-5, abs=1e-6
    )


def test_first_values_are_those_of_the_cpu(device: str) -> None:
    for ours, cpu in zip(build(device).parameters(), build("cpu").parameters(), strict=True):
        assert ours.device.type == device and ours.is_leaf and isinstance(ours, nn.Parameter)
        assert ours.cpu().tolist() == cpu.tolist()


def test_a_step_is_that_of_the_cpu(device: str) -> None:
    net, reference = build(device), build("cpu")
    for model, where in ((net, device), (reference, "cpu")):
        words, classes = data(where)
        F.cross_entropy(model(words), classes).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        with gpugrad.no_grad():
            for parameter in model.parameters():
                parameter -= 0.1 * parameter.grad
    for ours, cpu in zip(net.parameters(), reference.parameters(), strict=True):
        same(ours, cpu)
        same(ours.grad, cpu.grad)
    same(net[5].running_var, reference[5].running_var)


@pytest.mark.parametrize(
    "source",
    [
        "F.mse_loss(x, y)",
        "F.l1_loss(x, y)",
        "F.smooth_l1_loss(x, y)",
        "F.huber_loss(x, y)",
        "F.cross_entropy(x, i)",
        "F.cross_entropy(x, i, weight=w, label_smoothing=0.1)",
        "F.cross_entropy(x, y.softmax(1))",
        "F.nll_loss(x.log_softmax(1), i)",
        "F.binary_cross_entropy(x.sigmoid(), y.sigmoid())",
        "F.binary_cross_entropy_with_logits(x, y.sigmoid(), pos_weight=w)",
        "F.kl_div(x.log_softmax(1), y.softmax(1), reduction='batchmean')",
        "F.relu(x) + F.leaky_relu(x) + F.elu(x) + F.gelu(x) + F.silu(x) + F.softplus(x)",
        "F.selu(x) + F.celu(x, 0.5) + F.mish(x) + F.logsigmoid(x) + F.softsign(x)",
        "F.hardtanh(x) + F.relu6(x) + F.hardswish(x) + F.threshold(x, 0.1, 2.0)",
        "F.softmax(x, 1) + F.log_softmax(x, 0) + F.layer_norm(x, (3,)) + F.rms_norm(x, (3,))",
        "F.prelu(x, w) + F.normalize(x)",
    ],
)
def test_functions_are_those_of_the_cpu(source: str, device: str) -> None:
    results = []
    for where in (device, "cpu"):
        gpugrad.manual_seed(2)
        names = {
            "F": F,
            "x": gpugrad.randn(4, 3).to(where).requires_grad_(),
            "y": gpugrad.randn(4, 3).to(where),
            "w": gpugrad.tensor([1.0, 2.0, 0.5]).to(where),
            "i": gpugrad.tensor([2, 0, 1, 1]).to(where),
        }
        result = eval(source, names)
        result.sum().backward()
        results.append((result.detach(), names["x"].grad))
    for ours, cpu in zip(*results, strict=True):
        assert ours.device.type == device
        same(ours, cpu)


def test_dropout_on_a_device(device: str) -> None:
    x = gpugrad.ones(1000).to(device).requires_grad_()
    y = F.dropout(x, 0.25)
    y.sum().backward()
    assert x.grad.cpu().tolist() == y.detach().cpu().tolist()
    assert sorted(set(y.detach().cpu().tolist())) == pytest.approx([0, 1 / 0.75])


def test_training_copies_nothing_between_host_and_device(host: host_cupy.Copies) -> None:
    net = build("cuda")
    words, classes = data("cuda")
    for turn in range(3):
        if turn == 1:
            host.reset()  # the first step makes tables of the parameters
        loss = F.cross_entropy(net(words), classes)
        loss = loss + F.mse_loss(net[6].weight, net[6].weight.detach() * 2)
        net.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        nn.utils.clip_grad_value_(net.parameters(), 0.5)
    net.zero_grad(set_to_none=False)
    net.eval()(words)
    assert (host.to_device, host.to_host) == (0, 0)


def test_moving_a_module_keeps_its_parameters(device: str) -> None:
    layer = nn.Linear(2, 1)
    weight = layer.weight
    layer(gpugrad.ones(1, 2)).sum().backward()
    assert layer.to(device) is layer
    assert layer.weight is weight
    assert weight.device.type == weight.grad.device.type == device
    layer(gpugrad.ones(1, 2).to(device)).sum().backward()
    assert weight.grad.cpu().tolist() == [[2, 2]]
    assert layer.cpu().weight is weight and weight.device.type == "cpu"


def test_states_load_across_devices(device: str) -> None:
    net = build(device)
    state = {key: value.cpu() for key, value in net.state_dict().items()}
    with gpugrad.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
    net.load_state_dict(state)
    for key, value in net.state_dict().items():
        assert value.device.type == device
        assert value.cpu().tolist() == state[key].tolist()
