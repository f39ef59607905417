"""One table of all ops: what the generic tests run, and what the PyTorch oracle compares."""

from __future__ import annotations

from . import activation, binary, matmul, reduce, select, shape, unary
from .model import Op

OPS: tuple[Op, ...] = (
    *unary.OPS,
    *binary.OPS,
    *reduce.OPS,
    *shape.OPS,
    *matmul.OPS,
    *select.OPS,
    *activation.OPS,
)

BY_NAME = {op.name: op for op in OPS}

UNSAMPLED = {
    "broadcast_shapes": "takes shapes, not tensors",
    "is_nonzero": "gives a Python bool for one element only",
}
"""Public functions without a row, and why; they have tests of their own."""
