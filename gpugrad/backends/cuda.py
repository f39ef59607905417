"""The switches of matrix products on CUDA."""

from __future__ import annotations

from .. import cuda as _devices


class _MatrixProducts:
    """Whether products may round their operands; here they never do."""

    allow_tf32 = False
    allow_fp16_reduced_precision_reduction = True
    allow_bf16_reduced_precision_reduction = True


matmul = _MatrixProducts()


def is_built() -> bool:
    """Whether there is what CUDA needs."""
    return _devices.is_available()
