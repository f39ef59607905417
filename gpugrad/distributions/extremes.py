"""Extreme values and the like: the Gumbel, Weibull, Pareto and Kumaraswamy distributions.

They are uniform or exponential numbers that go through invertible maps.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..limits import finfo
from . import constraints
from .constraints import Constraints
from .continuous import Exponential, Uniform
from .distribution import Broadcast, Distribution, broadcast_all
from .transformed import TransformedDistribution
from .transforms import AffineTransform, ExpTransform, PowerTransform

EULER = 0.57721566490153286060


class Gumbel(Broadcast, TransformedDistribution):
    """The distribution of the largest of many numbers: ``loc - scale * log(e)``, e exponential.

    >>> import gpugrad
    >>> from gpugrad.distributions import Gumbel
    >>> Gumbel(0.0, 1.0).log_prob(gpugrad.tensor(0.0))
    tensor(-1.)
    """

    arg_constraints: ClassVar[Constraints] = {
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        limits = finfo(self.loc.dtype)
        shape = tuple(self.loc.shape)
        low = self.loc.new_full(shape, limits.tiny)
        high = self.loc.new_full(shape, 1 - limits.eps)
        base: Distribution = Uniform(low, high, validate_args=validate_args)
        maps = [
            ExpTransform().inv,
            AffineTransform(0, -self.scale.new_ones(shape)),
            ExpTransform().inv,
            AffineTransform(self.loc, -self.scale),
        ]
        super().__init__(base, maps, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.loc + self.scale * EULER

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def stddev(self) -> Any:
        return (math.pi / math.sqrt(6)) * self.scale

    @property
    def variance(self) -> Any:
        return self.stddev.pow(2)

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        y = (self.loc - value) / self.scale
        return (y - y.exp()) - self.scale.log()

    def entropy(self) -> Any:
        return self.scale.log() + (1 + EULER)


class Weibull(Broadcast, TransformedDistribution):
    """``scale * e ** (1 / concentration)`` with e exponential.

    >>> from gpugrad.distributions import Weibull
    >>> Weibull(2.0, 1.0).mean
    tensor(2.)
    """

    arg_constraints: ClassVar[Constraints] = {
        "scale": constraints.positive,
        "concentration": constraints.positive,
    }
    support = constraints.positive

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        self.concentration_reciprocal = self.concentration.reciprocal()
        base: Distribution = Exponential(
            self.scale.new_ones(tuple(self.scale.shape)), validate_args=validate_args
        )
        maps = [PowerTransform(self.concentration_reciprocal), AffineTransform(0, self.scale)]
        super().__init__(base, maps, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.scale * (1 + self.concentration_reciprocal).lgamma().exp()

    @property
    def mode(self) -> Any:
        c = self.concentration
        return self.scale * ((c - 1) / c) ** c.reciprocal()

    @property
    def variance(self) -> Any:
        inverse = self.concentration_reciprocal
        second = (1 + 2 * inverse).lgamma().exp()
        return self.scale.pow(2) * (second - (2 * (1 + inverse).lgamma()).exp())

    def entropy(self) -> Any:
        inverse = self.concentration_reciprocal
        return EULER * (1 - inverse) + (self.scale * inverse).log() + 1


class Pareto(Broadcast, TransformedDistribution):
    """``scale * exp(e)`` with e exponential of the rate ``alpha``.

    >>> from gpugrad.distributions import Pareto
    >>> Pareto(1.0, 2.0).mean
    tensor(2.)
    """

    arg_constraints: ClassVar[Constraints] = {
        "alpha": constraints.positive,
        "scale": constraints.positive,
    }

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = broadcast_all(scale, alpha)
        base: Distribution = Exponential(self.alpha, validate_args=validate_args)
        maps = [ExpTransform(), AffineTransform(0, self.scale)]
        super().__init__(base, maps, validate_args=validate_args)

    @property
    def support(self) -> Any:
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Any:
        alpha = self.alpha.clamp(min=1)
        return alpha * self.scale / (alpha - 1)

    @property
    def mode(self) -> Any:
        return self.scale

    @property
    def variance(self) -> Any:
        alpha = self.alpha.clamp(min=2)
        return self.scale.pow(2) * alpha / ((alpha - 1).pow(2) * (alpha - 2))

    def entropy(self) -> Any:
        return (self.scale / self.alpha).log() + (1 + self.alpha.reciprocal())


class Kumaraswamy(Broadcast, TransformedDistribution):
    """Numbers from 0 to 1: ``(1 - u ** (1 / concentration0)) ** (1 / concentration1)``.

    >>> import gpugrad
    >>> from gpugrad.distributions import Kumaraswamy
    >>> Kumaraswamy(1.0, 1.0).mean
    tensor(0.5000)
    """

    arg_constraints: ClassVar[Constraints] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        shape = tuple(self.concentration0.shape)
        low, high = (self.concentration0.new_full(shape, end) for end in (0.0, 1.0))
        base: Distribution = Uniform(low, high, validate_args=validate_args)
        maps = [
            PowerTransform(self.concentration0.reciprocal()),
            AffineTransform(1.0, -1.0),
            PowerTransform(self.concentration1.reciprocal()),
        ]
        super().__init__(base, maps, validate_args=validate_args)

    def _moment(self, n: int) -> Any:
        a, b = self.concentration1, self.concentration0
        first = 1 + n / a
        return b * (first.lgamma() + b.lgamma() - (first + b).lgamma()).exp()

    @property
    def mean(self) -> Any:
        return self._moment(1)

    @property
    def mode(self) -> Any:
        a, b = self.concentration1, self.concentration0
        log_mode = b.reciprocal() * (-b).log1p() - (-b * a).log1p()
        return log_mode.masked_fill((b < 1) | (a < 1), math.nan).exp()

    @property
    def variance(self) -> Any:
        return self._moment(2) - self.mean.pow(2)

    def entropy(self) -> Any:
        a, b = self.concentration1, self.concentration0
        harmonic = (b + 1).digamma() + EULER
        return 1 - b.reciprocal() + (1 - a.reciprocal()) * harmonic - a.log() - b.log()
