"""Maps from real numbers to the regions of parameters.

>>> import gpugrad
>>> from gpugrad.distributions import constraints, transform_to
>>> transform_to(constraints.positive)(gpugrad.tensor(0.0))
tensor(1.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor import Tensor
from . import constraints, transforms, vector_transforms
from .constraints import Constraint
from .transforms import Transform

Factory = Callable[[Any], Transform]


class ConstraintRegistry:
    """Which map leads to which kind of region."""

    def __init__(self) -> None:
        self._registry: dict[type, Factory] = {}

    def register(self, constraint: Any, factory: Factory | None = None) -> Any:
        """Use ``factory(constraint)`` for regions of that kind; a decorator without a factory.

        Raises:
            TypeError: ``constraint`` is neither a region nor a class of regions.
        """
        if factory is None:
            return lambda given: self.register(constraint, given)
        kind = type(constraint) if isinstance(constraint, Constraint) else constraint
        if not (isinstance(kind, type) and issubclass(kind, Constraint)):
            raise TypeError(
                "Expected constraint to be either a Constraint subclass or instance, but got "
                f"{constraint}"
            )
        self._registry[kind] = factory
        return factory

    def __call__(self, constraint: Constraint) -> Transform:
        """The map to a region.

        Raises:
            NotImplementedError: none is known.
        """
        factory = self._registry.get(type(constraint))
        if factory is None:
            raise NotImplementedError(f"Cannot transform {type(constraint).__name__} constraints")
        return factory(constraint)


biject_to = ConstraintRegistry()
transform_to = ConstraintRegistry()


def _beyond(bound: Any, scale: int) -> Transform:
    shift = transforms.AffineTransform(bound, scale)
    return transforms.ComposeTransform([transforms.ExpTransform(), shift])


def _between(constraint: Any) -> Transform:
    low, high = constraint.lower_bound, constraint.upper_bound
    if not isinstance(low, Tensor) and not isinstance(high, Tensor) and (low, high) == (0, 1):
        return transforms.SigmoidTransform()
    shift = transforms.AffineTransform(low, high - low)
    return transforms.ComposeTransform([transforms.SigmoidTransform(), shift])


def _above(constraint: Any) -> Transform:
    return _beyond(constraint.lower_bound, 1)


def _of_each(registry: ConstraintRegistry) -> Factory:
    def factory(constraint: Any) -> Transform:
        return vector_transforms.IndependentTransform(
            registry(constraint.base_constraint), constraint.reinterpreted_batch_ndims
        )

    return factory


for _registry in (biject_to, transform_to):
    _registry.register(constraints.real, lambda c: transforms.identity_transform)
    _registry.register(constraints.IndependentConstraint, _of_each(_registry))
    for _name in ("greater_than", "greater_than_eq"):
        _registry.register(getattr(constraints, _name), _above)
    _registry.register(constraints.less_than, lambda c: _beyond(c.upper_bound, -1))
    for _name in ("interval", "half_open_interval"):
        _registry.register(getattr(constraints, _name), _between)
    _registry.register(
        constraints.lower_cholesky, lambda c: vector_transforms.LowerCholeskyTransform()
    )
    _registry.register(
        constraints.corr_cholesky, lambda c: vector_transforms.CorrCholeskyTransform()
    )
    for _region in (constraints.positive_definite, constraints.positive_semidefinite):
        _registry.register(_region, lambda c: vector_transforms.PositiveDefiniteTransform())
biject_to.register(constraints.simplex, lambda c: vector_transforms.StickBreakingTransform())
transform_to.register(constraints.simplex, lambda c: vector_transforms.SoftmaxTransform())
