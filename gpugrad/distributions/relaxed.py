"""Classes relaxed to probabilities, so that samples have gradients: the concrete distributions.

C. Maddison, A. Mnih and Y. W. Teh, "The concrete distribution", 2017; E. Jang, S. Gu and B. Poole,
"Categorical reparameterization with Gumbel-softmax", 2017.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from ..random import rand
from . import constraints
from .categorical import Categorical, OverClasses
from .constraints import Constraints
from .distribution import Shape, broadcast_all
from .probs_or_logits import Binary, clamped
from .transformed import TransformedDistribution
from .transforms import ExpTransform, SigmoidTransform


def _uniforms(like: Any, shape: Shape) -> Any:
    return clamped(rand(tuple(shape), dtype=like.dtype, device=like.device))


class LogitRelaxedBernoulli(Binary):
    """The logits of :class:`RelaxedBernoulli`."""

    support = constraints.real
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        super().__init__(probs, logits, validate_args)

    def _others(self, batch: tuple[int, ...]) -> dict[str, Any]:
        return {"temperature": self.temperature}

    def rsample(self, sample_shape: Shape = ()) -> Any:
        shape = tuple(self._extended_shape(sample_shape))
        probs = clamped(self.probs.expand(shape))
        u = _uniforms(probs, shape)
        noise = u.log() - (-u).log1p()
        return (noise + probs.log() - (-probs).log1p()) / self.temperature

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        logits, value = broadcast_all(self.logits, value)
        distance = logits - value * self.temperature
        return self.temperature.log() + distance - 2 * distance.exp().log1p()


class ExpRelaxedCategorical(OverClasses):
    """The logarithms of :class:`RelaxedOneHotCategorical`."""

    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical = Categorical(probs, logits)
        self.temperature = temperature
        shape = self._categorical.param_shape
        super().__init__(self._categorical.batch_shape, shape[-1:], validate_args)

    def _others(self) -> dict[str, Any]:
        return {"temperature": self.temperature}

    def rsample(self, sample_shape: Shape = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        gumbel = -(-_uniforms(self.logits, shape).log()).log()
        scores = (self.logits + gumbel) / self.temperature
        return scores - scores.logsumexp(-1, keepdim=True)

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        n = self._categorical._num_events
        logits, value = broadcast_all(self.logits, value)
        scale = math.lgamma(float(n)) - self.temperature.log().mul(-(n - 1))
        score = logits - value.mul(self.temperature)
        return (score - score.logsumexp(-1, keepdim=True)).sum(-1) + scale


class _Relaxed(TransformedDistribution):
    """What becomes of relaxed logits or logarithms, with their parameters."""

    has_rsample = True

    @property
    def temperature(self) -> Any:
        """How far the samples are from single classes."""
        return self.base_dist.temperature

    @property
    def logits(self) -> Any:
        """The logits, or logarithms, of the probabilities."""
        return self.base_dist.logits

    @property
    def probs(self) -> Any:
        """The probabilities of unrelaxed samples."""
        return self.base_dist.probs


class RelaxedBernoulli(_Relaxed):
    """Numbers from 0 to 1, the nearer to 0 or 1 the lower the ``temperature``.

    >>> import gpugrad
    >>> from gpugrad.distributions import RelaxedBernoulli
    >>> RelaxedBernoulli(gpugrad.tensor(0.5), gpugrad.tensor([0.1, 0.9])).rsample().shape
    torch.Size([2])
    """

    arg_constraints: ClassVar[Constraints] = Binary.arg_constraints
    support = constraints.unit_interval

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args=validate_args)


class RelaxedOneHotCategorical(_Relaxed):
    """Probability vectors, the nearer to one class the lower the ``temperature``.

    >>> import gpugrad
    >>> from gpugrad.distributions import RelaxedOneHotCategorical
    >>> RelaxedOneHotCategorical(gpugrad.tensor(0.5), gpugrad.tensor([0.1, 0.9])).rsample().shape
    torch.Size([2])
    """

    arg_constraints: ClassVar[Constraints] = Categorical.arg_constraints
    support = constraints.simplex

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args)
        super().__init__(base, ExpTransform(), validate_args=validate_args)
