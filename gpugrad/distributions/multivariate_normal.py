"""Normal distributions of vectors."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

from ..creation import eye
from ..ops.broadcasting import broadcast_shapes
from ..ops.linalg import cholesky, solve_triangular
from . import constraints
from .constraints import Constraints
from .distribution import Centred, Shape, standard_normal


class MultivariateNormal(Centred):
    """The normal distribution of vectors with mean ``loc``, and one of three matrices.

    Args:
        loc: shape (..., n).
        covariance_matrix, precision_matrix, scale_tril: shape (..., n, n): the covariance, its
            inverse, or its lower triangular factor with a positive diagonal, which is used.

    Raises:
        ValueError: none or several of them, or one outside of its region.

    >>> import gpugrad
    >>> from gpugrad.distributions import MultivariateNormal
    >>> MultivariateNormal(gpugrad.zeros(2), gpugrad.eye(2)).log_prob(gpugrad.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints: ClassVar[Constraints] = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        name, matrix = the_one_given(
            ValueError,
            covariance_matrix=covariance_matrix,
            precision_matrix=precision_matrix,
            scale_tril=scale_tril,
        )
        if matrix.dim() < 2:
            raise ValueError(
                f"{name} {'matrix ' if name == 'scale_tril' else ''}must be at least "
                "two-dimensional, with optional leading batch dimensions"
            )
        batch = broadcast_shapes(tuple(matrix.shape[:-2]), tuple(loc.shape[:-1]))
        n = loc.shape[-1]
        self.loc = loc.expand((*batch, n))
        matrix = self.__dict__[name] = matrix.expand((*batch, n, n))
        super().__init__(batch, (n,), validate_args)
        self._factor = factor_of(name, matrix)

    def __getattr__(self, name: str) -> Any:
        if name == "scale_tril":
            return self._factor
        if name == "covariance_matrix":
            return self._factor @ self._factor.mT
        if name == "precision_matrix":
            return self.covariance_matrix.inverse()
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def expand(self, batch_shape: Shape) -> Self:
        n = self._event_shape[0]
        shape = (*batch_shape, n)
        factor = self._factor.expand((*shape, n))
        return self._checked_alike(
            type(self)(self.loc.expand(shape), scale_tril=factor, validate_args=False)
        )

    @property
    def variance(self) -> Any:
        return self._factor.pow(2).sum(-1).expand(self._batch_shape + self._event_shape)

    def rsample(self, sample_shape: Shape = ()) -> Any:
        drawn = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + (self._factor @ drawn.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        distance = mahalanobis(self._factor, value - self.loc)
        n = self._event_shape[0]
        return -0.5 * (n * math.log(2 * math.pi) + distance) - self._half_log_det()

    def _half_log_det(self) -> Any:
        return self._factor.diagonal(0, -2, -1).log().sum(-1)

    def entropy(self) -> Any:
        n = self._event_shape[0]
        return 0.5 * n * (1.0 + math.log(2 * math.pi)) + self._half_log_det()


def mahalanobis(factor: Any, difference: Any) -> Any:
    """``x^T (L L^T)^-1 x`` for each vector x."""
    column = difference.unsqueeze(-1)
    batch = broadcast_shapes(tuple(factor.shape[:-2]), tuple(column.shape[:-2]))
    factor = factor.expand((*batch, *factor.shape[-2:]))
    column = column.expand((*batch, *column.shape[-2:]))
    solved = solve_triangular(factor, column, upper=False)
    return solved.squeeze(-1).pow(2).sum(-1)


def the_one_given(error: type[Exception], **matrices: Any) -> tuple[str, Any]:
    """The name and value of the one matrix that is not None.

    Raises:
        Exception: of the given type, if there are none or several.
    """
    given = [(name, matrix) for name, matrix in matrices.items() if matrix is not None]
    if len(given) != 1:
        raise error(
            "Exactly one of covariance_matrix or precision_matrix or scale_tril may be specified."
        )
    return given[0]


def factor_of(name: str, matrix: Any) -> Any:
    """The lower triangular factor of a covariance, given as :func:`the_one_given` says."""
    if name == "scale_tril":
        return matrix
    return cholesky(matrix) if name == "covariance_matrix" else _inverse_factor(matrix)


def _inverse_factor(precision: Any) -> Any:
    """The lower triangular factor of the inverse of a matrix."""
    reversed_factor = cholesky(precision.flip((-2, -1)))
    upper = reversed_factor.flip((-2, -1)).transpose(-2, -1)
    identity = eye(precision.shape[-1], dtype=precision.dtype, device=precision.device)
    return solve_triangular(upper, identity.expand(precision.shape), upper=False)
