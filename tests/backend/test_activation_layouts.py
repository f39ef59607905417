"""Large activations keep the layout of their input, whatever that of the gradient is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu
from tests.capture.training import drawn

SHAPE = (8, 16, 64, 32)

GRADIENTS: dict[str, Callable[[Any, Any], Any]] = {
    "hardtanh": lambda x, grad: cpu.hardtanh_grad(x, grad, -0.5, 0.5),
    "leaky_relu": lambda x, grad: cpu.leaky_relu_grad(x, grad, 0.1),
    "softplus": lambda x, grad: cpu.softplus_grad(x, grad, 1.0, 20.0),
}


@pytest.mark.parametrize("name", GRADIENTS)
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_repeated_gradient(name: str, order: str) -> None:
    """As that of a mean over pixels is: a turned result would make each later step slow."""
    x = np.asarray(drawn(0, *SHAPE).numpy(), order="C" if order == "C" else "F")
    small = drawn(1, 16, 8).numpy().T[:, :, None, None]
    repeated = np.broadcast_to(small, SHAPE)
    found = GRADIENTS[name](x, repeated)
    wanted = GRADIENTS[name](x, np.ascontiguousarray(repeated))
    np.testing.assert_allclose(found, wanted, rtol=1e-6)
    assert found.flags.c_contiguous if order == "C" else found.flags.f_contiguous
