"""Distributions of repeated trials: Bernoulli and geometric."""

from __future__ import annotations

from typing import Any

from ..creation import arange
from ..limits import finfo
from ..nn.functional.binary import binary_cross_entropy_with_logits
from ..random import bernoulli
from . import constraints
from .distribution import Shape, broadcast_all
from .probs_or_logits import Binary


class Bernoulli(Binary):
    """1 with probability ``probs``, or ``sigmoid(logits)``; else 0.

    >>> import gpugrad
    >>> from gpugrad.distributions import Bernoulli
    >>> Bernoulli(0.25).log_prob(gpugrad.tensor(1.0)).exp()
    tensor(0.2500)
    """

    support = constraints.boolean
    has_enumerate_support = True

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def mode(self) -> Any:
        mode = (self.probs >= 0.5).to(self.probs)
        mode[self.probs == 0.5] = float("nan")
        return mode

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = ()) -> Any:
        return bernoulli(self.probs.detach().expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Any:
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Any:
        values = arange(2, dtype=self._param.dtype, device=self._param.device)
        return self._for_batch(values, expand)


class Geometric(Binary):
    """How many failures come before the first success.

    >>> import gpugrad
    >>> from gpugrad.distributions import Geometric
    >>> Geometric(0.5).log_prob(gpugrad.tensor(1.0)).exp()
    tensor(0.2500)
    """

    support = constraints.nonnegative_integer

    def _check_parameters(self) -> None:
        super()._check_parameters()
        probs = self.__dict__.get("probs")
        if probs is not None and not (probs > 0).all():
            raise ValueError(
                f"Expected parameter probs ({type(probs).__name__} of shape {tuple(probs.shape)}) "
                f"of distribution {self!r} to be positive but found invalid values:\n"
                f"{probs[probs <= 0]}"
            )

    @property
    def mean(self) -> Any:
        return 1.0 / self.probs - 1.0

    @property
    def mode(self) -> Any:
        return self.probs.new_zeros(self.probs.shape)

    @property
    def variance(self) -> Any:
        return (1.0 / self.probs - 1.0) / self.probs

    def sample(self, sample_shape: Shape = ()) -> Any:
        shape, probs = tuple(self._extended_shape(sample_shape)), self.probs.detach()
        drawn = probs.new_empty(shape).uniform_().clamp(min=finfo(probs.dtype).tiny)
        return (drawn.log() / (-probs).log1p()).floor()

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        value, probs = broadcast_all(value, self.probs)
        probs = probs.clone()
        probs[(probs == 1) & (value == 0)] = 0
        return value * (-probs).log1p() + self.probs.log()

    def entropy(self) -> Any:
        logits = self.logits
        return binary_cross_entropy_with_logits(logits, self.probs, reduction="none") / self.probs
