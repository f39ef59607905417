"""Steps of recurrent layers in C: ``kernels/native_recurrence.c``.

:mod:`gpugrad.backend.cpu_recurrence` says how its arrays lie.
"""

from __future__ import annotations

from typing import Any

from .library import FLOAT64, Family, Function

_functions = Family(
    "native_recurrence",
    {
        "lstm_step": "v:aaannnn",
        "lstm_step_back": "v:aaaaaann",
        "gru_step": "v:aannnn",
        "gru_step_back": "v:aaaaaannnn",
    },
)


def step(name: str, dtype: Any) -> Function | None:
    """A step for arrays of float32 or float64; None where there is no C code."""
    return _functions[name, dtype == FLOAT64]
