"""Sampling images at any places, such as those an affine map leads to."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Sequence

from ...autograd.composed import shown_as
from ...casting.calls import THREADS, casting
from ...creation import linspace
from ...ops.joining import stack
from ...tensor import Tensor
from .promotion import require_floating

_MODES = ("bilinear", "nearest", "bicubic")
_PADDING = ("zeros", "border", "reflection")


@shown_as("AffineGridGenerator")
def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """Where the elements of an image of ``size`` come from under affine maps.

    Places are in [-1, 1] from one edge of the image to the other; see :func:`grid_sample`.

    Args:
        theta: the maps, (N, 2, 3) for planes and (N, 3, 4) for volumes.
        size: of the images, (N, C, H, W) or (N, C, D, H, W).
        align_corners: -1 and 1 are the centres of the outermost elements, not their outer edges.

    Shape:
        result (N, H, W, 2) with places (x, y), or (N, D, H, W, 3) with places (x, y, z).

    Raises:
        ValueError: sizes that do not fit.

    >>> import gpugrad
    >>> same = gpugrad.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> gpugrad.nn.functional.affine_grid(same, (1, 1, 1, 2), align_corners=False)
    tensor([[[[-0.5000,  0.0000],
              [ 0.5000,  0.0000]]]])
    """
    if align_corners is None:
        _warn()
        align_corners = False
    ndim = len(size) - 2
    if ndim not in (2, 3):
        raise NotImplementedError(
            "affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, "
            f"respectively. Got size {tuple(size)}."
        )
    if theta.dim() != 3 or tuple(theta.shape[1:]) != (ndim, ndim + 1):
        raise ValueError(
            f"Expected a batch of {ndim}D affine matrices of shape Nx{ndim}x{ndim + 1} for size "
            f"{tuple(size)}. Got {theta.shape}."
        )
    extent = tuple(size[2:])
    if align_corners and 1 in extent:
        warnings.warn(
            "Since version 1.3.0, affine_grid behavior has changed for unit-size grids when "
            "align_corners=True. This is not an intended use case of affine_grid. See the "
            "documentation of affine_grid for details.",
            stacklevel=3,
        )
    axes = []
    for d, n in enumerate(extent):
        places = (
            linspace(-1, 1, n, dtype=theta.dtype, device=theta.device)
            if n > 1
            else (theta.new_zeros(n))
        )
        if not align_corners:
            places = places * ((n - 1) / n)
        axes.append(places.reshape(*(-1 if e == d else 1 for e in range(ndim))).expand(extent))
    base = stack((*reversed(axes), theta.new_ones(extent)), -1).reshape(-1, ndim + 1)
    grid: Tensor = base @ theta.transpose(1, 2)
    result: Tensor = grid.reshape(theta.size(0), *extent, ndim)
    return result


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """The values of images at any places, between elements by interpolation.

    Args:
        input: (N, C, H, W) or (N, C, D, H, W).
        grid: places (x, y) or (x, y, z), from -1 at the first to 1 at the last element of a row,
            of a column and of a depth; (N, H', W', 2) or (N, D', H', W', 3).
        mode: ``"bilinear"``, ``"nearest"``, or ``"bicubic"`` for planes only.
        padding_mode: what lies beyond the image: ``"zeros"``, the ``"border"`` on and on, or a
            ``"reflection"`` at it.
        align_corners: -1 and 1 are the centres of the outermost elements, not their outer edges.

    Shape:
        result (N, C, H', W') or (N, C, D', H', W').

    Raises:
        ValueError: an unknown mode.
        RuntimeError: shapes that do not fit.

    >>> import gpugrad
    >>> x = gpugrad.tensor([[[[1.0, 3.0]]]])
    >>> middle = gpugrad.zeros(1, 1, 1, 2)
    >>> gpugrad.nn.functional.grid_sample(x, middle, align_corners=True)
    tensor([[[[2.]]]])
    """
    if THREADS and (run := casting("grid_sample")):
        return run(grid_sample, input, grid, mode, padding_mode, align_corners)
    require_floating(input, "grid_sampler_2d_cpu_kernel_impl")
    if mode not in _MODES:
        raise ValueError(
            "nn.functional.grid_sample(): expected mode to be 'bilinear', 'nearest' or 'bicubic', "
            f"but got: '{mode}'"
        )
    if padding_mode not in _PADDING:
        raise ValueError(
            "nn.functional.grid_sample(): expected padding_mode to be 'zeros', 'border', or "
            f"'reflection', but got: '{padding_mode}'"
        )
    if align_corners is None:
        _warn()
        align_corners = False
    _check(input, grid)
    if mode == "bicubic" and input.dim() != 4:
        raise RuntimeError("grid_sampler(): bicubic interpolation only supports 4D input")
    sample = _sample_planes if input.dim() == 4 else _sample_volumes
    return sample(input, grid, mode, padding_mode, align_corners)


def _warn() -> None:
    warnings.warn(
        "Default grid_sample and affine_grid behavior has changed to align_corners=False since "
        "1.3.0. Please specify align_corners=True if the old behavior is desired. See the "
        "documentation of grid_sample for details.",
        stacklevel=4,
    )


def _check(input: Tensor, grid: Tensor) -> None:
    if input.dim() not in (4, 5) or grid.dim() != input.dim():
        raise RuntimeError(
            "grid_sampler(): expected 4D or 5D input and grid with same number of dimensions, but "
            f"got input with sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if input.size(0) != grid.size(0):
        raise RuntimeError(
            "grid_sampler(): expected grid and input to have same batch size, but got input with "
            f"sizes {list(input.shape)} and grid with sizes {list(grid.shape)}"
        )
    if grid.size(-1) != input.dim() - 2:
        raise RuntimeError(
            f"grid_sampler(): expected grid to have size {input.dim() - 2} in last dimension, but "
            f"got grid with sizes {list(grid.shape)}"
        )


@shown_as("GridSampler2D")
def _sample_planes(input: Tensor, grid: Tensor, mode: str, beyond: str, corners: bool) -> Tensor:
    return _sample(input, grid, mode, beyond, corners)


@shown_as("GridSampler3D")
def _sample_volumes(input: Tensor, grid: Tensor, mode: str, beyond: str, corners: bool) -> Tensor:
    return _sample(input, grid, mode, beyond, corners)


def _sample(input: Tensor, grid: Tensor, mode: str, beyond: str, corners: bool) -> Tensor:
    batch, channels, *size = input.shape
    count = tuple(grid.shape[1:-1])
    # x goes along the last dimension.
    free = [
        _element(grid[..., -1 - d].reshape(batch, 1, -1), n, corners) for d, n in enumerate(size)
    ]
    flat = input.reshape(batch, channels, -1)
    if mode == "bicubic":
        found = _bicubic(flat, free, size, beyond, corners)
        smooth: Tensor = found.reshape(batch, channels, *count)
        return smooth
    places = [_bounded(p, n, beyond, corners) for p, n in zip(free, size, strict=True)]
    if mode == "nearest":
        result = _picked(flat, [p.round() for p in places], size)
        nearest: Tensor = result.reshape(batch, channels, *count)
        return nearest
    floors = [p.detach().floor() for p in places]
    total = None
    for corner in itertools.product((0, 1), repeat=len(size)):
        weight = None
        for p, low, upper in zip(places, floors, corner, strict=True):
            share = p - low if upper else 1 - (p - low)
            weight = share if weight is None else weight * share
        part = _picked(flat, [f + c for f, c in zip(floors, corner, strict=True)], size) * weight
        total = part if total is None else total + part
    assert total is not None
    outcome: Tensor = total.reshape(batch, channels, *count)
    return outcome


def _bicubic(
    flat: Tensor, places: list[Tensor], size: list[int], beyond: str, corners: bool
) -> Tensor:
    """Each value from the sixteen elements around it (Keys, "Cubic convolution", 1981)."""
    floors = [p.detach().floor() for p in places]
    shares = [
        [cubic_share(p - low - k) for k in range(-1, 3)]
        for p, low in zip(places, floors, strict=True)
    ]
    total = None
    for steps in itertools.product(range(4), repeat=2):
        taps = [
            _bounded(low + (k - 1), n, beyond, corners)
            for low, k, n in zip(floors, steps, size, strict=True)
        ]
        weight = shares[0][steps[0]] * shares[1][steps[1]]
        part = _picked(flat, taps, size) * weight
        total = part if total is None else total + part
    assert total is not None
    result: Tensor = total
    return result


def cubic_share(offset: Tensor, a: float = -0.75) -> Tensor:
    """The share of an element at this distance, of less than 2, in a value between elements."""
    x = offset.abs()
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    result: Tensor = near.where(x <= 1, far)
    return result


def _element(place: Tensor, n: int, corners: bool) -> Tensor:
    """The place in numbers of elements."""
    result: Tensor = (place + 1) / 2 * (n - 1) if corners else ((place + 1) * n - 1) / 2
    return result


def _bounded(x: Tensor, n: int, beyond: str, corners: bool) -> Tensor:
    """The place, brought back into the image if need be."""
    if beyond == "reflection":
        low, high = (0.0, n - 1.0) if corners else (-0.5, n - 0.5)
        x = _reflected(x, low, high - low)
    result: Tensor = x if beyond == "zeros" else x.clamp(0, n - 1)
    return result


def _reflected(x: Tensor, low: float, width: float) -> Tensor:
    if width <= 0:
        only: Tensor = x * 0
        return only
    away = (x - low).abs()
    flips = (away.detach() / width).floor()
    rest = away - flips * width
    result: Tensor = rest.where(flips % 2 == 0, width - rest) + low
    return result


def _picked(flat: Tensor, places: list[Tensor], size: list[int]) -> Tensor:
    """The elements at whole-numbered places, zero beyond the image: (N, C, places)."""
    inside, index = None, None
    for p, n in zip(places, size, strict=True):
        p = p.detach()
        within = (p >= 0) & (p <= n - 1)
        number = p.clamp(0, n - 1).long()
        inside = within if inside is None else inside & within
        index = number if index is None else index * n + number
    assert inside is not None and index is not None
    found = flat.gather(2, index.expand(-1, flat.size(1), -1))
    result: Tensor = found * inside.to(flat.dtype)
    return result
