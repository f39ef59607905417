"""Runs of an optimizer in both libraries, and how they are compared."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad

torch = pytest.importorskip("torch")

STEPS = 20
SHAPES = [(3, 4), (5,), (), (17, 9)]
BOTH = [False, True]


def combinations(**choices: list[Any]) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*choices.values()):
        yield dict(zip(choices, values, strict=True))


def draw(seed: int, dtype: str) -> tuple[list[Any], list[list[Any]]]:
    """Parameters and, for each step, gradients."""
    rng = np.random.default_rng(seed)
    values = [np.asarray(rng.standard_normal(s)).astype(dtype) for s in SHAPES]
    grads = [
        [np.asarray(rng.standard_normal(s)).astype(dtype) for s in SHAPES] for _ in range(STEPS)
    ]
    return values, grads


def train(library: Any, name: str, options: dict[str, Any], values: Any, grads: Any) -> Any:
    """The parameters after each step, and the optimizer."""
    params = [library.from_numpy(v.copy()).requires_grad_() for v in values]
    optimizer = getattr(library.optim, name)(params, **options)
    history = []
    for step in grads:
        for p, g in zip(params, step, strict=True):
            p.grad = library.from_numpy(g.copy())
        optimizer.step()
        history.append([p.detach().numpy().copy() for p in params])
    return history, optimizer


def distance(found: Any, wanted: Any, scale: Any, dtype: str) -> float:
    """The largest difference in units in the last place of the largest value on the way."""
    return max(
        float((np.abs(f.astype("f8") - w) / np.spacing(s.astype(dtype)).astype("f8")).max())
        for f, w, s in zip(found, wanted, scale, strict=True)
    )


def compare_runs(name: str, options: dict[str, Any], dtype: str) -> None:
    """One step is equal but for the last bit; twenty are as near to the exact ones as PyTorch's.

    PyTorch multiplies and adds with one rounding where NumPy has two. Centered RMSprop divides by
    the root of a difference of nearly equal numbers, which blows the rounding up in both.
    """
    values, grads = draw(len(options), dtype)
    ours, our_optimizer = train(gpugrad, name, options, values, grads)
    theirs, their_optimizer = train(torch, name, options, values, grads)
    wide = [v.astype("f8") for v in values], [[g.astype("f8") for g in step] for step in grads]
    exact, _ = train(torch, name, options, *wide)
    scale = [
        np.maximum.reduce([np.abs(h[i]) for h in [values, *exact]]) for i in range(len(values))
    ]
    centered = options.get("centered", False)
    assert distance(ours[0], theirs[0], scale, dtype) <= (64 if centered else 2)
    if dtype == "float64":
        assert distance(ours[-1], theirs[-1], scale, dtype) <= (20000 if centered else 64)
    else:
        our_error = distance(ours[-1], exact[-1], scale, dtype)
        their_error = distance(theirs[-1], exact[-1], scale, dtype)
        assert our_error <= (8 if centered else 2) * (their_error + 2)
    compare_states(our_optimizer, their_optimizer, dtype)


def compare_states(ours: Any, theirs: Any, dtype: str) -> None:
    mine, other = ours.state_dict(), theirs.state_dict()
    assert mine["param_groups"] == other["param_groups"]
    assert list(mine["state"]) == list(other["state"])
    for number, state in other["state"].items():
        assert list(mine["state"][number]) == list(state)
        for key, value in state.items():
            found = mine["state"][number][key]
            assert str(found.dtype) == str(value.dtype)
            tolerance = 0.1 if dtype == "float16" else 1e-4
            np.testing.assert_allclose(
                found.numpy(), value.numpy(), rtol=tolerance, atol=tolerance, err_msg=key
            )


def in_turns(library: Any, name: str, options: dict[str, Any]) -> tuple[Any, Any, list[float]]:
    """Train parameters of which each has gradients in some steps only."""
    values, grads = draw(3, "float64")
    params = [library.from_numpy(v.copy()).requires_grad_() for v in values]
    groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.01}]
    optimizer = getattr(library.optim, name)(groups, **options)
    for number, step in enumerate(grads):
        optimizer.zero_grad()
        for i, (p, g) in enumerate(zip(params, step, strict=True)):
            if (number + i) % (i + 2) != 0:
                p.grad = library.from_numpy(g.copy())
        optimizer.step()
        if number == 10:
            optimizer.param_groups[0]["lr"] *= 0.1
            if "betas" in options:
                optimizer.param_groups[0]["betas"] = (0.5, 0.9)
    state = optimizer.state_dict()["state"]
    return optimizer, params, [float(s.get("step", 0)) for s in state.values()]


def compare_in_turns(name: str, options: dict[str, Any]) -> None:
    """A parameter without a gradient is skipped; its counts and what goes with them are its own."""
    ours, our_params, our_steps = in_turns(gpugrad, name, options)
    theirs, their_params, their_steps = in_turns(torch, name, options)
    assert our_steps == their_steps
    for mine, other in zip(our_params, their_params, strict=True):
        np.testing.assert_allclose(mine.detach().numpy(), other.detach().numpy(), rtol=1e-12)
    compare_states(ours, theirs, "float64")


def to(library: Any, state: dict[str, Any]) -> dict[str, Any]:
    """A saved state with the tensors of another library."""

    def translated(value: Any) -> Any:
        if isinstance(value, (list, tuple)):
            return type(value)(translated(v) for v in value)
        if isinstance(value, dict):
            return {key: translated(v) for key, v in value.items()}
        if hasattr(value, "numpy"):
            return library.from_numpy(np.array(value.detach().numpy()))
        return copy.deepcopy(value)

    found: dict[str, Any] = translated(state)
    return found


def continued(first: Any, second: Any, name: str, options: dict[str, Any]) -> list[Any]:
    """The parameters after a run begun in one library and continued in another."""
    values, grads = draw(4, "float64")
    _, begun = train(first, name, options, values, grads[:10])
    params = [
        second.from_numpy(np.array(p.detach().numpy())).requires_grad_()
        for p in begun.param_groups[0]["params"]
    ]
    optimizer = getattr(second.optim, name)(params)
    optimizer.load_state_dict(to(second, begun.state_dict()))
    assert optimizer.param_groups[0]["lr"] == 0.05
    for step in grads[10:]:
        for p, g in zip(params, step, strict=True):
            p.grad = second.from_numpy(g.copy())
        optimizer.step()
    return [p.detach().numpy() for p in params]


def compare_continued(name: str, options: dict[str, Any]) -> None:
    """States that were saved in one library are loaded in the other, both ways."""
    wanted = continued(torch, torch, name, options)
    for first, second in ((gpugrad, torch), (torch, gpugrad), (gpugrad, gpugrad)):
        found = continued(first, second, name, options)
        for one, other in zip(found, wanted, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12)
