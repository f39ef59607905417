"""``interpolate``: tensors of another size by the nearest element or by weights of neighbours."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from ... import dtypes
from ...autograd.composed import show_as
from ...casting.calls import THREADS, casting
from ...creation import tensor
from ...tensor import Tensor
from .adaptive_pooling import adaptive_avg_pool1d, adaptive_avg_pool2d
from .promotion import require_floating

_WEIGHTED = {"linear": 3, "bilinear": 4, "bicubic": 4, "trilinear": 5}
"""The modes that weight neighbours, and the input's dimensions for each."""

_MODES = "nearest | linear | bilinear | bicubic | trilinear | lanczos | area | nearest-exact"

_SHOWN = {
    "nearest": "UpsampleNearest{}DBackward0",
    "nearest-exact": "UpsampleNearestExact{}DBackward0",
    "linear": "UpsampleLinear{}DBackward0",
    "bilinear": "UpsampleBilinear{}DBackward0",
    "bicubic": "UpsampleBicubic{}DBackward0",
    "trilinear": "UpsampleTrilinear{}DBackward0",
    "area": "AdaptiveAvgPool{}DBackward0",
}
"""What the results of each mode print as, with the number of dimensions."""


def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """The input at another size of its last dimensions.

    Args:
        size: the new size, a number or one for each dimension; or else:
        scale_factor: new size over old.
        mode: ``"nearest"``, ``"nearest-exact"`` (which rounds as other libraries do), ``"linear"``,
            ``"bilinear"``, ``"trilinear"``, ``"bicubic"`` (Keys, "Cubic convolution interpolation
            for digital image processing", 1981, with -0.75) or ``"area"``, the mean.
        align_corners: for weighted modes: the first and last elements keep their places, instead
            of the outer edges of these elements.
        recompute_scale_factor: compute places from the sizes instead of from ``scale_factor``.
        antialias: must be False.

    Shape:
        input (N, C, L), (N, C, H, W) or (N, C, D, H, W).

    Raises:
        ValueError: both or none of ``size`` and ``scale_factor``, or of another length.
        NotImplementedError: the mode does not fit the input, or ``antialias``.

    >>> import gpugrad
    >>> x = gpugrad.tensor([[[1.0, 3.0]]])
    >>> gpugrad.nn.functional.interpolate(x, scale_factor=2)
    tensor([[[1., 1., 3., 3.]]])
    >>> gpugrad.nn.functional.interpolate(x, 3, mode="linear", align_corners=True)
    tensor([[[1., 2., 3.]]])
    """
    if THREADS and (run := casting("interpolate")):
        return run(
            interpolate,
            input,
            size,
            scale_factor,
            mode,
            align_corners,
            recompute_scale_factor,
            antialias,
        )
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        raise ValueError(
            "align_corners option can only be set with the interpolating modes: linear | "
            "bilinear | bicubic | trilinear"
        )
    if antialias:
        raise NotImplementedError("interpolate: antialias=True does not exist here")
    ndim = input.dim() - 2
    old = tuple(input.shape[2:])
    new, factors = _sizes(ndim, old, size, scale_factor)
    if recompute_scale_factor:
        factors = (None,) * ndim
    if mode in _WEIGHTED and input.dim() in (3, 4, 5) and _WEIGHTED[mode] != input.dim():
        raise NotImplementedError(
            f"Got {input.dim()}D input, but {mode} mode needs {_WEIGHTED[mode]}D input"
        )
    known = mode in _WEIGHTED or mode in ("nearest", "area", "nearest-exact")
    if not known or input.dim() not in (3, 4, 5):
        raise NotImplementedError(
            f"Input Error: Only 3D, 4D and 5D input Tensors supported (got {input.dim()}D) for the "
            f"modes: {_MODES} (got {mode})"
        )
    if min(new) < 1 or min(old) < 1:
        raise RuntimeError(
            f"Input and output sizes should be greater than 0, but got input {_named(old)} output "
            f"{_named(new)}"
        )
    if mode != "area" and input.dtype is not dtypes.uint8:
        require_floating(input, _kernel(mode))
    if mode == "area" and ndim < 3:
        return adaptive_avg_pool1d(input, new) if ndim == 1 else adaptive_avg_pool2d(input, new)
    result = input
    for d, (n, m, factor) in enumerate(zip(old, new, factors, strict=True)):
        if mode.startswith("nearest"):
            result = _nearest(result, d + 2, n, m, factor, mode.endswith("exact"))
        else:
            result = _weighted(result, d + 2, n, m, factor, mode, bool(align_corners))
    return result if result is input else show_as(result, _SHOWN[mode].format(ndim))


def _sizes(
    ndim: int,
    old: tuple[int, ...],
    size: int | Sequence[int] | None,
    scale_factor: float | Sequence[float] | None,
) -> tuple[tuple[int, ...], tuple[float | None, ...]]:
    """The new size, and the scale factors if they were given."""
    if size is not None and scale_factor is not None:
        raise ValueError("only one of size or scale_factor should be defined")
    hint = "Please provide input tensor in (N, C, d1, d2, ...,dK) format and"
    if size is not None:
        new = (size,) * ndim if isinstance(size, int) else tuple(int(n) for n in size)
        if len(new) != ndim:
            raise ValueError(
                "Input and output must have the same number of spatial dimensions, but got input "
                f"with spatial dimensions of {list(old)} and output size of {size}. {hint} output "
                "size in (o1, o2, ...,oK) format."
            )
        return new, (None,) * ndim
    if scale_factor is None:
        raise ValueError("either size or scale_factor should be defined")
    if isinstance(scale_factor, (int, float)):
        factors = (float(scale_factor),) * ndim
    else:
        factors = tuple(float(f) for f in scale_factor)
    if len(factors) != ndim:
        raise ValueError(
            "Input and scale_factor must have the same number of spatial dimensions, but got input "
            f"with spatial dimensions of {list(old)} and scale_factor of shape {scale_factor}. "
            f"{hint} scale_factor in (s1, s2, ...,sK) format."
        )
    return tuple(math.floor(n * f) for n, f in zip(old, factors, strict=True)), factors


def _named(size: tuple[int, ...]) -> str:
    names = "DHW"[3 - len(size) :]
    return "(" + ", ".join(f"{c}: {n}" for c, n in zip(names, size, strict=True)) + ")"


def _nearest(
    input: Tensor, dim: int, old: int, new: int, factor: float | None, exact: bool
) -> Tensor:
    if old == new and factor in (None, 1.0):
        return input
    step = old / new if factor is None else 1 / factor
    offset = 0.5 if exact else 0.0
    places = [min(int((i + offset) * step), old - 1) for i in range(new)]
    index = tensor(places, dtype=dtypes.int64, device=input.device)
    result: Tensor = input.index_select(dim, index)
    return result


def _weighted(
    input: Tensor,
    dim: int,
    old: int,
    new: int,
    factor: float | None,
    mode: str,
    align_corners: bool,
) -> Tensor:
    """One dimension at another size: a product with a matrix of its neighbours' weights."""
    rows = []
    taps: Callable[[float], list[tuple[int, float]]] = _cubic if mode == "bicubic" else _linear
    for i in range(new):
        row = [0.0] * old
        if mode == "area":
            low, high = i * old // new, -(-(i + 1) * old // new)
            for j in range(low, high):
                row[j] = 1 / (high - low)
        else:
            if align_corners:
                place = i * (old - 1) / (new - 1) if new > 1 else 0.0
            else:
                step = old / new if factor is None else 1 / factor
                place = (i + 0.5) * step - 0.5
                if mode != "bicubic":
                    place = max(place, 0.0)
            for j, share in taps(place):
                row[min(max(j, 0), old - 1)] += share
        rows.append(row)
    matrix = tensor(rows, dtype=input.dtype, device=input.device)
    last: Any = input.transpose(dim, -1) @ matrix.t()
    result: Tensor = last.transpose(dim, -1).contiguous()
    return result


def _linear(place: float) -> list[tuple[int, float]]:
    left = math.floor(place)
    return [(left, 1 - (place - left)), (left + 1, place - left)]


def _cubic(place: float) -> list[tuple[int, float]]:
    left = math.floor(place)
    t = place - left
    return [(left + k, _keys(abs(t - k))) for k in range(-1, 3)]


def _keys(x: float, a: float = -0.75) -> float:
    if x <= 1:
        return ((a + 2) * x - (a + 3)) * x * x + 1
    return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a


def _kernel(mode: str) -> str:
    """What PyTorch calls the kernel of a mode when it refuses a type."""
    kind = "nearest" if mode.startswith("nearest") else "cubic" if mode == "bicubic" else "linear"
    return "compute_indices_weights_" + kind
