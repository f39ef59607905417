"""PyTorch's old place for :class:`gpugrad.amp.autocast` on the CPU."""

from __future__ import annotations

import warnings

from ..amp import autocast_mode
from ..amp.grad_scaler import GradScaler as GradScaler
from ..dtypes import bfloat16
from ..dtypes import dtype as Dtype


class autocast(autocast_mode.autocast):  # noqa: N801  # PyTorch's name
    """:class:`gpugrad.amp.autocast` for the CPU. Warns: the other name is to be used."""

    def __init__(
        self, enabled: bool = True, dtype: Dtype = bfloat16, cache_enabled: bool = True
    ) -> None:
        warnings.warn(
            "`gpugrad.cpu.amp.autocast(args...)` is deprecated. Please use "
            "`gpugrad.amp.autocast('cpu', args...)` instead.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__("cpu", dtype, enabled, cache_enabled)
