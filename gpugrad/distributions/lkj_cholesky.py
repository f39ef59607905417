"""Random matrices of correlations, by their triangular factors."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

from ..creation import arange
from ..limits import finfo
from ..ops.joining import cat
from . import constraints
from .constraints import Constraints
from .distribution import Distribution, Shape, broadcast_all, standard_normal
from .simplex import Beta


class LKJCholesky(Distribution):
    """Lower triangular L of correlation matrices ``L L^T`` of the density ``det ** (eta - 1)``.

    Samples are drawn row by row: a direction on the sphere and, by a beta distribution, how much
    of the row it takes (D. Lewandowski, D. Kurowicka and H. Joe, "Generating random correlation
    matrices based on vines and extended onion method", 2009, section 3).

    Args:
        dim: rows of the matrices, at least 2.
        concentration: eta; with 1 all correlation matrices are equally likely, beyond it those
            near the unit matrix are more so.

    Raises:
        ValueError: ``dim`` is below 2.

    >>> import gpugrad
    >>> from gpugrad.distributions import LKJCholesky
    >>> LKJCholesky(2, 1.0).log_prob(gpugrad.eye(2))  # of a correlation, from -1 to 1
    tensor(-0.6931)
    """

    arg_constraints: ClassVar[Constraints] = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(
        self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        if dim < 2:
            raise ValueError(
                f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}."
            )
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        eta = self.concentration
        before = arange(dim - 1, dtype=eta.dtype, device=eta.device)
        before = cat([before.new_zeros((1,)), before])
        rest = (eta + 0.5 * (dim - 2)).unsqueeze(-1) - 0.5 * before
        self._shares = Beta(before + 0.5, rest)
        super().__init__(eta.shape, (dim, dim), validate_args)

    def expand(self, batch_shape: Shape) -> Self:
        wider = self.concentration.expand(tuple(batch_shape))
        return self._checked_alike(type(self)(self.dim, wider, validate_args=False))

    def sample(self, sample_shape: Shape = ()) -> Any:
        shares = self._shares.sample(sample_shape).unsqueeze(-1)
        shape = tuple(self._extended_shape(sample_shape))
        direction = standard_normal(shape, shares).tril(-1)
        direction = direction / direction.norm(dim=-1, keepdim=True)
        direction[..., 0, :].fill_(0.0)  # the first row has no elements before the diagonal
        rows = shares.sqrt() * direction
        rest = (1 - rows.pow(2).sum(-1)).clamp(min=finfo(rows.dtype).tiny)
        return rows + rest.sqrt().diag_embed()

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density of a factor: ``prod(L[i, i] ** (2 eta - 2 + n - i))``,
        i from 2, over its integral (page 1999 of the work named above)."""
        self._check_sample(value)
        eta, n = self.concentration, self.dim
        diagonal = value.diagonal(0, -1, -2)[..., 1:]
        order = 2 * (eta - 1).unsqueeze(-1) + n - arange(2, n + 1, device=eta.device)
        alpha = eta + 0.5 * (n - 1)
        norm = (
            0.5 * (n - 1) * math.log(math.pi)
            + (alpha - 0.5).mvlgamma(n - 1)
            - alpha.lgamma() * (n - 1)
        )
        return (order * diagonal.log()).sum(-1) - norm
