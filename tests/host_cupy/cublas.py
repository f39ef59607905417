# ruff: noqa: N802, N803  # the library's functions and arguments have its names
"""cuBLAS as far as the package calls it, with NumPy: it takes ctypes' numbers, as the real one."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from gpugrad.backend.cublas import COMPUTE_32F, COMPUTE_64F, DATA_TYPES
from gpugrad.dtypes import bfloat16

from .graphs import done

SUCCESS, INVALID_VALUE = 0, 7
_TYPES = {number: name for name, number in DATA_TYPES.items()}


class Cublas:
    """What ``ctypes.CDLL("libcublas.so")`` gives."""

    def cublasCreate_v2(self, handle: Any) -> int:
        handle._obj.value = 1
        return SUCCESS

    def cublasSetStream_v2(self, handle: Any, stream: Any) -> int:
        return SUCCESS

    def cublasSetWorkspace_v2(self, handle: Any, workspace: Any, size: Any) -> int:
        return SUCCESS if workspace.value and size.value else INVALID_VALUE

    def cublasGemmStridedBatchedEx(
        self,
        handle: Any,
        transa: Any,
        transb: Any,
        m: Any,
        n: Any,
        k: Any,
        alpha: Any,
        A: Any,
        Atype: Any,
        lda: Any,
        strideA: Any,
        B: Any,
        Btype: Any,
        ldb: Any,
        strideB: Any,
        beta: Any,
        C: Any,
        Ctype: Any,
        ldc: Any,
        strideC: Any,
        batchCount: Any,
        computeType: Any,
        algo: Any,
    ) -> int:
        rows, cols, inner, batch = m.value, n.value, k.value, batchCount.value
        dtype = _dtype(Ctype.value)
        wide = np.float64 if dtype == np.float64 else np.float32
        expected = COMPUTE_64F if wide is np.float64 else COMPUTE_32F
        if computeType.value != expected or {Atype.value, Btype.value} != {Ctype.value}:
            return INVALID_VALUE
        if (alpha._obj.value, beta._obj.value) != (1, 0) or handle.value != 1:
            return INVALID_VALUE
        shape_a = (inner, rows) if transa.value else (rows, inner)
        shape_b = (cols, inner) if transb.value else (inner, cols)
        for leading, shape in ((lda, shape_a), (ldb, shape_b), (ldc, (rows, cols))):
            if leading.value < max(1, shape[0]):
                return INVALID_VALUE
        a = _matrices(A.value, shape_a, lda.value, strideA.value, batch, dtype)
        b = _matrices(B.value, shape_b, ldb.value, strideB.value, batch, dtype)
        c = _matrices(C.value, (rows, cols), ldc.value, strideC.value, batch, dtype)
        a = a.swapaxes(-1, -2) if transa.value else a
        b = b.swapaxes(-1, -2) if transb.value else b

        def multiply() -> None:
            c[...] = np.matmul(a.astype(wide), b.astype(wide)).astype(dtype)

        done(multiply)
        return SUCCESS


def _dtype(number: int) -> Any:
    name = _TYPES[number]
    return bfloat16.numpy if name == "bfloat16" else np.dtype(name)


def _matrices(
    address: int, shape: tuple[int, int], leading: int, step: int, batch: int, dtype: Any
) -> Any:
    """Matrices in columns: ``leading`` elements from one column to the next."""
    rows, cols = shape
    size = dtype.itemsize
    last = (batch - 1) * step + (cols - 1) * leading + rows
    memory = (ctypes.c_char * (last * size)).from_address(address)
    return np.ndarray((batch, rows, cols), dtype, memory, 0, (step * size, size, leading * size))
