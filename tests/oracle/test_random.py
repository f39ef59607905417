"""Random numbers against PyTorch's: long random sequences of calls from the same seed."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.random import fillers

torch = pytest.importorskip("torch")

pytestmark = pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"),
    reason="without AVX2 PyTorch's own numbers differ in the last bits",
)


def uses_the_twister(draw: Callable[[Any], Any]) -> bool:
    """Whether a draw of nine numbers takes nine 64-bit words from PyTorch's generator.

    With MKL on Intel processors some draws take one word and seed a generator of MKL's with it.
    """
    torch.manual_seed(0)
    draw(torch.empty(9))
    following = torch.rand(1)
    torch.manual_seed(0)
    torch.rand(18)
    return bool(following == torch.rand(1))


BERNOULLI = uses_the_twister(lambda t: t.bernoulli_(0.5))
EXPONENTIAL = uses_the_twister(lambda t: t.exponential_())

SHAPES = [
    (0,), (1,), (15,), (16,), (17,), (31,), (32,), (100,), (10007,),
    (), (3, 5), (2, 0, 3), (4, 4), (7, 3, 11),
]  # fmt: skip
FLOATS = ["float16", "float32", "float64"]
INTEGERS = ["uint8", "int8", "int16", "int32", "int64"]
try:
    BFLOAT16: Any = gpugrad.bfloat16.numpy
    FLOATS.append("bfloat16")
except TypeError:  # its NumPy type is an optional package
    BFLOAT16 = None

ULPS = 4
"""Allowed in float64 numbers that pass through the platform's logarithm, sine and cosine."""


class Pair:
    """The same call on an array of ours and a tensor of PyTorch's."""

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        self.dtype = dtype
        self.array = np.empty(shape, BFLOAT16 if dtype == "bfloat16" else dtype)
        self.tensor = torch.empty(shape, dtype=getattr(torch, dtype))

    def check(self, exact: bool = True, scale: float = 0.0) -> None:
        theirs, ours = self.tensor, self.array
        if self.dtype == "bfloat16":
            theirs, ours = theirs.float(), ours.astype(np.float32)
        if exact:
            np.testing.assert_array_equal(ours, theirs.numpy(), strict=True)
        else:
            eps = np.finfo(np.float64).eps
            np.testing.assert_allclose(
                ours, theirs.numpy(), rtol=ULPS * eps, atol=ULPS * eps * scale, strict=True
            )


def uniform(r: random.Random, pair: Pair) -> None:
    low = r.choice([0.0, -0.1, -(3**-0.5), 2.5, -7.0, 1000.0])
    high = low + r.choice([1e-3, 0.2, 1.0, 3.3, -2 * low if low < 0 else 5.0])
    fillers.fill_uniform(pair.array, low, high)
    pair.tensor.uniform_(low, high)
    pair.check()


def unit_uniform(r: random.Random, pair: Pair) -> None:
    fillers.fill_uniform(pair.array)
    pair.tensor.uniform_()
    pair.check()


def normal(r: random.Random, pair: Pair) -> None:
    mean, std = r.choice([0.0, 0.3, -2.0]), r.choice([1.0, 0.02, 3.3, 0.0])
    fillers.fill_normal(pair.array, mean, std)
    pair.tensor.normal_(mean, std)
    pair.check(pair.dtype != "float64" or pair.array.size < 16, 8 * std)


def unit_normal(r: random.Random, pair: Pair) -> None:
    fillers.fill_normal(pair.array)
    pair.tensor.normal_()
    pair.check(pair.dtype != "float64" or pair.array.size < 16)


def exponential(r: random.Random, pair: Pair) -> None:
    if not EXPONENTIAL:
        return
    rate = r.choice([1.0, 0.5, 3.3])
    fillers.fill_exponential(pair.array, rate)
    pair.tensor.exponential_(rate)
    pair.check(pair.dtype != "float64")


def bernoulli(r: random.Random, pair: Pair) -> None:
    if not BERNOULLI:
        return
    p = r.choice([0.0, 1.0, r.random()])
    fillers.fill_bernoulli(pair.array, p)
    pair.tensor.bernoulli_(p)
    pair.check()


def bernoulli_tensor(r: random.Random, pair: Pair) -> None:
    p = np.random.RandomState(r.randrange(1000)).rand(*pair.array.shape)
    dtype = r.choice(["float16", "float32", "float64"])
    p = np.asarray(p, dtype)
    fillers.fill_bernoulli(pair.array, p)
    pair.tensor.bernoulli_(torch.from_numpy(p))
    pair.check()


def whole_range(r: random.Random, pair: Pair) -> None:
    fillers.fill_random(pair.array)
    pair.tensor.random_()
    pair.check()


def whole_numbers(r: random.Random, pair: Pair) -> None:
    low = r.choice([0, 3, 5 if pair.dtype == "uint8" else -5])
    high = low + r.choice([1, 2, 10, 17, 100])
    if pair.dtype == "bool":
        low, high = r.choice([(0, 1), (0, 2), (1, 2)])
    if pair.dtype in ("int32", "int64", "float32", "float64"):
        high += r.choice([0, 2**28 - 107, 2**28, 2**30])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # beyond the precision of the type
        fillers.fill_random(pair.array, low, high)
        pair.tensor.random_(low, high)
    pair.check()


def wide_numbers(r: random.Random, pair: Pair) -> None:
    pair = Pair(pair.array.shape, r.choice(["int64", "float64", "float32"]))
    bounds: tuple[int | None, ...] = r.choice(
        [(0, 2**33 + 7), (-(2**40), 2**31), (-(2**63), 2**63 - 1), (5, None), (-(2**63), None)]
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fillers.fill_random(pair.array, *bounds)
        pair.tensor.random_(*bounds)
    pair.check()


def permutation(r: random.Random, pair: Pair) -> None:
    n = r.choice([0, 1, 2, 3, 10, 257, 3000])
    assert gpugrad.randperm(n).tolist() == torch.randperm(n).tolist()


def multinomial(r: random.Random, pair: Pair) -> None:
    rows, k = r.choice([1, 3]), r.choice([1, 5, 40])
    weights = np.random.RandomState(r.randrange(1000)).rand(rows, k)
    replacement = r.random() < 0.5 or not EXPONENTIAL
    n = r.choice([2, 3, 7]) if replacement else r.randint(1, k)
    # Among equal quotients, frequent in float16, PyTorch's order is that of an unstable sort.
    weights = weights.astype(r.choice(["float16"] * replacement + ["float32", "float64"]))
    ours = gpugrad.multinomial(gpugrad.from_numpy(weights), n, replacement)
    theirs = torch.multinomial(torch.from_numpy(weights), n, replacement)
    assert ours.tolist() == theirs.tolist()


def exchange_states(r: random.Random, pair: Pair) -> None:
    ours, theirs = gpugrad.get_rng_state().numpy(), torch.get_rng_state().numpy()
    if r.random() < 0.5:
        torch.set_rng_state(torch.from_numpy(ours))
    else:
        gpugrad.set_rng_state(gpugrad.from_numpy(theirs))


FLOAT_CALLS = (uniform, unit_uniform, normal, unit_normal, exponential)
CALLS: list[tuple[Callable[[random.Random, Pair], None], list[str]]] = [
    *((call, FLOATS) for call in FLOAT_CALLS),
    *((call, FLOATS + INTEGERS + ["bool"]) for call in (bernoulli, bernoulli_tensor)),
    *((call, FLOATS + INTEGERS + ["bool"]) for call in (whole_range, whole_numbers)),
    *((call, ["float32"]) for call in (wide_numbers, permutation, multinomial, exchange_states)),
]


def seed_both(seed: int) -> None:
    gpugrad.manual_seed(seed)
    torch.manual_seed(seed)


@pytest.mark.parametrize("seed", [*range(12), -3, 2**32 + 1, 2**64 - 1])
def test_sequences_of_calls(seed: int) -> None:
    r = random.Random(seed)
    seed_both(seed)
    for _ in range(80):
        call, dtypes = r.choice(CALLS)
        call(r, Pair(r.choice(SHAPES), r.choice(dtypes)))


@pytest.mark.parametrize("call", FLOAT_CALLS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_long_fills(call: Callable[[random.Random, Pair], None], dtype: str) -> None:
    seed_both(5)
    call(random.Random(5), Pair((200003,), dtype))


def test_long_permutations() -> None:
    seed_both(1)
    for n in (60000, 100000):
        np.testing.assert_array_equal(gpugrad.randperm(n).numpy(), torch.randperm(n).numpy())


def test_public_functions() -> None:
    seed_both(2)
    for ours, theirs in (
        (gpugrad.rand(3, 4), torch.rand(3, 4)),
        (gpugrad.randn(5), torch.randn(5)),
        (gpugrad.randn(33, dtype=gpugrad.float16), torch.randn(33, dtype=torch.float16)),
        (gpugrad.randint(7, (3, 2)), torch.randint(7, (3, 2))),
        (gpugrad.randint(-7, high=7, size=(3,)), torch.randint(-7, high=7, size=(3,))),
        (gpugrad.randperm(9, dtype=gpugrad.int32), torch.randperm(9, dtype=torch.int32)),
        (gpugrad.rand_like(gpugrad.zeros(20)), torch.rand_like(torch.zeros(20))),
        (gpugrad.randn_like(gpugrad.zeros(20)), torch.randn_like(torch.zeros(20))),
        (gpugrad.randint_like(gpugrad.zeros(3), 9), torch.randint_like(torch.zeros(3), 9)),
        (gpugrad.normal(1.0, 2.0, (20,)), torch.normal(1.0, 2.0, (20,))),
        (gpugrad.bernoulli(gpugrad.ones(9) * 0.4), torch.bernoulli(torch.ones(9) * 0.4)),
    ):
        assert ours.dtype.name == str(theirs.dtype).removeprefix("torch.")
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), strict=True)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("uniform_", (-0.1, 0.3)),
        ("normal_", (0.5, 0.02)),
        ("exponential_", (2.0,)),
        ("bernoulli_", (0.3,)),
        ("random_", (10,)),
        ("random_", (-3, 4)),
        ("random_", ()),
    ],
)
def test_methods(name: str, args: tuple[Any, ...]) -> None:
    if not {"exponential_": EXPONENTIAL, "bernoulli_": BERNOULLI}.get(name, True):
        pytest.skip("PyTorch takes these numbers from MKL here")
    seed_both(3)
    for shape in ((3, 5), (4, 8)):
        ours, theirs = gpugrad.empty(*shape), torch.empty(*shape)
        assert getattr(ours, name)(*args) is ours
        np.testing.assert_array_equal(ours.numpy(), getattr(theirs, name)(*args).numpy())


@pytest.mark.parametrize("n", [3, 20])
def test_normal_with_tensors(n: int) -> None:
    seed_both(4)
    means, stds = np.linspace(-3, 3, n, dtype=np.float32), np.linspace(0, 2, n, dtype=np.float32)
    arguments: list[tuple[Any, Any]] = [
        (means, stds),
        (means, 0.3),
        (0.7, stds),
        (means[:, None], stds.astype(np.float64)),
        (means.astype(np.float16), stds.astype(np.float16)),
    ]
    for mean, std in arguments:
        ours, theirs = (
            f.normal(*(f.from_numpy(a) if isinstance(a, np.ndarray) else a for a in (mean, std)))
            for f in (gpugrad, torch)
        )
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), strict=True)
