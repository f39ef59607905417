"""PyTorch's old place for :class:`gpugrad.amp.GradScaler`."""

from __future__ import annotations

import warnings

from ..amp import grad_scaler


class GradScaler(grad_scaler.GradScaler):
    """:class:`gpugrad.amp.GradScaler` for CUDA devices. Warns: the other name is to be used."""

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        warnings.warn(
            "`gpugrad.cuda.amp.GradScaler(args...)` is deprecated. Please use "
            "`gpugrad.amp.GradScaler('cuda', args...)` instead.",
            FutureWarning,
            stacklevel=2,
        )
        super().__init__(
            "cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled
        )
