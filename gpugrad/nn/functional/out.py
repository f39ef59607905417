"""The ``out`` argument of those functions that have one."""

from __future__ import annotations

from ...out_argument import into
from ...tensor import Tensor


def stored(out: Tensor, result: Tensor, name: str) -> Tensor:
    """``out`` with the values of ``result``, resized, with a warning, if need be."""
    kept: Tensor = into(out, result, name)
    return kept
