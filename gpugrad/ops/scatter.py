"""Writing by index: ``scatter``, ``index_add``, ``masked_fill``, ``index_put`` and relatives.

Each op writes into a copy of its first input, or in its in-place form into that itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.engine import CONSTANT, Node, TensorBase, _new
from ..autograd.inplace import check_inplace, mark_changed
from ..backend import BACKENDS
from .arguments import require_tensor, word
from .elementwise_base import ZERO_STRIDE_WRITE, sum_to
from .gather import INDEX_TYPES, check_bounds, flat_key
from .index import getitem, native_index
from .shape import broadcast_shapes, expand, reshape, wrap_dim

Key = tuple[Any, ...]


class Write(Node):
    """An op that changes some elements of ``x``: ``write`` does it in place."""

    __slots__ = ("key",)

    def forward(self, xp: Any, x: Any, *rest: Any) -> Any:
        return self.write(xp, xp.copy(x), *rest)

    def write(self, xp: Any, x: Any, *rest: Any) -> Any:
        raise NotImplementedError

    @classmethod
    def inplace(cls, x: Any, *rest: Any) -> Any:
        """Apply the op to ``x`` itself."""
        check_inplace(x)
        if not getattr(x.array.flags, "writeable", True):
            raise RuntimeError(ZERO_STRIDE_WRITE)
        node = _new(cls)
        arrays = (r.array if isinstance(r, TensorBase) else r for r in rest)
        node.write(BACKENDS[type(x.array)], x.array, *arrays)
        mark_changed(x, node, (x, *rest))
        return x

    def _kept(self, xp: Any, grad: Any) -> Any:
        """The gradient of ``x`` where ``x`` was overwritten: none at those places."""
        if self.edges[0] is None:
            return None
        taken = xp.getitem(grad, self.key)
        return xp.setitem(xp.copy(grad), self.key, xp.zeros_like(taken))


class Put(Write):
    """``x[key] = y``, where ``y`` has the shape that ``x[key]`` has."""

    __slots__ = ()
    torch_name = "Scatter"

    def write(self, xp: Any, x: Any, y: Any, key: Key) -> Any:
        self.key = key
        return xp.setitem(x, key, y)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        return self._kept(xp, grad), xp.getitem(grad, self.key)


class PutNumber(Write):
    """``x[key] = value``"""

    __slots__ = ()
    torch_name = "ScatterBackward1"

    def write(self, xp: Any, x: Any, value: Any, key: Key) -> Any:
        self.key = key
        return xp.setitem(x, key, number_of_type(xp, value, x))

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (self._kept(xp, grad),)


class Accumulate(Write):
    """``x[key] += scale * y``, where repeated places add up; ``y`` broadcasts to ``x[key]``."""

    __slots__ = ("scale", "shape")
    torch_name = "ScatterAdd"

    def write(self, xp: Any, x: Any, y: Any, key: Key, scale: Any = 1) -> Any:
        self.key, self.scale, self.shape = key, scale, y.shape
        return xp.index_add(x, key, y if scale == 1 else xp.mul(y, scale))

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        taken = sum_to(xp, xp.getitem(grad, self.key), self.shape)
        return grad, taken if self.scale == 1 else xp.mul(taken, self.scale)


class IndexAdd(Accumulate):
    """Slices added along a dimension."""

    __slots__ = ()


class IndexPutAdd(Accumulate):
    """Elements added at an index."""

    __slots__ = ()
    torch_name = "IndexPut"


class PutAdd(Accumulate):
    """Elements added at row-major numbers."""

    __slots__ = ()
    torch_name = "Put"


class PutFlat(Put):
    """Elements written at row-major numbers."""

    __slots__ = ()
    torch_name = "Put"


class IndexCopy(Put):
    """Slices written along a dimension."""

    __slots__ = ()


class IndexFill(PutNumber):
    """One number written into slices along a dimension."""

    __slots__ = ()


class IndexFillTensor(Put):
    """A 0-d tensor written into slices along a dimension."""

    __slots__ = ()
    torch_name = "IndexFillBackward1"

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        return self._kept(xp, grad), xp.sum(xp.getitem(grad, self.key))


class MaskedFill(Write):
    """A number where a mask holds."""

    __slots__ = ("mask", "shape")
    saves = {"mask": CONSTANT}

    def forward(self, xp: Any, x: Any, value: Any, mask: Any) -> Any:
        self.mask, self.shape = mask, x.shape
        return xp.where(mask, number_of_type(xp, value, x), x)

    def write(self, xp: Any, x: Any, value: Any, mask: Any) -> Any:
        return xp.copy(self.forward(xp, x, value, mask), out=x)

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        kept = xp.where(self.mask, xp.zeros_like(grad), grad)
        return (sum_to(xp, kept, self.shape),)


class MaskedFillTensor(MaskedFill):
    """The value of a 0-d tensor where a mask holds."""

    __slots__ = ()
    torch_name = "MaskedFillBackward1"

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        taken = xp.where(self.mask, grad, xp.zeros_like(grad))
        return (*super().backward(xp, grad), xp.sum(taken))


class MaskedScatter(Write):
    """The elements of ``y`` in their order, where a mask holds."""

    __slots__ = ("shape",)

    def write(self, xp: Any, x: Any, y: Any, mask: Any) -> Any:
        self.key, self.shape = xp.nonzero(mask), y.shape
        count = self.key[0].size
        if count > y.size:
            raise RuntimeError("Number of elements of source < number of ones in mask")
        return xp.setitem(x, self.key, xp.reshape(y, (-1,))[:count])

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        taken = xp.getitem(grad, self.key)
        size = 1
        for n in self.shape:
            size *= n
        line = xp.scatter_nd(taken, (slice(0, taken.shape[0]),), (size,))
        return self._kept(xp, grad), xp.reshape(line, self.shape)


def number_of_type(xp: Any, value: Any, x: Any) -> Any:
    """A number (or 0-d array) as a 0-d array of the type of ``x``.

    Raises RuntimeError for an integer that the type cannot hold.
    """
    if hasattr(value, "dtype"):
        return value if value.dtype == x.dtype else xp.cast(value, x.dtype)
    try:
        return xp.full((), value, x.dtype)
    except OverflowError:
        from .arguments import c_name

        raise RuntimeError(
            f"value cannot be converted to type {c_name(x)} without overflow"
        ) from None


# --- along a dimension, element by element ---------------------------------------------------------


def along(xp: Any, index: Any, axis: int) -> Key:
    """The key that reads or writes ``x[i][index[i][j]]`` for ``axis`` 1, and likewise for others."""
    grid = list(xp.module.ogrid[tuple(slice(n) for n in index.shape)])
    grid[axis] = index
    return tuple(grid)


def scatter_arguments(x: Any, dim: int, index: Any, src: Any) -> tuple[Any, Any, Key]:
    """The checked source (cut to the index if it is a tensor), and the key to write with."""
    require_tensor("scatter", "index", 2, index)
    where, a = index.array, x.array
    axis = wrap_dim(dim, a.ndim)
    if where.dtype not in INDEX_TYPES:
        raise RuntimeError("scatter(): Expected dtype int32/int64 for index")
    is_tensor = isinstance(src, TensorBase)
    if is_tensor and src.array.dtype != a.dtype:
        raise RuntimeError("scatter(): Expected self.dtype to be equal to src.dtype")
    if where.size and (where.ndim or 1) != (a.ndim or 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as self tensor")
    if is_tensor and where.size and (where.ndim or 1) != (src.array.ndim or 1):
        raise RuntimeError("Index tensor must have the same number of dimensions as src tensor")
    size = a.shape[axis] if a.ndim else 1
    if where.size:
        _check_extent(where, a, axis, src.array if is_tensor else None)
        check_bounds(where, size, axis, RuntimeError)
    if is_tensor and src.array.shape != where.shape:
        if not src.array.ndim or not where.ndim:
            src = reshape(src, where.shape)
        else:
            src = getitem(src, tuple(slice(0, n) for n in where.shape))
    if not where.size:
        return axis, src, (slice(0, 0),) * a.ndim
    xp = BACKENDS[type(where)]
    if not a.ndim:
        return axis, src if not is_tensor else reshape(src, ()), ()
    return axis, src, along(xp, where, axis)


def _check_extent(index: Any, x: Any, axis: int, src: Any) -> None:
    too_long = any(
        n > m and i != axis for i, (n, m) in enumerate(zip(index.shape, x.shape, strict=False))
    )
    if src is None:
        if too_long:
            raise RuntimeError(
                f"Expected index {list(index.shape)} to be no larger than self {list(x.shape)} "
                f"apart from dimension {axis}"
            )
    elif too_long or any(n > m for n, m in zip(index.shape, src.shape, strict=False)):
        raise RuntimeError(
            f"Expected index {list(index.shape)} to be no larger than self {list(x.shape)} apart "
            f"from dimension {axis} and to be no larger size than src {list(src.shape)}"
        )


def _scatter(write: str, x: Any, dim: int, index: Any, src: Any, value: Any, reduce: Any) -> Any:
    if src is None:
        src = value
    if reduce is not None:
        return _scatter_with(write, x, dim, index, src, reduce)
    _, source, key = scatter_arguments(x, dim, index, src)
    kind = Put if isinstance(source, TensorBase) else PutNumber
    return getattr(kind, write)(x, source, key)


def _scatter_with(write: str, x: Any, dim: int, index: Any, src: Any, reduce: str) -> Any:
    """The older spelling of :func:`scatter_reduce`."""
    if reduce not in ("add", "multiply"):
        raise RuntimeError("reduce argument must be either add or multiply.")
    from .scatter_reduce import Fold

    xp = BACKENDS[type(x.array)]
    if not isinstance(src, TensorBase):
        from ..autograd.engine import wrap

        src = wrap(xp.broadcast_to(number_of_type(xp, src, x.array), index.array.shape))
    _, source, key = scatter_arguments(x, dim, index, src)
    if reduce == "add":
        return getattr(Accumulate, write)(x, source, key)
    return getattr(Fold, write)(x, source, key, "prod", True)


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
    return _scatter("apply", input, dim, index, src, value, reduce)


def scatter_(
    input: Any, dim: int, index: Any, src: Any = None, *, value: Any = None, reduce: Any = None
) -> Any:
    """:func:`scatter` in place."""
    return _scatter("inplace", input, dim, index, src, value, reduce)


def _scatter_add(write: str, x: Any, dim: int, index: Any, src: Any) -> Any:
    require_tensor("scatter_add", "src", 3, src)
    _, source, key = scatter_arguments(x, dim, index, src)
    return getattr(Accumulate, write)(x, source, key)


def scatter_add(input: Any, dim: int, index: Any, src: Any) -> Any:
    """``input`` with ``out[index[i][j]][j] += src[i][j]`` (for ``dim=0``); see :func:`scatter`.

    >>> import gpugrad
    >>> gpugrad.zeros(2).scatter_add(0, gpugrad.tensor([1, 1]), gpugrad.ones(2))
    tensor([0., 2.])
    """
    return _scatter_add("apply", input, dim, index, src)


def scatter_add_(input: Any, dim: int, index: Any, src: Any) -> Any:
    """:func:`scatter_add` in place."""
    return _scatter_add("inplace", input, dim, index, src)


# --- slices along a dimension ----------------------------------------------------------------------


def _slices(function: str, x: Any, dim: int, index: Any, size_error: str) -> tuple[int, Key]:
    """The axis and the key of a vector of indices along it."""
    require_tensor(function.rstrip("_"), "index", 2, index)
    places = index.array
    if places.ndim > 1:
        raise IndexError(size_error)
    axis = wrap_dim(dim, x.array.ndim)
    return axis, (*(slice(None),) * axis, places.reshape(-1))


def _index_add(write: str, x: Any, dim: int, index: Any, source: Any, alpha: Any) -> Any:
    require_tensor("index_add", "source", 3, source)
    name, a, b, places = "index_add_()", x.array, source.array, index.array
    axis, key = _slices(
        "index_add_",
        x,
        dim,
        index,
        f"{name}: Index is supposed to be a vector, but got dim: {places.ndim} with type: "
        f"{word(places)} and size: {list(places.shape)}",
    )
    if places.dtype not in INDEX_TYPES:
        raise RuntimeError(f"{name}: Expected dtype int32/int64 for index but got: {word(places)}")
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"{name}: self ({word(a)}) and source ({word(b)}) must have the same scalar type"
        )
    if not a.ndim:
        return getattr(IndexAdd, write)(x, reshape(source, ()), (), alpha)
    if b.ndim and places.size != b.shape[axis]:
        raise RuntimeError(
            f"{name}: Number of indices ({places.size}) should be equal to source.size(dim): "
            f"({b.shape[axis]}), for dim: {axis}"
        )
    if (*a.shape[:axis], *a.shape[axis + 1 :]) != (*b.shape[:axis], *b.shape[axis + 1 :]):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {list(a.shape)} source.shape = {list(b.shape)}"
        )
    check_bounds(key[-1], a.shape[axis], axis, RuntimeError)
    return getattr(IndexAdd, write)(x, source, key, alpha)


def index_add(input: Any, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Any:
    """``input`` with ``alpha * source`` added to the slices along ``dim`` that ``index`` names.

    >>> import gpugrad
    >>> gpugrad.zeros(3).index_add(0, gpugrad.tensor([2, 2]), gpugrad.ones(2))
    tensor([0., 0., 2.])
    """
    return _index_add("apply", input, dim, index, source, alpha)


def index_add_(input: Any, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Any:
    """:func:`index_add` in place."""
    return _index_add("inplace", input, dim, index, source, alpha)


def _index_copy(write: str, x: Any, dim: int, index: Any, source: Any) -> Any:
    require_tensor("index_copy", "source", 3, source)
    name, a, b, places = "index_copy_()", x.array, source.array, index.array
    axis, key = _slices(
        "index_copy_",
        x,
        dim,
        index,
        f"{name}: Index should have dimension 1 or 0 (got {places.ndim})",
    )
    if places.dtype != "int64":
        raise RuntimeError(f"{name}: Expected a long tensor for index, but got {word(places)}")
    if a.dtype != b.dtype:
        raise RuntimeError(
            f"{name}: self and source expected to have the same dtype, but got (self) {word(a)} "
            f"and (source) {word(b)}"
        )
    if not a.ndim:
        return getattr(IndexCopy, write)(x, reshape(source, ()), ())
    mine, theirs = (
        (*s[:axis], *s[axis + 1 :]) for s in (a.shape, b.shape)
    )
    if mine != theirs:
        raise RuntimeError(
            f"{name}: Source/destination tensor must have same slice shapes. Destination slice "
            f"shape: {' '.join(map(str, mine))} at dimension {axis} and source slice shape: "
            f"{' '.join(map(str, theirs))} at dimension 0."
        )
    if places.size != b.shape[axis]:
        raise IndexError(
            f"{name}: Number of indices ({places.size}) should be equal to source.size(dim) "
            f"({b.shape[axis]})"
        )
    try:
        check_bounds(key[-1], a.shape[axis], axis, IndexError)
    except IndexError as error:
        raise IndexError(f"{name}: {error}") from None
    return getattr(IndexCopy, write)(x, source, key)


def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """``input`` with ``source`` written into the slices along ``dim`` that ``index`` names."""
    return _index_copy("apply", input, dim, index, source)


def index_copy_(input: Any, dim: int, index: Any, source: Any) -> Any:
    """:func:`index_copy` in place."""
    return _index_copy("inplace", input, dim, index, source)


def _index_fill(write: str, x: Any, dim: int, index: Any, value: Any) -> Any:
    axis, key = _slices(
        "index_fill_",
        x,
        dim,
        index,
        "index_fill_(): Index is supposed to be a vector",
    )
    size = x.array.shape[axis] if x.array.ndim else 1
    check_bounds(key[-1], size, axis, IndexError, -size)
    key = key if x.array.ndim else ()
    if not isinstance(value, TensorBase):
        return getattr(IndexFill, write)(x, value, key)
    _check_scalar("index_fill_", value)
    return getattr(IndexFillTensor, write)(x, value.to(x.dtype), key)


def _check_scalar(function: str, value: Any) -> None:
    if value.array.ndim:
        raise RuntimeError(
            f"{function} only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.array.ndim} dimension(s)."
        )


def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """``input`` with a number in the slices along ``dim`` that ``index`` names."""
    return _index_fill("apply", input, dim, index, value)


def index_fill_(input: Any, dim: int, index: Any, value: Any) -> Any:
    """:func:`index_fill` in place."""
    return _index_fill("inplace", input, dim, index, value)
