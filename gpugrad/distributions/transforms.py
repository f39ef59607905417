"""Invertible maps, and how they stretch space.

>>> import gpugrad
>>> from gpugrad.distributions.transforms import AffineTransform
>>> AffineTransform(1.0, 2.0).inv(gpugrad.tensor(5.0))
tensor(2.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..creation import tensor
from ..limits import finfo
from ..nn.functional.activation import softplus
from ..size import Size
from ..tensor import Tensor
from . import constraints
from .independent import sum_rightmost


class Transform:
    """Base class: ``transform(x)`` is y, ``transform.inv(y)`` is x.

    Args:
        cache_size: accepted for PyTorch's sake; nothing is kept.

    Attributes:
        bijective: whether there is an inverse.
        sign: 1 for an increasing map, -1 for a decreasing one.
    """

    bijective = True
    sign: Any = 1
    domain: Any = constraints.real
    codomain: Any = constraints.real

    def __init__(self, cache_size: int = 0) -> None:
        self._cache_size = cache_size

    def __call__(self, x: Any) -> Any:
        return self._call(x)

    def _call(self, x: Any) -> Any:
        raise NotImplementedError

    def _inverse(self, y: Any) -> Any:
        raise NotImplementedError

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of how much the map stretches space at x, which it maps to y."""
        raise NotImplementedError

    @property
    def inv(self) -> Transform:
        """The map back."""
        return _Inverse(self)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        """The shape of what comes out for a shape of what goes in."""
        return Size(shape)

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        """The shape of what goes in for a shape of what comes out."""
        return Size(shape)

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return False
        own, others = vars(self), vars(other)
        return own.keys() == others.keys() and all(_equal(own[name], others[name]) for name in own)

    __hash__ = None  # type: ignore[assignment]  # as PyTorch has it: equality is by value

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def _equal(x: Any, y: Any) -> bool:
    same = x == y
    return bool(same.all()) if isinstance(same, Tensor) else bool(same)


class _Inverse(Transform):
    def __init__(self, transform: Transform) -> None:
        super().__init__()
        self._inv = transform
        self.bijective, self.sign = transform.bijective, transform.sign
        self.domain, self.codomain = transform.codomain, transform.domain

    def _call(self, x: Any) -> Any:
        return self._inv._inverse(x)

    def _inverse(self, y: Any) -> Any:
        return self._inv(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -self._inv.log_abs_det_jacobian(y, x)

    @property
    def inv(self) -> Transform:
        return self._inv

    def forward_shape(self, shape: Sequence[int]) -> Size:
        return self._inv.inverse_shape(shape)

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        return self._inv.forward_shape(shape)

    def __repr__(self) -> str:
        return f"_InverseTransform({self._inv!r})"


class ComposeTransform(Transform):
    """Several maps, one after the other.

    >>> import gpugrad
    >>> from gpugrad.distributions.transforms import AffineTransform, ComposeTransform, ExpTransform
    >>> ComposeTransform([ExpTransform(), AffineTransform(1.0, 2.0)])(gpugrad.zeros(1))
    tensor([3.])
    """

    def __init__(self, parts: Sequence[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = list(parts)
        self.bijective = all(part.bijective for part in parts)
        self.sign = math.prod(part.sign for part in parts)
        if self.parts:
            self.domain, self.codomain = self.parts[0].domain, self.parts[-1].codomain

    @property
    def inv(self) -> Transform:
        """The inverses of the maps, the last one first."""
        return ComposeTransform([part.inv for part in reversed(self.parts)])

    def _call(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return x

    def _inverse(self, y: Any) -> Any:
        for part in reversed(self.parts):
            y = part.inv(y)
        return y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        if not self.parts:
            return x.new_zeros(tuple(x.shape))
        dims = max((part.domain.event_dim for part in self.parts), default=0)
        result: Any = 0
        for part in self.parts:
            y = part(x)
            stretch = part.log_abs_det_jacobian(x, y)
            result = result + sum_rightmost(stretch, dims - part.domain.event_dim)
            x = y
        return result

    def forward_shape(self, shape: Sequence[int]) -> Size:
        for part in self.parts:
            shape = part.forward_shape(shape)
        return Size(shape)

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return Size(shape)

    def __repr__(self) -> str:
        return "ComposeTransform(\n    " + ",\n    ".join(map(repr, self.parts)) + "\n)"


class ExpTransform(Transform):
    """``y = exp(x)``

    >>> import gpugrad
    >>> from gpugrad.distributions.transforms import ExpTransform
    >>> ExpTransform()(gpugrad.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """

    codomain = constraints.positive

    def _call(self, x: Any) -> Any:
        return x.exp()

    def _inverse(self, y: Any) -> Any:
        return y.log()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x


class PowerTransform(Transform):
    """``y = x ** exponent`` for positive x.

    >>> import gpugrad
    >>> from gpugrad.distributions.transforms import PowerTransform
    >>> PowerTransform(gpugrad.tensor(2.0))(gpugrad.tensor([1.0, 3.0]))
    tensor([1., 9.])
    """

    domain = constraints.positive
    codomain = constraints.positive

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        if not isinstance(exponent, Tensor):
            exponent = tensor(float(exponent))
        self.exponent = exponent

    @property
    def sign(self) -> Any:
        """Of the exponent."""
        return self.exponent.sign()

    def _call(self, x: Any) -> Any:
        return x.pow(self.exponent)

    def _inverse(self, y: Any) -> Any:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return (self.exponent * y / x).abs().log()


class SoftplusTransform(Transform):
    """``y = log(1 + exp(x))``

    >>> import gpugrad
    >>> from gpugrad.distributions.transforms import SoftplusTransform
    >>> SoftplusTransform()(gpugrad.tensor([0.0]))
    tensor([0.6931])
    """

    codomain = constraints.positive

    def _call(self, x: Any) -> Any:
        return softplus(x)

    def _inverse(self, y: Any) -> Any:
        return (-y).expm1().neg().log() + y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -softplus(-x)


class AffineTransform(Transform):
    """``y = loc + scale * x``

    Args:
        event_dim: how many dimensions make up one value: the stretch is summed over them.
    """

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale = loc, scale
        self.sign = scale.sign() if isinstance(scale, Tensor) else (scale > 0) - (scale < 0)
        if event_dim:
            region = constraints.IndependentConstraint(constraints.real, event_dim)
            self.domain = self.codomain = region

    def _call(self, x: Any) -> Any:
        return self.loc + self.scale * x

    def _inverse(self, y: Any) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        scale = self.scale
        if not isinstance(scale, Tensor):
            stretch = x.new_full(tuple(x.shape), math.log(abs(scale)))
        else:
            stretch = scale.abs().log()
        dims = self.domain.event_dim
        if dims:
            stretch = sum_rightmost(stretch.expand(x.shape), dims)
        return stretch.expand(tuple(x.shape[: x.dim() - dims]))


class SigmoidTransform(Transform):
    """``y = 1 / (1 + exp(-x))``

    >>> import gpugrad
    >>> from gpugrad.distributions.transforms import SigmoidTransform
    >>> SigmoidTransform()(gpugrad.tensor([0.0]))
    tensor([0.5000])
    """

    codomain = constraints.unit_interval

    def _call(self, x: Any) -> Any:
        limits = finfo(x.dtype)
        return x.sigmoid().clamp(min=limits.tiny, max=1.0 - limits.eps)

    def _inverse(self, y: Any) -> Any:
        limits = finfo(y.dtype)
        y = y.clamp(min=limits.tiny, max=1.0 - limits.eps)
        return y.log() - (-y).log1p()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -softplus(-x) - softplus(x)


class TanhTransform(Transform):
    """``y = tanh(x)``"""

    codomain = constraints.interval(-1.0, 1.0)

    def _call(self, x: Any) -> Any:
        return x.tanh()

    def _inverse(self, y: Any) -> Any:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        # As precise where y is near 1 as elsewhere.
        return 2.0 * (math.log(2.0) - x - softplus(-2.0 * x))


class AbsTransform(Transform):
    """``y = |x|``, which has two inverses: the positive one is taken."""

    bijective = False
    codomain = constraints.positive

    def _call(self, x: Any) -> Any:
        return x.abs()

    def _inverse(self, y: Any) -> Any:
        return y


identity_transform = ComposeTransform([])


def __getattr__(name: str) -> Any:
    """The maps of vectors, which are in a module of their own."""
    from . import vector_transforms

    found = getattr(vector_transforms, name, None)
    if not (isinstance(found, type) and issubclass(found, Transform)):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return found
