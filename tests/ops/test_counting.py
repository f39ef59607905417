"""``nonzero``, ``bincount``, ``histc``, ``isin``."""

from __future__ import annotations

import pytest

import gpugrad


def test_nonzero() -> None:
    x = gpugrad.tensor([[1, 0], [2, 3]])
    assert x.nonzero().tolist() == [[0, 0], [1, 0], [1, 1]]
    rows, columns = x.nonzero(as_tuple=True)
    assert x[rows, columns].tolist() == [1, 2, 3]
    assert gpugrad.tensor(3).nonzero().shape == (1, 0)
    assert gpugrad.tensor(0).nonzero().shape == (0, 0)
    assert gpugrad.argwhere(x).tolist() == x.nonzero().tolist()


def test_bincount() -> None:
    x = gpugrad.tensor([0, 2, 2])
    assert gpugrad.bincount(x).tolist() == [1, 0, 2]
    assert gpugrad.bincount(x, minlength=5).tolist() == [1, 0, 2, 0, 0]
    weighted = x.bincount(gpugrad.tensor([0.5, 1.0, 2.0]))
    assert weighted.tolist() == [0.5, 0.0, 3.0]
    assert weighted.dtype is gpugrad.float32
    assert x.bincount(x).dtype is gpugrad.float64


def test_histc() -> None:
    x = gpugrad.tensor([1.0, 2.0, 1.0, 3.0, 9.0])
    assert x.histc(bins=4, min=0, max=3).tolist() == [0.0, 2.0, 1.0, 1.0]
    assert x.histc(bins=2).tolist() == [4.0, 1.0]
    assert gpugrad.ones(3).histc(2).tolist() == [0.0, 3.0]


def test_isin() -> None:
    x = gpugrad.tensor([1, 2, 3])
    assert gpugrad.isin(x, gpugrad.tensor([1, 3])).tolist() == [True, False, True]
    assert gpugrad.isin(x, 2, invert=True).tolist() == [True, False, True]
    assert gpugrad.isin(4, x).item() is False


@pytest.mark.parametrize(
    "call, error, text",
    [
        ("tensor([0.0]).bincount()", NotImplementedError, "not implemented for 'Float'"),
        ("tensor([-1]).bincount()", RuntimeError, "1-d non-negative integral inputs"),
        ("tensor([0]).bincount(minlength=-1)", RuntimeError, "minlength should be >= 0"),
        ("tensor([0]).bincount(zeros(2))", RuntimeError, "have the same length as input"),
        ("tensor([1]).histc()", NotImplementedError, "not implemented for 'Long'"),
        ("zeros(1).histc(0)", RuntimeError, "bins must be > 0, but got 0"),
        ("zeros(1).histc(2, 3, 1)", RuntimeError, "max must be larger than min"),
    ],
)
def test_errors(call: str, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        eval(call, dict(vars(gpugrad)))
