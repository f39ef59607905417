"""Functions over lists of tensors."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad.foreach import FUNCTIONS


def tensors() -> list[Any]:
    return [gpugrad.tensor([0.5, 0.25]), gpugrad.tensor([[0.75]])]


TWO = ("add", "sub", "mul", "div", "pow", "maximum", "minimum", "clamp_max", "clamp_min", "copy_")


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_does_to_each_what_is_done_to_one(name: str) -> None:
    plain = name.removeprefix("_foreach_")
    own = tensors()
    args: list[Any] = []
    if plain.removesuffix("_") in TWO or plain in TWO:
        args = [[t + 0.5 for t in own]]
    elif "addc" in plain:
        args = [tensors(), [t + 1 for t in own]]
    elif "lerp" in plain:
        args = [[t + 1 for t in own], 0.25]
    each = [[a[i] if isinstance(a, list) else a for a in args] for i in range(len(own))]
    if plain == "norm":
        want = [gpugrad.linalg.vector_norm(t) for t in own]
    else:
        method = {"maximum_": "clamp_min_", "minimum_": "clamp_max_"}.get(plain, plain)
        want = [getattr(t.clone(), method)(*a) for t, a in zip(own, each, strict=True)]
    got = getattr(gpugrad, name)(own, *args)
    if name.endswith("_"):
        assert got is None
        got = own
    for a, b in zip(got, want, strict=True):
        assert gpugrad.equal(a, b)


def test_numbers_and_options() -> None:
    own = tensors()
    gpugrad._foreach_mul_(own, 2.0)
    assert [t.flatten().tolist() for t in own] == [[1.0, 0.5], [1.5]]
    gpugrad._foreach_add_(own, tensors(), alpha=-2.0)
    assert [t.flatten().tolist() for t in own] == [[0.0, 0.0], [0.0]]
    assert [float(n) for n in gpugrad._foreach_norm(tensors(), 1)] == [0.75, 0.75]


def test_refusals() -> None:
    with pytest.raises(RuntimeError, match="at least one tensor"):
        gpugrad._foreach_abs([])
    with pytest.raises(RuntimeError, match="same number of tensors, got 2 and 1"):
        gpugrad._foreach_add(tensors(), [1.0])
    with pytest.raises(AttributeError):
        _ = gpugrad._foreach_nothing
