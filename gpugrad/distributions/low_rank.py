"""Normal vectors whose covariance is a matrix of low rank plus a diagonal one."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

from ..ops.broadcasting import broadcast_shapes
from ..ops.linalg import cholesky, solve_triangular
from . import constraints
from .constraints import Constraints
from .distribution import Centred, Shape, standard_normal


class LowRankMultivariateNormal(Centred):
    """Normal vectors with the covariance ``W W^T + diag(d)``.

    The determinant and the inverse are those of matrices of W's width (M. Woodbury, "Inverting
    modified matrices", 1950).

    Args:
        loc: the mean, ``(..., n)``.
        cov_factor: W, ``(..., n, m)``.
        cov_diag: d, ``(..., n)``, positive.

    >>> import gpugrad
    >>> from gpugrad.distributions import LowRankMultivariateNormal
    >>> vectors = LowRankMultivariateNormal(
    ...     gpugrad.zeros(2), gpugrad.tensor([[1.0], [0.0]]), gpugrad.ones(2)
    ... )
    >>> vectors.variance
    tensor([2., 1.])
    """

    arg_constraints: ClassVar[Constraints] = {
        "loc": constraints.real_vector,
        "cov_factor": constraints.IndependentConstraint(constraints.real, 2),
        "cov_diag": constraints.IndependentConstraint(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc: Any, cov_factor: Any, cov_diag: Any, validate_args: bool | None = None
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        event = tuple(loc.shape[-1:])
        if cov_factor.dim() < 2:
            raise ValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if tuple(cov_factor.shape[-2:-1]) != event:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {event[0]} x m")
        if tuple(cov_diag.shape[-1:]) != event:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {loc.shape[-1:]}")
        shapes = (loc.shape[:-1], cov_factor.shape[:-2], cov_diag.shape[:-1])
        batch = tuple(broadcast_shapes(*map(tuple, shapes)))
        self._narrow = (cov_factor, cov_diag)
        self.loc = loc.expand((*batch, *event))
        self.cov_factor = cov_factor.expand((*batch, *cov_factor.shape[-2:]))
        self.cov_diag = cov_diag.expand((*batch, *event))
        scaled = cov_factor.mT / cov_diag.unsqueeze(-2)
        capacitance = scaled @ cov_factor
        rank = capacitance.shape[-1]
        capacitance.view(-1, rank * rank)[:, :: rank + 1] += 1
        self._capacitance_tril = cholesky(capacitance)
        super().__init__(batch, event, validate_args)

    def expand(self, batch_shape: Shape) -> Self:
        n, rank = self.cov_factor.shape[-2:]
        return self._checked_alike(
            type(self)(
                self.loc.expand((*batch_shape, n)),
                self.cov_factor.expand((*batch_shape, n, rank)),
                self.cov_diag.expand((*batch_shape, n)),
                validate_args=False,
            )
        )

    @property
    def variance(self) -> Any:
        factor, diagonal = self._narrow
        shape = (*self._batch_shape, *self._event_shape)
        return (factor.pow(2).sum(-1) + diagonal).expand(shape)

    @property
    def covariance_matrix(self) -> Any:
        """``W W^T + diag(d)``"""
        factor, diagonal = self._narrow
        n = self._event_shape[0]
        return (factor @ factor.mT + diagonal.diag_embed()).expand((*self._batch_shape, n, n))

    @property
    def scale_tril(self) -> Any:
        """The covariance's Cholesky factor."""
        return cholesky(self.covariance_matrix)

    @property
    def precision_matrix(self) -> Any:
        """The covariance's inverse."""
        factor, diagonal = self._narrow
        n = self._event_shape[0]
        scaled = factor.mT / diagonal.unsqueeze(-2)
        half = solve_triangular(self._capacitance_tril, scaled, upper=False)
        inverse = diagonal.reciprocal().diag_embed() - half.mT @ half
        return inverse.expand((*self._batch_shape, n, n))

    def rsample(self, sample_shape: Shape = ()) -> Any:
        shape = tuple(self._extended_shape(sample_shape))
        along = standard_normal((*shape[:-1], self.cov_factor.shape[-1]), self.loc)
        beside = standard_normal(shape, self.loc)
        factor, diagonal = self._narrow
        moved = (factor @ along.unsqueeze(-1)).squeeze(-1)
        return self.loc + moved + diagonal.sqrt() * beside

    def _log_det(self) -> Any:
        diagonal = self._capacitance_tril.diagonal(0, -2, -1)
        return 2 * diagonal.log().sum(-1) + self._narrow[1].log().sum(-1)

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        factor, diagonal = self._narrow
        distance = value - self.loc
        scaled = factor.mT / diagonal.unsqueeze(-2)
        along = (scaled @ distance.unsqueeze(-1)).squeeze(-1)
        tril = self._capacitance_tril
        tril = tril.expand((*along.shape[:-1], *tril.shape[-2:]))
        solved = solve_triangular(tril, along.unsqueeze(-1), upper=False)
        square = (distance.pow(2) / diagonal).sum(-1) - solved.pow(2).sum((-2, -1))
        norm = self._event_shape[0] * math.log(2 * math.pi) + self._log_det()
        return -0.5 * (norm + square)

    def entropy(self) -> Any:
        norm = self._event_shape[0] * (1.0 + math.log(2 * math.pi)) + self._log_det()
        found = 0.5 * norm
        return found.expand(tuple(self._batch_shape)) if self._batch_shape else found
