"""Kernels with several results, which the library generates: any size, wherever the arrays lie."""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import kernel_source
from gpugrad.backend.kernels import check_arguments
from gpugrad.elementwise import elementwise
from tests.kernels import emulation
from tests.kernels.arrays import Placed, assert_near, numpy_dtype, ordinary
from tests.kernels.emulation import FORWARD, SHUFFLED, TYPES

PRODUCT = elementwise("x, y", "x * sin(y)", name="product")
SOURCE = PRODUCT._form((True, True)).gradient((True, True)).source()
(ENTRY,) = kernel_source.declared("product", SOURCE)


@functools.cache
def library() -> ctypes.CDLL:
    half = (emulation.HERE / "half_emulated.cuh").read_text(encoding="utf-8")
    header = (emulation.HERE / "emulation.h").read_text(encoding="utf-8")
    path = kernel_source.folder() / "product.cu"
    text = kernel_source.inline(path, {"product.cu": SOURCE, "half.cuh": half})
    hooks = [f"EMULATED({ENTRY.name}_{suffix})" for suffix in TYPES]
    code = "\n".join([header, text, *hooks, ""])
    return ctypes.CDLL(str(emulation.finish_build(emulation.start_build(code))))


def run_emulated(suffix: str, blocks: int, args: tuple[Any, ...], order: int) -> None:
    check_arguments(ENTRY, suffix, args)
    *arrays, n = args
    values = [*(ctypes.c_void_p(a.ctypes.data) for a in arrays), ctypes.c_longlong(n)]
    name = f"{ENTRY.name}_{suffix}"
    function = getattr(library(), f"emulated_{name}")
    emulation.run(library(), function, blocks, 64, values, name, order)


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("n", [0, 1, 7, 64, 1027])
@pytest.mark.parametrize(
    "offsets", [(0,) * 5, (3,) * 5, (0, 0, 0, 0, 1), (1, 1, 1, 2, 1), (1, 0, 0, 0, 0)]
)
def test_gradients(suffix: str, n: int, offsets: tuple[int, ...]) -> None:
    grad, x, y = (ordinary(suffix, n, seed) for seed in range(3))
    kind = numpy_dtype(suffix)
    operands = [Placed(v, kind, o) for v, o in zip((grad, x, y), offsets, strict=False)]
    results = [Placed(np.zeros(n), kind, o) for o in offsets[3:]]
    arrays = (*(p.array for p in (*operands, *results)), n)
    for order in (FORWARD, SHUFFLED):
        run_emulated(suffix, 3, arrays, order)
        assert_near(results[0].array, grad * np.sin(y), suffix, where="grad_x")
        assert_near(results[1].array, grad * (x * np.cos(y)), suffix, where="grad_y")
    assert all(p.unchanged() for p in operands)
    assert all(p.unchanged(outside_only=True) for p in results)
