"""Random numbers: PyTorch's values from the same seed (pinned here), states, and refusals."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend.random import CPUStream
from gpugrad.random import fillers

FLOATS = ("float16", "float32", "float64")


def digest(array: Any) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()[:16]


def filled(fill: Callable[..., None], shape: Any, dtype: str, *args: Any) -> Any:
    array = np.empty(shape, dtype)
    fill(array, *args)
    return array


# --- PyTorch's numbers ----------------------------------------------------------------------------


def test_rand_and_randn_give_pytorchs_numbers() -> None:
    gpugrad.manual_seed(0)
    assert gpugrad.rand(4).tolist() == [
        float.fromhex(h) for h in ("0x1.fc2abp-2", "0x1.89545ep-1", "0x1.6a675p-4", "0x1.0e66p-3")
    ]
    gpugrad.manual_seed(0)
    assert gpugrad.rand(3, dtype=gpugrad.float64).tolist() == [
        float.fromhex(h)
        for h in ("0x1.f0aac97c4aa2fp-1", "0x1.6a675d821cccp-1", "0x1.d6687b744a5f6p-2")
    ]
    gpugrad.manual_seed(0)
    assert gpugrad.randn(20).tolist()[:3] == [
        -1.1258398294448853,
        -1.152360200881958,
        -0.2505785822868347,
    ]


def test_small_draws_keep_the_second_normal_number_of_a_pair() -> None:
    gpugrad.manual_seed(0)
    first = gpugrad.randn(3).tolist()
    assert first == [1.5409960746765137, -0.293428897857666, -2.1787893772125244]
    assert gpugrad.randn(0).tolist() == []
    assert gpugrad.randn(2).tolist() == [0.5684312582015991, -1.0845223665237427]
    assert gpugrad.rand(1).tolist() == [0.022325754165649414]


@pytest.mark.parametrize(
    ("fill", "dtype", "args", "expected"),
    [
        (fillers.fill_uniform, "float32", (), "ed6e45ca690e145d"),
        (fillers.fill_uniform, "float32", (-0.1, 0.3), "a956ada219fc4651"),
        (fillers.fill_uniform, "float64", (-0.1, 0.3), "7f69df60b2a62972"),
        (fillers.fill_uniform, "float16", (-0.1, 0.3), "ca06fd6ae6ae813a"),
        (fillers.fill_normal, "float32", (), "b1572fe69d4d2784"),
        (fillers.fill_normal, "float32", (0.5, 0.02), "c6615eb2b71ed7d0"),
        (fillers.fill_bernoulli, "float32", (0.3,), "fe9fcbbc5f918105"),
    ],
)
def test_long_fills_equal_pytorchs_to_the_last_bit(
    fill: Callable[..., None], dtype: str, args: tuple[float, ...], expected: str
) -> None:
    gpugrad.manual_seed(1)
    assert digest(filled(fill, 10007, dtype, *args)) == expected


def test_float16_normal_numbers_redraw_the_tail_differently() -> None:
    gpugrad.manual_seed(0)
    drawn = gpugrad.randn(20, dtype=gpugrad.float16).tolist()
    assert drawn[3:6] == [-0.433837890625, -1.3525390625, -1.6962890625]
    assert drawn[-1] == -0.84375


def test_float64_normal_numbers() -> None:
    gpugrad.manual_seed(0)
    drawn = gpugrad.randn(17, dtype=gpugrad.float64).tolist()
    # Logarithm, sine and cosine are the platform's: close, not always equal.
    np.testing.assert_allclose(
        [drawn[0], drawn[1], drawn[16]],
        [-2.310411800234176, -0.6332746088675096, 0.6748575435940039],
        rtol=1e-14,
    )


def test_randint_takes_wide_words_from_ranges_of_2_to_the_28() -> None:
    gpugrad.manual_seed(0)
    assert gpugrad.randint(0, 10, (10,)).tolist() == [4, 9, 3, 0, 3, 9, 7, 3, 7, 3]
    wide = gpugrad.randint(-5, 2**40, (3,)).tolist()
    assert wide == [91791038552, 155860016575, 300816483751]
    assert gpugrad.randint(2**28, (2,)).tolist() == [97308044, 172507841]
    assert gpugrad.randint(2**28 - 1, (2,)).tolist() == [179207666, 267012659]


def test_randperm() -> None:
    gpugrad.manual_seed(0)
    assert gpugrad.randperm(10).tolist() == [4, 1, 7, 5, 3, 9, 0, 8, 6, 2]
    gpugrad.manual_seed(0)
    assert digest(gpugrad.randperm(60000).numpy()) == "4c226c41bdd65c9e"


def test_the_other_distributions() -> None:
    gpugrad.manual_seed(0)
    exponential = filled(fillers.fill_exponential, 4, "float32", 2.0)
    assert exponential.tolist() == [
        1.754163146018982,
        0.6151923537254333,
        0.3075220584869385,
        1.267559289932251,
    ]
    gpugrad.manual_seed(0)
    weights = gpugrad.tensor([1.0, 2.0, 3.0, 4.0])
    assert gpugrad.multinomial(weights, 3).tolist() == [2, 1, 3]
    assert gpugrad.multinomial(weights, 6, True).tolist() == [3, 3, 1, 2, 2, 1]
    assert gpugrad.multinomial(weights, 1).tolist() == [1]
    gpugrad.manual_seed(0)
    p = gpugrad.tensor([0.4] * 12)
    assert gpugrad.bernoulli(p).tolist() == [0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0]
    p = gpugrad.tensor([0.4] * 12, dtype=gpugrad.float64)
    assert gpugrad.bernoulli(p).tolist() == [1, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0, 1]


def test_random_fills_the_range_of_the_dtype() -> None:
    gpugrad.manual_seed(0)
    for dtype, expected in (
        ("int64", [900450186894289455, 3969543146641149120]),
        ("uint8", [67, 251, 195, 103]),
        ("float32", [7644061.0, 10608180.0, 5853296.0, 6739600.0]),
        ("float16", [45.0, 1569.0, 1648.0, 1403.0]),
        ("bool", [False, False, False, True, False, True]),
        ("float64", [1592468560659571.0, 3199958480946886.0]),
    ):
        assert filled(fillers.fill_random, len(expected), dtype).tolist() == expected


def test_negative_seeds_and_the_low_32_bits() -> None:
    gpugrad.manual_seed(-1)
    assert gpugrad.initial_seed() == 2**64 - 1
    expected = [0.9937993884086609, 0.5713063478469849]
    assert gpugrad.rand(2).tolist() == expected
    gpugrad.manual_seed(2**32 - 1)
    assert gpugrad.rand(2).tolist() == expected


# --- properties -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("bounds", [(0.0, 1.0), (1000.0, 1001.0), (-3.0, -2.9999), (2.0, 2.0)])
def test_uniform_excludes_the_upper_end(dtype: str, bounds: tuple[float, float]) -> None:
    gpugrad.manual_seed(3)
    drawn = filled(fillers.fill_uniform, 100000, dtype, *bounds)
    low, high = (np.dtype(dtype).type(b) for b in bounds)
    assert drawn.min() >= low
    assert drawn.max() < high if low < high else drawn.max() == low


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 1000, 20000])
def test_a_permutation_is_the_loop_that_it_replaces(n: int) -> None:
    stream = CPUStream()
    words = stream.words(max(n - 1, 0)).tolist()
    expected = list(range(n))
    for i, word in enumerate(words):
        j = i + word % (n - i)
        expected[i], expected[j] = expected[j], expected[i]
    stream.manual_seed(stream.seed)
    assert stream.permutation(n, np.dtype(np.int64)).tolist() == expected


def test_moments() -> None:
    gpugrad.manual_seed(0)
    z = gpugrad.randn(400, 500).numpy()
    assert abs(z.mean()) < 0.01
    assert abs(z.std() - 1) < 0.01
    assert abs((z**4).mean() - 3) < 0.1
    e = filled(fillers.fill_exponential, 200000, "float64", 4.0)
    assert abs(e.mean() - 0.25) < 0.003


def test_shapes_and_dtypes() -> None:
    assert gpugrad.rand(2, 3).shape == (2, 3)
    assert gpugrad.rand((2, 3)).shape == (2, 3)
    assert gpugrad.rand([2, 3]).shape == (2, 3)
    assert gpugrad.randn(size=(4,)).shape == (4,)
    assert gpugrad.rand(()).shape == ()
    assert gpugrad.randn(2, 0, 3).shape == (2, 0, 3)
    assert gpugrad.rand(np.int64(2)).dtype == gpugrad.float32
    assert gpugrad.randn(17, dtype=gpugrad.float16).dtype == gpugrad.float16
    assert gpugrad.randint(3, (2,)).dtype == gpugrad.int64
    assert gpugrad.randint(low=1, high=3, size=(2,), dtype=gpugrad.float32).dtype == gpugrad.float32
    assert gpugrad.randperm(5, dtype=gpugrad.int32).dtype == gpugrad.int32
    assert gpugrad.rand(2, requires_grad=True).requires_grad
    assert not gpugrad.rand(2).requires_grad
    like = gpugrad.zeros(2, 3, dtype=gpugrad.float64)
    assert gpugrad.rand_like(like).dtype == gpugrad.float64
    assert gpugrad.randn_like(like, dtype=gpugrad.float32).shape == (2, 3)
    assert gpugrad.randint_like(like, 5).dtype == gpugrad.float64
    assert gpugrad.multinomial(gpugrad.ones(3, 4), 2).shape == (3, 2)
    assert gpugrad.multinomial(gpugrad.ones(0, 4), 2, True).shape == (0, 2)


def test_normal_takes_numbers_and_tensors() -> None:
    gpugrad.manual_seed(0)
    z = gpugrad.randn(3)
    for mean, std in (
        (gpugrad.tensor([1.0, 2.0, 3.0]), 2.0),
        (1.0, gpugrad.tensor([1.0, 2.0, 3.0])),
        (gpugrad.tensor([1.0, 2.0, 3.0]), gpugrad.tensor(0.5)),
    ):
        gpugrad.manual_seed(0)
        assert bool((gpugrad.normal(mean, std) == z * std + mean).all())
    gpugrad.manual_seed(0)
    assert gpugrad.normal(0, 1, (3,)).tolist() == z.tolist()
    assert gpugrad.normal(gpugrad.zeros(2, 1), gpugrad.ones(3)).shape == (2, 3)


# --- generators and states ------------------------------------------------------------------------


def test_generators_are_independent() -> None:
    g = gpugrad.Generator()
    assert g.initial_seed() == 67280421310721
    assert g.device == gpugrad.device("cpu")
    assert g.manual_seed(5) is g
    before = gpugrad.get_rng_state()
    first = gpugrad.rand(3, generator=g)
    assert bool((gpugrad.get_rng_state() == before).all())
    gpugrad.manual_seed(5)
    assert gpugrad.rand(3).tolist() == first.tolist()
    assert g.seed() == g.initial_seed()


def test_the_default_generator_starts_from_a_seed_of_its_own() -> None:
    assert gpugrad.manual_seed(7) is gpugrad.default_generator
    assert gpugrad.initial_seed() == 7
    chosen = gpugrad.seed()
    assert chosen == gpugrad.initial_seed() != 7
    assert 0 <= chosen < 2**64


def test_states_hold_position_and_kept_number() -> None:
    gpugrad.manual_seed(11)
    gpugrad.randn(3)
    for skip in (0, 600, 20):
        gpugrad.rand(skip)
        state = gpugrad.get_rng_state()
        assert state.dtype == gpugrad.uint8
        expected = gpugrad.randn(3).tolist() + gpugrad.rand(700).tolist()
        gpugrad.set_rng_state(state)
        assert gpugrad.randn(3).tolist() + gpugrad.rand(700).tolist() == expected
    other = gpugrad.Generator()
    assert other.set_state(state) is other
    assert other.initial_seed() == 11
    assert bool((other.get_state() == state).all())


def test_states_that_are_none_are_refused() -> None:
    g = gpugrad.Generator()
    with pytest.raises(TypeError, match=r"expected a torch\.ByteTensor, but got int"):
        g.set_state(3)
    with pytest.raises(TypeError, match=r"RNG state must be a torch\.ByteTensor"):
        g.set_state(gpugrad.zeros(5056))
    with pytest.raises(RuntimeError, match="of size 5056 but found the input RNG state size to be"):
        g.set_state(gpugrad.zeros(10, dtype=gpugrad.uint8))
    with pytest.raises(RuntimeError, match="Invalid mt19937 state"):
        g.set_state(gpugrad.zeros(5056, dtype=gpugrad.uint8))


def test_threads_share_a_stream_without_losing_numbers() -> None:
    gpugrad.manual_seed(0)
    expected = sorted(gpugrad.rand(4000).tolist())
    gpugrad.manual_seed(0)
    drawn: list[float] = []

    def work() -> None:
        for _ in range(100):
            drawn.extend(gpugrad.rand(10).tolist())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(drawn) == expected


@pytest.mark.parametrize(
    "draw",
    [
        lambda *n: gpugrad.rand(*n),
        lambda *n: gpugrad.rand(*n, dtype=gpugrad.float64),
        lambda *n: gpugrad.randint(-3, 9, n),
    ],
    ids=["float32", "float64", "int64"],
)
def test_few_numbers_are_those_of_one_long_draw(draw: Any) -> None:
    gpugrad.manual_seed(7)
    together = draw(60).tolist()
    gpugrad.manual_seed(7)
    assert [draw(1).item() for _ in range(7)] + draw(8).tolist() + draw(45).tolist() == together


@pytest.mark.parametrize("dtype", [gpugrad.float32, gpugrad.float64])
def test_bernoulli_of_a_single_probability(dtype: Any) -> None:
    """Of arrays without dimensions, NumPy's comparisons are no arrays."""
    drawn = gpugrad.bernoulli(gpugrad.tensor(1.0, dtype=dtype))
    assert drawn.numpy() == 1
    assert drawn.dtype is dtype
