"""Writing by index along a dimension: ``scatter``, ``scatter_add``, ``scatter_reduce``."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import CONSTANT, OUTPUT, Node, TensorBase, wrap
from ..autograd.inplace import apply_inplace
from ..backend import BACKENDS
from ..casting.calls import THREADS, casting
from .arguments import require_tensor
from .copying import Clone
from .gather import INDEX_TYPES, check_bounds
from .index import getitem
from .scatter_products import products_of_others
from .shape import reshape, wrap_dim
from .unary import no_bools
from .write import Accumulate, Key, Put, PutNumber, number_of_type, write


class ScatterReduce(Node):
    """``x`` with the elements of ``y`` combined at ``key``, with or without what is there."""

    __slots__ = ("hits", "how", "include_self", "key", "out", "x", "y")
    saves = {"x": 0, "y": 1, "out": OUTPUT, "hits": CONSTANT}

    def forward(self, xp: Any, x: Any, y: Any, key: Key, how: str, include_self: bool) -> Any:
        self.x, self.y, self.key, self.how, self.include_self = x, y, key, how, include_self
        self.hits = xp.scatter_nd(xp.ones_like(y), key, x.shape)
        out = xp.copy(x)
        if not include_self:
            xp.setitem(out, key, xp.full((), _neutral(how, x.dtype), x.dtype))
        if how == "prod":
            out = xp.mul(out, _products(xp, y, key, x.shape))
        elif how in ("amax", "amin"):
            out = _extremes(
                xp, xp.module.maximum if how == "amax" else xp.module.minimum, out, key, y
            )
        else:
            xp.index_add(out, key, y)
        if how == "mean":
            divide = xp.floor_divide if x.dtype.kind in "iu" else xp.div
            out = divide(out, self._counts(xp))
        self.out = xp.asarray(out)
        return self.out

    def _counts(self, xp: Any) -> Any:
        """How many elements each mean is of."""
        return xp.add(self.hits, 1) if self.include_self else xp.maximum(self.hits, 1)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        key = self.key
        if self.how == "prod":
            grad_x, grad_y = self._of_product(xp, grad)
        elif self.how in ("amax", "amin"):
            grad_x, grad_y = self._of_extreme(xp, grad)
        else:
            grad_x = xp.div(grad, self._counts(xp)) if self.how == "mean" else grad
            grad_y = xp.getitem(grad_x, key)
        if not self.include_self:
            grad_x = xp.where(xp.gt(self.hits, 0), xp.zeros_like(grad_x), grad_x)
        return grad_x, grad_y

    def _of_extreme(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        """All that equal the extreme share its gradient evenly."""
        mine = xp.cast(xp.eq(self.x, self.out), grad.dtype)
        if not self.include_self:
            mine = xp.where(xp.gt(self.hits, 0), xp.zeros_like(mine), mine)
        theirs = xp.cast(xp.eq(self.y, xp.getitem(self.out, self.key)), grad.dtype)
        number = xp.add(mine, xp.scatter_nd(theirs, self.key, self.x.shape))
        share = xp.div(grad, number)
        return xp.mul(mine, share), xp.mul(theirs, xp.getitem(share, self.key))

    def _of_product(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        """Each factor gets the product of the others, also where one of them is zero."""
        x, y, key = self.x, self.y, self.key
        if isinstance(x, TensorBase):
            others_x, others_y = products_of_others(xp, x, y, key, self.hits, self.include_self)
            return xp.mul(grad, others_x), xp.mul(xp.getitem(grad, key), others_y)
        x_zero, y_zero = xp.eq(x, 0), xp.eq(y, 0)
        if not self.include_self:
            x_zero = xp.logical_and(x_zero, xp.eq(self.hits, 0))
        x_rest = xp.where(x_zero, xp.ones_like(x), x)
        y_rest = xp.where(y_zero, xp.ones_like(y), y)
        rest = ScatterReduce().forward(xp, x_rest, y_rest, key, "prod", self.include_self)
        x_zeros, y_zeros = (xp.cast(z, grad.dtype) for z in (x_zero, y_zero))
        zeros = xp.add(x_zeros, xp.scatter_nd(y_zeros, key, x.shape))
        others_x = xp.where(xp.eq(zeros, x_zeros), xp.div(rest, x_rest), xp.zeros_like(x))
        alone = xp.eq(xp.getitem(zeros, key), y_zeros)
        others_y = xp.where(alone, xp.div(xp.getitem(rest, key), y_rest), xp.zeros_like(y))
        return xp.mul(grad, others_x), xp.mul(xp.getitem(grad, key), others_y)


def _neutral(how: str, dtype: Any) -> Any:
    """What leaves a sum, product or extreme as it is."""
    if how not in ("amax", "amin"):
        return 1 if how == "prod" else 0
    if dtype.kind in "fV":
        return float("-inf") if how == "amax" else float("inf")
    if dtype.kind == "b":
        return how == "amin"
    bits = 8 * dtype.itemsize - (dtype.kind == "i")
    lowest = -(2**bits) if dtype.kind == "i" else 0
    return lowest if how == "amax" else 2**bits - 1


def _extremes(xp: Any, ufunc: Any, x: Any, key: Key, y: Any) -> Any:
    """``x`` with the extremes of its elements and those of ``y`` that go to their places."""
    if x.dtype.itemsize >= 4:
        ufunc.at(x, key, y)
        return x
    wide = "float32" if x.dtype.kind in "fV" else "int64"  # CuPy has no others
    out = xp.cast(x, wide)
    ufunc.at(out, key, xp.cast(y, wide))
    return xp.cast(out, x.dtype)


def _products(xp: Any, y: Any, key: Key, shape: tuple[int, ...]) -> Any:
    """Ones of ``shape``, multiplied by the elements of ``y`` that go to each place.

    Sorted by place, the factors of one place are neighbours and are multiplied in pairs, fours,
    eights: what CuPy has no unbuffered multiplication for.
    """
    numbers = xp.arange(0, _count(shape), 1, "int64").reshape(shape)
    place = xp.reshape(xp.broadcast_to(xp.getitem(numbers, key), y.shape), (-1,))
    order = xp.argsort(place, 0)
    place, factors = xp.getitem(place, order), xp.getitem(xp.reshape(y, (-1,)), order)
    step = 1
    while step < factors.size:
        same = xp.eq(place[step:], place[:-step])
        joined = xp.where(same, xp.mul(factors[step:], factors[:-step]), factors[step:])
        factors = xp.concatenate([factors[:step], joined], 0)
        step *= 2
    count = _count(shape)
    out = xp.full((count + 1,), 1, y.dtype)
    if factors.size:
        last = xp.concatenate([xp.ne(place[1:], place[:-1]), xp.full((1,), True, "bool")], 0)
        # The last factor of each place holds its product; the others go where nobody looks.
        xp.setitem(out, xp.where(last, place, count), factors)
    return xp.reshape(xp.getitem(out, slice(0, count)), shape)


def _count(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


# --- arguments -----------------------------------------------------------------------------------


def along(xp: Any, index: Any, axis: int) -> Key:
    """The key of the elements ``x[i][index[i][j]]`` for ``axis`` 1, and likewise for others."""
    grid = list(xp.module.ogrid[tuple(slice(n) for n in index.shape)])
    grid[axis] = index
    return tuple(grid)


def _prepared(x: Any, dim: int, index: Any, src: Any) -> tuple[Any, Key]:
    """The checked source, cut to the index if it is a tensor, and the key to write it with."""
    require_tensor("scatter", "index", 2, index)
    shape, where = x.array.shape or (1,), index.array
    axis = wrap_dim(dim, x.array.ndim)
    if where.dtype not in INDEX_TYPES:
        raise RuntimeError("scatter(): Expected dtype int32/int64 for index")
    where = where if where.ndim else where.reshape(1)
    given = None
    if isinstance(src, TensorBase):
        if src.array.dtype != x.array.dtype:
            raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
        src = src if src.array.ndim else reshape(src, (1,))
        given = src.array.shape
    for name, other in (("self", shape), ("src", given)):
        if where.size and other is not None and len(other) != where.ndim:
            raise RuntimeError(
                f"Index tensor must have the same number of dimensions as {name} tensor"
            )
    if where.size:
        _check_extent(where.shape, shape, axis, given)
        check_bounds(where, shape[axis], axis, RuntimeError)
    if given is not None and given != where.shape and where.size:
        src = getitem(src, tuple(slice(0, n) for n in where.shape))
    return src, along(BACKENDS[type(where)], where, axis)


def _check_extent(index: Any, shape: Any, axis: int, given: Any) -> None:
    outside = any(n > m and i != axis for i, (n, m) in enumerate(zip(index, shape, strict=True)))
    text = (
        f"Expected index {list(index)} to be no larger than self {list(shape)} apart from "
        f"dimension {axis}"
    )
    if given is not None:
        outside = outside or any(n > m for n, m in zip(index, given, strict=True))
        text += f" and to be no larger size than src {list(given)}"
    if outside:
        raise RuntimeError(text)


def _untouched(form: str, x: Any) -> Any:
    return x if form == "inplace" else Clone.apply(x)


# --- functions -----------------------------------------------------------------------------------


def _scatter(form: str, x: Any, dim: int, index: Any, src: Any, reduce: str | None) -> Any:
    if reduce not in (None, "add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    if reduce is not None and not isinstance(src, TensorBase):
        xp = BACKENDS[type(x.array)]
        src = wrap(xp.broadcast_to(number_of_type(xp, src, x.array), index.array.shape))
    if reduce == "multiply":
        return _scatter_reduce(form, x, dim, index, src, "prod", True)
    source, key = _prepared(x, dim, index, src)
    if not index.array.size:
        return _untouched(form, x)
    kind = (
        PutNumber if not isinstance(source, TensorBase) else Put if reduce is None else Accumulate
    )
    return write(form, kind, x, source, key)


def scatter(
    input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
) -> Any:
    """``input`` with ``out[index[i][j]][j] = src[i][j]`` (for ``dim=0``), and likewise elsewhere.

    Args:
        index: int64 or int32, of as many dimensions as ``input``, and nowhere longer than ``src``
            or, except along ``dim``, than ``input``.
        src: a tensor of the type of ``input``, or a number. Where several elements go to one
            place, which of them stays is not defined.
        value: a number instead of ``src``.
        reduce: ``"add"`` or ``"multiply"`` with what is there, instead of replacing it.

    Raises:
        RuntimeError: types or shapes that do not fit, or an index out of range.

    >>> import gpugrad
    >>> gpugrad.zeros(2, 3).scatter(1, gpugrad.tensor([[0], [2]]), 1.0)
    tensor([[1., 0., 0.],
            [0., 0., 1.]])
    """
    return _scatter("apply", input, dim, index, value if src is None else src, reduce)


def scatter_(
    input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
) -> Any:
    """:func:`scatter` in place."""
    return _scatter("inplace", input, dim, index, value if src is None else src, reduce)


def _scatter_add(form: str, x: Any, dim: int, index: Any, src: Any) -> Any:
    require_tensor("scatter_add", "src", 3, src)
    return _scatter(form, x, dim, index, src, "add")


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """``input`` with ``out[index[i][j]][j] += src[i][j]`` (for ``dim=0``); see :func:`scatter`.

    >>> import gpugrad
    >>> gpugrad.zeros(2).scatter_add(0, gpugrad.tensor([1, 1]), gpugrad.ones(2))
    tensor([0., 2.])
    """
    if THREADS and (run := casting("scatter_add")):
        return run(scatter_add, input, dim, index, src)
    return _scatter_add("apply", input, dim, index, src)


def scatter_add_(input: Any, dim: int, index: Any, src: Any) -> Any:
    """:func:`scatter_add` in place."""
    return _scatter_add("inplace", input, dim, index, src)


def _scatter_reduce(
    form: str, x: Any, dim: int, index: Any, src: Any, reduce: str, include_self: bool
) -> Any:
    if reduce == "mean" and x.array.dtype.kind == "b":
        raise no_bools("scatter_gather_tensor_cpu_reduce_mean")
    if reduce not in ("sum", "prod", "mean", "amax", "amin"):
        raise RuntimeError(
            f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}"
        )
    require_tensor("scatter_reduce", "src", 3, src)
    source, key = _prepared(x, dim, index, src)
    if not index.array.size:
        return _untouched(form, x)
    line = x if x.array.ndim else reshape(x, (1,))
    if form == "inplace":
        apply_inplace(ScatterReduce, line, source, key, reduce, include_self)
        return x
    result = ScatterReduce.apply(line, source, key, reduce, include_self)
    return result if line is x else reshape(result, ())


def scatter_reduce(
    input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """``input`` with the elements of ``src`` combined where ``index`` sends them.

    Args:
        index: as in :func:`scatter`.
        reduce: ``"sum"``, ``"prod"``, ``"mean"``, ``"amax"`` or ``"amin"``.
        include_self: whether the element that is there is one of those combined.

    >>> import gpugrad
    >>> x, i = gpugrad.tensor([1.0, 5.0]), gpugrad.tensor([0, 0])
    >>> x.scatter_reduce(0, i, gpugrad.tensor([3.0, 2.0]), "amax")
    tensor([3., 5.])
    """
    return _scatter_reduce("apply", input, dim, index, src, reduce, include_self)


def scatter_reduce_(
    input: Any, dim: int, index: Any, src: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """:func:`scatter_reduce` in place."""
    return _scatter_reduce("inplace", input, dim, index, src, reduce, include_self)
