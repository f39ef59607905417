"""Dropout of whole channels."""

from __future__ import annotations

import warnings

from ...tensor import Tensor
from .dropout import dropout


def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Zero every channel with probability ``p`` and divide the rest by 1 - p, if ``training``.

    Shape:
        input (N, C, L) or (C, L).

    Raises:
        RuntimeError: another number of dimensions.
        ValueError: ``p`` is not between 0 and 1.

    >>> import gpugrad
    >>> gpugrad.nn.functional.dropout1d(gpugrad.ones(3, 4), training=False).shape
    torch.Size([3, 4])
    """
    require_probability(p)
    if input.dim() not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.dim()}D input. Note that "
            "dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, "
            "a channel dimension, and an optional batch dimension (i.e. 2D or 3D inputs)."
        )
    if input.dim() == 3:
        return _by_channel(input, p, training, inplace)
    result: Tensor = _by_channel(input.unsqueeze(0), p, training, inplace).squeeze(0)
    return result


def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Zero every channel with probability ``p`` and divide the rest by 1 - p, if ``training``.

    Shape:
        input (N, C, H, W); (N, C, L) is taken too, with a warning.

    >>> import gpugrad
    >>> gpugrad.nn.functional.dropout2d(gpugrad.ones(2, 3, 4, 4), training=False).shape
    torch.Size([2, 3, 4, 4])
    """
    require_probability(p)
    if input.dim() == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout "
            "behavior is desired - input is interpreted as shape (N, C, L), where C is the channel "
            "dim. This behavior will change in a future release to interpret the input as one "
            "without a batch dimension, i.e. shape (C, H, W). To maintain the 1D channel-wise "
            "dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    elif input.dim() != 4:
        warnings.warn(
            f"dropout2d: Received a {input.dim()}-D input to dropout2d, which is deprecated and "
            "will result in an error in a future release. To retain the behavior and silence this "
            "warning, please use dropout instead. Note that dropout2d exists to provide "
            "channel-wise dropout on inputs with 2 spatial dimensions, a channel dimension, and an "
            "optional batch dimension (i.e. 3D or 4D inputs).",
            stacklevel=2,
        )
    return _by_channel(input, p, training, inplace)


def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """Zero every channel with probability ``p`` and divide the rest by 1 - p, if ``training``.

    Shape:
        input (N, C, D, H, W) or (C, D, H, W).

    >>> import gpugrad
    >>> gpugrad.nn.functional.dropout3d(gpugrad.ones(2, 3, 4, 4, 4), training=False).shape
    torch.Size([2, 3, 4, 4, 4])
    """
    require_probability(p)
    if input.dim() not in (4, 5):
        warnings.warn(
            f"dropout3d: Received a {input.dim()}-D input to dropout3d, which is deprecated and "
            "will result in an error in a future release. To retain the behavior and silence this "
            "warning, please use dropout instead. Note that dropout3d exists to provide "
            "channel-wise dropout on inputs with 3 spatial dimensions, a channel dimension, and an "
            "optional batch dimension (i.e. 4D or 5D inputs).",
            stacklevel=2,
        )
    if input.dim() == 5:
        return _by_channel(input, p, training, inplace)
    result: Tensor = _by_channel(input.unsqueeze(0), p, training, inplace).squeeze(0)
    return result


def require_probability(p: float) -> None:
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _by_channel(input: Tensor, p: float, training: bool, inplace: bool) -> Tensor:
    if not training or p == 0 or input.numel() == 0:
        return input
    shape = (*input.shape[:2], *(1,) * (input.dim() - 2))
    mask = dropout(input.new_ones(shape), p)
    result: Tensor = input.mul_(mask) if inplace else input * mask
    return result
