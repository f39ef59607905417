"""One table of all ops: what the generic tests run, and what the PyTorch oracle compares."""

from __future__ import annotations

from . import (
    activation,
    binary,
    matmul,
    parts,
    picking,
    rarer,
    reduce,
    select,
    shape,
    special,
    unary,
)
from .model import Op

OPS: tuple[Op, ...] = (
    *unary.OPS,
    *binary.OPS,
    *reduce.OPS,
    *shape.OPS,
    *parts.OPS,
    *matmul.OPS,
    *select.OPS,
    *activation.OPS,
    *picking.OPS,
    *special.OPS,
    *rarer.OPS,
)

BY_NAME = {op.name: op for op in OPS}

UNSAMPLED = {
    "broadcast_shapes": "takes shapes, not tensors",
    "is_nonzero": "gives a Python bool for one element only",
    "chain_matmul": "deprecated: warns, and is a chain of products",
    "tril_indices": "takes sizes, not tensors",
    "triu_indices": "takes sizes, not tensors",
    "imag": "refuses every tensor",
    "lu_solve": "takes what lu gives",
    "lu_unpack": "takes what lu gives",
    "qr": "unique up to signs; tested by what it must multiply to",
    "svd": "unique up to signs; tested by what it must multiply to",
}
"""Public functions without a row, and why; they have tests of their own."""
