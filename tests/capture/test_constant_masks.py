"""Values that are the same in every call: masks as indices, and what Python reads of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor
from gpugrad.backend.noted_steps import CaptureError
from gpugrad.nn import functional as F
from tests.capture.training import array, drawn, equal, programs, warm

DEVICES = ["cpu", "host"]


def off_diagonal(n: int, device: str) -> Any:
    return ~gpugrad.eye(n, dtype=gpugrad.bool, device=device)


FUNCTIONS: dict[str, Callable[[str], Callable[[Tensor], Any]]] = {
    "mask outside": lambda d: (lambda m: lambda x: x[m])(off_diagonal(3, d)),
    "mask inside": lambda d: lambda x: x[off_diagonal(3, d)].view(3, 2),
    "of rows": lambda d: (lambda m: lambda x: x[m])(off_diagonal(3, d)[1]),
    "of rows and a slice": lambda d: (lambda m: lambda x: x[m, 1:])(off_diagonal(3, d)[1]),
    "derived": lambda d: (lambda m: lambda x: x[~m[0] & m[1], 0])(off_diagonal(3, d)),
    "twice": lambda d: (lambda m: lambda x: x[m][m[m]])(off_diagonal(3, d)),
    "masked_select": lambda d: (lambda m: lambda x: x.masked_select(m))(off_diagonal(3, d)),
    "nonzero": lambda d: (lambda m: lambda x: x[m.nonzero()[:, 0]])(off_diagonal(3, d)),
    "assigned": lambda d: (lambda m: lambda x: assigned(x, m))(off_diagonal(3, d)),
    "read": lambda d: (lambda m: lambda x: x * float(m.sum()))(off_diagonal(3, d)),
    "decides": lambda d: (lambda m: lambda x: x + 1 if m.any() else x)(off_diagonal(3, d)),
}


def assigned(x: Tensor, mask: Tensor) -> Tensor:
    x = x * 1
    x[mask] = x[mask] * 2
    return x


@pytest.mark.parametrize("device", DEVICES, indirect=True)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_constant_masks(name: str, device: str) -> None:
    function = FUNCTIONS[name](device)
    compiled = gpugrad.compile(function)
    for turn in range(6):
        x, same = (drawn(turn, 3, 3).to(device).requires_grad_() for _ in range(2))
        found, expected = compiled(x), function(same)
        np.testing.assert_array_equal(array(found), array(expected))
        found.square().sum().backward()
        expected.square().sum().backward()
        np.testing.assert_allclose(array(x.grad), array(same.grad), rtol=1e-6)
    assert programs(compiled) == 1


@pytest.mark.parametrize("device", DEVICES, indirect=True)
@pytest.mark.parametrize("derived", [False, True])
def test_mask_that_somebody_changes(derived: bool, device: str) -> None:
    mask = gpugrad.tensor([True, False, True, False], device=device)
    function: Any = (lambda x: x[~mask]) if derived else (lambda x: x[mask])
    compiled = gpugrad.compile(function)
    for turn in range(12):
        if turn == 5:
            mask[1] = True
        if turn == 9:
            mask.copy_(gpugrad.tensor([False, True, True, False], device=device))
        equal(compiled(drawn(turn, 4).to(device)), function(drawn(turn, 4).to(device)).cpu())
    assert programs(compiled) == 1


def test_mask_that_numpy_changes() -> None:
    numbers = np.array([True, False, True])
    mask = gpugrad.from_numpy(numbers)
    compiled = gpugrad.compile(lambda x: x[mask])
    for turn in range(8):
        if turn == 4:
            numbers[:] = [True, True, False]
        equal(compiled(drawn(turn, 3)), drawn(turn, 3)[mask])


def test_mask_that_another_compiled_function_changes() -> None:
    mask = gpugrad.tensor([True, False, True])
    change = gpugrad.compile(lambda x: mask.copy_(x > 0))
    compiled = gpugrad.compile(lambda x: x[mask], fullgraph=False)
    for turn in range(4):
        change(drawn(turn, 3))
    for turn in range(12):
        if turn % 4 == 3:
            change(drawn(turn, 3))
        equal(compiled(drawn(turn, 3)), drawn(turn, 3)[mask])


@pytest.mark.parametrize("kind", ["input", "random", "parameter"])
def test_masks_that_vary_are_refused(kind: str) -> None:
    w = drawn(9, 3).requires_grad_()
    masks: dict[str, Callable[[Tensor], Any]] = {
        "input": lambda x: x > 0,
        "random": lambda x: gpugrad.rand(3) > 0.5,
        "parameter": lambda x: w > 0,
    }
    compiled = gpugrad.compile(lambda x: x[masks[kind](x)])
    compiled(drawn(0, 3))
    with pytest.raises(CaptureError, match=r"a mask as index.*test_constant_masks.py:\d+"):
        compiled(drawn(0, 3))


def test_mask_that_the_function_changes_is_refused() -> None:
    mask = gpugrad.tensor([True, False, True])

    def function(x: Tensor) -> Any:
        found = x[mask].sum()
        mask.logical_not_()
        return found

    compiled = gpugrad.compile(function)
    compiled(drawn(0, 3))
    with pytest.raises(CaptureError, match="changes later on"):
        compiled(drawn(0, 3))


def test_places_that_are_written_into() -> None:
    """What was found by looking is made anew in each replay."""
    mask = gpugrad.tensor([True, False, True])

    def function(x: Tensor) -> Any:
        places = mask.nonzero().squeeze(1)
        places += 1
        return x[places]

    compiled = gpugrad.compile(function)
    for turn in range(6):
        equal(compiled(drawn(turn, 4)), drawn(turn, 4)[gpugrad.tensor([1, 3])])
    assert programs(compiled) == 1


def test_contrast_in_c(generated: None) -> None:
    """The gradient goes through a mask."""
    mask = off_diagonal(6, "cpu")

    def loss(z: Tensor) -> Any:
        z = F.normalize(z, dim=1)
        others = (z @ z.T / 0.2)[mask].view(6, -1)
        return F.cross_entropy(others, gpugrad.zeros(6, dtype=gpugrad.long))

    compiled = gpugrad.compile(loss)
    for turn in range(6):
        z, same = (drawn(turn, 6, 4).requires_grad_() for _ in range(2))
        compiled(z).backward()
        loss(same).backward()
        np.testing.assert_allclose(array(z.grad), array(same.grad), rtol=2e-5, atol=1e-6)
    warm(compiled, (6, 4))
    assert programs(compiled)
