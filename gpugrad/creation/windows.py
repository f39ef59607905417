"""Windows of signal processing: tensors that rise from their ends to the middle."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..out_argument import created
from .placing import DeviceLike, leaf, numpy_type, place


def _window(
    name: str, length: int, periodic: bool, values: Any, dtype: Any, device: Any, grad: bool
) -> Any:
    """``values`` of the angles from 0 to two pi; a periodic window leaves the last one out."""
    kind = numpy_type(dtype)
    if kind.kind not in "fV":
        raise RuntimeError(f"{name} expects floating point dtypes, got: {dtype}")
    if length < 0:
        raise RuntimeError(
            f"{name} requires non-negative window_length, got window_length={length}"
        )
    backend, where = place(device)
    points = np.arange(length, dtype=np.float64)
    last = max(length if periodic else length - 1, 1)
    array = np.ones(length) if length == 1 else values(points * (2 * math.pi / last))
    return leaf(backend.from_host(np.asarray(array).astype(kind), where), grad)


@created
def hann_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """``0.5 - 0.5 cos``.

    >>> import gpugrad
    >>> gpugrad.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _window(
        "hann_window",
        window_length,
        periodic,
        lambda angle: 0.5 - 0.5 * np.cos(angle),
        dtype,
        device,
        requires_grad,
    )


@created
def hamming_window(
    window_length: int,
    periodic: bool = True,
    alpha: float = 0.54,
    beta: float = 0.46,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """``alpha - beta cos``.

    A float tensor of shape (``window_length``,); for ``periodic`` one period of a longer one.

    >>> import gpugrad
    >>> gpugrad.hamming_window(4)
    tensor([0.0800, 0.5400, 1.0000, 0.5400])
    """
    return _window(
        "hamming_window",
        window_length,
        periodic,
        lambda angle: alpha - beta * np.cos(angle),
        dtype,
        device,
        requires_grad,
    )


@created
def blackman_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """``0.42 - 0.5 cos + 0.08 cos`` of twice the angle.

    Arguments as for :func:`hamming_window`.

    >>> import gpugrad
    >>> gpugrad.blackman_window(4)[1:]
    tensor([0.3400, 1.0000, 0.3400])
    """
    return _window(
        "blackman_window",
        window_length,
        periodic,
        lambda angle: 0.42 - 0.5 * np.cos(angle) + 0.08 * np.cos(2 * angle),
        dtype,
        device,
        requires_grad,
    )


@created
def bartlett_window(
    window_length: int,
    periodic: bool = True,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """A triangle.

    Arguments as for :func:`hamming_window`.

    >>> import gpugrad
    >>> gpugrad.bartlett_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _window(
        "bartlett_window",
        window_length,
        periodic,
        lambda angle: 1 - np.abs(angle / math.pi - 1),
        dtype,
        device,
        requires_grad,
    )


@created
def kaiser_window(
    window_length: int,
    periodic: bool = True,
    beta: float = 12.0,
    *,
    dtype: Any = None,
    device: DeviceLike = None,
    requires_grad: bool = False,
) -> Any:
    """``I0(beta sqrt(1 - x**2)) / I0(beta)`` for x from -1 to 1.

    Arguments as for :func:`hamming_window`.

    >>> import gpugrad
    >>> gpugrad.kaiser_window(3, periodic=False, beta=2.0)
    tensor([0.4387, 1.0000, 0.4387])
    """
    return _window(
        "kaiser_window",
        window_length,
        periodic,
        lambda angle: (
            np.i0(beta * np.sqrt(np.maximum(1 - (angle / math.pi - 1) ** 2, 0))) / np.i0(beta)
        ),
        dtype,
        device,
        requires_grad,
    )
