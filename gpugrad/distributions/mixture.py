"""Mixtures of distributions of one kind."""

from __future__ import annotations

from typing import Any, Self

from ..autograd.grad_mode import no_grad
from . import constraints
from .categorical import Categorical
from .distribution import Distribution, Shape


class _MixtureRegion(constraints.Constraint):
    """The region of the components, for values that have no dimension of components."""

    def __init__(self, base_constraint: constraints.Constraint) -> None:
        self.base_constraint = base_constraint
        self.is_discrete = base_constraint.is_discrete
        self.event_dim = base_constraint.event_dim

    def check(self, value: Any) -> Any:
        found = self.base_constraint.check(value.unsqueeze(-1 - self.event_dim))
        return found.all(-1) if found.dim() > value.dim() - self.event_dim else found

    def __repr__(self) -> str:
        return f"MixtureSameFamilyConstraint({self.base_constraint!r})"


class MixtureSameFamily(Distribution):
    """One component of a batch of distributions, chosen by a categorical one.

    ``log p(x) = logsumexp over k of log w_k + log p_k(x)``

    Args:
        mixture_distribution: chooses the component.
        component_distribution: its last batch dimension is that of the components.

    Raises:
        ValueError: they do not fit to each other.

    >>> import gpugrad
    >>> from gpugrad.distributions import Categorical, MixtureSameFamily, Normal
    >>> weights = Categorical(gpugrad.ones(2))
    >>> both = MixtureSameFamily(weights, Normal(gpugrad.tensor([-1.0, 1.0]), gpugrad.ones(2)))
    >>> both.log_prob(gpugrad.tensor(0.0))
    tensor(-1.4189)
    """

    has_rsample = False

    def __init__(
        self,
        mixture_distribution: Categorical,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                " The Mixture distribution needs to be an  instance of "
                "torch.distributions.Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution need to be an instance of "
                "torch.distributions.Distribution"
            )
        own = mixture_distribution.batch_shape
        batch = component_distribution.batch_shape[:-1]
        for a, b in zip(reversed(own), reversed(batch), strict=False):
            if a != 1 and b != 1 and a != b:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({own}) is not compatible with "
                    f"`component_distribution.batch_shape`({batch})"
                )
        weights = mixture_distribution.logits.shape[-1]
        components = component_distribution.batch_shape[-1]
        if weights != components:
            raise ValueError(
                f"`mixture_distribution component` ({weights}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({components})"
            )
        self._num_component = components
        event = component_distribution.event_shape
        self._event_ndims = len(event)
        super().__init__(batch, event, validate_args)

    def expand(self, batch_shape: Shape) -> Self:
        components = self._component_distribution.expand((*batch_shape, self._num_component))
        mixture = self._mixture_distribution.expand(batch_shape)
        return self._checked_alike(type(self)(mixture, components, validate_args=False))

    @property
    def support(self) -> Any:
        found = self._component_distribution.support
        return None if found is None else _MixtureRegion(found)

    @property
    def mixture_distribution(self) -> Categorical:
        """Chooses the component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components, along the last batch dimension."""
        return self._component_distribution

    def _weights(self) -> Any:
        probs = self._mixture_distribution.probs
        return probs.reshape((*probs.shape, *(1,) * self._event_ndims))

    @property
    def mean(self) -> Any:
        dim = -1 - self._event_ndims
        return (self._weights() * self._component_distribution.mean).sum(dim)

    @property
    def variance(self) -> Any:
        dim, weights = -1 - self._event_ndims, self._weights()
        inside = (weights * self._component_distribution.variance).sum(dim)
        means = self._component_distribution.mean
        between = (weights * (means - self._beside(self.mean)).pow(2.0)).sum(dim)
        return inside + between

    def _beside(self, value: Any) -> Any:
        """With a dimension of components."""
        return value.unsqueeze(-1 - self._event_ndims)

    def cdf(self, value: Any) -> Any:
        found = self._component_distribution.cdf(self._beside(value))
        return (found * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Any) -> Any:
        self._check_sample(value)
        found = self._component_distribution.log_prob(self._beside(value))
        weights = self._mixture_distribution.logits.log_softmax(-1)
        return (found + weights).logsumexp(-1)

    def sample(self, sample_shape: Shape = ()) -> Any:
        with no_grad():
            event = tuple(self._event_shape)
            chosen = self._mixture_distribution.sample(sample_shape)
            drawn = self._component_distribution.sample(sample_shape)
            place = chosen.reshape((*chosen.shape, *(1,) * (len(event) + 1)))
            place = place.expand((*chosen.shape, 1, *event))
            dim = len(tuple(sample_shape)) + len(self._batch_shape)
            return drawn.gather(dim, place).squeeze(dim)

    def __repr__(self) -> str:
        return (
            f"MixtureSameFamily(\n  {self._mixture_distribution},\n  "
            f"{self._component_distribution})"
        )
