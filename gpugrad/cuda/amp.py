"""PyTorch's old place for what :mod:`gpugrad.amp` has."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from ..amp import autocast_mode, grad_scaler
from ..dtypes import dtype as Dtype
from ..dtypes import float16


def _warn(old: str, new: str) -> None:
    warnings.warn(
        f"`gpugrad.cuda.amp.{old}(args...)` is deprecated. Please use `gpugrad.amp.{new}` instead.",
        FutureWarning,
        stacklevel=3,
    )


class autocast(autocast_mode.autocast):  # noqa: N801  # PyTorch's name
    """:class:`gpugrad.amp.autocast` for CUDA devices. Warns: the other name is to be used."""

    def __init__(
        self, enabled: bool = True, dtype: Dtype = float16, cache_enabled: bool = True
    ) -> None:
        _warn("autocast", "autocast('cuda', args...)")
        super().__init__("cuda", dtype, enabled, cache_enabled)


def custom_fwd(fwd: Callable[..., Any] | None = None, *, cast_inputs: Dtype | None = None) -> Any:
    """:func:`gpugrad.amp.custom_fwd` for CUDA devices. Warns."""
    _warn("custom_fwd", "custom_fwd(args..., device_type='cuda')")
    return autocast_mode.custom_fwd(fwd, device_type="cuda", cast_inputs=cast_inputs)


def custom_bwd(bwd: Callable[..., Any]) -> Any:
    """:func:`gpugrad.amp.custom_bwd` for CUDA devices. Warns."""
    _warn("custom_bwd", "custom_bwd(args..., device_type='cuda')")
    return autocast_mode.custom_bwd(bwd, device_type="cuda")


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
        _warn("GradScaler", "GradScaler('cuda', args...)")
        super().__init__(
            "cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled
        )
