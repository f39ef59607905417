"""What tests of saving save, and files in memory."""

from __future__ import annotations

import io
import json

import numpy as np
import pytest

from gpugrad import nn

safetensors_numpy = pytest.importorskip("safetensors.numpy")


class Named(io.BytesIO):
    """A file in memory whose name says what format it is to have."""

    name = "file.safetensors"


def small_model() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


def described(content: object, version: object = 1) -> io.BytesIO:
    """A file with one array, ``x``, and any description."""
    text = json.dumps({"version": version, "content": content})
    return io.BytesIO(safetensors_numpy.save({"x": np.ones(2)}, {"gpugrad": text}))
