"""Steps of recurrent layers in C: ``kernels/native_recurrence.c``.

:mod:`gpugrad.backend.cpu_recurrence` says how its arrays lie.
"""

from __future__ import annotations

from typing import Any

from .families import Family, Function

_functions = Family(
    "native_recurrence",
    {
        "lstm_step": "aaan",
        "lstm_step_back": "aaaaaan",
        "gru_step": "aan",
        "gru_step_back": "aaaaaan",
    },
)


def step(name: str, acts: Any) -> Function | None:
    """A step for the type of ``acts``; None where there is no C code."""
    return _functions.of(name, acts)
