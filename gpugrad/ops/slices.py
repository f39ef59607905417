"""Writing by index into slices and elements: ``index_add``, ``index_put`` and relatives."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import TensorBase
from ..casting.calls import THREADS, casting
from .arguments import require_tensor, word
from .copying import Clone
from .gather import INDEX_TYPES, check_bounds, flat_key
from .index import setitem
from .native_index import native_index
from .shape import reshape, wrap_dim
from .write import Accumulate, Key, Put, PutNumber, write


class IndexAdd(Accumulate):
    """Slices added along a dimension."""

    __slots__ = ()


class IndexCopy(Put):
    """Slices written along a dimension."""

    __slots__ = ()


class IndexFill(PutNumber):
    """One number written into slices along a dimension."""

    __slots__ = ()
    on_expanded = ("index_fill_", "tensor[mask] = scalar")


class IndexFillTensor(Put):
    """The value of a 0-d tensor written into slices along a dimension."""

    __slots__ = ()
    torch_name = "IndexFillBackward1"

    def backward(self, xp: Any, grad: Any) -> tuple[Any, Any]:
        kept = self._kept(xp, grad)
        return kept, xp.sum(xp.sub(grad, kept))


class IndexPutAdd(Accumulate):
    """Elements added at an index."""

    __slots__ = ()
    torch_name = "IndexPut"


class PutFlat(Put):
    """Elements written at row-major numbers."""

    __slots__ = ()
    torch_name = "Put"


class PutFlatAdd(Accumulate):
    """Elements added at row-major numbers."""

    __slots__ = ()
    torch_name = "Put"


def _key(x: Any, dim: int, index: Any, not_a_vector: str) -> tuple[int, Key]:
    """The axis, and the key of the slices along it that a vector of indices names."""
    places = index.array
    if places.ndim > 1:
        raise IndexError(not_a_vector)
    axis = wrap_dim(dim, x.array.ndim)
    return axis, (*(slice(None),) * axis, places.reshape(-1))


def _without(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (*shape[:axis], *shape[axis + 1 :])


def _as_line(x: Any) -> Any:
    return x if x.array.ndim else reshape(x, (1,))


def _index_add(form: str, x: Any, dim: int, index: Any, source: Any, alpha: Any) -> Any:
    require_tensor("index_add", "index", 2, index)
    require_tensor("index_add", "source", 3, source)
    function, places = "index_add_()", index.array
    axis, key = _key(
        x,
        dim,
        index,
        f"{function}: Index is supposed to be a vector, but got dim: {places.ndim} with type: "
        f"{word(places)} and size: {list(places.shape)}",
    )
    if places.dtype not in INDEX_TYPES:
        raise RuntimeError(
            f"{function}: Expected dtype int32/int64 for index but got: {word(places)}"
        )
    if x.array.dtype != source.array.dtype:
        raise RuntimeError(
            f"{function}: self ({word(x.array)}) and source ({word(source.array)}) must have the "
            "same scalar type"
        )
    shape, given = x.array.shape or (1,), source.array.shape
    if len(given) > axis and key[-1].size != given[axis]:
        raise RuntimeError(
            f"{function}: Number of indices ({key[-1].size}) should be equal to source.size(dim): "
            f"({given[axis]}), for dim: {axis}"
        )
    mine = x.array.shape
    if len(mine) != len(given) or _without(shape, axis) != _without(given, axis):
        raise RuntimeError(
            "source tensor shape must match self tensor shape, excluding the specified dimension. "
            f"Got self.shape = {list(mine)} source.shape = {list(given)}"
        )
    check_bounds(key[-1], shape[axis], axis, RuntimeError)
    return write(form, IndexAdd, x, _as_line(source), key, alpha)


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


def _index_copy(form: str, x: Any, dim: int, index: Any, source: Any) -> Any:
    require_tensor("index_copy", "index", 2, index)
    require_tensor("index_copy", "source", 3, source)
    function, places = "index_copy_()", index.array
    axis, key = _key(
        x, dim, index, f"{function}: Index should have dimension 1 or 0 (got {places.ndim})"
    )
    if places.dtype != "int64":
        raise RuntimeError(f"{function}: Expected a long tensor for index, but got {word(places)}")
    if x.array.dtype != source.array.dtype:
        raise RuntimeError(
            f"{function}: self and source expected to have the same dtype, but got (self) "
            f"{word(x.array)} and (source) {word(source.array)}"
        )
    source = _as_line(source)
    shape, given = x.array.shape or (1,), source.array.shape
    mine, theirs = _without(shape, axis), _without(given, axis)
    if mine != theirs:
        raise RuntimeError(
            f"{function}: Source/destination tensor must have same slice shapes. Destination slice "
            f"shape: {' '.join(map(str, mine))} at dimension {axis} and source slice shape: "
            f"{' '.join(map(str, theirs))} at dimension 0."
        )
    if key[-1].size != given[axis]:
        raise IndexError(
            f"{function}: Number of indices ({key[-1].size}) should be equal to source.size(dim) "
            f"({given[axis]})"
        )
    check_bounds(key[-1], shape[axis], axis, IndexError, prefix=function + ": ")
    return write(form, IndexCopy, x, source, key)


def index_copy(input: Any, dim: int, index: Any, source: Any) -> Any:
    """``input`` with ``source`` written into the slices along ``dim`` that ``index`` names.

    >>> import gpugrad
    >>> gpugrad.zeros(3).index_copy(0, gpugrad.tensor([2]), gpugrad.ones(1))
    tensor([0., 0., 1.])
    """
    if THREADS and (run := casting("index_copy")):
        return run(index_copy, input, dim, index, source)
    return _index_copy("apply", input, dim, index, source)


def index_copy_(input: Any, dim: int, index: Any, source: Any) -> Any:
    """:func:`index_copy` in place."""
    return _index_copy("inplace", input, dim, index, source)


def _index_fill(form: str, x: Any, dim: int, index: Any, value: Any) -> Any:
    require_tensor("index_fill", "index", 2, index)
    axis, key = _key(x, dim, index, "index_fill_(): Index is supposed to be a vector")
    if index.array.dtype not in INDEX_TYPES:
        raise IndexError("index_fill_(): Expected dtype int64 for index.")
    size = (x.array.shape or (1,))[axis]
    check_bounds(key[-1], size, axis, IndexError, -size)
    if not isinstance(value, TensorBase):
        return write(form, IndexFill, x, value, key)
    check_scalar("index_fill_", value)
    return write(form, IndexFillTensor, x, value.to(x.dtype), key)


def check_scalar(function: str, value: Any) -> None:
    """Raise RuntimeError unless a tensor has no dimensions."""
    if value.array.ndim:
        raise RuntimeError(
            f"{function} only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.array.ndim} dimension(s)."
        )


def index_fill(input: Any, dim: int, index: Any, value: Any) -> Any:
    """``input`` with one number in the slices along ``dim`` that ``index`` names.

    >>> import gpugrad
    >>> gpugrad.zeros(3).index_fill(0, gpugrad.tensor([0, -1]), 5)
    tensor([5., 0., 5.])
    """
    return _index_fill("apply", input, dim, index, value)


def index_fill_(input: Any, dim: int, index: Any, value: Any) -> Any:
    """:func:`index_fill` in place."""
    return _index_fill("inplace", input, dim, index, value)


# --- elements ------------------------------------------------------------------------------------


def index_put_(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """:func:`index_put` in place."""
    require_tensor("index_put_", "values", 2, values)
    for place, index in enumerate(indices):
        if not isinstance(index, TensorBase):
            raise TypeError(
                f"expected Tensor as element {place} in argument 0, but got {type(index).__name__}"
            )
    if values.array.dtype != input.array.dtype:
        raise RuntimeError(
            "Index put requires the source and destination dtypes match, got "
            f"{word(input.array)} for the destination and {word(values.array)} for the source."
        )
    if accumulate:
        return IndexPutAdd.inplace(input, values, native_index(input, tuple(indices)))
    setitem(input, tuple(indices), values)
    return input


def index_put(input: Any, indices: Any, values: Any, accumulate: bool = False) -> Any:
    """``input`` with ``out[indices] = values``, or ``+=`` where repeated indices add up.

    Args:
        indices: a tuple of integer or bool tensors.
        values: of the type of ``input``; broadcast.

    >>> import gpugrad
    >>> i = gpugrad.tensor([1, 1])
    >>> gpugrad.zeros(3).index_put((i,), gpugrad.tensor(1.0), accumulate=True)
    tensor([0., 2., 0.])
    """
    if THREADS and (run := casting("index_put")):
        return run(index_put, input, indices, values, accumulate)
    return index_put_(Clone.apply(input), indices, values, accumulate)


def _put(form: str, x: Any, index: Any, source: Any, accumulate: bool) -> Any:
    require_tensor("put", "source", 2, source)
    key = flat_key("put", _as_line(x), index)
    if index.array.size != source.array.size:
        raise RuntimeError(
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source.array.size}, index.numel() = {index.array.size}"
        )
    if x.array.dtype != source.array.dtype:
        raise RuntimeError(
            f"put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{word(x.array)} and source.dtype = {word(source.array)}"
        )
    kind = PutFlatAdd if accumulate else PutFlat
    return write(form, kind, x, reshape(source, index.array.shape), key)


def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """``input`` with ``source`` at the elements that have these numbers in row-major order.

    >>> import gpugrad
    >>> gpugrad.put(gpugrad.zeros(3), gpugrad.tensor([1]), gpugrad.tensor([5.0]))
    tensor([0., 5., 0.])
    """
    return _put("apply", input, index, source, accumulate)


def put_(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """:func:`put` in place."""
    return _put("inplace", input, index, source, accumulate)
