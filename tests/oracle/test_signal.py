"""Window functions have the signatures of PyTorch's."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from gpugrad.signal import windows

torch = pytest.importorskip("torch")


def arguments(function: Any) -> list[tuple[str, Any, str]]:
    parameters = inspect.signature(function).parameters.values()
    return [(p.name, p.kind, str(p.default)) for p in parameters]


@pytest.mark.parametrize("name", torch.signal.windows.windows.__all__)
def test_signature(name: str) -> None:
    theirs = getattr(torch.signal.windows, name)
    assert arguments(getattr(windows, name)) == arguments(theirs)


def test_unknown_arguments_are_refused_by_name() -> None:
    with pytest.raises(TypeError, match=r"hann\(\) got an unexpected keyword argument 'std'"):
        windows.hann(3, std=1.0)
