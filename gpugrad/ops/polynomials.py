"""Orthogonal polynomials of whole degrees, element by element, without gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.engine import TensorBase, wrap
from ..backend import BACKENDS
from ..backend.polynomials import POLYNOMIALS
from .arguments import needs_tensor, word
from .operands import operands


def _public(name: str, shifted: bool) -> Callable[..., Any]:
    def function(input: Any, n: Any) -> Any:
        prepared = operands(input, n, True)
        if prepared is None:
            raise needs_tensor(f"special_{prefixed}", input, n)
        x, degree = (v.array if isinstance(v, TensorBase) else v for v in prepared)
        known = x if hasattr(x, "dtype") else degree
        if known.dtype.kind == "V" or known.dtype.itemsize < 4:
            raise NotImplementedError(f"\"{prefixed}_cpu\" not implemented for '{word(known)}'")
        xp = BACKENDS[type(known)]
        return wrap(xp.asarray(xp.orthogonal_polynomial(x, degree, name, shifted)))

    prefixed = ("shifted_" if shifted else "") + name
    function.__name__ = function.__qualname__ = prefixed
    argument = "2 input - 1" if shifted else "input"
    text = POLYNOMIALS[name][1]
    function.__doc__ = f"{text} of degree ``n``, of ``{argument}``; without gradient."
    return function


FUNCTIONS = {
    ("shifted_" if shifted else "") + name: _public(name, shifted)
    for name in POLYNOMIALS
    for shifted in ((False, True) if name.startswith("chebyshev") else (False,))
}
"""The polynomials by PyTorch's names."""
