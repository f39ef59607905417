"""The op table as programs in C, many rows in one program: results as in eager mode."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor
from tests.capture.test_compiled_ops import READS_VALUES, drawn, dtype_of, samples_of
from tests.op_table import OPS
from tests.op_table.model import Op, Sample, flat, host, tensor

AT_ONCE = 40
"""So many rows are compiled together: a program takes a tenth of a second, and more."""

CALLS = 4

pytestmark = pytest.mark.usefixtures("generated")

Row = tuple[Op, Sample, str]


def rows() -> list[Row]:
    """For each row of the table its first sample."""
    found = []
    for op in OPS:
        if op.name not in READS_VALUES:
            dtype = dtype_of(op)
            found += [(op, sample, dtype) for sample in list(samples_of(op, dtype))[:1]]
    return found


def arguments(taken: list[Row], turn: int) -> list[list[Tensor]]:
    return [
        [
            tensor(
                gpugrad,
                drawn(data, dtype, turn, place),
                data.dtype or dtype,
                grad=op.differentiable and data.has_grad(dtype),
            )
            for place, data in enumerate(sample.data())
        ]
        for op, sample, dtype in taken
    ]


def outcome(taken: list[Row], given: list[list[Tensor]]) -> list[Tensor]:
    """The results of all rows, and the gradients of the sum of those that have one."""
    found: list[Tensor] = []
    total = None
    for (op, sample, _), tensors in zip(taken, given, strict=True):
        args, kwargs = sample.filled([t * 1 if t.requires_grad else t for t in tensors], gpugrad)
        results = [r for r in flat(op.function(gpugrad)(*args, **kwargs)) if isinstance(r, Tensor)]
        for r in results:
            if r.requires_grad:
                part = (r * 0.5).sum().to(gpugrad.float32)
                total = part if total is None else total + part
        found += [r.detach() * 1 if r.requires_grad else r for r in results]
    if total is not None:
        leaves = [t for tensors in given for t in tensors if t.requires_grad]
        grads = gpugrad.autograd.grad(total, leaves, allow_unused=True)
        found += [g for g in grads if g is not None]
    return found


def works(row: Row) -> bool:
    """Whether the values that are drawn suit the row."""
    try:
        for turn in range(CALLS):
            outcome([row], arguments([row], turn))
    except (RuntimeError, np.linalg.LinAlgError):
        return False
    return True


PARTS = [rows()[n : n + AT_ONCE] for n in range(0, len(rows()), AT_ONCE)]


@pytest.mark.parametrize("part", range(len(PARTS)))
def test_rows(part: int) -> None:
    """Results, and gradients where there are any."""
    taken = [row for row in PARTS[part] if works(row)]
    assert len(taken) >= len(PARTS[part]) // 2
    compiled = gpugrad.compile(lambda given: outcome(taken, given))
    for turn in range(CALLS):
        wanted = outcome(taken, arguments(taken, turn))
        found = compiled(arguments(taken, turn))
        for number, (mine, theirs) in enumerate(zip(found, wanted, strict=True)):
            assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape)
            assert_close(host(mine), host(theirs), f"call {turn + 1}, result {number}")
    (program,) = compiled.programs()
    steps = program.first_run().plan._steps
    assert any(step.name == "native" for step in steps)


def assert_close(mine: Any, theirs: Any, where: str) -> None:
    if theirs.dtype.kind != "f" or theirs.dtype.itemsize < 4:
        np.testing.assert_array_equal(mine, theirs, err_msg=where)
        return
    tolerance = 1e-5 if theirs.dtype.itemsize == 4 else 1e-11
    size = np.abs(theirs[np.isfinite(theirs)]).max(initial=0)
    least = tolerance / 100  # numbers near 1 that cancel each other leave so much
    np.testing.assert_allclose(mine, theirs, tolerance, tolerance * size + least, err_msg=where)
