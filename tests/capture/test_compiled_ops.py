"""Every row of the op table, compiled: results and gradients as in eager mode, to the last bit."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor
from gpugrad.backend.noted_steps import CaptureError
from tests.op_table import OPS
from tests.op_table.model import Data, Op, Sample, flat, host, tensor, weights

CALLS = 5
"""One as usual, two traced, two replayed."""

SHAPE = "the shape of the result depends on values"
READS_VALUES = {
    "allclose": "a value is read by Python",
    "argwhere": SHAPE,
    "bincount": SHAPE,
    "equal": "a value is read by Python",
    "histc": SHAPE,
    "histogram": "a value is read by Python",
    "histogramdd": "a value is read by Python",
    "masked_scatter": SHAPE,
    "masked_select": SHAPE,
    "nonzero": SHAPE,
    "unique": SHAPE,
    "unique_consecutive": SHAPE,
}
"""Rows that cannot be captured, and why."""

CAPTURED = pytest.mark.parametrize("op", [o for o in OPS if o.name not in READS_VALUES], ids=repr)
REFUSED = pytest.mark.parametrize("op", [o for o in OPS if o.name in READS_VALUES], ids=repr)

Call = tuple[tuple[Any, ...], dict[str, Any]]


def dtype_of(op: Op) -> str:
    return next(d for d in ("float32", *op.dtypes) if d in op.dtypes)


def samples_of(op: Op, dtype: str) -> Iterator[Sample]:
    return (s for s in op.samples if s.only is None or dtype in s.only)


def drawn(data: Data, dtype: str, turn: int, place: int) -> Any:
    """An argument's values in one of several calls: others in each."""
    array = data.array(dtype, 100 * turn + place)
    if data.values is not None and array.ndim and array.dtype.kind == "f":
        array = np.roll(array, turn)
    return array


def call_of(sample: Sample, dtype: str, turn: int, grad: bool) -> tuple[list[Tensor], Call]:
    tensors = [
        tensor(
            gpugrad,
            drawn(data, dtype, turn, place),
            data.dtype or dtype,
            grad=grad and data.has_grad(dtype),
        )
        for place, data in enumerate(sample.data())
    ]
    return tensors, sample.filled(tensors, gpugrad)


def outcome(function: Callable[..., Any], sample: Sample, dtype: str, turn: int, grad: bool) -> Any:
    """The results as arrays, and the gradients of the arguments; or the error."""
    tensors, (args, kwargs) = call_of(sample, dtype, turn, grad)
    if grad:  # no leaves, which would be part of what a plan is made for
        through = iter([t * 1 if t.requires_grad else t for t in tensors])
        args, kwargs = sample.filled(list(through), gpugrad)
    results = flat(function(*args, **kwargs))
    outputs = [r for r in results if isinstance(r, Tensor) and r.requires_grad]
    grads = []
    if grad and outputs:
        gpugrad.autograd.backward(outputs, [weights(gpugrad, r) for r in outputs])
        grads = [None if t.grad is None else host(t.grad) for t in tensors]
    return [host(r) for r in results], grads


def assert_same(found: Any, expected: Any, where: str) -> None:
    for mine, theirs in zip(found, expected, strict=True):
        assert (mine is None) == (theirs is None), where
        if theirs is not None:
            assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape), where
            np.testing.assert_array_equal(mine, theirs, err_msg=where)


def compare_with_eager(op: Op, grad: bool) -> None:
    dtype = dtype_of(op)
    for sample in samples_of(op, dtype):
        function = op.function(gpugrad)
        compiled = gpugrad.compile(lambda *a, f=function, **k: f(*a, **k))
        for turn in range(CALLS):
            try:
                expected = outcome(function, sample, dtype, turn, grad)
            except (RuntimeError, np.linalg.LinAlgError):  # values that the op refuses
                break
            found = outcome(compiled, sample, dtype, turn, grad)
            for mine, theirs in zip(found, expected, strict=True):
                assert_same(mine, theirs, f"{sample}, call {turn + 1}")
        else:
            assert any(e.program is not None for e in compiled._entries.values()), sample


@CAPTURED
def test_forward(op: Op) -> None:
    with gpugrad.no_grad():
        compare_with_eager(op, grad=False)


@pytest.mark.parametrize(
    "op", [o for o in OPS if o.differentiable and o.name not in READS_VALUES], ids=repr
)
def test_gradients(op: Op) -> None:
    compare_with_eager(op, grad=True)


@REFUSED
def test_refused(op: Op) -> None:
    """What depends on values is an error, or runs as usual after one warning."""
    dtype = dtype_of(op)
    sample = next(samples_of(op, dtype))
    function = op.function(gpugrad)
    strict = gpugrad.compile(lambda *a, **k: function(*a, **k))
    _, (args, kwargs) = call_of(sample, dtype, 0, grad=False)
    strict(*args, **kwargs)
    with pytest.raises(CaptureError, match=READS_VALUES[op.name]):
        strict(*args, **kwargs)
    lenient = gpugrad.compile(lambda *a, **k: function(*a, **k), fullgraph=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for turn in range(CALLS):
            expected = outcome(function, sample, dtype, turn, False)
            found = outcome(lenient, sample, dtype, turn, False)
            assert_same(found[0], expected[0], f"{sample}, call {turn + 1}")
    assert len([w for w in caught if "runs eagerly" in str(w.message)]) == 1
