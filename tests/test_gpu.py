"""What only a GPU can show: memory over many steps, and arrays of more than 2**31 elements."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import gpugrad
from gpugrad import Tensor
from gpugrad.nn import functional as F
from tests.test_device_training import OPTIMIZERS, Training

pytestmark = pytest.mark.cuda

GIB = 2**30
LARGE = 2**31 + 1024
PLACES = (0, 2**31 - 1, 2**31, LARGE - 1)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_memory_is_flat(optimizer: str) -> None:
    """Neither tensors nor the pool take more after 10 000 steps than after a hundred."""
    training = Training("cuda", optimizer)
    for _ in range(100):
        training.step()
    gpugrad.cuda.synchronize()
    before = gpugrad.cuda.memory_allocated(), gpugrad.cuda.memory_reserved()
    for _ in range(10_000):
        training.step()
    gpugrad.cuda.synchronize()
    assert (gpugrad.cuda.memory_allocated(), gpugrad.cuda.memory_reserved()) == before


@pytest.fixture
def large() -> Iterator[Tensor]:
    """More than 2**31 numbers of 16 bits: 1, 2, 3 and 4 at certain places, else -1."""
    gpugrad.cuda.empty_cache()
    free = gpugrad.cuda.mem_get_info()[0]
    if free < 14 * GIB:
        pytest.skip(f"needs 14 GiB of the GPU's memory, {free / GIB:.1f} are free")
    x = gpugrad.full((LARGE,), -1.0, dtype=gpugrad.float16, device="cuda")
    for value, place in enumerate(PLACES, start=1):
        x[place] = value
    yield x
    del x
    gpugrad.cuda.empty_cache()


def at_places(x: Tensor) -> list[float]:
    return [float(x[place].item()) for place in PLACES]


def test_elementwise_kernels_beyond_32_bits(large: Tensor) -> None:
    y = F.relu(large)
    assert at_places(y) == [1, 2, 3, 4]
    assert y[2**31 + 1 : -1].count_nonzero().item() == 0
    assert y.count_nonzero().item() == 4


def test_a_sum_beyond_32_bits(large: Tensor) -> None:
    ones = gpugrad.full((LARGE,), -1.0, dtype=gpugrad.float16, device="cuda")
    assert F.mse_loss(large, ones, reduction="sum").item() == 4 + 9 + 16 + 25


def test_rows_beyond_32_bits(large: Tensor) -> None:
    """The last row starts at element 2**31."""
    y = F.softmax(large.view(-1, 1024), 1)
    rows = y[[0, 2**21 - 1, 2**21]].float()
    assert rows.sum(1).tolist() == pytest.approx([1, 1, 1], abs=1e-2)
    assert rows.argmax(1).tolist() == [0, 1023, 1023]
    ratio = (rows[2, 1023] / rows[2, 0]).log().item()  # of the logits 4 and 3
    assert ratio == pytest.approx(1.0, abs=1e-2)


def test_bytes_beyond_32_bits() -> None:
    x = gpugrad.zeros(LARGE, dtype=gpugrad.uint8, device="cuda")
    x[2**31 :] = 7
    assert x[PLACES[1] : PLACES[1] + 3].tolist() == [0, 7, 7]
    assert x.count_nonzero().item() == 1024
