"""What PyTorch's programs that define distributions use: conversions of parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.grad_mode import enable_grad
from .distribution import broadcast_all
from .probs_or_logits import clamped as clamp_probs

__all__ = [
    "broadcast_all",
    "clamp_probs",
    "lazy_property",
    "logits_to_probs",
    "probs_to_logits",
    "tril_matrix_to_vec",
    "vec_to_tril_matrix",
]


def logits_to_probs(logits: Any, is_binary: bool = False) -> Any:
    """Probabilities from logits: of two outcomes each, or of classes along the last dimension.

    >>> import gpugrad
    >>> from gpugrad.distributions.utils import logits_to_probs
    >>> logits_to_probs(gpugrad.zeros(2))
    tensor([0.5000, 0.5000])
    """
    return logits.sigmoid() if is_binary else logits.softmax(-1)


def probs_to_logits(probs: Any, is_binary: bool = False) -> Any:
    """Logits from probabilities, which are first kept off 0 and 1.

    >>> import gpugrad
    >>> from gpugrad.distributions.utils import probs_to_logits
    >>> probs_to_logits(gpugrad.tensor([0.5, 0.5]), is_binary=True)
    tensor([0., 0.])
    """
    kept = clamp_probs(probs)
    return kept.log() - (-kept).log1p() if is_binary else kept.log()


class lazy_property:  # noqa: N801  # PyTorch's name
    """A property that is computed when it is first read and then kept in the object."""

    def __init__(self, wrapped: Callable[[Any], Any]) -> None:
        self.wrapped = wrapped
        self.__doc__ = wrapped.__doc__

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self
        with enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def tril_matrix_to_vec(mat: Any, diag: int = 0) -> Any:
    """The elements of the lower triangle up to the diagonal ``diag``, row by row.

    >>> import gpugrad
    >>> from gpugrad.distributions.utils import tril_matrix_to_vec
    >>> tril_matrix_to_vec(gpugrad.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([1., 3., 4.])
    """
    from ..creation import arange

    n = mat.shape[-1]
    if not -n <= diag < n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    places = arange(n, device=mat.device)
    below = places < places.view(-1, 1) + (diag + 1)
    return mat[..., below]


def vec_to_tril_matrix(vec: Any, diag: int = 0) -> Any:
    """The matrix of which :func:`tril_matrix_to_vec` gives the vector; 0 above the diagonal.

    >>> import gpugrad
    >>> from gpugrad.distributions.utils import vec_to_tril_matrix
    >>> vec_to_tril_matrix(gpugrad.tensor([1.0, 3.0, 4.0]))
    tensor([[1., 0.],
            [3., 4.]])
    """
    from ..creation import arange

    size = (
        -(1 + 2 * diag)
        + ((1 + 2 * diag) ** 2 + 8 * vec.shape[-1] + 4 * abs(diag) * (diag + 1)) ** 0.5
    )
    n = round(size / 2)
    if abs(size / 2 - n) > 1e-6:
        raise ValueError(
            f"The size of last dimension is {vec.shape[-1]} which cannot be expressed as the lower "
            "triangular part of a square D x D matrix."
        )
    matrix = vec.new_zeros((*vec.shape[:-1], n, n))
    places = arange(n, device=vec.device)
    matrix[..., places < places.view(-1, 1) + (diag + 1)] = vec
    return matrix
