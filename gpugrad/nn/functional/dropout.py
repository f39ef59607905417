"""Dropout."""

from __future__ import annotations

from typing import Any

from ...autograd.inplace import apply_inplace
from ...creation import empty_like, zeros_like
from ...ops.dropout import NativeDropout
from ...random.generator import stream_of
from ...tensor import Tensor


def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Zero every element with probability ``p`` and divide the rest by 1 - p, if ``training``.

    On the CPU the elements that fall are those that PyTorch drops for the same seed. On a GPU they
    depend on the seed, the number of draws before and their place only, and backward finds them
    again without a mask in memory.

    Raises:
        ValueError: ``p`` is not between 0 and 1.

    >>> import gpugrad
    >>> _ = gpugrad.manual_seed(0)
    >>> gpugrad.nn.functional.dropout(gpugrad.ones(4), p=0.5)
    tensor([0., 0., 2., 0.])
    """
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
    if not training or p == 0 or input.numel() == 0:
        return input
    if input.is_cuda and p < 1 and input.is_floating_point():
        return _dropped_by_kernel(input, p, inplace)
    mask = _drawn(input, 1 - p).div_(1 - p) if p < 1 else zeros_like(input, requires_grad=False)
    result: Tensor = input.mul_(mask) if inplace else input * mask
    return result


def _dropped_by_kernel(input: Tensor, p: float, inplace: bool) -> Tensor:
    stream: Any = stream_of(input.device)  # of a CUDA device: one whose state a kernel can raise
    with stream.lock, stream.on_device():
        state = stream.state_to_draw_from()
        if inplace:
            apply_inplace(NativeDropout, input, state, float(p))
            return input
        result: Tensor = NativeDropout.apply(input, state, float(p))
        return result


def _drawn(input: Tensor, keep: float) -> Tensor:
    """Ones with probability ``keep``, else zeros, drawn in the order of the input's memory."""
    if input.is_contiguous():
        mask: Tensor = empty_like(input, requires_grad=False).bernoulli_(keep)
        return mask
    strides = input.stride()
    order = sorted(range(input.dim()), key=lambda d: -strides[d])
    mask = empty_like(input.permute(*order), requires_grad=False).bernoulli_(keep)
    back: Tensor = mask.permute(*(order.index(d) for d in range(input.dim())))
    return back
