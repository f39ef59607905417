"""What the random functions refuse, with PyTorch's messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.random import fillers
from gpugrad.random.generator import stream_of

TEXT: Any = "a"
NUMBER: Any = 1.5


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: gpugrad.manual_seed(2**64), ValueError, "Overflow when unpacking long long"),
        (lambda: gpugrad.manual_seed(TEXT), ValueError, "invalid literal"),
        (
            lambda: gpugrad.Generator().manual_seed(NUMBER),
            RuntimeError,
            "manual_seed expected a long, but got float",
        ),
        (lambda: gpugrad.rand(), TypeError, r"rand\(\) received an invalid combination"),
        (lambda: gpugrad.rand((2,), 3), TypeError, r"got \(tuple, int\)"),
        (lambda: gpugrad.rand(2.5), TypeError, "must be tuple of ints, not float"),
        (lambda: gpugrad.rand(2, 2.5), TypeError, "failed to unpack the object at pos 2"),
        (lambda: gpugrad.rand(2, -3), RuntimeError, r"negative dimension -3: \[2, -3\]"),
        (
            lambda: gpugrad.rand(2, dtype=gpugrad.int64),
            NotImplementedError,
            "\"check_uniform_bounds\" not implemented for 'Long'",
        ),
        (
            lambda: gpugrad.randn(2, dtype=gpugrad.int32),
            NotImplementedError,
            "\"normal_kernel_cpu\" not implemented for 'Int'",
        ),
        (
            lambda: gpugrad.randint(5, 3, (2,)),
            RuntimeError,
            "'from' to be less than 'to', but got from=5 >= to=3",
        ),
        (
            lambda: gpugrad.randint(0, 257, (2,), dtype=gpugrad.uint8),
            RuntimeError,
            "to - 1 is out of bounds for unsigned char",
        ),
        (lambda: gpugrad.randint(3), TypeError, "invalid combination"),
        (lambda: gpugrad.randint(3, 2), TypeError, "must be tuple of ints, not int"),
        (lambda: gpugrad.randint(1.5, 3, (2,)), TypeError, r"got \(float, int, tuple\)"),
        (
            lambda: gpugrad.randint(3, (2,), requires_grad=True),
            RuntimeError,
            "Only Tensors of floating point and complex dtype can require gradients",
        ),
        (lambda: gpugrad.randperm(-1), RuntimeError, "negative dimension"),
        (lambda: gpugrad.randperm(NUMBER), TypeError, "must be int, not float"),
        (
            lambda: gpugrad.randperm(300, dtype=gpugrad.uint8),
            RuntimeError,
            "value cannot be converted to type uint8_t without overflow",
        ),
        (
            lambda: gpugrad.randperm(3000, dtype=gpugrad.float16),
            RuntimeError,
            "n cannot be greater than 2049 for Half type",
        ),
        (lambda: gpugrad.normal(0.0, 1.0), TypeError, "invalid combination"),
        (lambda: gpugrad.normal(0, -1, (2,)), RuntimeError, "found std -1"),
        (
            lambda: gpugrad.normal(gpugrad.zeros(2), -gpugrad.ones(2)),
            RuntimeError,
            "all elements of std >= 0",
        ),
        (
            lambda: gpugrad.normal(gpugrad.zeros(3), gpugrad.ones(4)),
            RuntimeError,
            r"size of tensor a \(3\) must match the size of tensor b \(4\)",
        ),
        (
            lambda: gpugrad.bernoulli(gpugrad.tensor([0.1, 2.0])),
            RuntimeError,
            "Expected p_in >= 0 && p_in <= 1 to be true",
        ),
        (lambda: gpugrad.bernoulli(gpugrad.ones(2), 2.0), RuntimeError, "but got p=2"),
        (lambda: gpugrad.multinomial(gpugrad.ones(2), 3), RuntimeError, "without replacement"),
        (lambda: gpugrad.multinomial(gpugrad.ones(2), 0), RuntimeError, "n_sample <= 0"),
        (lambda: gpugrad.multinomial(-gpugrad.ones(2), 1), RuntimeError, "element < 0"),
        (lambda: gpugrad.multinomial(gpugrad.zeros(2), 1), RuntimeError, "sum of probabilities"),
        (
            lambda: gpugrad.multinomial(gpugrad.ones(2, dtype=gpugrad.int64), 1),
            RuntimeError,
            "only supports floating-point dtypes for input, got: Long",
        ),
        (lambda: gpugrad.multinomial(gpugrad.ones(1, 1, 1), 1), RuntimeError, "1 or 2 dim"),
        (lambda: gpugrad.rand_like(3), TypeError, "must be Tensor, not int"),
    ],
)
def test_refusals(call: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_generator_of_another_device_is_refused() -> None:
    with pytest.raises(RuntimeError, match="Expected a 'cuda' device type for generator but found"):
        stream_of(gpugrad.device("cuda"), gpugrad.Generator())


def test_whole_numbers_beyond_the_precision_of_a_float_warn() -> None:
    array = np.empty(3, np.float16)
    with pytest.warns(UserWarning, match=r"to - 1 is out of bounds \[-\(2\^11\), 2\^11\]"):
        fillers.fill_random(array, 0, 4000)
