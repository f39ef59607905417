"""Kernels of the user's own from an expression: ``gpugrad.cuda.elementwise``.

An expression is a tree (``expression``), read from CUDA C (``parser``) or from a Python function
(``symbol``); it is differentiated (``derivative``), computed array by array or written out as a
kernel (``program``, ``source``), and put into the graph (``op``).

Python functions that are to become kernels use the functions that this module exports:

>>> import gpugrad
>>> from gpugrad.elementwise import exp, where
>>> elu = gpugrad.cuda.elementwise(lambda x, alpha: where(x > 0, x, alpha * (exp(x) - 1)))
>>> elu
elementwise("x, alpha", "x > 0 ? x : alpha * (exp(x) - 1)")
>>> elu(gpugrad.tensor([-1.0, 2.0]), 1.0)
tensor([-0.6321,  2.0000])
"""

from __future__ import annotations

from typing import Any

from .op import Elementwise as Elementwise
from .op import elementwise as elementwise
from .parser import ExpressionError as ExpressionError
from .symbol import FUNCTIONS as _FUNCTIONS
from .symbol import where as where


def __getattr__(name: str) -> Any:
    function = _FUNCTIONS.get(name)
    if function is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return function


def __dir__() -> list[str]:
    return sorted([*globals(), *_FUNCTIONS])
