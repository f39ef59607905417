"""Products of matrices take one thread where a second does not pay, and give the others back."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.native import blas, product_threads

MIDDLE = (64, 128, 128)
"""More than BLAS needs to wake a thread, less than is worth it."""


class Accessors:
    """Stands for BLAS's number of threads, and notes what it is set to."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.set_to: list[int] = []

    def get(self) -> int:
        return self.number

    def set(self, number: int) -> None:
        self.number = number
        self.set_to.append(number)


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Accessors:
    made = Accessors(2)
    monkeypatch.setattr(blas, "thread_accessors", lambda: (made.get, made.set))
    return made


def matrices(rows: int, inner: int, columns: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((rows, inner)), rng.standard_normal((inner, columns))


def test_middle_sized_product_takes_one_thread(two: Accessors) -> None:
    x, y = matrices(*MIDDLE)
    np.testing.assert_array_equal(product_threads.dot(x, y), x @ y)
    assert two.set_to == [1, 2]


@pytest.mark.parametrize("shape", [(64, 64, 64), (128, 128, 128), (1, 4096, 1)])
def test_other_products_leave_the_choice_to_blas(
    two: Accessors, shape: tuple[int, int, int]
) -> None:
    x, y = matrices(*shape)
    np.testing.assert_allclose(product_threads.dot(x, y), x @ y, rtol=1e-12, atol=1e-12)
    assert two.set_to == []


def test_single_thread_is_not_touched(two: Accessors) -> None:
    two.number = 1
    product_threads.dot(*matrices(*MIDDLE))
    assert two.set_to == []


def test_threads_are_given_back_after_an_error(two: Accessors) -> None:
    x, y = matrices(*MIDDLE)
    with pytest.raises(ValueError, match="output array"):
        product_threads.dot(x, y, np.empty(3))
    assert two.set_to == [1, 2]


def test_eager_products_ask(two: Accessors) -> None:
    x, y = (gpugrad.from_numpy(a).requires_grad_() for a in matrices(*MIDDLE))
    (x @ y).sum().backward()
    assert two.set_to == [1, 2] * 3


def test_replayed_products_ask(two: Accessors) -> None:
    x, y = (gpugrad.from_numpy(a) for a in matrices(*MIDDLE))
    product = gpugrad.compile(lambda a, b: (a @ b).tanh())
    for _ in range(4):
        two.set_to.clear()
        result = product(x, y)
    assert two.set_to == [1, 2]
    gpugrad.testing.assert_close(result, (x @ y).tanh())


@pytest.fixture
def two_in_c() -> Iterator[Accessors]:
    made = Accessors(2)
    get = ctypes.CFUNCTYPE(ctypes.c_int)(made.get)
    put = ctypes.CFUNCTYPE(None, ctypes.c_int)(made.set)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blas, "thread_accessors", lambda: (get, put))
        _ask_anew()
        yield made
    _ask_anew()


def _ask_anew() -> None:
    product_threads._library.cache_clear()
    product_threads._library()


@pytest.mark.usefixtures("generated")
@pytest.mark.parametrize(("rows", "expected"), [(64, [1, 2]), (128, [])])
def test_generated_products_ask(two_in_c: Accessors, rows: int, expected: list[int]) -> None:
    if not blas.gemm("double"):
        pytest.skip("NumPy has another BLAS than the one of its wheels")
    x, y = (gpugrad.from_numpy(a) for a in matrices(rows, 128, 128))
    product = gpugrad.compile(lambda a, b: ((a + 1) @ b).tanh())
    for _ in range(4):
        two_in_c.set_to.clear()
        result = product(x, y)
    assert two_in_c.set_to == expected
    gpugrad.testing.assert_close(result, ((x + 1) @ y).tanh())
