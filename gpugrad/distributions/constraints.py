"""What values parameters and samples may have.

>>> import gpugrad
>>> from gpugrad.distributions import constraints
>>> constraints.positive.check(gpugrad.tensor([-1.0, 2.0]))
tensor([False,  True])
"""

from __future__ import annotations

from typing import Any


class Constraint:
    """A region of values.

    Attributes:
        is_discrete: whether it has single points only.
        event_dim: how many dimensions, counted from the last, make up one value.
    """

    is_discrete = False
    event_dim = 0

    def check(self, value: Any) -> Any:
        """For each value, whether it lies in the region."""
        raise NotImplementedError

    def _bounds(self) -> str:
        return ""

    def __repr__(self) -> str:
        return f"{type(self).__name__.lstrip('_')}({self._bounds()})"


class _Dependent(Constraint):
    """A region that depends on other parameters: not checked."""

    def check(self, value: Any) -> Any:
        raise ValueError("Cannot determine validity of dependent constraint")


class _Real(Constraint):
    def check(self, value: Any) -> Any:
        return value == value  # nan is no number


class _Boolean(Constraint):
    is_discrete = True

    def check(self, value: Any) -> Any:
        return (value == 0) | (value == 1)


class _GreaterThan(Constraint):
    """Numbers above ``lower_bound``.

    >>> import gpugrad
    >>> from gpugrad.distributions import constraints
    >>> constraints.greater_than(0.0).check(gpugrad.tensor([0.0, 1.0]))
    tensor([False,  True])
    """

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def check(self, value: Any) -> Any:
        return self.lower_bound < value

    def _bounds(self) -> str:
        return f"lower_bound={self.lower_bound}"


class _LessThan(Constraint):
    """Numbers below ``upper_bound``.

    >>> import gpugrad
    >>> from gpugrad.distributions import constraints
    >>> constraints.less_than(1.0).check(gpugrad.tensor([0.0, 1.0]))
    tensor([ True, False])
    """

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Any) -> Any:
        return value < self.upper_bound

    def _bounds(self) -> str:
        return f"upper_bound={self.upper_bound}"


class _GreaterThanEq(_GreaterThan):
    """Numbers from ``lower_bound`` up.

    >>> import gpugrad
    >>> from gpugrad.distributions import constraints
    >>> constraints.greater_than_eq(0.0).check(gpugrad.tensor([-1.0, 0.0]))
    tensor([False,  True])
    """

    def check(self, value: Any) -> Any:
        return self.lower_bound <= value


class _Interval(Constraint):
    """Numbers from ``lower_bound`` to ``upper_bound``, both included.

    >>> import gpugrad
    >>> from gpugrad.distributions import constraints
    >>> constraints.interval(0.0, 1.0).check(gpugrad.tensor([1.0, 2.0]))
    tensor([ True, False])
    """

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound, self.upper_bound = lower_bound, upper_bound

    def check(self, value: Any) -> Any:
        return (self.lower_bound <= value) & (value <= self.upper_bound)

    def _bounds(self) -> str:
        return f"lower_bound={self.lower_bound}, upper_bound={self.upper_bound}"


class _HalfOpenInterval(_Interval):
    """Numbers from ``lower_bound`` up to ``upper_bound``, which is not included.

    >>> import gpugrad
    >>> from gpugrad.distributions import constraints
    >>> constraints.half_open_interval(0.0, 1.0).check(gpugrad.tensor([0.0, 1.0]))
    tensor([ True, False])
    """

    def check(self, value: Any) -> Any:
        return (self.lower_bound <= value) & (value < self.upper_bound)


class _IntegerInterval(_Interval):
    """Whole numbers from ``lower_bound`` to ``upper_bound``, both included.

    >>> import gpugrad
    >>> from gpugrad.distributions import constraints
    >>> constraints.integer_interval(0, 2).check(gpugrad.tensor([1.5, 2.0]))
    tensor([False,  True])
    """

    is_discrete = True

    def check(self, value: Any) -> Any:
        inside = super().check(value)
        return (value % 1 == 0) & inside if value.is_floating_point() else inside


class _IntegerGreaterThan(_GreaterThan):
    is_discrete = True

    def check(self, value: Any) -> Any:
        return (value % 1 == 0) & (value >= self.lower_bound)


class _Simplex(Constraint):
    event_dim = 1

    def check(self, value: Any) -> Any:
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


class _OneHot(Constraint):
    is_discrete = True
    event_dim = 1

    def check(self, value: Any) -> Any:
        binary = ((value == 0) | (value == 1)).all(-1)
        return binary & (value.sum(-1) == 1)


class _Multinomial(Constraint):
    """Vectors of counts whose sum is at most ``upper_bound``.

    >>> import gpugrad
    >>> from gpugrad.distributions import constraints
    >>> constraints.multinomial(3).check(gpugrad.tensor([1.0, 2.0]))
    tensor(True)
    """

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Any) -> Any:
        return (value >= 0).all(-1) & (value.sum(-1) <= self.upper_bound)


class _LowerTriangular(Constraint):
    event_dim = 2

    def check(self, value: Any) -> Any:
        return (value.tril() == value).flatten(-2).all(-1)


class _CorrCholesky(Constraint):
    event_dim = 2

    def check(self, value: Any) -> Any:
        from ..limits import finfo

        slack = finfo(value.dtype).eps * value.size(-1) * 10
        unit = ((value.square().sum(-1).sqrt() - 1).abs() < slack).all(-1)
        return _LowerCholesky().check(value) & unit


class _LowerCholesky(Constraint):
    event_dim = 2

    def check(self, value: Any) -> Any:
        lower = (value.tril() == value).flatten(-2).all(-1)
        return lower & (value.diagonal(0, -2, -1) > 0).all(-1)


class _Square(Constraint):
    event_dim = 2

    def check(self, value: Any) -> Any:
        return value.new_full(tuple(value.shape[:-2]), value.shape[-2] == value.shape[-1]).bool()


class _Symmetric(_Square):
    def check(self, value: Any) -> Any:
        square = super().check(value)
        if not square.all():
            return square
        close = (value - value.transpose(-2, -1)).abs() <= 1e-6
        return close.flatten(-2).all(-1)


class _PositiveSemidefinite(_Symmetric):
    def check(self, value: Any) -> Any:
        from ..linalg import eigvalsh

        symmetric = super().check(value)
        return (eigvalsh(value) >= 0).all(-1) if symmetric.all() else symmetric


class _PositiveDefinite(_Symmetric):
    def check(self, value: Any) -> Any:
        from ..linalg import cholesky_ex

        symmetric = super().check(value)
        return cholesky_ex(value).info == 0 if symmetric.all() else symmetric


class _Joined(Constraint):
    """Regions of the parts that a dimension is made of."""

    def __init__(self, cseq: Any, dim: int = 0) -> None:
        self.cseq, self.dim = list(cseq), dim
        self.is_discrete = any(part.is_discrete for part in self.cseq)
        self.event_dim = max(part.event_dim for part in self.cseq)


class _Stack(_Joined):
    """A region for each place along a dimension."""

    def check(self, value: Any) -> Any:
        from ..ops.joining import stack as joined

        parts = (value.select(self.dim, place) for place in range(value.size(self.dim)))
        checks = [part.check(v) for v, part in zip(parts, self.cseq, strict=True)]
        return joined(checks, self.dim)


class _Cat(_Joined):
    """A region for each stretch of a dimension, of the given lengths."""

    def __init__(self, cseq: Any, dim: int = 0, lengths: Any = None) -> None:
        super().__init__(cseq, dim)
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)

    def check(self, value: Any) -> Any:
        from ..ops.joining import cat as joined

        parts = value.split(self.lengths, self.dim)
        checks = [part.check(v) for v, part in zip(parts, self.cseq, strict=True)]
        return joined(checks, self.dim)


class IndependentConstraint(Constraint):
    """A region of vectors or larger values all of whose elements lie in another one."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.is_discrete = base_constraint.is_discrete
        self.event_dim = base_constraint.event_dim + reinterpreted_batch_ndims

    def check(self, value: Any) -> Any:
        inside = self.base_constraint.check(value)
        for _ in range(self.reinterpreted_batch_ndims):
            inside = inside.all(-1)
        return inside

    def __repr__(self) -> str:
        return f"IndependentConstraint({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


Constraints = dict[str, Constraint]
"""The region of each parameter, by its name."""


def is_dependent(constraint: Any) -> bool:
    """Whether a region depends on other parameters."""
    return isinstance(constraint, _Dependent)


dependent = _Dependent()
dependent_property = property
boolean = _Boolean()
one_hot = _OneHot()
real = _Real()
real_vector = IndependentConstraint(real, 1)
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
nonnegative_integer = _IntegerGreaterThan(0)
unit_interval = _Interval(0.0, 1.0)
positive_integer = _IntegerGreaterThan(1)
half_open_interval = _HalfOpenInterval
simplex = _Simplex()
multinomial = _Multinomial
independent = IndependentConstraint
lower_triangular = _LowerTriangular()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
cat = _Cat
stack = _Stack
lower_cholesky = _LowerCholesky()
positive_definite = _PositiveDefinite()
interval = _Interval
integer_interval = _IntegerInterval
greater_than = _GreaterThan
less_than = _LessThan
greater_than_eq = _GreaterThanEq
