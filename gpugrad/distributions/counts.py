"""Distributions of counts: Poisson, binomial, negative binomial, multinomial.

Samples are PyTorch's for the same seed on the CPU.
"""

from __future__ import annotations

from typing import Any, ClassVar

from ..creation import arange, tensor
from ..nn.functional.activation import logsigmoid
from ..random.rejection import binomial, poisson
from . import constraints
from .categorical import Categorical, OverClasses
from .constraints import Constraints
from .distribution import Broadcast, Distribution, Shape, broadcast_all
from .gammas import Gamma
from .probs_or_logits import Binary, one_of


class Poisson(Broadcast):
    """How many events of a ``rate`` happen in one unit of time.

    >>> import gpugrad
    >>> from gpugrad.distributions import Poisson
    >>> Poisson(2.0).log_prob(gpugrad.tensor(0.0))
    tensor(-2.)
    """

    arg_constraints: ClassVar[Constraints] = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.rate

    @property
    def mode(self) -> Any:
        return self.rate.floor()

    @property
    def variance(self) -> Any:
        return self.rate

    def sample(self, sample_shape: Shape = ()) -> Any:
        return poisson(self.rate.detach().expand(tuple(self._extended_shape(sample_shape))))

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        rate, value = broadcast_all(self.rate, value)
        return value.xlogy(rate) - rate - (value + 1).lgamma()


class _Trials(Binary):
    """A number ``total_count`` beside probabilities or logits."""

    def __init__(
        self,
        total_count: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        name, given = one_of(probs, logits)
        count, given = broadcast_all(total_count, given)
        self.total_count = count.type_as(given)
        self._keep(name, given)
        Distribution.__init__(self, given.shape, validate_args=validate_args)

    def _others(self, batch: tuple[int, ...]) -> dict[str, Any]:
        return {"total_count": self.total_count.expand(batch)}


class Binomial(_Trials):
    """How many of ``total_count`` trials succeed, of probability ``probs`` or ``sigmoid(logits)``.

    >>> import gpugrad
    >>> from gpugrad.distributions import Binomial
    >>> Binomial(2, probs=gpugrad.tensor(0.5)).log_prob(gpugrad.tensor(1.0)).exp()
    tensor(0.5000)
    """

    arg_constraints: ClassVar[Constraints] = {
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(
        self,
        total_count: Any = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        super().__init__(total_count, probs, logits, validate_args)

    @property
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Any:
        return self.total_count * self.probs

    @property
    def mode(self) -> Any:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = ()) -> Any:
        shape = tuple(self._extended_shape(sample_shape))
        own = (t.detach().expand(shape) for t in (self.total_count, self.probs))
        return binomial(*own)

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        n, logits = self.total_count, self.logits
        # Half the gradient goes each way where logits are 0.
        positive = (logits.clamp(min=0) + logits - logits.clamp(max=0)) / 2
        ways = (n + 1).lgamma() - (value + 1).lgamma() - (n - value + 1).lgamma()
        norm = n * positive + n * (-logits.abs()).exp().log1p()
        return value * logits + ways - norm

    def _largest(self, asked: str) -> int:
        most = self.total_count.max()
        if self.total_count.min() != most:
            raise NotImplementedError(f"Inhomogeneous total count not supported by `{asked}`.")
        return int(most)

    def entropy(self) -> Any:
        self._largest("entropy")
        found = self.log_prob(self.enumerate_support(False))
        return -(found.exp() * found).sum(0)

    def enumerate_support(self, expand: bool = True) -> Any:
        n = 1 + self._largest("enumerate_support")
        values = arange(n, dtype=self._param.dtype, device=self._param.device)
        return self._for_batch(values, expand)


class NegativeBinomial(_Trials):
    """How many trials succeed, of probability ``probs``, before ``total_count`` have failed.

    >>> import gpugrad
    >>> from gpugrad.distributions import NegativeBinomial
    >>> NegativeBinomial(1.0, probs=gpugrad.tensor(0.5)).mean
    tensor(1.)
    """

    arg_constraints: ClassVar[Constraints] = {
        "total_count": constraints.greater_than_eq(0),
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    @property
    def mean(self) -> Any:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Any:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0.0)

    @property
    def variance(self) -> Any:
        return self.mean / (-self.logits).sigmoid()

    def sample(self, sample_shape: Shape = ()) -> Any:
        rates = Gamma(self.total_count, (-self.logits).exp(), validate_args=False)
        return poisson(rates.sample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        n, logits = self.total_count, self.logits
        found = n * logsigmoid(-logits) + value * logsigmoid(logits)
        norm = -(n + value).lgamma() + (1.0 + value).lgamma() + n.lgamma()
        return found - norm.masked_fill(n + value == 0.0, 0.0)


class Multinomial(OverClasses):
    """How often each class comes up in ``total_count`` draws.

    Raises:
        NotImplementedError: ``total_count`` is no int.

    >>> import gpugrad
    >>> from gpugrad.distributions import Multinomial
    >>> Multinomial(4, gpugrad.tensor([1.0, 3.0])).mean
    tensor([1., 3.])
    """

    def __init__(
        self,
        total_count: int = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(total_count, int):
            raise NotImplementedError("inhomogeneous total_count is not supported")
        self.total_count = total_count
        self._categorical = Categorical(probs, logits)
        self._binomial = Binomial(total_count, probs=self.probs)
        shape = self._categorical.batch_shape
        super().__init__(shape, self._categorical.param_shape[-1:], validate_args)

    def _others(self) -> dict[str, Any]:
        return {"total_count": self.total_count}

    @property
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Any:
        return self.probs * self.total_count

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Shape = ()) -> Any:
        drawn = self._categorical.sample((self.total_count, *sample_shape))
        drawn = drawn.movedim(0, -1)
        counts = drawn.new_zeros(tuple(self._extended_shape(sample_shape)))
        return counts.scatter_add_(-1, drawn, drawn.new_ones(drawn.shape)).type_as(self.probs)

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        logits, value = broadcast_all(self.logits, value)
        ways = (value.sum(-1) + 1).lgamma() - (value + 1).lgamma().sum(-1)
        logits = logits.masked_fill((value == 0) & (logits == -float("inf")), 0)
        return ways + (logits * value).sum(-1)

    def entropy(self) -> Any:
        n = tensor(float(self.total_count), dtype=self.probs.dtype, device=self.probs.device)
        one_order = n * self._categorical.entropy() - (n + 1).lgamma()
        values = self._binomial.enumerate_support(expand=False)[1:]
        chances = self._binomial.log_prob(values).exp()
        return one_order + (chances * (values + 1).lgamma()).sum((0, -1))
