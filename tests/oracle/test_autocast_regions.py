"""Settings, errors, regions and functions of one's own under autocast, against PyTorch."""

from __future__ import annotations

import threading
import warnings
from typing import Any

import numpy as np
import pytest

import gpugrad

torch = pytest.importorskip("torch")

LIBRARIES = [torch, gpugrad]

PROGRAMS = [
    "[torch.is_autocast_enabled('cpu'), torch.get_autocast_dtype('cpu'), "
    "torch.get_autocast_dtype('cuda'), torch.is_autocast_cache_enabled()]",
    "torch.amp.is_autocast_available('cpu'), torch.amp.is_autocast_available('cuda')",
    "torch.autocast('cpu').fast_dtype, torch.autocast('cpu', torch.float16).fast_dtype",
    "torch.autocast('meta', torch.float16)",
    "torch.autocast(torch.device('cpu').index)",
    "torch.autocast('cpu', dtype=torch.float32)._enabled",
    "torch.autocast('cuda')._enabled",
    "torch.autocast('cpu')(3)",
    "torch.amp.custom_fwd(device_type=3)",
]


@pytest.mark.parametrize("source", PROGRAMS)
def test_settings_and_errors(source: str) -> None:
    results = []
    for lib in LIBRARIES:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                found = repr(eval(source, {"torch": lib}))
            except Exception as error:
                found = f"{type(error).__name__}: {error}".splitlines()[0][:60]
        results.append((found, [str(w.message) for w in caught]))
    assert results[1] == results[0]


def nested(lib: Any) -> list[str]:
    x = lib.ones(2, 2)
    seen = []

    def note() -> None:
        seen.append(f"{lib.is_autocast_enabled('cpu')} {(x @ x).dtype}")

    @lib.autocast("cpu", lib.float16)  # type: ignore[untyped-decorator]
    def decorated() -> None:
        note()

    with lib.autocast("cpu"):
        note()
        with lib.autocast("cpu", enabled=False):
            note()
            decorated()
        with lib.autocast("cpu", lib.float16):
            note()
        note()
        thread = threading.Thread(target=note)
        thread.start()
        thread.join()
    note()
    return seen


def test_regions_in_regions_and_threads() -> None:
    assert nested(gpugrad) == nested(torch)


def own_function(lib: Any) -> list[str]:
    seen: list[str] = []

    class Product(lib.autograd.Function):  # type: ignore[misc]
        @staticmethod
        @lib.amp.custom_fwd(device_type="cpu", cast_inputs=lib.float32)  # type: ignore[untyped-decorator]
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            seen.append(f"{lib.is_autocast_enabled('cpu')} {x.dtype} {y.dtype}")
            ctx.save_for_backward(x, y)
            return x @ y

        @staticmethod
        @lib.amp.custom_bwd(device_type="cpu")  # type: ignore[untyped-decorator]
        def backward(ctx: Any, grad: Any) -> Any:
            x, y = ctx.saved_tensors
            seen.append(f"{lib.is_autocast_enabled('cpu')} {grad.dtype}")
            return grad @ y.T, x.T @ grad

    class Plain(Product):
        @staticmethod
        @lib.amp.custom_fwd(device_type="cpu")  # type: ignore[untyped-decorator]
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            seen.append(f"{lib.is_autocast_enabled('cpu')} {x.dtype}")
            ctx.save_for_backward(x, y)
            return x @ y

    x = lib.ones(2, 2, dtype=lib.bfloat16, requires_grad=True)
    y = lib.ones(2, 2, requires_grad=True)
    with lib.autocast("cpu"):
        for kind in (Product, Plain):
            result = kind.apply(x, y)
            seen.append(str(result.dtype))
            result.sum().backward()
    return [*seen, str(x.grad.dtype), str(y.grad.dtype)]


def test_functions_of_ones_own() -> None:
    assert own_function(gpugrad) == own_function(torch)


def test_second_derivatives() -> None:
    """Gradients of gradients of a program that ran in bfloat16, taken inside and outside."""

    def found(lib: Any, inside: bool) -> list[Any]:
        x = lib.arange(6.0).reshape(2, 3).div(7).requires_grad_()
        w = lib.arange(12.0).reshape(3, 4).div(5).requires_grad_()
        with lib.autocast("cpu", dtype=lib.bfloat16):
            loss = (x @ w).sigmoid().sum() + (x @ w).softmax(1).pow(2).sum()
            if inside:
                first = lib.autograd.grad(loss, [x, w], create_graph=True)
                total = sum((g * g).sum() for g in first)
        if not inside:
            first = lib.autograd.grad(loss, [x, w], create_graph=True)
            total = sum((g * g).sum() for g in first)
        second = lib.autograd.grad(total, [x, w])
        return [(str(g.dtype).split(".")[-1], g.detach().numpy()) for g in (*first, *second)]

    for inside in (True, False):
        ours, theirs = found(gpugrad, inside), found(torch, inside)
        for (kind, values), (expected_kind, expected) in zip(ours, theirs, strict=True):
            assert kind == expected_kind
            np.testing.assert_allclose(values, expected, rtol=0.05, atol=0.03)
