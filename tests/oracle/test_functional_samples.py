"""``nn.functional`` on the samples that PyTorch tests its own functions with."""

from __future__ import annotations

import functools
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
PER_TYPE = {"float64": 8, "float32": 3}
OTHERWISE = 1

UNSTABLE = {
    ("grid_sample", "bfloat16"),
    ("normalize", "float16"),
    ("soft_margin_loss", "float16"),
    ("soft_margin_loss", "float32"),
}
"""Where PyTorch's own formula overflows, loses all digits or rounds a place to another element."""

SEEDED = {
    "alpha_dropout",
    "dropout",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
    "fractional_max_pool2d",
    "fractional_max_pool3d",
    "multi_head_attention_forward",
    "rrelu",
    "scaled_dot_product_attention",
}
"""The entries of these functions set the seed to 42 before each call."""

ENTRIES = {
    f"{op.name.removeprefix(PREFIX)}{'-' * bool(op.variant_test_name)}{op.variant_test_name}": op
    for op in op_db
    if op.name.startswith(PREFIX)
}


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


def call(entry: Any, arguments: list[Any]) -> Any:
    """gpugrad's function called as an entry calls PyTorch's."""
    input, args, kwargs = arguments
    name = entry.name.removeprefix(PREFIX)
    function = getattr(gpugrad.nn.functional, name)
    fixed = entry.op.keywords if isinstance(entry.op, functools.partial) else {}
    if name in SEEDED:
        gpugrad.manual_seed(42)
    if name.startswith("embedding") and args:
        return function(args[0], input, *args[1:], **kwargs)  # the entries swap the two
    return function(input, *args, **fixed, **kwargs)


def compared(entry: Any, sample: Any) -> str | None:
    """Where the libraries differ on one sample."""
    theirs = copied([sample.input, list(sample.args), sample.kwargs])
    mine = ours(copied(theirs))
    # Second derivatives in half precision are mostly rounding.
    second = entry.supports_gradgrad and "16" not in str(getattr(sample.input, "dtype", ""))
    their = outcome(
        torch,
        lambda: entry.op(theirs[0], *theirs[1], **theirs[2]),
        list(tensors_of(theirs)),
        second=second,
    )
    our = outcome(gpugrad, lambda: call(entry, mine), list(tensors_of(mine)), second=second)
    return difference(our, their)


def described(sample: Any) -> str:
    shapes = [list(t.shape) for t in tensors_of([sample.input, sample.args])]
    options = {k: v for k, v in sample.kwargs.items() if not isinstance(v, torch.Tensor)}
    return f"shapes {shapes}, arguments {options}"


def failures(name: str, type_name: str) -> Iterator[str]:
    entry = ENTRIES[name]
    for sample in picked(samples(entry, type_name), PER_TYPE.get(type_name, OTHERWISE)):
        if (found := compared(entry, sample)) is not None:
            yield f"{described(sample)}: {found}"


STABLE = [(name, kind) for name in ENTRIES for kind in TYPES if (name, kind) not in UNSTABLE]


@pytest.mark.parametrize(("name", "type_name"), STABLE)
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
        if any(t.is_complex() for t in tensors_of([sample.input, sample.args, sample.kwargs])):
            continue
        theirs = copied([sample.input, list(sample.args), sample.kwargs])
        mine = ours(copied(theirs))
        run = functools.partial(entry.op, theirs[0], *theirs[1], **theirs[2])
        first = outcome(torch, run, [], gradients=False).error
        run = functools.partial(call, entry, mine)
        second = outcome(gpugrad, run, [], gradients=False).error
        if first is None:
            continue
        if (found := error_difference(second, first)) is not None:
            yield f"{described(sample)}: {found}"


@pytest.mark.parametrize("name", ENTRIES)
def test_refusals(name: str) -> None:
    found = list(refusals(name))
    assert not found, "\n".join(found)
