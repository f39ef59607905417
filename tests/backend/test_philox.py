"""Philox4x32-10: published answers, the layout of words, and the stream of a CUDA device."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gpugrad.backend.philox import (
    PhiloxStream,
    philox4x32,
    philox_normal,
    philox_uniform,
    philox_words,
)

FLOATS = ("float16", "float32", "float64")


# Random123's known-answer tests for philox4x32-10: counter, key, words.
@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        (
            (0, 0, 0, 0),
            (0, 0),
            (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8),
        ),
        (
            (0xFFFFFFFF,) * 4,
            (0xFFFFFFFF,) * 2,
            (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
        ),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_published_answers(
    counter: tuple[int, ...], key: tuple[int, int], expected: tuple[int, ...]
) -> None:
    words = philox4x32(tuple(np.array([c], np.uint64) for c in counter), key)
    assert tuple(int(w[0]) for w in words) == expected


def test_words_are_ordered_by_block_and_keyed_by_seed_and_offset() -> None:
    seed, offset = 0x299F31D0A4093822, 0x0370734413198A2E
    words = philox_words(seed, offset, 11)
    for block in range(3):
        counter = (block, 0, 0x13198A2E, 0x03707344)
        alone = philox4x32(
            tuple(np.array([c], np.uint64) for c in counter), (0xA4093822, 0x299F31D0)
        )
        expected = [int(w[0]) for w in alone]
        assert words[4 * block : 4 * block + 4].tolist() == expected[: 11 - 4 * block]


def test_the_offset_may_be_an_array() -> None:
    offset = np.array(2**40 + 3, np.uint64)
    assert (philox_words(5, offset, 9) == philox_words(5, 2**40 + 3, 9)).all()


def test_uniform_takes_the_upper_bits() -> None:
    words = philox_words(9, 2, 20)
    assert (philox_uniform(9, 2, 20, np.float32) == (words >> np.uint64(8)) * 2.0**-24).all()
    pairs = (words[0::2] << np.uint64(32)) | words[1::2]
    assert (philox_uniform(9, 2, 10, np.float64) == (pairs >> np.uint64(11)) * 2.0**-53).all()
    assert (philox_uniform(9, 2, 20, np.float16) == (words >> np.uint64(21)) * 2.0**-11).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_number_depends_on_its_place_only(dtype: str) -> None:
    for draw in (philox_uniform, philox_normal):
        long = draw(1, 0, 1000, dtype)
        for n in (0, 1, 2, 3, 4, 5, 999):
            assert (draw(1, 0, n, dtype) == long[:n]).all()
        assert not (draw(1, 1, 1000, dtype) == long).all()
        assert not (draw(2, 0, 1000, dtype) == long).all()


@pytest.mark.parametrize("dtype", FLOATS)
def test_moments(dtype: str) -> None:
    stream = PhiloxStream(np)
    u = stream.uniform((200000,), dtype).astype(np.float64)
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(u.mean() - 0.5) < 0.003
    assert abs(u.var() - 1 / 12) < 0.001
    z = stream.normal((200000,), dtype, 2.0, 3.0).astype(np.float64)
    assert abs(z.mean() - 2) < 0.03
    assert abs(z.std() - 3) < 0.03
    assert abs((((z - 2) / 3) ** 4).mean() - 3) < 0.1
    assert abs(np.corrcoef(z[0::2], z[1::2])[0, 1]) < 0.02


@pytest.mark.parametrize("dtype", FLOATS)
def test_uniform_excludes_the_upper_end(dtype: str) -> None:
    drawn = PhiloxStream(np).uniform((100000,), dtype, 1000.0, 1001.0)
    assert drawn.dtype == dtype
    assert drawn.min() >= 1000
    assert drawn.max() < 1001


def test_the_stream_draws_everything_and_steps_once_a_draw() -> None:
    stream = PhiloxStream(np)
    draws: list[Any] = [
        stream.integers(-2, 5, (3, 4), np.int64),
        stream.integers(0, 2**40, (3,), np.int64),
        stream.whole_range((5,), np.uint8),
        stream.bernoulli(0.3, (5,), np.float32),
        stream.bernoulli(np.full(5, 0.3, np.float32), (5,), np.float32),
        stream.exponential((5,), np.float32, 2.0),
        stream.multinomial(np.array([[0.2, 0.8, 0.0]]), 2, False),
        stream.multinomial(np.array([[0.2, 0.8, 0.0]]), 5, True),
        stream.permutation(10, np.int64),
        stream.normal((), np.float32),
        stream.uniform((0,), np.float64),
    ]
    assert stream.offset == len(draws)
    assert draws[0].min() >= -2
    assert draws[0].max() < 5
    assert sorted(draws[6][0].tolist()) == [0, 1]
    assert draws[7].max() <= 1
    assert sorted(draws[8].tolist()) == list(range(10))


def test_seed_and_state() -> None:
    stream = PhiloxStream(np)
    stream.manual_seed(2**63 + 5)
    first = stream.uniform((5,), np.float32)
    state = stream.get_state()
    second = stream.uniform((5,), np.float32)
    assert not (first == second).all()
    stream.set_state(state)
    assert (stream.uniform((5,), np.float32) == second).all()
    stream.manual_seed(2**63 + 5)
    assert (stream.uniform((5,), np.float32) == first).all()
    with pytest.raises(RuntimeError, match="RNG state is wrong size"):
        stream.set_state(state[:5])
