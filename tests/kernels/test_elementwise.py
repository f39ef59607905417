"""Elementwise kernels on the host: values, every alignment and size, nothing else written."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.kernels.arrays import Placed, assert_near, numpy_dtype, ordinary, sample
from tests.kernels.elementwise import CASES, Elementwise
from tests.kernels.emulation import BACKWARD, FORWARD, SANITIZED, TYPES, launch

SIZES = (0, 1, 3, 9, 1025) if SANITIZED else (0, 1, 2, 3, 7, 8, 9, 31, 33, 257, 1025, 2500)

TYPES_OF_16_BITS = [suffix for suffix in TYPES if suffix.endswith("16")]


def expected_of(case: Elementwise, inputs: list[Any]) -> tuple[Any, Any, Any]:
    """The result, the size of the terms in it, and what multiplies the smallest numbers."""
    with np.errstate(all="ignore"):
        result = case.expected(*inputs, *case.numbers)
        size = np.abs(case.size(*inputs, *case.numbers))
        # A factor that is rounded near the smallest number is multiplied by the other ones.
        lost = np.prod([1 + np.fmin(np.abs(x), 1000) for x in inputs], axis=0)
        return result, size, lost


def check(name: str, suffix: str, n: int, offsets: tuple[int, ...], seed: int, order: int) -> None:
    case = CASES[name]
    dtype = numpy_dtype(suffix)
    inputs = [sample(suffix, n, seed + k) for k in range(case.inputs)]
    inputs[-1] = inputs[-1].clip(*case.limits)
    if case.inputs == 2 and not case.any_gradient:
        inputs[0] = np.where(np.abs(inputs[0]) > 100, 1.5, inputs[0])
    placed = [Placed(x, dtype, off) for x, off in zip(inputs, offsets[1:], strict=False)]
    out = Placed(np.full(n, 77.0), dtype, offsets[0])
    blocks = 1 + seed % 2
    launch(name, suffix, blocks, (*(p.array for p in placed), out.array, *case.numbers, n), order)
    where = f"{name}_{suffix}, n={n}, offsets={offsets}"
    expected, size, lost = expected_of(case, inputs)
    assert_near(out.array, expected, suffix, size, lost=lost, where=where)
    assert all(p.unchanged() for p in placed), f"{where}: an input was written to"
    assert out.unchanged(outside_only=True), f"{where}: written outside of the output"


@pytest.mark.parametrize("suffix", TYPES)
@pytest.mark.parametrize("name", CASES)
def test_values(name: str, suffix: str) -> None:
    width = 16 // numpy_dtype(suffix).itemsize
    for seed, n in enumerate(SIZES):
        for order, offsets in (
            (FORWARD, (0, 0, 0)),
            (BACKWARD, (width - 1,) * 3),  # packs after a head
            (FORWARD, (0, 1, 1)),  # no packs
            (FORWARD, (1, 1, 0)),
        ):
            check(name, suffix, n, offsets, 3 * seed, order)


@pytest.mark.parametrize("suffix", TYPES)
def test_in_place(suffix: str) -> None:
    x = ordinary(suffix, 500, 1)
    both = Placed(x, numpy_dtype(suffix), 1)
    launch("tanh_forward", suffix, 1, (both.array, both.array, 500))
    assert_near(both.array, np.tanh(x), suffix)


@pytest.mark.parametrize("suffix", TYPES_OF_16_BITS)
def test_every_number_of_16_bits_is_read_and_written_exactly(suffix: str) -> None:
    x = np.arange(2**16, dtype=np.uint16).view(numpy_dtype(suffix))
    out = np.empty_like(x)
    launch("leaky_relu_forward", suffix, 2, (x, out, 1.0, x.size))
    np.testing.assert_array_equal(out.astype(np.float32), x.astype(np.float32))


@pytest.mark.parametrize("suffix", TYPES_OF_16_BITS)
def test_rounding_to_16_bits_is_to_nearest_even(suffix: str) -> None:
    x = np.arange(2**16, dtype=np.uint16).view(numpy_dtype(suffix))
    out = np.empty_like(x)
    for slope in (0.5, 1 / 3, 0.99609375):
        launch("leaky_relu_forward", suffix, 2, (-np.abs(x), out, slope, x.size))
        with np.errstate(all="ignore"):
            expected = (-np.abs(x).astype(np.float32) * np.float32(slope)).astype(x.dtype)
        np.testing.assert_array_equal(out.astype(np.float32), expected.astype(np.float32))
