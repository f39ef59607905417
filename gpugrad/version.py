"""The version, and those of the platforms below, under PyTorch's names."""

from __future__ import annotations

__version__ = "0.1.0"
cuda: str | None = None  # CuPy is found at run time; no CUDA version is built in
hip: str | None = None
