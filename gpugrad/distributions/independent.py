"""Batches of distributions taken as one distribution of vectors."""

from __future__ import annotations

from typing import Any, Self

from . import constraints
from .distribution import Distribution, Shape


def sum_rightmost(value: Any, dims: int) -> Any:
    """The sum over the last ``dims`` dimensions."""
    return value.sum(tuple(range(-dims, 0))) if dims else value


class Independent(Distribution):
    """Another distribution, whose last batch dimensions become dimensions of one event.

    Log-probabilities are then summed over them.

    Args:
        base_distribution: the other one.
        reinterpreted_batch_ndims: how many dimensions.

    Raises:
        ValueError: it does not have that many.

    >>> import gpugrad
    >>> from gpugrad.distributions import Independent, Normal
    >>> vectors = Independent(Normal(gpugrad.zeros(3), gpugrad.ones(3)), 1)
    >>> vectors.log_prob(gpugrad.zeros(3))
    tensor(-2.7568)
    """

    def __init__(
        self,
        base_distribution: Distribution,
        reinterpreted_batch_ndims: int,
        validate_args: bool | None = None,
    ) -> None:
        batch = base_distribution.batch_shape
        if reinterpreted_batch_ndims > len(batch):
            raise ValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual "
                f"{reinterpreted_batch_ndims} vs {len(batch)}"
            )
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        kept = len(batch) - reinterpreted_batch_ndims
        events = (*batch[kept:], *base_distribution.event_shape)
        super().__init__(batch[:kept], events, validate_args)

    def expand(self, batch_shape: Shape) -> Self:
        own = self._event_shape[: self.reinterpreted_batch_ndims]
        base = self.base_dist.expand((*batch_shape, *own))
        return self._checked_alike(
            type(self)(base, self.reinterpreted_batch_ndims, validate_args=False)
        )

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether the other distribution has samples with gradients."""
        return self.base_dist.has_rsample

    @property
    def support(self) -> Any:
        found = self.base_dist.support
        if self.reinterpreted_batch_ndims and found is not None:
            return constraints.IndependentConstraint(found, self.reinterpreted_batch_ndims)
        return found

    @property
    def mean(self) -> Any:
        return self.base_dist.mean

    @property
    def mode(self) -> Any:
        return self.base_dist.mode

    @property
    def variance(self) -> Any:
        return self.base_dist.variance

    def sample(self, sample_shape: Shape = ()) -> Any:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Shape = ()) -> Any:
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Any) -> Any:
        return sum_rightmost(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Any:
        return sum_rightmost(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand: bool = True) -> Any:
        if self.reinterpreted_batch_ndims > 0:
            raise NotImplementedError("Enumeration over cartesian product is not implemented")
        return self.base_dist.enumerate_support(expand)

    def __repr__(self) -> str:
        return f"Independent({self.base_dist}, {self.reinterpreted_batch_ndims})"
