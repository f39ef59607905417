"""Reductions: sums, means, products, extremes over all elements or some dimensions."""

from __future__ import annotations

from typing import Any

from .. import dtypes
from ..autograd.engine import OUTPUT, Node, TensorBase
from ..casting.calls import THREADS, casting
from . import truth
from .axes import Axes, axes_of, count_of, kept_shape
from .operands import cast


class Reduction(Node):
    """Keeps what is needed to spread a result's gradient over the elements that it came from."""

    __slots__ = ("axes", "kept", "shape")

    axes: Axes
    shape: tuple[int, ...]

    def _remember(self, x: Any, axes: Axes) -> None:
        self.shape, self.axes = x.shape, axes

    def _spread(self, xp: Any, grad: Any) -> Any:
        return xp.broadcast_to(self._widen(xp, grad), self.shape)

    def _widen(self, xp: Any, value: Any) -> Any:
        if value.shape == ():
            return value
        kept = kept_shape(self.shape, self.axes)
        return value if value.shape == kept else xp.reshape(value, kept)


class Sum(Reduction):
    """The sum of all elements."""

    __slots__ = ()

    def forward(self, xp: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
        self.shape, self.axes = x.shape, axes
        return xp.sum(x, axes, keepdim)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (xp.broadcast_to(self._widen(xp, grad), self.shape),)


class SumDim(Sum):
    """The sum over some dimensions."""

    __slots__ = ()
    torch_name = "SumBackward1"


class Mean(Reduction):
    """The mean of all elements."""

    __slots__ = ()

    def forward(self, xp: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
        self.shape, self.axes = x.shape, axes
        return xp.mean(x, axes, keepdim)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        each = xp.div(grad, count_of(self.shape, self.axes))
        return (xp.broadcast_to(self._widen(xp, each), self.shape),)


class MeanDim(Mean):
    """The mean over some dimensions."""

    __slots__ = ()
    torch_name = "MeanBackward1"


class Prod(Reduction):
    """The product of elements; its gradient is right at zeros too."""

    __slots__ = ("x",)
    saves = {"x": 0}

    def forward(self, xp: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
        self._remember(x, axes)
        self.x = x
        return xp.prod(x, axes, keepdim)

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        x, axes = self.x, self.axes
        if not isinstance(x, TensorBase) and x.dtype.kind == "f":
            return (self._at_once(xp, x, grad),)
        # The product of all others, from products before and after each element.
        if self.axes is None:
            flat = xp.reshape(x, (-1,))
            return (xp.mul(xp.reshape(self._others(xp, flat, 0), self.shape), grad),)
        (axis,) = axes or (0,)
        return (xp.mul(self._others(xp, x, axis), self._widen(xp, grad)),)

    def _at_once(self, xp: Any, x: Any, grad: Any) -> Any:
        """By a division, which is not differentiable where ``x`` is 0.

        The product of all others is 0 if one of these is; else at a zero it is what the others
        give, and elsewhere there may be no zero.
        """
        zero = xp.eq(x, 0)
        others = xp.where(zero, xp.ones_like(x), x)
        product = xp.prod(others, self.axes, True)
        zeros = xp.sum(zero, self.axes, True, "int64")
        alone = xp.mul(product, xp.eq(zeros, 1))
        together = xp.mul(product, xp.eq(zeros, 0))
        return xp.mul(xp.div(xp.where(zero, alone, together), others), self._widen(xp, grad))

    @staticmethod
    def _others(xp: Any, x: Any, axis: int) -> Any:
        before = (slice(None),) * axis
        ones = xp.ones_like(xp.getitem(x, (*before, slice(0, 1))))
        first = xp.concatenate([ones, xp.getitem(x, (*before, slice(0, -1)))], axis)
        rest = xp.concatenate(
            [ones, xp.getitem(xp.flip(x, (axis,)), (*before, slice(0, -1)))], axis
        )
        return xp.mul(xp.cumprod(first, axis), xp.flip(xp.cumprod(rest, axis), (axis,)))


class ProdDim(Prod):
    """The product along one dimension."""

    __slots__ = ()
    torch_name = "ProdBackward1"


class Amax(Reduction):
    """The largest element; where several tie, they share the gradient evenly."""

    __slots__ = ("out", "x")
    saves = {"x": 0, "out": OUTPUT}
    primitive = "amax"

    def forward(self, xp: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
        self._remember(x, axes)
        self.x = x
        self.out = xp.asarray(getattr(xp, self.primitive)(x, axes, keepdim))
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        taken = self._taken(xp)
        shares = xp.mul(self._widen(xp, grad), taken)
        ties = xp.cast(xp.sum(taken, self.axes, True), grad.dtype)
        return (xp.div(shares, ties),)

    def _taken(self, xp: Any) -> Any:
        """Where the elements are that the gradient goes to."""
        return xp.eq(self.x, self._widen(xp, self.out))


class Amin(Amax):
    """The smallest element; ties share the gradient evenly."""

    __slots__ = ()
    primitive = "amin"


class MaxAll(Amax):
    """The largest of all elements."""

    __slots__ = ()
    torch_name = "MaxBackward1"

    def _taken(self, xp: Any) -> Any:
        return _or_nan(xp, super()._taken(xp), self.x)


class MinAll(Amin):
    """The smallest of all elements."""

    __slots__ = ()
    torch_name = "MinBackward1"

    def _taken(self, xp: Any) -> Any:
        return _or_nan(xp, super()._taken(xp), self.x)


def _or_nan(xp: Any, equal: Any, x: Any) -> Any:
    """If there are nans, one is the result, and nothing equals it: then they are meant."""
    return xp.logical_or(equal, xp.isnan(x))


class Logsumexp(Reduction):
    """``log(sum(exp(x)))`` without overflow."""

    __slots__ = ("out", "x")
    saves = {"x": 0, "out": OUTPUT}

    def forward(self, xp: Any, x: Any, axes: Axes, keepdim: bool) -> Any:
        self._remember(x, axes)
        self.x = x
        if count_of(x.shape, axes):
            top = xp.amax(x, axes, True)
            top = xp.where(xp.isinf(top), xp.zeros_like(top), top)
        else:
            top = xp.zeros(kept_shape(x.shape, axes), x.dtype)
        total = xp.log(xp.sum(xp.exp(xp.sub(x, top)), axes, True))
        out = xp.add(total, top)
        if not keepdim:
            out = xp.reshape(
                out, tuple(n for i, n in enumerate(x.shape) if axes is not None and i not in axes)
            )
        self.out = xp.asarray(out)
        return self.out

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        weights = xp.exp(xp.sub(self.x, self._widen(xp, self.out)))
        return (xp.mul(weights, self._widen(xp, grad)),)


# --- functions -----------------------------------------------------------------------------------


def _as_sum_input(input: Any, dtype: Any) -> Any:
    if dtype is not None:
        return cast(input, dtypes.as_dtype(dtype))
    if input.array.dtype.kind in "bui":
        return cast(input, dtypes.int64)
    return input


def sum(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The sum over ``dim`` (all elements if None); integers and bools add up in int64.

    >>> import gpugrad
    >>> gpugrad.ones(2, 3).sum(dim=1)
    tensor([3., 3.])
    """
    if THREADS and (run := casting("sum")):
        return run(sum, input, dim, keepdim, dtype=dtype)
    x = input if dtype is None and input.array.dtype.kind == "f" else _as_sum_input(input, dtype)
    if dim is None and not keepdim:
        return Sum.apply(x, None, False)
    return SumDim.apply(x, axes_of(dim, x.array.ndim), keepdim)


def mean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The mean over ``dim`` (all elements if None).

    Raises RuntimeError for integers and bools unless ``dtype`` is given.

    >>> import gpugrad
    >>> gpugrad.tensor([1.0, 2.0, 6.0]).mean()
    tensor(3.)
    """
    x = input if dtype is None else cast(input, dtypes.as_dtype(dtype))
    if x.array.dtype.kind not in "fV":
        word = dtypes.from_numpy(x.array.dtype).tensor_type.removesuffix("Tensor")
        raise RuntimeError(
            "mean(): could not infer output dtype. Input dtype must be either a floating point or "
            f"complex dtype. Got: {word}"
        )
    if dim is None and not keepdim:
        return Mean.apply(x, None, False)
    return MeanDim.apply(x, axes_of(dim, x.array.ndim), keepdim)


def _all_of(input: Any, dim: int | None, keepdim: bool) -> Any:
    """The product of bools: whether all are true."""
    return truth.all(input, dim, keepdim)


def prod(input: Any, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """The product along ``dim`` (of all elements if None).

    >>> import gpugrad
    >>> gpugrad.prod(gpugrad.tensor([[1.0, 3.0], [2.0, 4.0]]), dim=1)
    tensor([3., 8.])
    """
    if THREADS and (run := casting("prod")):
        return run(prod, input, dim, keepdim, dtype=dtype)
    if dtype is not None and dtypes.as_dtype(dtype) is dtypes.bool_:
        return _all_of(input, dim, keepdim)
    x = _as_sum_input(input, dtype)
    if dim is None:
        return Prod.apply(x, None, False)
    return ProdDim.apply(x, axes_of(dim, x.array.ndim), keepdim)


def amax(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """The largest element over ``dim``; ties share the gradient evenly.

    >>> import gpugrad
    >>> gpugrad.amax(gpugrad.tensor([[1.0, 3.0], [2.0, 0.0]]), dim=1)
    tensor([3., 2.])
    """
    axes = axes_of(dim, input.array.ndim)
    _check_not_empty(input, axes, "amax")
    return Amax.apply(input, axes, keepdim)


def amin(input: Any, dim: Any = (), keepdim: bool = False) -> Any:
    """The smallest element over ``dim``; ties share the gradient evenly.

    >>> import gpugrad
    >>> gpugrad.amin(gpugrad.tensor([[1.0, 3.0], [2.0, 0.0]]), dim=1)
    tensor([1., 0.])
    """
    axes = axes_of(dim, input.array.ndim)
    _check_not_empty(input, axes, "amin")
    return Amin.apply(input, axes, keepdim)


def _check_not_empty(input: Any, axes: Axes, name: str) -> None:
    if count_of(input.array.shape, axes) == 0:
        if axes is None:
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify "
                "the reduction dim with the 'dim' argument."
            )
        empty = next(a for a in axes if input.array.shape[a] == 0)
        raise IndexError(f"{name}(): Expected reduction dim {empty} to have non-zero size.")


def max_all(input: Any) -> Any:
    """The largest of all elements."""
    _check_not_empty(input, None, "max")
    return MaxAll.apply(input, None, False)


def min_all(input: Any) -> Any:
    """The smallest of all elements."""
    _check_not_empty(input, None, "min")
    return MinAll.apply(input, None, False)


def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Any:
    """``log(sum(exp(input)))`` over ``dim``, without overflow.

    >>> import gpugrad
    >>> gpugrad.logsumexp(gpugrad.tensor([100.0, 100.0]), dim=0)
    tensor(100.6931)
    """
    if THREADS and (run := casting("logsumexp")):
        return run(logsumexp, input, dim, keepdim)
    x = input if input.array.dtype.kind in "fV" else cast(input, dtypes.get_default_dtype())
    return Logsumexp.apply(x, axes_of(dim, x.array.ndim), keepdim)
