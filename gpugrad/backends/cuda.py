"""The switches of matrix products and attention on CUDA."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .. import cuda as _devices


class _MatrixProducts:
    """Whether products may round their operands; here they never do."""

    allow_tf32 = False
    allow_fp16_reduced_precision_reduction = True
    allow_bf16_reduced_precision_reduction = True


matmul = _MatrixProducts()


def is_built() -> bool:
    """Whether there is what CUDA needs."""
    return _devices.is_available()


class _FourierPlans:
    """The plans of Fourier transforms that are kept: none."""

    size, max_size = 0, 0

    def clear(self) -> None:
        """Nothing to do."""


cufft_plan_cache = _FourierPlans()

_attention = {"flash": True, "memory efficient": True, "math": True, "cudnn": True}
# One implementation of attention serves all of them: what is switched is kept and given back.


def flash_sdp_enabled() -> bool:
    """What :func:`enable_flash_sdp` was given, at first True."""
    return _attention["flash"]


def enable_flash_sdp(enabled: bool) -> None:
    """Keep a switch of attention, which changes nothing; so do those below."""
    _attention["flash"] = bool(enabled)


def mem_efficient_sdp_enabled() -> bool:
    """What :func:`enable_mem_efficient_sdp` was given, at first True."""
    return _attention["memory efficient"]


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Keep a switch of attention."""
    _attention["memory efficient"] = bool(enabled)


def math_sdp_enabled() -> bool:
    """What :func:`enable_math_sdp` was given, at first True."""
    return _attention["math"]


def enable_math_sdp(enabled: bool) -> None:
    """Keep a switch of attention."""
    _attention["math"] = bool(enabled)


def cudnn_sdp_enabled() -> bool:
    """What :func:`enable_cudnn_sdp` was given, at first True."""
    return _attention["cudnn"]


def enable_cudnn_sdp(enabled: bool) -> None:
    """Keep a switch of attention."""
    _attention["cudnn"] = bool(enabled)


@contextlib.contextmanager
def sdp_kernel(
    enable_flash: bool = True,
    enable_math: bool = True,
    enable_mem_efficient: bool = True,
    enable_cudnn: bool = True,
) -> Iterator[None]:
    """A context with other switches of attention."""
    before = dict(_attention)
    wanted = (enable_flash, enable_mem_efficient, enable_math, enable_cudnn)
    _attention.update(zip(_attention, wanted, strict=True))
    try:
        yield
    finally:
        _attention.update(before)
