"""Adding elements around a tensor: ``pad`` in all its modes."""

from __future__ import annotations

from collections.abc import Sequence

from ...autograd.composed import show_as
from ...casting.calls import THREADS, casting
from ...ops.conv import ConstantPadNd
from ...ops.extend import PLACES, extended
from ...tensor import Tensor
from .promotion import refuse_bools

_SHOWN = {
    "reflect": "ReflectionPad{}DBackward0",
    "replicate": "ReplicationPad{}DBackward0",
    "circular": "CopySlices",
}
"""What the results of each mode print as, with the number of dimensions."""


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """The input with elements added before and after its last dimensions.

    Args:
        pad: how many, in pairs (before, after): the first for the last dimension, the second for
            the one before it, and so on. Negative numbers cut elements off.
        mode: ``"constant"`` adds ``value``; ``"reflect"`` mirrors the input at its first and last
            elements, ``"replicate"`` repeats these, ``"circular"`` goes on at the other end.
        value: the number that ``"constant"`` adds, 0 by default.

    Raises:
        RuntimeError: ``pad`` is too long for the input or of odd length, or reaches further than
            the mode can.
        NotImplementedError: an unknown mode, or one that does not take this many dimensions.

    >>> import gpugrad
    >>> gpugrad.nn.functional.pad(gpugrad.tensor([[1, 2, 3]]), (1, 2), mode="reflect")
    tensor([[2, 1, 2, 3, 2, 1]])
    """
    if THREADS and (run := casting(f"{mode}_pad{len(pad) // 2}d")):
        return run(_padded, input, pad, mode, value)
    return _padded(input, pad, mode, value)


def _padded(input: Tensor, pad: Sequence[int], mode: str, value: float | None) -> Tensor:
    widths = tuple(int(n) for n in pad)
    if len(widths) % 2:
        raise RuntimeError("Padding length must be divisible by 2")
    if len(widths) > 2 * input.dim():
        raise RuntimeError(
            "Padding length should be less than or equal to two times the input dimension but got "
            f"padding length {len(widths)} and input of dimension {input.dim()}"
        )
    pairs = list(zip(widths[::2], widths[1::2], strict=True))
    if mode == "constant":
        return _constant(input, pairs, 0 if value is None else value)
    if value is not None:
        raise RuntimeError(f'Padding mode "{mode}" doesn\'t take in value argument')
    if mode not in PLACES:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if len(pairs) not in (1, 2, 3) or input.dim() not in (len(pairs) + 1, len(pairs) + 2):
        raise NotImplementedError(
            f"Padding size {len(widths)} is not supported for {input.dim()}D input tensor.\n"
            "Supported combinations for non-constant padding:\n"
            "  - 2D or 3D input: padding size = 2 (pads last dimension)\n"
            "  - 3D or 4D input: padding size = 4 (pads last 2 dimensions)\n"
            "  - 4D or 5D input: padding size = 6 (pads last 3 dimensions)"
        )
    if mode in ("reflect", "replicate"):
        name = {"reflect": "reflection", "replicate": "replication"}[mode]
        refuse_bools(input, f"{name}_pad{len(pairs)}d")
    for number, pair in enumerate(pairs):
        _check(input, mode, number, pair)
    if mode == "circular":  # what is left after cutting is what goes on at the other end
        if min(widths) < 0:
            input = _constant(input, [(min(low, 0), min(high, 0)) for low, high in pairs], 0)
        pairs = [(max(low, 0), max(high, 0)) for low, high in pairs]
    result = input
    for number, (low, high) in enumerate(pairs):
        if low or high:
            result = extended(result, mode, input.dim() - 1 - number, low, high)
    return result if result is input else show_as(result, _SHOWN[mode].format(len(pairs)))


def _constant(input: Tensor, pairs: list[tuple[int, int]], value: float) -> Tensor:
    shape = input.shape
    if any(n + low + high < 0 for n, (low, high) in zip(reversed(shape), pairs, strict=False)):
        raise RuntimeError("narrow(): length must be non-negative.")
    unpadded = ((0, 0),) * (len(shape) - len(pairs))
    result: Tensor = ConstantPadNd.apply(input, (*unpadded, *reversed(pairs)), value)
    return result


def _check(input: Tensor, mode: str, number: int, pair: tuple[int, int]) -> None:
    dim = input.dim() - 1 - number
    size = input.size(dim)
    if mode == "reflect" and max(pair) >= size:
        raise RuntimeError(
            f"Argument #{4 + 2 * number}: Padding size should be less than the corresponding input "
            f"dimension, but got: padding {pair} at dimension {dim} of input {list(input.shape)}"
        )
    if mode == "circular" and max(pair) > size:
        raise RuntimeError("Padding value causes wrapping around more than once.")
    if size + sum(pair) < 0 or size == 0:
        raise RuntimeError(
            f"padding {pair} at dimension {dim} leaves nothing of input {list(input.shape)}"
        )
