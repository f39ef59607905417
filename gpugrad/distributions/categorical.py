"""Distributions of classes: categorical, as a number or as a one-hot vector."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from ..creation import arange, eye
from ..limits import finfo
from ..nn.functional.linear import one_hot
from ..random.sampling import multinomial
from ..size import Size
from . import constraints
from .constraints import Constraints
from .distribution import Distribution, Shape, broadcast_all
from .probs_or_logits import ProbsOrLogits, clamped, one_of


class Categorical(ProbsOrLogits):
    """One of several classes, by probabilities or their logarithms along the last dimension.

    >>> import gpugrad
    >>> from gpugrad.distributions import Categorical
    >>> Categorical(gpugrad.tensor([1.0, 3.0])).probs
    tensor([0.2500, 0.7500])
    """

    arg_constraints: ClassVar[Constraints] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        name, given = one_of(probs, logits)
        if given.dim() < 1:
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if name == "probs":
            self._keep(name, given / given.sum(-1, keepdim=True))
        else:
            self._keep(name, given - given.logsumexp(-1, keepdim=True))
        self._num_events = self._param.size(-1)
        super().__init__(self._param.shape[:-1], validate_args=validate_args)

    @staticmethod
    def _logits_of(probs: Any) -> Any:
        return clamped(probs).log()

    @staticmethod
    def _probs_of(logits: Any) -> Any:
        return logits.softmax(-1)

    @property
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Any:
        return self.probs.new_full(tuple(self._extended_shape()), float("nan"))

    @property
    def mode(self) -> Any:
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Any:
        return self.probs.new_full(tuple(self._extended_shape()), float("nan"))

    def sample(self, sample_shape: Shape = ()) -> Any:
        sample_shape = Size(sample_shape)
        probs, count = self.probs.detach(), sample_shape.numel()
        if self._batch_shape:
            drawn = multinomial(probs.reshape(-1, self._num_events), count, True).T
        else:
            drawn = multinomial(probs, count, True)
        return drawn.reshape(tuple(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        logits = self.logits
        alike = value.shape == self._batch_shape
        value = value.long().unsqueeze(-1)
        if not alike:
            value, logits = broadcast_all(value, logits)
            value = value[..., :1]
        return logits.gather(-1, value).squeeze(-1)

    def entropy(self) -> Any:
        logits = self.logits.clamp(min=finfo(self.logits.dtype).min)
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Any:
        return self._for_batch(arange(self._num_events, device=self._param.device), expand)


class OverClasses(Distribution):
    """A distribution that is made from a categorical one and has its parameters."""

    arg_constraints: ClassVar[Constraints] = Categorical.arg_constraints
    _categorical: Categorical

    def expand(self, batch_shape: Shape) -> Self:
        own = self._categorical.expand(batch_shape)
        given = {own._given: own._param}
        return self._checked_alike(type(self)(**self._others(), **given, validate_args=False))

    def _others(self) -> dict[str, Any]:
        """The arguments beside the probabilities."""
        return {}

    @property
    def probs(self) -> Any:
        """The probability of each class."""
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        """Its logarithm."""
        return self._categorical.logits

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter that was given."""
        return self._categorical.param_shape


class OneHotCategorical(OverClasses):
    """One of several classes, as a vector with a one at its place.

    >>> import gpugrad
    >>> from gpugrad.distributions import OneHotCategorical
    >>> OneHotCategorical(gpugrad.tensor([0.0, 1.0])).sample()
    tensor([0., 1.])
    """

    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        events = self._categorical.param_shape[-1:]
        super().__init__(self._categorical.batch_shape, events, validate_args)

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def mode(self) -> Any:
        return self._one_hot(self.probs.argmax(-1))

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    def _one_hot(self, index: Any) -> Any:
        return one_hot(index, self._categorical._num_events).to(self.probs)

    def sample(self, sample_shape: Shape = ()) -> Any:
        return self._one_hot(self._categorical.sample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        return self._categorical.log_prob(value.max(-1)[1])

    def entropy(self) -> Any:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        values = eye(self._event_shape[0], dtype=self.probs.dtype, device=self.probs.device)
        return self._for_batch(values, expand)


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """One-hot samples whose gradients go to the probabilities, as if they were these.

    Bengio et al., "Estimating or Propagating Gradients Through Stochastic Neurons", 2013.

    >>> import gpugrad
    >>> from gpugrad.distributions import OneHotCategoricalStraightThrough
    >>> probs = gpugrad.tensor([0.5, 0.5], requires_grad=True)
    >>> OneHotCategoricalStraightThrough(probs).rsample()[0].backward()
    >>> probs.grad
    tensor([ 0.5000, -0.5000])
    """

    has_rsample = True

    def rsample(self, sample_shape: Shape = ()) -> Any:
        return self.sample(sample_shape) + (self.probs - self.probs.detach())
