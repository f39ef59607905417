"""Making tensors: from data, filled with a value, as ranges, or like another tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import later as _later
from .from_data import as_tensor as as_tensor
from .from_data import from_numpy as from_numpy
from .from_data import tensor as tensor
from .placing import leaf as leaf

_HOMES = _later.homes(
    {
        "filled": "empty eye full ones zeros",
        "like": (
            "empty_like full_like new_empty new_full new_ones new_tensor new_zeros ones_like "
            "zeros_like"
        ),
        "ranges": "arange linspace logspace range",
        "strided": "empty_permuted empty_strided new_empty_strided scalar_tensor",
        "windows": "bartlett_window blackman_window hamming_window hann_window kaiser_window",
    }
)

if TYPE_CHECKING:
    from .filled import empty as empty
    from .filled import eye as eye
    from .filled import full as full
    from .filled import ones as ones
    from .filled import zeros as zeros
    from .like import empty_like as empty_like
    from .like import full_like as full_like
    from .like import new_empty as new_empty
    from .like import new_full as new_full
    from .like import new_ones as new_ones
    from .like import new_tensor as new_tensor
    from .like import new_zeros as new_zeros
    from .like import ones_like as ones_like
    from .like import zeros_like as zeros_like
    from .ranges import arange as arange
    from .ranges import linspace as linspace
    from .ranges import logspace as logspace
    from .ranges import range as range
    from .strided import empty_permuted as empty_permuted
    from .strided import empty_strided as empty_strided
    from .strided import new_empty_strided as new_empty_strided
    from .strided import scalar_tensor as scalar_tensor
    from .windows import bartlett_window as bartlett_window
    from .windows import blackman_window as blackman_window
    from .windows import hamming_window as hamming_window
    from .windows import hann_window as hann_window
    from .windows import kaiser_window as kaiser_window


def __getattr__(name: str) -> Any:
    return _later.found(__name__, _HOMES, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
