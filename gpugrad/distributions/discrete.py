"""Distributions of classes and counts: Bernoulli, geometric, categorical."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from ..autograd.grad_mode import enable_grad
from ..creation import arange
from ..limits import finfo
from ..nn.functional.binary import binary_cross_entropy_with_logits
from ..random import bernoulli
from ..random.sampling import multinomial
from ..size import Size
from . import constraints
from .constraints import Constraints
from .distribution import Broadcast, Distribution, Shape, broadcast_all


def clamped(probs: Any) -> Any:
    """Probabilities away from 0 and 1, so that their logarithms are finite."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def _one_of(probs: Any, logits: Any) -> None:
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")


class _EitherParameter:
    """Probabilities or logits: one is given, the other computed when it is first asked for."""

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        with enable_grad():
            if name == "logits" and "probs" in own:
                own[name] = self._logits_of(own["probs"])
            elif name == "probs" and "logits" in own:
                own[name] = self._probs_of(own["logits"])
            else:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return own[name]

    @staticmethod
    def _logits_of(probs: Any) -> Any:
        raise NotImplementedError

    @staticmethod
    def _probs_of(logits: Any) -> Any:
        raise NotImplementedError


class _Binary(_EitherParameter, Broadcast):
    """Parameters of distributions that ask again and again whether something happens."""

    arg_constraints: ClassVar[Constraints] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        _one_of(probs, logits)
        name, given = ("probs", probs) if logits is None else ("logits", logits)
        (self._param,) = broadcast_all(given)
        self.__dict__[name] = self._param
        self._given = name
        super().__init__(self._param.shape, validate_args=validate_args)

    def expand(self, batch_shape: Shape) -> Self:
        own = {self._given: self._param.expand(tuple(batch_shape))}
        return self._checked_alike(type(self)(**own, validate_args=False))

    @staticmethod
    def _logits_of(probs: Any) -> Any:
        probs = clamped(probs)
        return probs.log() - (-probs).log1p()

    @staticmethod
    def _probs_of(logits: Any) -> Any:
        return logits.sigmoid()


class Bernoulli(_Binary):
    """1 with probability ``probs``, or ``sigmoid(logits)``; else 0.

    >>> import gpugrad
    >>> from gpugrad.distributions import Bernoulli
    >>> Bernoulli(0.25).log_prob(gpugrad.tensor(1.0)).exp()
    tensor(0.2500)
    """

    support = constraints.boolean
    has_enumerate_support = True

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter that was given."""
        return Size(self._param.shape)

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
        if self._validate_args:
            self._validate_sample(value)
        logits, value = broadcast_all(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Any:
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Any:
        values = arange(2, dtype=self._param.dtype, device=self._param.device)
        values = values.reshape((-1, *(1,) * len(self._batch_shape)))
        return values.expand((-1, *self._batch_shape)) if expand else values


class Geometric(_Binary):
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
        if self._validate_args:
            self._validate_sample(value)
        value, probs = broadcast_all(value, self.probs)
        probs = probs.clone()
        probs[(probs == 1) & (value == 0)] = 0
        return value * (-probs).log1p() + self.probs.log()

    def entropy(self) -> Any:
        logits = self.logits
        return binary_cross_entropy_with_logits(logits, self.probs, reduction="none") / self.probs


class Categorical(_EitherParameter, Distribution):
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
        _one_of(probs, logits)
        given = probs if logits is None else logits
        if given.dim() < 1:
            name = "probs" if logits is None else "logits"
            raise ValueError(f"`{name}` parameter must be at least one-dimensional.")
        if logits is None:
            self.__dict__["probs"] = self._param = probs / probs.sum(-1, keepdim=True)
        else:
            self.__dict__["logits"] = self._param = logits - logits.logsumexp(-1, keepdim=True)
        self._given = "probs" if logits is None else "logits"
        self._num_events = self._param.size(-1)
        super().__init__(self._param.shape[:-1], validate_args=validate_args)

    @staticmethod
    def _logits_of(probs: Any) -> Any:
        return clamped(probs).log()

    @staticmethod
    def _probs_of(logits: Any) -> Any:
        return logits.softmax(-1)

    def expand(self, batch_shape: Shape) -> Self:
        own = {self._given: self._param.expand((*batch_shape, self._num_events))}
        return self._checked_alike(type(self)(**own, validate_args=False))

    @property
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter that was given."""
        return Size(self._param.shape)

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
        if self._validate_args:
            self._validate_sample(value)
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
        values = arange(self._num_events, device=self._param.device)
        values = values.reshape((-1, *(1,) * len(self._batch_shape)))
        return values.expand((-1, *self._batch_shape)) if expand else values


class OneHotCategorical(Distribution):
    """One of several classes, as a vector with a one at its place.

    >>> import gpugrad
    >>> from gpugrad.distributions import OneHotCategorical
    >>> OneHotCategorical(gpugrad.tensor([0.0, 1.0])).sample()
    tensor([0., 1.])
    """

    arg_constraints: ClassVar[Constraints] = {
        "probs": constraints.simplex,
        "logits": constraints.real_vector,
    }
    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        events = self._categorical.param_shape[-1:]
        super().__init__(self._categorical.batch_shape, events, validate_args)

    def expand(self, batch_shape: Shape) -> Self:
        own = self._categorical.expand(batch_shape)
        return self._checked_alike(type(self)(**{own._given: own._param}, validate_args=False))

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
        from ..nn.functional.linear import one_hot

        return one_hot(index, self._categorical._num_events).to(self.probs)

    def sample(self, sample_shape: Shape = ()) -> Any:
        return self._one_hot(self._categorical.sample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        return self._categorical.log_prob(value.max(-1)[1])

    def entropy(self) -> Any:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        from ..creation import eye

        n = self.event_shape[0]
        values = eye(n, dtype=self.probs.dtype, device=self.probs.device)
        values = values.reshape((n, *(1,) * len(self.batch_shape), n))
        return values.expand((n, *self.batch_shape, n)) if expand else values


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """One-hot samples whose gradients go to the probabilities, as if they were these.

    Bengio et al., "Estimating or Propagating Gradients Through Stochastic Neurons", 2013.
    """

    has_rsample = True

    def rsample(self, sample_shape: Shape = ()) -> Any:
        return self.sample(sample_shape) + (self.probs - self.probs.detach())
