"""NumPy's BLAS by its addresses, and how many threads it may use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import gpugrad
from gpugrad.native import blas
from gpugrad.native.threads import THREADS


@pytest.fixture(autouse=True)
def _threads_put_back() -> Iterator[None]:
    before, of_blas = THREADS.number, blas.threads()
    yield
    THREADS.number = before
    if of_blas is not None:
        blas.set_threads(of_blas)


def test_library_is_known_or_nothing_of_it() -> None:
    known = blas.openblas() is not None
    assert [bool(blas.gemm(kind)) for kind in ("float", "double")] == [known, known]
    assert (blas.threads() is not None) == known


def test_products_use_as_many_threads_as_asked_for() -> None:
    if blas.openblas() is None:
        pytest.skip("NumPy has another BLAS than the one of its wheels")
    for number in (1, 2):
        gpugrad.set_num_threads(number)
        assert blas.threads() == gpugrad.get_num_threads() == number


def test_unknown_library_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "thread_accessors", lambda: None)
    assert not blas.set_threads(1)
    assert blas.threads() is None
