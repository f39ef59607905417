"""Absolute values of numbers around 0: the half normal and the half Cauchy distribution."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from . import constraints
from .constraints import Constraints
from .continuous import Cauchy, LocationScale, Normal
from .transformed import TransformedDistribution
from .transforms import AbsTransform


class _Folded(TransformedDistribution):
    """The density of a symmetric distribution doubles where its negative half is folded over."""

    arg_constraints: ClassVar[Constraints] = {"scale": constraints.positive}
    support = constraints.nonnegative
    _unfolded: ClassVar[type[LocationScale]]

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        base = self._unfolded(0, scale, validate_args=False)
        super().__init__(base, AbsTransform(), validate_args=validate_args)

    @property
    def scale(self) -> Any:
        """The scale of the numbers around 0."""
        return self.base_dist.scale

    @property
    def mode(self) -> Any:
        return self.scale.new_zeros(tuple(self.scale.shape))

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        found = self.base_dist.log_prob(value) + math.log(2)
        return found.where(value >= 0, found.new_full((), -math.inf))

    def cdf(self, value: Any) -> Any:
        self._check_sample(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value: Any) -> Any:
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Any:
        return self.base_dist.entropy() - math.log(2)


class HalfNormal(_Folded):
    """The absolute values of normal numbers around 0, whose standard deviation is ``scale``.

    >>> import gpugrad
    >>> from gpugrad.distributions import HalfNormal
    >>> HalfNormal(1.0).mean
    tensor(0.7979)
    """

    _unfolded = Normal

    @property
    def mean(self) -> Any:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Any:
        return self.scale.pow(2) * (1 - 2 / math.pi)


class HalfCauchy(_Folded):
    """The absolute values of Cauchy numbers around 0; half of them lie below ``scale``.

    >>> import gpugrad
    >>> from gpugrad.distributions import HalfCauchy
    >>> HalfCauchy(1.0).cdf(gpugrad.tensor(1.0))
    tensor(0.5000)
    """

    _unfolded = Cauchy

    @property
    def mean(self) -> Any:
        return self.scale.new_full(tuple(self._extended_shape()), math.inf)

    @property
    def variance(self) -> Any:
        return self.base_dist.variance
