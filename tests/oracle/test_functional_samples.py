"""``nn.functional`` on the samples that PyTorch tests its own functions with."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

import gpugrad
from tests.oracle.both_libraries import copied, difference, error_difference, ours, outcome, picked
from tests.oracle.both_libraries import tensors as tensors_of

torch = pytest.importorskip("torch")
op_db = pytest.importorskip("torch.testing._internal.common_methods_invocations").op_db

PREFIX = "nn.functional."
TYPES = ("float64", "float32", "float16", "bfloat16", "int64")
PER_TYPE = {"float64": 12, "float32": 5}
OTHERWISE = 2

# Names of variants whose samples are not those of the public function.
ENTRIES = {
    f"{op.name.removeprefix(PREFIX)}{'-' * bool(op.variant_test_name)}{op.variant_test_name}": op
    for op in op_db
    if op.name.startswith(PREFIX)
}


@functools.cache
def parameters_of(function: Any) -> frozenset[str] | None:
    """The names that a function takes; None if it takes any."""
    found = inspect.signature(function).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in found):
        return None
    return frozenset(p.name for p in found)


def samples(entry: Any, type_name: str) -> list[Any]:
    """The samples of one type, always the same."""
    dtype = getattr(torch, type_name)
    if dtype not in entry.dtypes:
        return []
    torch.manual_seed(1)
    differentiable = dtype.is_floating_point and entry.supports_autograd
    return [
        s
        for s in entry.sample_inputs("cpu", dtype, requires_grad=differentiable)
        if not any(t.is_sparse or t.is_complex() for t in tensors_of([s.input, s.args, s.kwargs]))
    ]


def counterpart(entry: Any) -> Any:
    """gpugrad's function for the one that an entry calls."""
    name = entry.name.removeprefix(PREFIX)
    if name.startswith("max_unpool") and entry.variant_test_name == "grad":
        return getattr(gpugrad.nn.functional, name)
    function = getattr(gpugrad.nn.functional, name)
    fixed = entry.op.keywords if isinstance(entry.op, functools.partial) else {}
    return functools.partial(function, **fixed)


def compared(entry: Any, sample: Any) -> str | None:
    """Where the libraries differ on one sample."""
    theirs = copied([sample.input, list(sample.args), sample.kwargs])
    mine = ours(copied(theirs))
    function = counterpart(entry)
    first = outcome(
        torch,
        lambda: entry.op(theirs[0], *theirs[1], **theirs[2]),
        list(tensors_of(theirs)),
        second=entry.supports_gradgrad,
    )
    second = outcome(
        gpugrad,
        lambda: function(mine[0], *mine[1], **mine[2]),
        list(tensors_of(mine)),
        second=entry.supports_gradgrad,
    )
    return difference(second, first)


def described(sample: Any) -> str:
    shapes = [list(t.shape) for t in tensors_of([sample.input, sample.args])]
    options = {k: v for k, v in sample.kwargs.items() if not isinstance(v, torch.Tensor)}
    return f"shapes {shapes}, arguments {options}"


def failures(name: str, type_name: str) -> Iterator[str]:
    entry = ENTRIES[name]
    for sample in picked(samples(entry, type_name), PER_TYPE.get(type_name, OTHERWISE)):
        if (found := compared(entry, sample)) is not None:
            yield f"{described(sample)}: {found}"


@pytest.mark.parametrize("type_name", TYPES)
@pytest.mark.parametrize("name", ENTRIES)
def test_samples(name: str, type_name: str) -> None:
    found = list(failures(name, type_name))
    assert not found, "\n".join(found)


def refusals(name: str) -> Iterator[str]:
    """Where the libraries differ on arguments that PyTorch refuses."""
    entry = ENTRIES[name]
    if entry.error_inputs_func is None:
        return
    for error in entry.error_inputs("cpu"):
        sample = error.sample_input
        theirs = copied([sample.input, list(sample.args), sample.kwargs])
        mine = ours(copied(theirs))
        first = outcome(torch, lambda t=theirs: entry.op(t[0], *t[1], **t[2]), [], gradients=False)
        second = outcome(
            gpugrad, lambda m=mine: counterpart(entry)(m[0], *m[1], **m[2]), [], gradients=False
        )
        if first.error is None:
            continue
        if (found := error_difference(second.error, first.error)) is not None:
            yield f"{described(sample)}: {found}"


@pytest.mark.parametrize("name", ENTRIES)
def test_refusals(name: str) -> None:
    found = list(refusals(name))
    assert not found, "\n".join(found)
