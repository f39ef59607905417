"""What lies beyond a high threshold: the generalized Pareto distribution."""

from __future__ import annotations

from typing import Any, ClassVar

from ..ops.compare import isclose
from ..random import rand
from . import constraints
from .constraints import Constraints
from .distribution import Broadcast, Shape, broadcast_all


class GeneralizedPareto(Broadcast):
    """Numbers beyond ``loc``: ``P(X > x) = (1 + k z) ** (-1 / k)``, ``z = (x - loc) / scale``.

    k is the concentration. With k = 0 it is the exponential distribution, ``exp(-z)``; with a
    negative one the numbers end at ``loc - scale / k`` (J. Pickands, "Statistical inference using
    extreme order statistics", 1975).

    Args:
        loc, scale, concentration: the threshold, the positive scale and k, of any sign.

    >>> import gpugrad
    >>> from gpugrad.distributions import GeneralizedPareto
    >>> GeneralizedPareto(0.0, 1.0, 0.0).log_prob(gpugrad.tensor(2.0))
    tensor(-2.)
    """

    arg_constraints: ClassVar[Constraints] = {
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(
        self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def support(self) -> Any:
        end = self.loc - self.scale / self.concentration
        return constraints.interval(self.loc, end.where(self.concentration < 0, float("inf")))

    def _exponential(self) -> tuple[Any, Any]:
        """Where k is 0, and k with 1 in these places."""
        zero = isclose(self.concentration, self.concentration.new_zeros(()))
        return zero, self.concentration.masked_fill(zero, 1.0)

    def _scaled(self, value: Any) -> Any:
        return (value - self.loc) / self.scale

    @property
    def mean(self) -> Any:
        finite = self.concentration < 1
        k = self.concentration.where(finite, 0.5)
        return (self.loc + self.scale / (1 - k)).where(finite, float("nan"))

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        finite = self.concentration < 0.5
        k = self.concentration.where(finite, 0.25)
        return (self.scale**2 / ((1 - k) ** 2 * (1 - 2 * k))).where(finite, float("nan"))

    def rsample(self, sample_shape: Shape = ()) -> Any:
        shape = tuple(self._extended_shape(sample_shape))
        return self.icdf(rand(shape, dtype=self.loc.dtype, device=self.loc.device))

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        z = self._scaled(value)
        zero, k = self._exponential()
        power = 1 / k + 1
        falling = (power * (k * z).log1p()).where(power != 0, 0.0)  # nothing falls for k = -1
        return -self.scale.log() - z.where(zero, falling)

    def log_survival_function(self, value: Any) -> Any:
        """The logarithm of the probability of a sample beyond ``value``."""
        self._check_sample(value)
        z = self._scaled(value)
        zero, k = self._exponential()
        return -z.where(zero, (k * z).log1p() / k)

    def log_cdf(self, value: Any) -> Any:
        """The logarithm of the probability of a sample that is at most ``value``."""
        return (-self.log_survival_function(value).exp()).log1p()

    def cdf(self, value: Any) -> Any:
        return self.log_cdf(value).exp()

    def icdf(self, value: Any) -> Any:
        zero, k = self._exponential()
        log_rest = (-value).log1p()
        z = (-log_rest).where(zero, (-k * log_rest).expm1() / k)
        return self.loc + self.scale * z

    def entropy(self) -> Any:
        return self.scale.log() + self.concentration + 1
