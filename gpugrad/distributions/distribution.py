"""The base class of distributions, and what their parameters have in common."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar, Self

from ..autograd.grad_mode import no_grad
from ..backend.recording import unnoted
from ..creation import tensor
from ..dtypes import get_default_dtype
from ..ops.broadcasting import broadcast_tensors
from ..random import randn
from ..size import Size
from ..tensor import Tensor
from .constraints import Constraint, Constraints

Shape = Sequence[int]


def broadcast_all(*values: Any) -> tuple[Any, ...]:
    """Parameters, tensors or numbers, as tensors of one shape.

    Raises:
        ValueError: a parameter is neither.
    """
    shape = None
    for value in values:
        if not isinstance(value, Tensor):
            break
        if shape is None:
            shape = value.array.shape
        elif value.array.shape != shape:
            break
    else:
        return values
    if not all(isinstance(v, (Tensor, int, float)) for v in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing "
            "__torch_function__."
        )
    sample = next((v for v in values if isinstance(v, Tensor)), None)
    dtype = get_default_dtype() if sample is None else sample.dtype
    device = None if sample is None else sample.device
    tensors = [
        v if isinstance(v, Tensor) else tensor(v, dtype=dtype, device=device) for v in values
    ]
    return broadcast_tensors(*tensors)


def standard_normal(shape: Shape, like: Any) -> Any:
    """Normal numbers of mean 0 and deviation 1, of the dtype and on the device of ``like``."""
    return randn(tuple(shape), dtype=like.dtype, device=like.device)


class Distribution:
    """Base class: batches of distributions of one kind.

    Args:
        batch_shape: the shape of the parameters, one distribution each.
        event_shape: the shape of one sample of one distribution.
        validate_args: whether to look at the values of parameters and samples; by default what
            :meth:`set_default_validate_args` has set.

    Raises:
        ValueError: a parameter is outside of its region.
    """

    arg_constraints: ClassVar[Constraints] = {}
    has_rsample = False
    has_enumerate_support = False
    _checked_properties: ClassVar[tuple[str, ...]] = ()
    _validate_args = __debug__

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Check values from now on, or do not.

        Raises:
            ValueError: ``value`` is no bool.
        """
        if value not in (True, False):
            raise ValueError
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: Shape = (),
        event_shape: Shape = (),
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape = Size(batch_shape)
        self._event_shape = Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        for name, constraint in self.arg_constraints.items():
            if name not in self.__dict__ and name not in self._checked_properties:
                continue  # derived from other parameters
            value = getattr(self, name)
            if constraint.event_dim > value.dim():
                continue
            with unnoted():
                valid = bool(constraint.check(value).all())
            if not valid:
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape "
                    f"{tuple(value.shape)}) of distribution {self!r} to satisfy the constraint "
                    f"{constraint!r}, but found invalid values:\n{value}"
                )

    # --- shapes -----------------------------------------------------------------------------------

    @property
    def batch_shape(self) -> Size:
        """The shape of the batch of distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one sample of one distribution."""
        return self._event_shape

    def _extended_shape(self, sample_shape: Shape = ()) -> Size:
        if isinstance(sample_shape, Tensor):
            sample_shape = sample_shape.tolist()
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def expand(self, batch_shape: Shape) -> Self:
        """The same distributions, repeated for a larger batch."""
        raise NotImplementedError

    def _checked_alike(self, twin: Self) -> Self:
        """``twin``, whose samples are checked if this one's are."""
        twin._validate_args = self._validate_args
        return twin

    # --- properties -------------------------------------------------------------------------------

    @property
    def support(self) -> Constraint | None:
        """The region of the samples."""
        raise NotImplementedError

    @property
    def mean(self) -> Any:
        """The mean of each distribution."""
        raise NotImplementedError

    @property
    def mode(self) -> Any:
        """The most likely value of each distribution."""
        raise NotImplementedError(f"{type(self)} does not implement mode")

    @property
    def variance(self) -> Any:
        """The variance of each distribution."""
        raise NotImplementedError

    @property
    def stddev(self) -> Any:
        """The square root of the variance."""
        return self.variance.sqrt()

    # --- samples ----------------------------------------------------------------------------------

    def sample(self, sample_shape: Shape = ()) -> Any:
        """Samples of the shape ``sample_shape + batch_shape + event_shape``, without gradients."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Shape = ()) -> Any:
        """Samples through which gradients reach the parameters."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Any:
        """``n`` samples; PyTorch's old name of ``sample((n,))``."""
        warnings.warn(
            "sample_n(n) will be deprecated. Use .sample((n,)) instead.", UserWarning, stacklevel=2
        )
        return self.sample((n,))

    # --- densities --------------------------------------------------------------------------------

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, or of the probability, at ``value``."""
        raise NotImplementedError

    def cdf(self, value: Any) -> Any:
        """The probability of a sample that is at most ``value``."""
        raise NotImplementedError

    def icdf(self, value: Any) -> Any:
        """The value below which a sample lies with the given probability."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Any:
        """All values of a discrete distribution, along a new first dimension."""
        raise NotImplementedError

    def _for_batch(self, values: Any, expand: bool) -> Any:
        """``values``, events along the first dimension, for each distribution or for any."""
        values = values.reshape((-1, *(1,) * len(self._batch_shape), *self._event_shape))
        return values.expand((-1, *self._batch_shape, *self._event_shape)) if expand else values

    def entropy(self) -> Any:
        """The entropy of each distribution, in nats."""
        raise NotImplementedError

    def perplexity(self) -> Any:
        """``exp(entropy)``."""
        return self.entropy().exp()

    def _check_sample(self, value: Any) -> None:
        if self._validate_args:
            self._validate_sample(value)

    def _validate_sample(self, value: Any) -> None:
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        event = len(self._event_shape)
        own = tuple(value.shape[value.dim() - event :]) if event else ()
        if own != tuple(self._event_shape):
            raise ValueError(
                "The right-most size of value must match event_shape: "
                f"{value.size()} vs {self._event_shape}."
            )
        expected = self._extended_shape()
        for i, j in zip(reversed(value.size()), reversed(expected), strict=False):
            if i not in (1, j) and j != 1:
                raise ValueError(
                    "Value is not broadcastable with batch_shape+event_shape: "
                    f"{value.size()} vs {expected}."
                )
        support = self.support
        with unnoted():
            valid = support is None or bool(support.check(value).all())
        if not valid:
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) "
                f"to be within the support ({support!r}) of the distribution {self!r}, but found "
                f"invalid values:\n{value}"
            )

    def __repr__(self) -> str:
        shown = []
        for name in self.arg_constraints:
            value = self.__dict__.get(name)
            if value is not None:
                shown.append(f"{name}: {value if value.numel() == 1 else value.size()}")
        return f"{type(self).__name__}({', '.join(shown)})"


class Broadcast(Distribution):
    """A distribution whose parameters are all of the batch's shape."""

    def expand(self, batch_shape: Shape) -> Self:
        own = {n: v for n, v in self.__dict__.items() if n in self.arg_constraints}
        values = {name: value.expand(tuple(batch_shape)) for name, value in own.items()}
        return self._checked_alike(type(self)(**values, validate_args=False))


class Centred(Distribution):
    """A distribution whose mean is ``loc``, which is also the most likely value."""

    loc: Any

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc
