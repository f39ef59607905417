"""Maps of vectors and of what is larger: softmax, stick breaking, Cholesky factors, reshaping."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..limits import finfo
from ..nn.functional.padding import pad
from ..ops.joining import cat, stack
from ..size import Size
from . import constraints
from .independent import sum_rightmost
from .transforms import Transform


class SoftmaxTransform(Transform):
    """``y = softmax(x)`` over the last dimension; the logarithm is one of many inverses.

    >>> import gpugrad
    >>> from gpugrad.distributions.transforms import SoftmaxTransform
    >>> SoftmaxTransform()(gpugrad.zeros(2))
    tensor([0.5000, 0.5000])
    """

    bijective = False
    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x: Any) -> Any:
        raised = (x - x.max(-1, True)[0]).exp()
        return raised / raised.sum(-1, True)

    def _inverse(self, y: Any) -> Any:
        return y.log()


class StickBreakingTransform(Transform):
    """Breaks a stick of length 1: each number says which share of the rest goes off next.

    One element more comes out than goes in.
    """

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x: Any) -> Any:
        left = x.shape[-1] + 1 - x.new_ones(x.shape[-1]).cumsum(-1)
        share = (x - left.log()).sigmoid()
        rest = (1 - share).cumprod(-1)
        return pad(share, [0, 1], value=1) * pad(rest, [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        before = y[..., :-1]
        left = y.shape[-1] - before.new_ones(before.shape[-1]).cumsum(-1)
        rest = (1 - before.cumsum(-1)).clamp(min=finfo(y.dtype).tiny)
        return before.log() - rest.log() + left.log()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        left = x.shape[-1] + 1 - x.new_ones(x.shape[-1]).cumsum(-1)
        x = x - left.log()
        from ..nn.functional.activation import logsigmoid

        return (-x + logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Sequence[int]) -> Size:
        """The shape of what comes out."""
        return Size((*shape[:-1], shape[-1] + 1))

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        """The shape of what went in."""
        return Size((*shape[:-1], shape[-1] - 1))


class LowerCholeskyTransform(Transform):
    """The lower triangle of a matrix, with the exponential of its diagonal.

    >>> import gpugrad
    >>> from gpugrad.distributions.transforms import LowerCholeskyTransform
    >>> LowerCholeskyTransform()(gpugrad.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    domain = constraints.IndependentConstraint(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x: Any) -> Any:
        return x.tril(-1) + x.diagonal(0, -2, -1).exp().diag_embed()

    def _inverse(self, y: Any) -> Any:
        return y.tril(-1) + y.diagonal(0, -2, -1).log().diag_embed()


class PositiveDefiniteTransform(Transform):
    """``y = L L^T`` with L as :class:`LowerCholeskyTransform` makes it.

    >>> import gpugrad
    >>> from gpugrad.distributions.transforms import PositiveDefiniteTransform
    >>> PositiveDefiniteTransform()(gpugrad.zeros(2, 2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    domain = constraints.IndependentConstraint(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Any) -> Any:
        factor = LowerCholeskyTransform()(x)
        return factor @ factor.mT

    def _inverse(self, y: Any) -> Any:
        from ..linalg import cholesky

        return LowerCholeskyTransform().inv(cholesky(y))


class IndependentTransform(Transform):
    """Another map, whose stretches are summed over the last dimensions of a batch.

    Args:
        reinterpreted_batch_ndims: over how many.
    """

    def __init__(
        self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0
    ) -> None:
        super().__init__(cache_size)
        self.base_transform = base_transform
        self.reinterpreted_batch_ndims = n = reinterpreted_batch_ndims
        self.bijective, self.sign = base_transform.bijective, base_transform.sign
        self.domain = constraints.IndependentConstraint(base_transform.domain, n)
        self.codomain = constraints.IndependentConstraint(base_transform.codomain, n)

    def _call(self, x: Any) -> Any:
        if x.dim() < self.domain.event_dim:
            raise ValueError("Too few dimensions on input")
        return self.base_transform(x)

    def _inverse(self, y: Any) -> Any:
        if y.dim() < self.codomain.event_dim:
            raise ValueError("Too few dimensions on input")
        return self.base_transform.inv(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        own = self.base_transform.log_abs_det_jacobian(x, y)
        return sum_rightmost(own, self.reinterpreted_batch_ndims)

    def __repr__(self) -> str:
        return f"IndependentTransform({self.base_transform!r}, {self.reinterpreted_batch_ndims})"


class ReshapeTransform(Transform):
    """The same numbers in another shape of one event.

    Raises:
        ValueError: the shapes do not hold equally many numbers.
    """

    def __init__(
        self, in_shape: Sequence[int], out_shape: Sequence[int], cache_size: int = 0
    ) -> None:
        super().__init__(cache_size)
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if self.in_shape.numel() != self.out_shape.numel():
            raise ValueError("in_shape, out_shape have different numbers of elements")
        self.domain = constraints.IndependentConstraint(constraints.real, len(self.in_shape))
        self.codomain = constraints.IndependentConstraint(constraints.real, len(self.out_shape))

    def _call(self, x: Any) -> Any:
        return x.reshape((*x.shape[: x.dim() - len(self.in_shape)], *self.out_shape))

    def _inverse(self, y: Any) -> Any:
        return y.reshape((*y.shape[: y.dim() - len(self.out_shape)], *self.in_shape))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x.new_zeros(tuple(x.shape[: x.dim() - len(self.in_shape)]))

    def forward_shape(self, shape: Sequence[int]) -> Size:
        return Size((*shape[: len(shape) - len(self.in_shape)], *self.out_shape))

    def inverse_shape(self, shape: Sequence[int]) -> Size:
        return Size((*shape[: len(shape) - len(self.out_shape)], *self.in_shape))


class _Parts(Transform):
    """Maps of the parts that a dimension is made of."""

    def __init__(self, tseq: Sequence[Transform], dim: int, cache_size: int) -> None:
        super().__init__(cache_size)
        self.transforms, self.dim = list(tseq), dim
        self.bijective = all(t.bijective for t in self.transforms)
        self.event_dim = max(t.domain.event_dim for t in self.transforms)

    def _split(self, value: Any) -> Sequence[Any]:
        raise NotImplementedError

    def _join(self, parts: list[Any], dim: int) -> Any:
        raise NotImplementedError

    def _call(self, x: Any) -> Any:
        pairs = zip(self._split(x), self.transforms, strict=True)
        return self._join([t(part) for part, t in pairs], self.dim)

    def _inverse(self, y: Any) -> Any:
        pairs = zip(self._split(y), self.transforms, strict=True)
        return self._join([t.inv(part) for part, t in pairs], self.dim)


class CatTransform(_Parts):
    """A map for each stretch of a dimension.

    Args:
        tseq: the maps.
        lengths: how long the stretches are, 1 unless given.
    """

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        self.length = sum(self.lengths)
        regions = [[getattr(t, n) for t in self.transforms] for n in ("domain", "codomain")]
        self.domain, self.codomain = (constraints.cat(r, dim, self.lengths) for r in regions)

    def _split(self, value: Any) -> Sequence[Any]:
        parts: Sequence[Any] = value.split(self.lengths, self.dim)
        return parts

    def _join(self, parts: list[Any], dim: int) -> Any:
        return cat(parts, dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        found = []
        for a, b, t in zip(self._split(x), self._split(y), self.transforms, strict=True):
            own = t.log_abs_det_jacobian(a, b)
            found.append(sum_rightmost(own, self.event_dim - t.domain.event_dim))
        dim = self.dim - x.dim() if self.dim >= 0 else self.dim
        dim += self.event_dim
        return cat(found, dim) if dim < 0 else sum(found)


class StackTransform(_Parts):
    """A map for each place along a dimension."""

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)
        regions = [[getattr(t, n) for t in self.transforms] for n in ("domain", "codomain")]
        self.domain, self.codomain = (constraints.stack(r, dim) for r in regions)

    def _split(self, value: Any) -> Sequence[Any]:
        parts: Sequence[Any] = value.unbind(self.dim)
        return parts

    def _join(self, parts: list[Any], dim: int) -> Any:
        return stack(parts, dim)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        parts = zip(self._split(x), self._split(y), self.transforms, strict=True)
        return stack([t.log_abs_det_jacobian(a, b) for a, b, t in parts], self.dim)


class CumulativeDistributionTransform(Transform):
    """``y = cdf(x)`` of a distribution of real numbers, so uniform if x comes from that.

    Args:
        distribution: the distribution; its ``log_prob`` is how the map stretches space.
    """

    codomain = constraints.unit_interval
    sign = 1

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        """The region of the distribution's samples."""
        return self.distribution.support

    def _call(self, x: Any) -> Any:
        return self.distribution.cdf(x)

    def _inverse(self, y: Any) -> Any:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return self.distribution.log_prob(x)


class CorrCholeskyTransform(Transform):
    """Real vectors of D (D - 1) / 2 elements to Cholesky factors of D x D correlation matrices.

    The tangents are the correlations that are left once the earlier variables are known
    (D. Lewandowski, D. Kurowicka and H. Joe, 2009).
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky

    @staticmethod
    def _size(count: int) -> int:
        size = round(math.sqrt(0.25 + 2 * count) + 0.5)
        if size * (size - 1) // 2 != count:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return size

    def _call(self, x: Any) -> Any:
        x = x.tanh()
        eps = finfo(x.dtype).eps
        x = x.clamp(min=-1 + eps, max=1 - eps)
        size = self._size(x.shape[-1])
        rows = []
        for row in range(size):
            first = row * (row - 1) // 2
            rows.append(pad(x[..., first : first + row], [0, size - row]))
        partial = stack(rows, -2)
        rest = (1 - partial**2).sqrt().cumprod(-1)
        partial = partial + x.new_ones(size).diag_embed()
        return partial * pad(rest[..., :-1], [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        size = y.shape[-1]
        left = 1 - (y * y).cumsum(-1)
        shifted = pad(left[..., :-1], [1, 0], value=1)
        partial = y / shifted.sqrt()
        flat = cat([partial[..., row, :row] for row in range(1, size)], -1)
        return (flat.log1p() - (-flat).log1p()) / 2

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        from ..nn.functional.activation import softplus

        size = y.shape[-1]
        left = 1 - (y * y).cumsum(-1)
        logs = cat([left[..., row, : row - 1] for row in range(2, size)], -1).log()
        stretch = -2 * (x + softplus(-2 * x) - math.log(2.0)).sum(-1)
        return 0.5 * logs.sum(-1) + stretch
