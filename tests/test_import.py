"""What ``import gpugrad`` imports, and what is imported when first asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

import gpugrad

LATER = ("gpugrad.nn", "gpugrad.optim", "gpugrad.cuda", "gpugrad.capture", "gpugrad.serialization")
NEVER = ("cupy", "safetensors", "matplotlib", "rich", "sklearn")


def test_only_what_tensors_need_is_imported() -> None:
    program = f"""
import sys
import gpugrad
x = gpugrad.ones(2, requires_grad=True)
(x * x).sum().backward()
print([name for name in {LATER + NEVER + ("numpy.random",)} if name in sys.modules])
gpugrad.nn, gpugrad.optim, gpugrad.cuda, gpugrad.compile, gpugrad.save
print([name for name in {LATER} if name not in sys.modules])
"""
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert found.stdout.split("\n")[:2] == ["[]", "[]"]


@pytest.mark.parametrize("name", sorted({*gpugrad._MODULES, *gpugrad._HOMES}))
def test_every_part_is_there_when_asked_for(name: str) -> None:
    assert getattr(gpugrad, name).__name__.rpartition(".")[2] == name
    assert name in dir(gpugrad)


def test_other_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="module 'gpugrad' has no attribute 'fft_'"):
        gpugrad.fft_  # noqa: B018  # the look-up is what is tested
