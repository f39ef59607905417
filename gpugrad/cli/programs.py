"""The examples that ``gpugrad train`` runs: programs with a model, a loop and a picture each."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence

PROGRAMS: Mapping[str, str] = {
    "digits-cnn": "handwritten digits (scikit-learn's), a convolutional network",
    "moons": "two interleaved half moons; draws the boundary between them",
    "autoencoder": "digits through eight numbers and back; draws both",
    "gan": "a generator and a critic on a ring of eight clusters; draws both",
    "char-gpt": "English text, letter by letter, a small transformer",
    "adder-gpt": "sums of two numbers of two digits, a small transformer",
    "char-lstm": "English text, letter by letter, an LSTM",
    "pinn": "a differential equation, a network whose second derivatives solve it",
}


def run(name: str, arguments: Sequence[str]) -> int:
    """Run a program with its own options; return its exit code."""
    module = importlib.import_module(f"gpugrad.examples.{name.replace('-', '_')}")
    code: int = module.main(arguments)
    return code
