"""Random positive definite matrices: sums of squares of normal vectors."""

from __future__ import annotations

import math
import warnings
from typing import Any, Self

from ..creation import arange, tensor
from ..limits import finfo
from ..ops.broadcasting import broadcast_shapes
from ..ops.determinants import linalg_slogdet
from ..ops.linalg import solve_triangular
from ..tensor import Tensor
from . import constraints
from .constraints import Constraints
from .distribution import Distribution, Shape, standard_normal
from .gammas import Chi2
from .multivariate_normal import factor_of, the_one_given


class Wishart(Distribution):
    """The distribution of ``x1 x1^T + ... + x_df x_df^T`` with normal vectors of one covariance.

    Samples are ``L A A^T L^T`` with a triangular A of normal numbers below and roots of
    chi-squared ones on its diagonal (M. Bartlett, "On the theory of statistical regression",
    1933).

    Args:
        df: degrees of freedom, more than n - 1; fractions too.
        covariance_matrix, precision_matrix, scale_tril: shape (..., n, n): the vectors' covariance,
            its inverse, or its lower triangular factor, which is used.

    Raises:
        AssertionError: none of the matrices is given, or several.
        ValueError: too few degrees of freedom, or a parameter outside of its region.

    >>> import gpugrad
    >>> from gpugrad.distributions import Wishart
    >>> Wishart(3.0, covariance_matrix=gpugrad.eye(2)).mean
    tensor([[3., 0.],
            [0., 3.]])
    """

    support = constraints.positive_definite
    has_rsample = True

    def __init__(
        self,
        df: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        name, matrix = the_one_given(
            AssertionError,
            covariance_matrix=covariance_matrix,
            precision_matrix=precision_matrix,
            scale_tril=scale_tril,
        )
        if matrix.dim() < 2:
            raise ValueError(
                "scale_tril must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        batch = tuple(matrix.shape[:-2])
        if isinstance(df, Tensor):
            batch = tuple(broadcast_shapes(batch, tuple(df.shape)))
            self.df = df.expand(batch)
        else:
            self.df = tensor(df, dtype=matrix.dtype, device=matrix.device)
        n = matrix.shape[-1]
        if (self.df <= n - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {n - 1}.")
        if (self.df < n).any():
            warnings.warn(
                "Low df values detected. Singular samples are highly likely to occur for "
                "ndim - 1 < df < ndim.",
                stacklevel=2,
            )
        matrix = self.__dict__[name] = matrix.expand((*batch, n, n))
        super().__init__(batch, (n, n), validate_args)
        self._factor = factor_of(name, matrix)
        columns = arange(n, dtype=matrix.dtype, device=matrix.device)
        self._diagonal = Chi2(self.df.unsqueeze(-1) - columns.expand((*batch, n)))

    @property
    def arg_constraints(self) -> Constraints:  # type: ignore[override]  # of the size of the matrix
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self._event_shape[-1] - 1),
        }

    def __getattr__(self, name: str) -> Any:
        if name == "scale_tril":
            return self._factor
        if name == "covariance_matrix":
            return self._factor @ self._factor.mT
        if name == "precision_matrix":
            return self.covariance_matrix.inverse()
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def expand(self, batch_shape: Shape) -> Self:
        batch = tuple(batch_shape)
        factor = self._factor.expand((*batch, *self._event_shape))
        return self._checked_alike(
            type(self)(self.df.expand(batch), scale_tril=factor, validate_args=False)
        )

    def _of_matrices(self, values: Any) -> Any:
        return values.view((*self._batch_shape, 1, 1))

    @property
    def mean(self) -> Any:
        return self._of_matrices(self.df) * self.covariance_matrix

    @property
    def mode(self) -> Any:
        factor = self.df - self._event_shape[-1] - 1
        return self._of_matrices(factor.where(factor > 0, math.nan)) * self.covariance_matrix

    @property
    def variance(self) -> Any:
        covariance = self.covariance_matrix
        diagonal = covariance.diagonal(0, -2, -1)
        products = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self._of_matrices(self.df) * (covariance.pow(2) + products)

    def rsample(self, sample_shape: Shape = (), max_try_correction: int | None = None) -> Any:
        """Samples through which gradients reach the parameters.

        Args:
            max_try_correction: how often those that rounding has made singular are drawn again;
                10 times by default.
        """
        sample = self._drawn(tuple(sample_shape))
        # PyTorch takes the second sample of each, and a program that has a seed expects its
        # numbers.
        again = self._drawn_again(sample, self._all_definite(sample))
        for _ in range(10 if max_try_correction is None else max_try_correction):
            singular = ~self._all_definite(again)
            if not singular.any():
                break
            again = self._drawn_again(again, singular)
        return again

    def _all_definite(self, sample: Any) -> Any:
        """For each draw of the whole batch, whether all its matrices are positive definite."""
        definite = self.support.check(sample)
        batch = len(self._batch_shape)
        return definite.flatten(definite.dim() - batch).all(-1) if batch else definite

    def _drawn_again(self, sample: Any, chosen: Any) -> Any:
        if not chosen.any():
            return sample
        fresh = self._drawn((int(chosen.sum()),))
        found = sample.clone()
        found[chosen] = fresh
        return found

    def _drawn(self, shape: tuple[int, ...]) -> Any:
        n = self._event_shape[-1]
        roots = self._diagonal.rsample(shape).sqrt()
        roots = roots.clamp(min=finfo(roots.dtype).eps)
        places = arange(n, device=roots.device)
        below = places.view(-1, 1) > places
        drawn = standard_normal((*shape, *self._batch_shape, n * (n - 1) // 2), roots)
        triangle = roots.diag_embed()
        triangle[..., below] = drawn
        factor = self._factor @ triangle
        return factor @ factor.mT

    def _half_log_det(self) -> Any:
        return self._factor.diagonal(0, -2, -1).log().sum(-1)

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        df, n = self.df, self._event_shape[-1]
        factor = self._factor.expand((*value.shape[:-2], n, n))
        half = solve_triangular(factor, value, upper=False)
        trace = solve_triangular(factor, half.mT, upper=False).diagonal(0, -2, -1).sum(-1)
        return (
            -df * (0.5 * n * math.log(2.0) + self._half_log_det())
            - (0.5 * df).mvlgamma(n)
            + 0.5 * (df - n - 1) * linalg_slogdet(value)[1]
            - 0.5 * trace
        )

    def entropy(self) -> Any:
        df, n = self.df, self._event_shape[-1]
        halves = arange(n, dtype=df.dtype, device=df.device) / 2
        digammas = (0.5 * df.unsqueeze(-1) - halves).digamma().sum(-1)
        return (
            (n + 1) * (0.5 * n * math.log(2.0) + self._half_log_det())
            + (0.5 * df).mvlgamma(n)
            - 0.5 * (df - n - 1) * digammas
            + 0.5 * df * n
        )
