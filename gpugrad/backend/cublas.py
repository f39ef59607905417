"""Products of matrices through a cuBLAS handle of our own.

CuPy refuses to call cuBLAS while a CUDA graph is captured, so a captured step calls it directly, in
the library that CuPy has loaded. The handle has a workspace that was given to it: left to itself,
cuBLAS would allocate one for every graph, and one handle with one workspace is also what makes its
results the same in every run.

cuBLAS thinks in columns. A matrix in rows is, to it, the transposed one, so ``c = a @ b`` is asked
for as ``c.T = b.T @ a.T``.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import itertools
import math
import threading
from dataclasses import dataclass
from typing import Any

Array = Any

WORKSPACE_BYTES = 32 * 2**20
"""What NVIDIA recommends for the largest GPUs."""

NO_TRANSPOSE, TRANSPOSE = 0, 1
DEFAULT_ALGORITHM = -1
DATA_TYPES = {"float32": 0, "float64": 1, "float16": 2, "bfloat16": 14}
COMPUTE_32F, COMPUTE_64F = 68, 70
"""Full precision: float32 is not rounded to fewer digits, 16-bit types are summed in float32."""

STATUS = {
    1: "not initialized",
    3: "out of memory",
    7: "invalid value",
    8: "architecture mismatch",
    13: "execution failed",
    14: "internal error",
    15: "not supported",
}


@dataclass(frozen=True)
class Matrix:
    """Matrices as cuBLAS takes them: address, leading dimension, whether transposed, batch stride.

    ``leading`` and ``step`` count elements.
    """

    address: int
    leading: int
    transposed: bool
    step: int


def matrices_of(x: Array) -> Matrix | None:
    """A matrix or a stack of them, (..., rows, cols); None where its strides do not allow that."""
    size = x.itemsize
    *batch, rows, cols = x.shape
    *batch_strides, row, col = (s // size for s in x.strides)
    step = _one_stride(batch, batch_strides)
    if step is None:
        return None
    if (col == 1 or cols == 1) and (row >= cols or rows == 1):
        return Matrix(x.data.ptr, max(row if rows > 1 else cols, 1), False, step)
    if (row == 1 or rows == 1) and (col >= rows or cols == 1):
        return Matrix(x.data.ptr, max(col if cols > 1 else rows, 1), True, step)
    return None


def _one_stride(shape: list[int], strides: list[int]) -> int | None:
    """The stride at which all elements of some dimensions follow each other, if there is one."""
    kept = [(n, s) for n, s in zip(shape, strides, strict=True) if n != 1]
    if not kept:
        return 0
    for (_, outer), (n, inner) in itertools.pairwise(kept):
        if outer != n * inner:
            return None
    return kept[-1][1]


class Cublas:
    """A handle on one device.

    Args:
        module: CuPy.
        library: the loaded cuBLAS; found if not given.
    """

    def __init__(self, module: Any, library: Any = None) -> None:
        self._module = module
        self._library = load(module) if library is None else library
        self._handle = ctypes.c_void_p()
        self._check(self._library.cublasCreate_v2(ctypes.byref(self._handle)), "cublasCreate")
        self._workspace = module.empty((WORKSPACE_BYTES,), "uint8")
        self._lock = threading.Lock()

    def use(self, stream: int) -> None:
        """Work on a stream from now on.

        To be said before each product: a new stream may have the handle of one that is no more.
        """
        library = self._library
        self._check(
            library.cublasSetStream_v2(self._handle, ctypes.c_void_p(stream)), "cublasSetStream"
        )
        # Another stream takes the workspace away.
        self._check(
            library.cublasSetWorkspace_v2(
                self._handle,
                ctypes.c_void_p(self._workspace.data.ptr),
                ctypes.c_size_t(WORKSPACE_BYTES),
            ),
            "cublasSetWorkspace",
        )

    def product(self, a: Array, b: Array, out: Array) -> None:
        """``out = a @ b`` on the current stream.

        Args:
            a: (..., m, k), of a layout that :func:`matrices_of` takes.
            b: (..., k, n), likewise.
            out: (..., m, n), contiguous. The leading dimensions are the same in all three, or
                missing in ``a`` or ``b``, or broadcast there.
        """
        m, n = out.shape[-2:]
        k = a.shape[-1]
        batch = math.prod(out.shape[:-2])
        if m == 0 or n == 0 or batch == 0:
            return
        if k == 0:
            out.fill(0)
            return
        left, right = matrices_of(a), matrices_of(b)
        assert left is not None and right is not None, "the operands need a copy"
        kind = DATA_TYPES[out.dtype.name]
        wide = kind == DATA_TYPES["float64"]
        number = ctypes.c_double if wide else ctypes.c_float
        one, zero = number(1), number(0)
        c_int, c_long, pointer = ctypes.c_int, ctypes.c_longlong, ctypes.c_void_p
        with self._lock:  # between the choice of a stream and its use, too
            self.use(int(self._module.cuda.get_current_stream().ptr))
            status = self._library.cublasGemmStridedBatchedEx(
                self._handle,
                c_int(TRANSPOSE if right.transposed else NO_TRANSPOSE),
                c_int(TRANSPOSE if left.transposed else NO_TRANSPOSE),
                c_int(n),
                c_int(m),
                c_int(k),
                ctypes.byref(one),
                pointer(right.address),
                c_int(kind),
                c_int(right.leading),
                c_long(right.step),
                pointer(left.address),
                c_int(kind),
                c_int(left.leading),
                c_long(left.step),
                ctypes.byref(zero),
                pointer(out.data.ptr),
                c_int(kind),
                c_int(n),
                c_long(m * n),
                c_int(batch),
                c_int(COMPUTE_64F if wide else COMPUTE_32F),
                c_int(DEFAULT_ALGORITHM),
            )
        self._check(status, "cublasGemmStridedBatchedEx")

    @staticmethod
    def _check(status: int, what: str) -> None:
        if status:
            raise RuntimeError(f"{what} failed: {STATUS.get(status, f'status {status}')}")


@functools.cache
def load(module: Any) -> Any:
    """The cuBLAS that CuPy uses.

    Raises:
        RuntimeError: it cannot be found by name.
    """
    importlib.import_module("cupy_backends.cuda.libs.cublas")  # loads it
    major = module.cuda.runtime.runtimeGetVersion() // 1000
    tried = []
    for name in (f"libcublas.so.{major}", "libcublas.so", f"cublas64_{major}.dll"):
        try:
            return ctypes.CDLL(name)
        except OSError as error:
            tried.append(str(error))
    raise RuntimeError("capturing a product of matrices needs cuBLAS: " + "; ".join(tried))
