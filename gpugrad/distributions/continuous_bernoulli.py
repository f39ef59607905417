"""Numbers between 0 and 1 whose density has the form of Bernoulli's probabilities."""

from __future__ import annotations

import math
from typing import Any

from ..nn.functional.binary import binary_cross_entropy_with_logits
from ..random import rand
from . import constraints
from .distribution import Shape, broadcast_all
from .probs_or_logits import Binary, clamped


class ContinuousBernoulli(Binary):
    """Numbers in [0, 1] with the density ``C(p) p^x (1 - p)^(1 - x)``.

    ``C(p) = 2 artanh(1 - 2p) / (1 - 2p)``, and 2 for p = 1/2 (G. Loaiza-Ganem and J. Cunningham,
    "The continuous Bernoulli", 2019). Around 1/2 the formulas lose their digits; there the first
    terms of their series are used.

    Args:
        probs: p, in [0, 1]; not the probability of anything.
        logits: ``log(p / (1 - p))``, instead of it.
        lims: where the series begin and end.

    Raises:
        ValueError: both parameters are given, or none; or p lies outside of [0, 1].

    >>> import gpugrad
    >>> from gpugrad.distributions import ContinuousBernoulli
    >>> ContinuousBernoulli(0.5).log_prob(gpugrad.tensor(0.3))
    tensor(0.)
    """

    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(probs, logits, validate_args)
        self._lims = lims
        if self._given == "probs":
            self._keep("probs", clamped(self.probs))

    @staticmethod
    def _probs_of(logits: Any) -> Any:
        return clamped(logits.sigmoid())

    def _others(self, batch: tuple[int, ...]) -> dict[str, Any]:
        return {"lims": self._lims}

    def _regular(self) -> Any:
        """Where the formulas are used and not the series."""
        return (self.probs <= self._lims[0]) | (self.probs > self._lims[1])

    def _safe_probs(self) -> tuple[Any, Any]:
        """p and ``log((1 - p) / p)``, with another p where the series are used."""
        p = self.probs.where(self._regular(), self._lims[0])
        return p, (-p).log1p() - p.log()

    def _chosen(self, formula: Any, series: Any) -> Any:
        return formula.where(self._regular(), series)

    def log_norm(self) -> Any:
        """``log(C(p))``, the norm of the density."""
        p, log_odds = self._safe_probs()
        square = (self.probs - 0.5) ** 2
        series = math.log(2.0) + (4.0 / 3.0 + 104.0 / 45.0 * square) * square
        return self._chosen(log_odds.abs().log() - (1 - 2 * p).abs().log(), series)

    @property
    def mean(self) -> Any:
        p, log_odds = self._safe_probs()
        x = self.probs - 0.5
        series = 0.5 + (1.0 / 3.0 + 16.0 / 45.0 * x**2) * x
        return self._chosen(p / (2 * p - 1) + 1 / log_odds, series)

    @property
    def variance(self) -> Any:
        p, log_odds = self._safe_probs()
        square = (self.probs - 0.5) ** 2
        series = 1.0 / 12.0 - (1.0 / 15.0 - 128.0 / 945.0 * square) * square
        return self._chosen(p * (p - 1) / (1 - 2 * p) ** 2 + log_odds**-2, series)

    def rsample(self, sample_shape: Shape = ()) -> Any:
        shape = tuple(self._extended_shape(sample_shape))
        return self.icdf(rand(shape, dtype=self.probs.dtype, device=self.probs.device))

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        logits, value = broadcast_all(self.logits, value)
        loss = binary_cross_entropy_with_logits(logits, value, reduction="none")
        return -loss + self.log_norm()

    def cdf(self, value: Any) -> Any:
        self._check_sample(value)
        p, _ = self._safe_probs()
        formula = (p**value * (1 - p) ** (1 - value) + p - 1) / (2 * p - 1)
        inside = self._chosen(formula, value)
        return inside.where(value > 0, 0.0).where(value < 1, 1.0)

    def icdf(self, value: Any) -> Any:
        p, log_odds = self._safe_probs()
        formula = ((-p).log1p() - (-p + value * (2 * p - 1)).log1p()) / log_odds
        return self._chosen(formula, value)

    def entropy(self) -> Any:
        log_none, log_all = (-self.probs).log1p(), self.probs.log()
        return self.mean * (log_none - log_all) - self.log_norm() - log_none
