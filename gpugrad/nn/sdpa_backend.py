"""Which implementation of attention is used: here there is one, so the choice changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum


class SDPBackend(IntEnum):
    """PyTorch's names of its implementations of ``scaled_dot_product_attention``."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextmanager
def sdpa_kernel(
    backends: list[SDPBackend] | SDPBackend, set_priority: bool = False
) -> Iterator[None]:
    """A context in which PyTorch would use one of the implementations named; also a decorator.

    Args:
        backends: accepted, as ``set_priority`` is.

    Raises:
        AssertionError: ``backends`` is neither an ``SDPBackend`` nor a list.

    >>> import gpugrad
    >>> from gpugrad.nn.attention import SDPBackend, sdpa_kernel
    >>> x = gpugrad.zeros(1, 2, 4)
    >>> with sdpa_kernel(SDPBackend.MATH):
    ...     gpugrad.nn.functional.scaled_dot_product_attention(x, x, x).shape
    torch.Size([1, 2, 4])
    """
    if not isinstance(backends, (list, SDPBackend)):
        raise AssertionError(
            "Backend must be an instance of SDPBackend or a list of SDPBackend instances, got "
            f"{type(backends).__name__}"
        )
    yield
