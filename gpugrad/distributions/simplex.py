"""Distributions of probabilities: Dirichlet, beta, and the logistic normal."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from ..creation import tensor
from ..nn.functional.linear import one_hot
from ..ops.joining import stack
from ..random.rejection import sample_dirichlet
from . import constraints
from .constraints import Constraints
from .continuous import Normal
from .distribution import Distribution, Shape, broadcast_all
from .transformed import TransformedDistribution
from .vector_transforms import StickBreakingTransform


class Dirichlet(Distribution):
    """Positive vectors that sum to 1, of one ``concentration`` for each element.

    Samples are gamma numbers divided by their sum: PyTorch's for the same seed on the CPU.

    Raises:
        ValueError: ``concentration`` has no dimension, or some of it is not positive.

    >>> import gpugrad
    >>> from gpugrad.distributions import Dirichlet
    >>> Dirichlet(gpugrad.tensor([1.0, 3.0])).mean
    tensor([0.2500, 0.7500])
    """

    arg_constraints: ClassVar[Constraints] = {
        "concentration": constraints.IndependentConstraint(constraints.positive, 1)
    }
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        if concentration.dim() < 1:
            raise ValueError("`concentration` parameter must be at least one-dimensional.")
        self.concentration = concentration
        shape = concentration.shape
        super().__init__(shape[:-1], shape[-1:], validate_args)

    def expand(self, batch_shape: Shape) -> Self:
        wide = self.concentration.expand((*batch_shape, *self._event_shape))
        return self._checked_alike(type(self)(wide, validate_args=False))

    @property
    def mean(self) -> Any:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Any:
        above = (self.concentration - 1).clamp(min=0.0)
        mode = above / above.sum(-1, True)
        corner = (self.concentration < 1).all(-1)
        corners = one_hot(mode[corner].argmax(-1), above.shape[-1])
        mode[corner] = corners.to(mode)
        return mode

    @property
    def variance(self) -> Any:
        total = self.concentration.sum(-1, True)
        own = self.concentration * (total - self.concentration)
        return own / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape: Shape = ()) -> Any:
        shape = tuple(self._extended_shape(sample_shape))
        return sample_dirichlet(self.concentration.expand(shape))

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        c = self.concentration
        return (c - 1.0).xlogy(value).sum(-1) + c.sum(-1).lgamma() - c.lgamma().sum(-1)

    def entropy(self) -> Any:
        c, n = self.concentration, self.concentration.size(-1)
        total = c.sum(-1)
        return (
            c.lgamma().sum(-1)
            - total.lgamma()
            - (n - total) * total.digamma()
            - ((c - 1.0) * c.digamma()).sum(-1)
        )


class Beta(Distribution):
    """Numbers from 0 to 1: the first coordinate of a Dirichlet distribution of two.

    >>> import gpugrad
    >>> from gpugrad.distributions import Beta
    >>> Beta(2.0, 2.0).log_prob(gpugrad.tensor(0.5)).exp()
    tensor(1.5000)
    """

    arg_constraints: ClassVar[Constraints] = {
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        if isinstance(concentration1, (int, float)) and isinstance(concentration0, (int, float)):
            both = tensor([float(concentration1), float(concentration0)])
        else:
            both = stack(list(broadcast_all(concentration1, concentration0)), -1)
        self._dirichlet = Dirichlet(both, validate_args=validate_args)
        super().__init__(self._dirichlet.batch_shape, validate_args=validate_args)

    def expand(self, batch_shape: Shape) -> Self:
        twin = type(self).__new__(type(self))
        twin._dirichlet = self._dirichlet.expand(batch_shape)
        Distribution.__init__(twin, batch_shape, validate_args=False)
        return self._checked_alike(twin)

    @property
    def concentration1(self) -> Any:
        """The first parameter."""
        return self._dirichlet.concentration[..., 0]

    @property
    def concentration0(self) -> Any:
        """The second parameter."""
        return self._dirichlet.concentration[..., 1]

    @property
    def mean(self) -> Any:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Any:
        return self._dirichlet.mode[..., 0]

    @property
    def variance(self) -> Any:
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape: Shape = ()) -> Any:
        return self._dirichlet.rsample(sample_shape).select(-1, 0)

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        return self._dirichlet.log_prob(stack([value, 1.0 - value], -1))

    def entropy(self) -> Any:
        return self._dirichlet.entropy()


class LogisticNormal(TransformedDistribution):
    """Normal vectors, made into probabilities by breaking a stick.

    >>> import gpugrad
    >>> from gpugrad.distributions import LogisticNormal
    >>> LogisticNormal(gpugrad.zeros(2), gpugrad.ones(2)).sample().shape
    torch.Size([3])
    """

    arg_constraints: ClassVar[Constraints] = {
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.simplex
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base: Distribution = Normal(loc, scale, validate_args=validate_args)
        if not base.batch_shape:
            base = base.expand([1])
        super().__init__(base, StickBreakingTransform(), validate_args=validate_args)

    @property
    def loc(self) -> Any:
        """The mean of the normal vectors."""
        return self.base_dist.base_dist.loc

    @property
    def scale(self) -> Any:
        """Their standard deviation."""
        return self.base_dist.base_dist.scale
