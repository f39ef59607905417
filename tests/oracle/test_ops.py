"""Every row of the op table against PyTorch: values, types, gradients, errors."""

from __future__ import annotations

import re
import warnings
from contextlib import suppress
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gpugrad
from tests.op_table import OPS
from tests.op_table.model import Array, Op, Sample, about, flat, tensor, weights
from tests.tolerances import assert_close, tolerance

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

COMMON = ("float64", "float32", "float16", "int64", "bool")
"""The types that every sample runs in; the others run in the first samples of each op."""

INEXACT = ("lgamma", "digamma", "polygamma", "mvlgamma")
"""Functions of which PyTorch's derivatives are exact to 1e-9 only, its trigamma being so."""

CASES = [pytest.param(op, d, id=f"{op.name}-{d}") for op in OPS for d in op.dtypes]


class Outcome:
    """What a call gave in one library: results and gradients, or an error."""

    def __init__(self, lib: ModuleType, op: Op, sample: Sample, dtype: str) -> None:
        self.error: tuple[str, str] | None = None
        self.results: list[Any] = []
        self.grads: list[Any] = []
        self.second: list[Any] = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                self._run(lib, op, sample, dtype)
            except Exception as error:
                self.error = type(error).__name__, str(error)

    def _run(self, lib: ModuleType, op: Op, sample: Sample, dtype: str) -> None:
        data = sample.data()
        leaves = [
            tensor(lib, a, d.dtype or dtype, grad=d.has_grad(dtype))
            for d, a in zip(data, sample.arrays(dtype), strict=True)
        ]
        args, kwargs = sample.filled(leaves, lib)
        self.results = flat(op.function(lib)(*args, **kwargs))
        wanted = [x for x in leaves if x.requires_grad]
        outputs = [r for r in self.results if isinstance(r, lib.Tensor) and r.requires_grad]
        if not outputs or not wanted:
            return
        # Weights that differ from element to element, so that no mistake cancels.
        incoming = [weights(lib, r).requires_grad_() for r in outputs]
        grads = lib.autograd.grad(outputs, wanted, incoming, create_graph=True, allow_unused=True)
        self.grads = list(grads)
        again = [g for g in grads if g is not None and g.requires_grad]
        if again:
            seeds = [weights(lib, g) for g in again]
            with suppress(NotImplementedError):  # some derivatives PyTorch has only once
                self.second = list(
                    lib.autograd.grad(again, [*wanted, *incoming], seeds, allow_unused=True)
                )


def plain(value: Any) -> Array:
    """A tensor of either library as float64 (exact for every type that is tested)."""
    if isinstance(value, torch.Tensor) and value._is_zerotensor():
        return np.zeros(tuple(value.shape))  # a gradient of zeros without any memory
    array: Array = np.asarray(value.detach().double().tolist(), np.float64)
    return array.reshape(tuple(value.shape))


def node_name(value: Any) -> str:
    return "" if value.grad_fn is None else str(value.grad_fn.name())


def assert_same(mine: Any, theirs: Any, dtype: str, roundings: float, where: str) -> None:
    """Two results: None, plain values, or tensors of equal type, shape and elements.

    Elements are compared to the precision of their own type or of ``dtype``, the lower one.
    """
    if theirs is None or mine is None:
        # A gradient of zeros may be left out on either side.
        left = mine if theirs is None else theirs
        assert left is None or not plain(left).any(), f"{where}: {mine} instead of {theirs}"
        return
    if not isinstance(theirs, torch.Tensor):
        assert type(mine).__name__ == type(theirs).__name__ and mine == theirs, where
        return
    assert str(mine.dtype) == str(theirs.dtype), f"{where}: {mine.dtype} instead of {theirs.dtype}"
    rtol = max(tolerance(d, roundings) for d in (dtype, str(theirs.dtype)[6:], "float64"))
    # Weights are about 1, so terms that cancel in a gradient were about 1.
    assert_close(plain(mine), plain(theirs), rtol, where, None if where == "value" else rtol)


@pytest.mark.parametrize("op, dtype", CASES)
def test_same_as_torch(op: Op, dtype: str) -> None:
    for number, sample in enumerate(op.samples):
        if number < 2 or (dtype in COMMON and (sample.only is None or dtype in sample.only)):
            with about(sample):
                compare(op, sample, dtype)


def compare(op: Op, sample: Sample, dtype: str) -> None:
    mine, theirs = Outcome(gpugrad, op, sample, dtype), Outcome(torch, op, sample, dtype)
    if theirs.error is not None or mine.error is not None:
        if theirs.error is not None and "not implemented for" in theirs.error[1]:
            return  # PyTorch has no such kernel
        assert mine.error is not None, f"PyTorch raises {theirs.error}"
        assert theirs.error is not None, f"PyTorch raises nothing: {mine.error}"
        assert mine.error[0] == theirs.error[0], f"{mine.error} instead of {theirs.error}"
        return
    roundings = op.roundings
    if dtype == "float64" and op.name in INEXACT:
        roundings *= 1e5
    assert len(mine.results) == len(theirs.results)
    for a, b in zip(mine.results, theirs.results, strict=True):
        assert_same(a, b, dtype, roundings, "value")
        if isinstance(b, torch.Tensor):
            assert a.requires_grad == b.requires_grad, "requires_grad"
            if op.named and dtype != "bfloat16":
                assert node_name(a) == node_name(b), f"{node_name(a)} instead of {node_name(b)}"
    for a, b in zip(mine.grads, theirs.grads, strict=True):
        assert_same(a, b, dtype, 4 * roundings, "gradient")
    if sample.smooth:
        for a, b in zip(mine.second, theirs.second, strict=False):
            assert_same(a, b, dtype, 16 * roundings, "second gradient")


@pytest.mark.parametrize("op", OPS, ids=repr)
def test_refused_as_in_torch(op: Op) -> None:
    for refused in op.refused:
        for lib in (torch, gpugrad):
            error = Outcome(lib, op, refused.sample, refused.dtype).error
            assert error is not None, f"{lib.__name__} takes {refused.sample}"
            assert error[0] == refused.error.__name__, f"{lib.__name__}: {error}"
            assert re.search(refused.text, error[1]), f"{lib.__name__}: {error[1]}"
