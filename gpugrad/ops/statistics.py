"""Covariances, integrals of sampled functions, norms that are limited, histograms with edges."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .. import dtypes, return_types
from ..autograd.composed import shown_as
from ..autograd.engine import TensorBase, wrap
from ..backend import BACKENDS
from .arguments import word
from .diagonal import diag
from .matmul import mm
from .norm import vector_norm
from .operands import cast
from .select import where
from .shape import reshape, transpose, wrap_dim


def _check_weights(name: str, weights: Any, count: int, whole: bool) -> None:
    kind = weights.array.dtype.kind
    if weights.ndim > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with "
            f"{weights.ndim} dimensions"
        )
    if kind not in ("iu" if whole else "fV"):
        raise RuntimeError(
            f"cov(): expected {name} to have {'integral' if whole else 'floating point'} dtype but "
            f"got {name} with {word(weights.array)} dtype"
        )
    if math.prod(weights.shape) != count:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input "
            f"but got {math.prod(weights.shape)} != {count}"
        )
    if count and bool((weights < 0).any()):
        raise RuntimeError(f"cov(): {name} cannot be negative")


def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """The covariances of the rows of ``input``, each column an observation.

    Args:
        input: shape (variables, observations), or (observations,).
        correction: taken off the number of observations in the divisor.
        fweights: how often each observation counts, whole numbers.
        aweights: how much each observation counts.

    Returns:
        (variables, variables); a single number for one variable.

    >>> import gpugrad
    >>> gpugrad.cov(gpugrad.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.ndim > 2:
        raise RuntimeError(
            "cov(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    if input.array.dtype.kind == "b":
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input if input.ndim == 2 else reshape(input, (1, -1))
    count = x.shape[1]
    weights = None
    for name, given in (("fweights", fweights), ("aweights", aweights)):
        if given is not None:
            _check_weights(name, given, count, name == "fweights")
            given = reshape(given, (-1,))
            weights = given if weights is None else weights * given
    total = count if weights is None else weights.sum()
    if weights is not None and count and not bool(total != 0):
        raise RuntimeError("cov(): weights sum to zero, can't be normalized")
    mean = (x.sum(1) if weights is None else (x * weights).sum(1)) / total
    divisor: Any = total - correction
    if weights is not None and aweights is not None and correction:
        divisor = total - correction * (weights * reshape(aweights, (-1,))).sum() / total
    if bool(divisor <= 0):
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than "
            "the number of observations.",
            UserWarning,
            stacklevel=3,
        )
        divisor = divisor.clamp(min=0) if isinstance(divisor, TensorBase) else 0
    centred = x - mean.unsqueeze(1)
    weighted = centred if weights is None else centred * weights
    weighted = cast(weighted, dtypes.from_numpy(centred.array.dtype))
    return (mm(centred, transpose(weighted, 0, 1)) / divisor).squeeze()


def corrcoef(input: Any) -> Any:
    """The correlations of the rows of ``input``, each column an observation.

    >>> import gpugrad
    >>> gpugrad.corrcoef(gpugrad.tensor([[0.0, 1.0, 2.0], [4.0, 2.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    if input.ndim > 2:
        raise RuntimeError(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{input.ndim} dimensions"
        )
    found = cov(input)
    if found.ndim == 0:
        return found / found
    deviation = diag(found).sqrt()
    return (found / deviation.unsqueeze(1) / deviation.unsqueeze(0)).clamp(-1, 1)


@shown_as("RenormBackward0")
def renorm(input: Any, p: float, dim: int, maxnorm: float) -> Any:
    """``input`` with each slice along ``dim`` scaled down to a p-norm of at most ``maxnorm``.

    >>> import gpugrad
    >>> gpugrad.renorm(gpugrad.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if input.ndim < 2:
        raise RuntimeError(
            f"renorm: input needs at least 2 dimensions, got {input.ndim} dimensions"
        )
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    axis = wrap_dim(dim, input.ndim)
    others = tuple(d for d in range(input.ndim) if d != axis)
    kind = dtypes.from_numpy(input.array.dtype)
    size = vector_norm(
        cast(input, dtypes.float32) if input.array.dtype.itemsize == 2 else input, p, others, True
    )
    factor = where(size > maxnorm, maxnorm / (size + 1e-7), 1.0)
    return input * cast(factor, kind)


def renorm_(input: Any, p: float, dim: int, maxnorm: float) -> Any:
    """:func:`renorm` in place."""
    return input.copy_(renorm(input.clone(), p, dim, maxnorm))


# --- integrals -----------------------------------------------------------------------------------


def _strips(name: str, y: Any, x: Any, dx: Any, dim: int) -> tuple[Any, int]:
    """The areas between neighbours along ``dim``."""
    if y.ndim == 0:
        raise IndexError("Dimension specified as " + str(dim) + " but tensor has no dimensions")
    axis = wrap_dim(dim, y.ndim)
    count = y.shape[axis]
    heights = y.narrow(axis, 0, max(count - 1, 0)) + y.narrow(
        axis, min(1, count), max(count - 1, 0)
    )
    if x is None:
        return heights * ((1 if dx is None else dx) / 2.0), axis
    if x.ndim == 0:
        raise RuntimeError(f"{name}: The x tensor needs to be at least one-dimensional")
    if x.ndim == 1 and y.ndim > 1:
        if x.shape[0] != count:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        x = reshape(x, tuple(count if d == axis else 1 for d in range(y.ndim)))
        along = axis
    else:
        along = axis - y.ndim + x.ndim
        if x.shape[along] not in (count, 1):
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
    size = x.shape[along]
    widths = x.narrow(along, min(1, size), max(size - 1, 0)) - x.narrow(along, 0, max(size - 1, 0))
    return heights * widths / 2.0, axis


@shown_as("MulBackward1")
def trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The integral along ``dim`` of a function that is straight between its samples.

    Args:
        y: the values.
        x: where they were taken; or
        dx: the distance between neighbours, 1 unless given.

    >>> import gpugrad
    >>> gpugrad.trapezoid(gpugrad.tensor([1.0, 2.0, 3.0]))
    tensor(4.)
    """
    if not isinstance(y, TensorBase):
        raise TypeError(
            f"trapezoid(): argument 'y' (position 1) must be Tensor, not {type(y).__name__}"
        )
    strips, axis = _strips("trapezoid", y, x, dx, dim)
    return strips.sum(axis)


def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = None, dim: int = -1) -> Any:
    """The running integral along ``dim``, one element shorter; see :func:`trapezoid`.

    >>> import gpugrad
    >>> gpugrad.cumulative_trapezoid(gpugrad.tensor([1.0, 2.0, 3.0]))
    tensor([1.5000, 4.0000])
    """
    if not isinstance(y, TensorBase):
        raise TypeError(
            "cumulative_trapezoid(): argument 'y' (position 1) must be Tensor, not "
            f"{type(y).__name__}"
        )
    strips, axis = _strips("cumulative_trapezoid", y, x, dx, dim)
    return strips.cumsum(axis)


# --- histograms ----------------------------------------------------------------------------------


def _limits(values: np.ndarray[Any, Any], given: Any, dim: int) -> tuple[float, float]:
    """Where the intervals of one coordinate begin and end."""
    low, high = map(float, given) if given is not None else (0.0, 1.0)
    if given is None and values.size:
        low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(
            f"torch.histogramdd: dimension {dim}'s range [{low:g}, {high:g}] is not finite"
        )
    if low > high:
        raise RuntimeError(
            f"torch.histogramdd: min should not exceed max, but got min {low:g} max {high:g} for "
            f"dimension {dim}"
        )
    return (low - 0.5, high + 0.5) if low == high else (low, high)


def _edges(points: np.ndarray[Any, Any], bins: Any, range: Any, dtype: Any) -> list[Any]:
    """The edges of the intervals of each coordinate, on the host."""
    from ..creation import linspace  # made of ops itself

    width = points.shape[1]
    bins = [bins] * width if isinstance(bins, (int, TensorBase)) else list(bins)
    if len(bins) != width:
        raise RuntimeError(
            f"torch.histogramdd: expected {width} sequences of bin edges for a {width}-dimensional "
            f"histogram but got {len(bins)}"
        )
    edges = []
    for dim, wanted in enumerate(bins):
        if isinstance(wanted, TensorBase):
            edges.append(BACKENDS[type(wanted.array)].to_host(wanted.array))
            continue
        if wanted <= 0:
            raise RuntimeError(
                f"torch.histogram(): bins must be > 0, but got {wanted} for dimension {dim}"
            )
        given = None if range is None else range[2 * dim : 2 * dim + 2]
        low, high = _limits(points[:, dim], given, dim)
        edges.append(linspace(low, high, wanted + 1, dtype=dtype, device="cpu").array)
    return edges


def _counts(points: np.ndarray[Any, Any], edges: list[Any], amounts: Any) -> Any:
    """How much lies in each box; a box has its lower edges, the last ones their upper ones too."""
    places, inside = [], np.ones(len(points), bool)
    for dim, edge in enumerate(edges):
        values = points[:, dim]
        place = np.searchsorted(edge, values, "right") - 1
        places.append(np.where(values == edge[-1], len(edge) - 2, place))
        inside &= (values >= edge[0]) & (values <= edge[-1])
    counts = np.zeros(tuple(len(edge) - 1 for edge in edges), points.dtype)
    chosen = tuple(place[inside] for place in places)
    np.add.at(counts, chosen, points.dtype.type(1) if amounts is None else amounts[inside])
    return counts


def histogramdd(
    input: Any, bins: Any, *, range: Any = None, weight: Any = None, density: bool = False
) -> Any:
    """Counts of the rows of ``input`` in a grid of boxes, without gradient.

    Args:
        input: shape (..., D): the coordinates; float32 or float64.
        bins: for each coordinate a number of equal intervals, or their edges; or one number.
        range: the ends for each coordinate, one after another; the extremes unless given.
        weight: what each row counts, of shape ``input.shape[:-1]``.
        density: divide by the total and the volume of the boxes.

    Returns:
        ``(hist, bin_edges)``: D-dimensional counts, and a tuple of D tensors of edges.
    """
    a = input.array
    xp = BACKENDS[type(a)]
    if a.dtype.kind != "f" or a.dtype.itemsize < 4:
        raise NotImplementedError(f"\"histogramdd\" not implemented for '{word(a)}'")
    if input.ndim < 2:
        raise RuntimeError(
            "torch.histogramdd: input tensor should have at least 2 dimensions, but got "
            f"{input.ndim}"
        )
    points = xp.to_host(a).reshape(-1, a.shape[-1])
    edges = _edges(points, bins, range, input.dtype)
    hist = _counts(points, edges, None if weight is None else xp.to_host(weight.array).reshape(-1))
    if density:
        hist /= hist.sum()
        for dim, edge in enumerate(edges):
            sizes = tuple(-1 if d == dim else 1 for d, _ in enumerate(edges))
            hist /= np.diff(edge).reshape(sizes).astype(a.dtype)
    where = xp.device(a)
    found = tuple(wrap(xp.from_host(np.asarray(edge), where)) for edge in edges)
    return return_types.histogramdd((wrap(xp.from_host(hist, where)), found))


def histogram(
    input: Any, bins: Any, *, range: Any = None, weight: Any = None, density: bool = False
) -> Any:
    """Counts of the elements of ``input`` in intervals, without gradient.

    Args:
        bins: a number of equal intervals, or the edges of intervals.
        range: the ends ``(low, high)``; the extremes of the data unless given.
        weight: what each element counts.
        density: divide by the total and the width of the intervals.

    Returns:
        ``(hist, bin_edges)``.

    >>> import gpugrad
    >>> gpugrad.histogram(gpugrad.tensor([1.0, 2.0, 1.0]), bins=4, range=(0.0, 3.0)).hist
    tensor([0., 2., 1., 0.])
    """
    if weight is not None:
        weight = reshape(weight, (-1,))
    found, edges = histogramdd(
        reshape(input, (-1, 1)), [bins], range=range, weight=weight, density=density
    )
    return return_types.histogram((found, edges[0]))
