"""Random numbers in C are those that NumPy's calls give, and leave the stream where they do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpugrad.backend.random import CPUStream
from gpugrad.native import twister
from tests.native_switch import needs_compiler, switched

pytestmark = needs_compiler

# Fewer than the words of a state, about as many, several times as many, and several pieces.
SIZES = (64, 311, 312, 313, 623, 624, 625, 5000, 20_001)


def drawn(stream: CPUStream, name: str, n: int, kind: str) -> Any:
    if name == "bernoulli":
        return stream.bernoulli(0.3, (n,), np.dtype(kind))
    return getattr(stream, name)((n,), np.dtype(kind))


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("name", ["uniform", "bernoulli", "normal"])
def test_the_same_numbers_and_states(name: str, kind: str) -> None:
    streams = CPUStream(), CPUStream()
    for stream in streams:
        stream.manual_seed(7)
    for n in SIZES:
        found = []
        for stream, on in zip(streams, (True, False), strict=True):
            with switched(on=on):
                found.append(drawn(stream, name, n, kind))
        if name == "normal" and kind == "float64":  # by the C library's functions, as PyTorch
            np.testing.assert_allclose(found[0], found[1], 1e-14, 1e-15)
        else:
            np.testing.assert_array_equal(*found)
        assert found[0].dtype == np.dtype(kind)
        np.testing.assert_array_equal(streams[0].get_state(), streams[1].get_state())


def test_bernoulli_by_the_edges() -> None:
    with switched(on=True):
        for p in (0.0, 1.0, 2.0**-53, 0.5):
            stream = CPUStream()
            u = CPUStream().uniform((1000,), np.dtype(np.float64))
            found = twister.bernoulli(stream._address(), 1000, p, np.float32)
            np.testing.assert_array_equal(found, (u < p).astype(np.float32))
        assert twister.bernoulli(CPUStream()._address(), 100, 0.5, np.float16) is None


def test_whole_numbers_and_permutations() -> None:
    for n in SIZES:
        found = []
        for on in (True, False):
            stream = CPUStream()
            stream.manual_seed(n)
            with switched(on=on):
                few = stream.integers(-7, 12, (n,), np.dtype(np.int64))
                narrow = stream.integers(0, 200, (n,), np.dtype(np.uint8))
                found.append([few, narrow, stream.permutation(n, np.dtype(np.int64))])
                found[-1].append(stream.get_state())
        for a, b in zip(*found, strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype


def test_normal_numbers_with_mean_and_deviation() -> None:
    for kind, digits in (("float32", 3e-7), ("float64", 1e-15)):
        found = []
        for on in (True, False):
            stream = CPUStream()
            stream.manual_seed(5)
            with switched(on=on):
                found.append(stream.normal((5003,), np.dtype(kind), 0.3, 1.7))
        np.testing.assert_allclose(found[0], found[1], digits, digits)
