"""Calls that both libraries refuse."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import gpugrad

torch = pytest.importorskip("torch")


def refused_alike(
    wrong_calls: Callable[[ModuleType], list[Callable[[], Any]]], *own_text: type[Exception]
) -> Callable[[int], None]:
    """A test that the calls end with errors of the same type and text in both libraries.

    Args:
        wrong_calls: the calls, made with one of the libraries.
        own_text: errors that gpugrad explains in its own words.
    """

    @pytest.mark.parametrize("number", range(len(wrong_calls(torch))))
    def test(number: int) -> None:
        with pytest.raises(Exception) as wanted:  # whatever PyTorch raises
            wrong_calls(torch)[number]()
        with pytest.raises(type(wanted.value)) as found:
            wrong_calls(gpugrad)[number]()
        assert type(found.value) is type(wanted.value)
        if not isinstance(wanted.value, own_text):
            assert str(found.value) == str(wanted.value)

    return test
