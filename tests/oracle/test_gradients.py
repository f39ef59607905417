"""Clipping and loss scaling against PyTorch."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import gpugrad

torch = pytest.importorskip("torch")

ORDERS = (2.0, 1.0, math.inf, -math.inf, 3, 0.5, 0.0, -1.0)
SHAPES = [(3, 4), (5,), (), (17, 9)]


def parameters(library: Any, dtypes: Any, scale: float = 1.0, shapes: Any = SHAPES) -> list[Any]:
    random = np.random.default_rng(1)
    made = []
    for shape, dtype in zip(shapes, itertools.cycle(dtypes)):
        p = library.zeros(shape, dtype=getattr(library, dtype), requires_grad=True)
        value = np.asarray(random.normal(size=shape) * scale)
        p.grad = library.from_numpy(value).to(getattr(library, dtype))
        made.append(p)
    return made


def values(tensors: Any) -> list[Any]:
    return [np.asarray(t.detach().double().tolist()) for t in tensors]


@pytest.mark.parametrize("dtypes", [["float32"], ["float64"], ["float32", "float64"], ["bfloat16"]])
@pytest.mark.parametrize("p", ORDERS)
@pytest.mark.parametrize("max_norm", [0.5, 1e4])
def test_clip_grad_norm_(max_norm: float, p: float, dtypes: list[str]) -> None:
    rtol = 2e-2 if "bfloat16" in dtypes else 1e-6 if "float32" in dtypes else 1e-13
    results = []
    for library in (gpugrad, torch):
        params = parameters(library, dtypes)
        norm = library.nn.utils.clip_grad_norm_(params, max_norm, p)
        results.append((norm, [q.grad for q in params]))
    (norm, grads), (expected, expected_grads) = results
    assert str(norm.dtype).split(".")[-1] == str(expected.dtype).split(".")[-1]
    np.testing.assert_allclose(norm.item(), expected.item(), rtol=rtol)
    for g, e in zip(values(grads), values(expected_grads), strict=True):
        np.testing.assert_allclose(g, e, rtol=rtol)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("p", [2.0, math.inf])
def test_what_is_not_finite(p: float, bad: float) -> None:
    results = []
    for library in (gpugrad, torch):
        params = parameters(library, ["float32"])
        params[1].grad[2] = bad
        norm = library.nn.utils.clip_grad_norm_(params, 1.0, p)
        with pytest.raises(RuntimeError) as error:
            library.nn.utils.get_total_norm([library.tensor(bad)], p, error_if_nonfinite=True)
        results.append((norm.item(), values([q.grad for q in params]), str(error.value)))
    np.testing.assert_equal(results[0], results[1])


@pytest.mark.parametrize("p", [math.inf, -math.inf, -1.0, -2.5])
def test_norms_that_do_not_exist(p: float) -> None:
    texts = []
    for library in (gpugrad, torch):
        with pytest.raises(RuntimeError) as error:
            library.nn.utils.get_total_norm([library.ones(2), library.ones(0)], p)
        texts.append(str(error.value))
    assert texts[0] == texts[1]


def test_other_refusals() -> None:
    texts = []
    for library in (gpugrad, torch):
        p = library.zeros(3, requires_grad=True)
        p.grad = library.ones(1).expand(3)
        with pytest.raises(RuntimeError) as error:
            library.nn.utils.clip_grad_norm_(p, 0.1)
        texts.append(str(error.value))
        with pytest.raises(RuntimeError) as error:
            library.nn.utils.get_total_norm(library.tensor([1, 2]))
        texts.append(str(error.value))
        nothing: list[Any] = []
        with pytest.warns(UserWarning, match="is an empty generator, no gradient clipping"):
            library.nn.utils.clip_grad_norm_((q for q in nothing), 1.0)
    assert texts[:2] == texts[2:]


def test_clip_grads_with_norm_() -> None:
    results = []
    for library in (gpugrad, torch):
        params = parameters(library, ["float32", "float64"])
        library.nn.utils.clip_grads_with_norm_(params, 0.3, library.tensor(7.0))
        results.append(values([p.grad for p in params]))
    for g, e in zip(*results, strict=True):
        np.testing.assert_allclose(g, e, rtol=1e-6)


OPTIONS: dict[str, dict[str, Any]] = {
    "SGD": {"lr": 0.1, "momentum": 0.9, "dampening": 0.1},
    "Adam": {"lr": 0.1, "weight_decay": 0.1},
    "AdamW": {"lr": 0.1, "amsgrad": True},
    "RMSprop": {"lr": 0.1, "centered": True},
}
SLOPES = (math.inf, 1.0, 2.0, math.nan, 0.5, 1.0, 1.0, 1.0, -math.inf, 3.0)


def train(library: Any, name: str, unscale: bool) -> list[Any]:
    """Parameters, gradients, scale and what is saved, after every iteration."""
    random = np.random.default_rng(1)
    p = library.from_numpy(random.normal(size=(3, 4))).float().requires_grad_()
    optimizer = getattr(library.optim, name)([p], **OPTIONS[name])
    scaler = library.amp.GradScaler(
        "cpu", init_scale=1000.0, growth_factor=1.7, backoff_factor=0.3, growth_interval=2
    )
    seen: list[Any] = []
    for slope in SLOPES:
        optimizer.zero_grad()
        scaler.scale((slope * p * p).sum()).backward()
        if unscale:
            scaler.unscale_(optimizer)
            library.nn.utils.clip_grad_norm_(p, 0.7)
        scaler.step(optimizer)
        scaler.update()
        grad = p.grad.tolist() if math.isfinite(slope) else None
        seen.append((p.tolist(), grad, scaler.get_scale(), scaler.state_dict()))
    return seen


@pytest.mark.parametrize("unscale", [False, True])
@pytest.mark.parametrize("name", OPTIONS)
def test_grad_scaler(name: str, unscale: bool) -> None:
    found, expected = (train(library, name, unscale) for library in (gpugrad, torch))
    for (p, grad, scale, state), (p2, grad2, scale2, state2) in zip(found, expected, strict=True):
        np.testing.assert_allclose(p, p2, rtol=1e-5, atol=1e-6)
        if grad is not None:
            np.testing.assert_allclose(grad, grad2, rtol=2e-5, atol=1e-6)
        assert scale == scale2 and state == state2
