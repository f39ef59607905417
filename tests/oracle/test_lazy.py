"""Layers that learn the size of their input, against PyTorch."""

from __future__ import annotations

import copy
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import gpugrad
from tests.oracle.comparison import plain, same_tensor

torch = pytest.importorskip("torch")

LAYERS: dict[str, tuple[int, ...]] = {
    "LazyLinear(3)": (4, 5),
    "LazyLinear(3, bias=False)": (4, 2, 5),
    "LazyConv1d(4, 3)": (2, 3, 7),
    "LazyConv2d(4, 3, groups=2, stride=2, padding=1)": (2, 6, 7, 7),
    "LazyConv2d(4, (3, 2), bias=False, padding_mode='reflect', padding=1)": (3, 7, 7),
    "LazyConv3d(4, 2)": (2, 3, 4, 4, 4),
    "LazyConvTranspose1d(4, 3)": (2, 3, 7),
    "LazyConvTranspose2d(4, 3, 2, output_padding=1)": (2, 3, 5, 5),
    "LazyConvTranspose3d(2, 2)": (2, 3, 2, 2, 2),
    "LazyBatchNorm1d()": (4, 5),
    "LazyBatchNorm2d(affine=False)": (4, 3, 2, 2),
    "LazyBatchNorm3d(track_running_stats=False)": (4, 3, 2, 2, 2),
    "LazyInstanceNorm1d()": (4, 3, 5),
    "LazyInstanceNorm2d(1e-3)": (4, 3, 2, 2),
    "LazyInstanceNorm3d()": (2, 3, 2, 2, 2),
}


def run(lib: ModuleType, source: str, shape: tuple[int, ...]) -> list[Any]:
    lib.manual_seed(2)
    layer = eval(f"nn.{source}", {"nn": lib.nn})
    found: list[Any] = [str(layer), list(layer.state_dict())]
    found.append([n for n, _ in layer.named_parameters()])
    if list(layer.parameters()):
        optimizer = lib.optim.SGD(layer.parameters(), lr=0.1)
    x = lib.randn(shape, requires_grad=True)
    y = layer(x)
    (y * y.detach().cos()).sum().backward()
    if list(layer.parameters()):
        optimizer.step()
    found += [str(layer), type(layer).__name__, y, layer(x)]
    found += list(layer.state_dict().values())
    return found


@pytest.mark.parametrize("source", LAYERS)
def test_layers(source: str) -> None:
    ours, theirs = (run(lib, source, LAYERS[source]) for lib in (gpugrad, torch))
    for one, other in zip(ours, theirs, strict=True):
        if isinstance(other, torch.Tensor):
            same_tensor(one, other)
        else:
            assert one == other


def steps(lib: ModuleType) -> list[Any]:
    nn = lib.nn
    lib.manual_seed(0)
    net, twin = (
        nn.Sequential(nn.LazyConv2d(4, 3), nn.LazyBatchNorm2d(), nn.Flatten(), nn.LazyLinear(2))
        for _ in range(2)
    )
    copied = copy.deepcopy(net[0])(lib.ones(1, 3, 4, 4))
    net.double()
    found = [
        copied.shape,
        net[0].has_uninitialized_params(),
        net[0].weight.dtype,
        repr(net[0].weight),
    ]
    y = net(lib.ones(1, 3, 4, 4, dtype=lib.float64))
    found += [y.dtype, [tuple(p.shape) for p in net.parameters()], type(net[0].weight).__name__]
    found.append(str(twin.load_state_dict(net.state_dict())))
    net.eval()
    twin.eval()
    same = twin(lib.ones(1, 3, 4, 4)).allclose(net(lib.ones(1, 3, 4, 4).double()).float())
    found += [same, lib.rand(2).tolist()]
    attempts: tuple[Callable[[], Any], ...] = (
        lambda: nn.LazyLinear(2).weight.shape,
        lambda: nn.LazyConv2d(2, 3)(lib.ones(2, 3)),
        lambda: nn.LazyBatchNorm2d()(lib.ones(2, 3)),
    )
    for call in attempts:
        try:
            call()
        except Exception as error:
            found.append((type(error).__name__, plain(str(error)).splitlines()[0]))
    return found


def test_models() -> None:
    ours, theirs = steps(gpugrad), steps(torch)
    assert [str(x) for x in ours] == [str(x) for x in theirs]
