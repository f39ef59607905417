"""Distributions of what comes out of an invertible map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Self

from ..autograd.grad_mode import no_grad
from . import constraints
from .constraints import Constraints
from .continuous import Normal
from .distribution import Distribution, Shape
from .independent import Independent, sum_rightmost
from .transforms import ExpTransform, Transform


class TransformedDistribution(Distribution):
    """What a distribution becomes when its samples go through maps, one after the other.

    ``log p(y) = log p(x) - log |dy/dx|``

    Args:
        base_distribution: where x comes from.
        transforms: one map or several.

    >>> import gpugrad
    >>> from gpugrad.distributions import Normal, TransformedDistribution
    >>> from gpugrad.distributions.transforms import AffineTransform
    >>> shifted = TransformedDistribution(Normal(0.0, 1.0), AffineTransform(5.0, 2.0))
    >>> shifted.log_prob(gpugrad.tensor(5.0))
    tensor(-1.6121)
    """

    base_dist: Any

    def __init__(
        self,
        base_distribution: Distribution,
        transforms: Transform | Sequence[Transform],
        validate_args: bool | None = None,
    ) -> None:
        self.transforms = [transforms] if isinstance(transforms, Transform) else list(transforms)
        events = len(base_distribution.event_shape)
        shape: Shape
        wanted = max([events, *(t.codomain.event_dim for t in self.transforms)])
        if wanted > events:
            base_distribution = Independent(base_distribution, wanted - events)
        self.base_dist = base_distribution
        shape = base_distribution.batch_shape + base_distribution.event_shape
        for transform in self.transforms:
            shape = transform.forward_shape(shape)
        kept = len(shape) - wanted
        super().__init__(shape[:kept], shape[kept:], validate_args)

    def expand(self, batch_shape: Shape) -> Self:
        twin = TransformedDistribution.__new__(type(self))
        base = self.base_dist.expand(batch_shape)
        TransformedDistribution.__init__(twin, base, self.transforms, validate_args=False)
        return self._checked_alike(twin)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether the base distribution has samples with gradients."""
        return bool(self.base_dist.has_rsample)

    @property
    def support(self) -> Any:
        if not self.transforms:
            return self.base_dist.support
        region = self.transforms[-1].codomain
        missing = len(self._event_shape) - region.event_dim
        return constraints.IndependentConstraint(region, missing) if missing > 0 else region

    def sample(self, sample_shape: Shape = ()) -> Any:
        with no_grad():
            return self._through(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Shape = ()) -> Any:
        return self._through(self.base_dist.rsample(sample_shape))

    def _through(self, x: Any) -> Any:
        for transform in self.transforms:
            x = transform(x)
        return x

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        events = len(self._event_shape)
        result: Any = 0.0
        y = value
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            stretch = transform.log_abs_det_jacobian(x, y)
            result = result - sum_rightmost(stretch, events - transform.domain.event_dim)
            y = x
        own = self.base_dist.log_prob(y)
        return result + sum_rightmost(own, events - len(self.base_dist.event_shape))

    def _mirrored(self, value: Any) -> Any:
        """Probabilities, seen from the other end where the maps exchange the ends."""
        sign = math.prod(transform.sign for transform in self.transforms)
        return value if isinstance(sign, int) and sign == 1 else sign * (value - 0.5) + 0.5

    def cdf(self, value: Any) -> Any:
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        return self._mirrored(self.base_dist.cdf(value))

    def icdf(self, value: Any) -> Any:
        return self._through(self.base_dist.icdf(self._mirrored(value)))


class LogNormal(TransformedDistribution):
    """Positive numbers whose logarithms are normal with mean ``loc`` and deviation ``scale``.

    >>> from gpugrad.distributions import LogNormal
    >>> LogNormal(0.0, 1.0).mean
    tensor(1.6487)
    """

    arg_constraints: ClassVar[Constraints] = {
        "loc": constraints.real,
        "scale": constraints.positive,
    }

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args=validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)

    @property
    def loc(self) -> Any:
        """The mean of the logarithms."""
        return self.base_dist.mean

    @property
    def scale(self) -> Any:
        """The standard deviation of the logarithms."""
        return self.base_dist.stddev

    @property
    def mean(self) -> Any:
        return (self.loc + self.scale.pow(2) / 2).exp()

    @property
    def mode(self) -> Any:
        return (self.loc - self.scale.square()).exp()

    @property
    def variance(self) -> Any:
        square = self.scale.pow(2)
        return square.expm1() * (2 * self.loc + square).exp()

    def entropy(self) -> Any:
        return self.base_dist.entropy() + self.loc
