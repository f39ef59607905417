"""Draws with given probabilities: ``bernoulli`` and ``multinomial``."""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np

from ..autograd.engine import wrap
from ..backend import device_of
from ..backend.stream import DIGITS
from ..ops.arguments import word
from ..out_argument import public
from . import draws
from .generator import Generator, stream_of

Tensor = Any


def _with_out(function: Any) -> Any:
    """The function with ``out``."""
    return public(function.__name__, function)


@_with_out
def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None
) -> Tensor:
    """1 with the probability that ``input`` holds, else 0; or with probability ``p`` everywhere.

    Args:
        input: probabilities, of a floating-point dtype. With ``p`` only its shape and dtype count.

    Raises:
        RuntimeError: if a probability is outside [0, 1].

    >>> import gpugrad
    >>> gpugrad.bernoulli(gpugrad.tensor([0.0, 1.0, 1.0]))
    tensor([0., 1., 1.])
    """
    array = input.array
    chances = array if p is None else p
    kind = array.shape, array.dtype, device_of(array)
    return wrap(draws.bernoulli(*kind, chances, generator=generator))


def multinomial(
    input: Tensor,
    num_samples: int,
    replacement: bool = False,
    *,
    generator: Generator | None = None,
) -> Tensor:
    """Indices drawn with the probabilities in each row of ``input``.

    Args:
        input: weights, not negative and not necessarily summing to 1: ``(k,)`` or ``(rows, k)``.
        num_samples: how many indices for each row; without replacement at most ``k``.
        replacement: whether an index can be drawn again.

    Shape:
        ``(num_samples,)`` or ``(rows, num_samples)``, of ``int64``.

    Raises:
        RuntimeError: for a wrong number of samples or of dimensions, for negative or infinite
            weights, or if all weights of a row are zero.

    >>> import gpugrad
    >>> gpugrad.multinomial(gpugrad.tensor([0.0, 3.0, 0.0]), 4, replacement=True)
    tensor([1, 1, 1, 1])
    """
    weights = input.array
    if isinstance(num_samples, bool) or not hasattr(num_samples, "__index__"):
        raise TypeError(
            "multinomial(): argument 'num_samples' (position 2) must be int, not "
            f"{type(num_samples).__name__}"
        )
    n = operator.index(num_samples)
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if draws.name_of(weights.dtype) not in DIGITS:
        raise RuntimeError(
            f"multinomial only supports floating-point dtypes for input, got: {word(weights)}"
        )
    if n <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and n > weights.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    rows = weights.reshape(-1, weights.shape[-1])
    if len(rows) == 1 and rows.size:
        largest = float(rows.max())
        proper, possible = bool(rows.min() >= 0) and largest < np.inf, largest > 0
    else:
        proper = bool(((rows >= 0) & (rows < np.inf)).all())
        possible = bool((rows > 0).any(axis=-1).all())
    if not proper:
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if not possible:
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    stream = stream_of(device_of(weights), generator)
    with stream.on_device():
        drawn = stream.multinomial(rows, n, bool(replacement))
    return wrap(drawn.reshape(*weights.shape[:-1], n))


_into_out = public("multinomial", multinomial)


@functools.wraps(multinomial)
def multinomial_out(*args: Any, out: Any = None, **kwargs: Any) -> Tensor:
    """:func:`multinomial` with ``out``, which must be int64."""
    if out is not None and out.array.dtype != np.int64:
        raise RuntimeError(f"multinomial expects Long tensor out, got: {word(out.array)}")
    return _into_out(*args, out=out, **kwargs)
