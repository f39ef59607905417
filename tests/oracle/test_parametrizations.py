"""Weight and spectral normalization, and parametrizations of one's own, against PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import gpugrad
from tests.oracle.comparison import check, same_tensor

torch = pytest.importorskip("torch")

WRAPPERS: dict[str, Callable[[ModuleType, Any], Any]] = {
    "weight norm": lambda lib, m: lib.nn.utils.parametrizations.weight_norm(m),
    "of the last dimension": lambda lib, m: lib.nn.utils.parametrizations.weight_norm(m, dim=1),
    "of all": lambda lib, m: lib.nn.utils.parametrizations.weight_norm(m, dim=None),
    "of the bias": lambda lib, m: lib.nn.utils.parametrizations.weight_norm(m, "bias"),
    "old weight norm": lambda lib, m: lib.nn.utils.weight_norm(m),
    "old weight norm of all": lambda lib, m: lib.nn.utils.weight_norm(m, dim=None),
    "spectral norm": lambda lib, m: lib.nn.utils.parametrizations.spectral_norm(m),
    "three steps": lambda lib, m: lib.nn.utils.parametrizations.spectral_norm(m, "weight", 3),
    "spectral norm of the bias": lambda lib, m: lib.nn.utils.parametrizations.spectral_norm(
        m, "bias", dim=0
    ),
    "old spectral norm": lambda lib, m: lib.nn.utils.spectral_norm(m),
    "both": lambda lib, m: lib.nn.utils.parametrizations.spectral_norm(
        lib.nn.utils.parametrizations.weight_norm(m, "bias")
    ),
}

LAYERS: dict[str, tuple[Callable[[ModuleType], Any], tuple[int, ...]]] = {
    "linear": (lambda lib: lib.nn.Linear(3, 5), (2, 3)),
    "conv": (lambda lib: lib.nn.Conv2d(3, 4, 2), (2, 3, 4, 5)),
    "transposed": (lambda lib: lib.nn.ConvTranspose1d(3, 4, 2), (2, 3, 4)),
}


def run(lib: ModuleType, wrap: Any, make: Any, shape: tuple[int, ...]) -> tuple[str, list[Any]]:
    lib.manual_seed(5)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        layer = wrap(lib, make(lib).double())
    results = []
    x = lib.randn(shape, dtype=lib.float64)
    for training in (True, True, False):
        layer.train(training)
        y = layer(x)
        (y * y.detach().sin()).sum().backward()
        results.append(y)
    state = layer.state_dict()
    results += [state[key] for key in state]
    results += [p.grad for p in layer.parameters()]
    return f"{layer} {list(state)} {[n for n, _ in layer.named_parameters()]}", results


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_normalized_layers(wrap: Any, layer: Any) -> None:
    (ours, our_tensors), (theirs, their_tensors) = (run(m, wrap, *layer) for m in (gpugrad, torch))
    assert ours == theirs
    for one, other in zip(our_tensors, their_tensors, strict=True):
        same_tensor(one, other)


def exponential(lib: ModuleType) -> Any:
    class Exponential(lib.nn.Module):  # type: ignore[misc,name-defined]
        def forward(self, x: Any) -> Any:
            return x.exp()

        def right_inverse(self, x: Any) -> Any:
            return x.log()

    return Exponential()


def doubled(lib: ModuleType) -> Any:
    class Doubled(lib.nn.Module):  # type: ignore[misc,name-defined]
        def forward(self, x: Any) -> Any:
            return x * 2

    return Doubled()


def steps(lib: ModuleType) -> list[Any]:
    p = lib.nn.utils.parametrize
    lib.manual_seed(1)
    layer = lib.nn.Linear(2, 3)
    with lib.no_grad():
        layer.weight.abs_()
    found: list[Any] = [layer.weight]
    p.register_parametrization(layer, "weight", exponential(lib))
    found += [layer.weight, layer.parametrizations.weight.original, p.is_parametrized(layer)]
    layer.weight = lib.full((3, 2), 2.0)
    found += [layer.weight, layer.parametrizations.weight.original]
    p.register_parametrization(layer, "bias", doubled(lib))
    p.register_parametrization(layer, "bias", exponential(lib))
    found += [layer.bias, str(layer), list(layer.state_dict())]
    with p.cached():
        found.append(layer.bias is layer.bias)
    found.append(layer.bias is layer.bias)
    layer(lib.ones(2)).sum().backward()
    found += [q.grad for q in layer.parameters()]
    p.remove_parametrizations(layer, "bias", leave_parametrized=False)
    p.remove_parametrizations(layer, "weight")
    found += [str(layer), layer.bias, layer.weight, list(layer.state_dict())]
    return found


def test_parametrizations_of_ones_own() -> None:
    for one, other in zip(steps(gpugrad), steps(torch), strict=True):
        if isinstance(other, torch.Tensor):
            same_tensor(one, other)
        else:
            assert one == other


@pytest.mark.parametrize(
    "source",
    [
        "U.parametrize.register_parametrization(nn.Linear(2, 3), 'foo', nn.ReLU())",
        "U.parametrize.register_parametrization(nn.Linear(2, 3), 'weight', nn.Flatten(0))",
        "U.parametrize.remove_parametrizations(nn.Linear(2, 3), 'weight')",
        "U.parametrize.remove_parametrizations(U.parametrizations.weight_norm(nn.Linear(2, 3)), "
        "'weight', False)",
        "U.parametrize.remove_parametrizations(U.parametrizations.weight_norm(nn.Linear(2, 3)), "
        "'weight').weight",
        "U.parametrizations.spectral_norm(nn.Linear(2, 3), n_power_iterations=0)",
        "U.parametrizations.spectral_norm(nn.Linear(2, 3), dim=4)",
        "U.parametrizations.spectral_norm(nn.ReLU())",
        "U.spectral_norm(nn.Linear(2, 3), n_power_iterations=-1)",
        "U.spectral_norm(U.spectral_norm(nn.Linear(2, 3)))",
        "U.spectral_norm(nn.Linear(2, 3, bias=False), 'bias')",
        "U.weight_norm(nn.Linear(2, 3))",
        "U.weight_norm(U.weight_norm(nn.Linear(2, 3)))",
        "U.remove_weight_norm(nn.Linear(2, 3))",
        "U.remove_weight_norm(U.weight_norm(nn.Linear(2, 3))).weight",
        "U.remove_spectral_norm(U.spectral_norm(nn.Linear(2, 3)))",
        "U.remove_spectral_norm(U.spectral_norm(nn.Linear(2, 3))).weight",
        "list(U.remove_weight_norm(U.weight_norm(nn.Linear(2, 3))).state_dict())",
        "U.parametrizations.weight_norm(nn.Linear(2, 3)).load_state_dict("
        "U.weight_norm(nn.Linear(2, 3)).state_dict())",
        "U.parametrize.type_before_parametrizations(nn.Linear(2, 3)).__name__",
    ],
)
def test_errors_and_removal(source: str) -> None:
    check(source.replace("U.", "nn.utils."))
