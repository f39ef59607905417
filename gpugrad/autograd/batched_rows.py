"""Many gradients through one backward pass: each node goes backward once for all of them.

The gradients of a batched pass are :class:`Rows`: arrays with a hidden first dimension, of which a
node's ``backward`` sees one row's shape and type. It computes with :class:`RowsNamespace`, whose
primitives treat all rows at once. What has no rule here (a primitive of a rarer op, a function of
the user's) is done row by row for that node alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backend import BACKENDS
from ..backend.composed import ComposedForms
from ..backend.primitives import Array, is_basic_item
from ..backend.ufuncs import UFUNCS
from .function_node import FunctionNode
from .node_hooks import Hooked


class NoRuleError(TypeError):
    """This call cannot be carried out for all rows at once."""


class Rows:
    """An array for each of several gradients, ``array[i]`` the i-th; all of one shape and type."""

    __slots__ = ("array",)
    __array_ufunc__ = None  # NumPy must not take this for a scalar object

    def __init__(self, array: Array) -> None:
        self.array = array

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.array.shape[1:])

    @property
    def ndim(self) -> int:
        return int(self.array.ndim) - 1

    @property
    def size(self) -> int:
        return int(self.array.size // max(len(self.array), 1))

    nbytes = 0
    """Never large: the functions for large arrays have no rules for rows."""

    @property
    def dtype(self) -> Any:
        return self.array.dtype

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise NoRuleError("rows are no single array")


def _widened(x: Any, ndim: int) -> Any:
    """The array of ``x`` with as many dimensions behind the first as the result has."""
    if type(x) is not Rows:
        return x
    missing = ndim - x.ndim
    shape = x.array.shape
    return x.array.reshape((shape[0], *(1,) * missing, *shape[1:])) if missing else x.array


def _key(item: Any) -> tuple[Any, ...]:
    """An index for what lies behind the first dimension, as one with that in front."""
    items = item if isinstance(item, tuple) else (item,)
    picking = [n for n, i in enumerate(items) if not is_basic_item(i) or isinstance(i, int)]
    lists = any(not is_basic_item(i) for i in items)
    if lists and picking and picking[-1] - picking[0] + 1 != len(picking):
        raise NoRuleError("indices apart from each other")  # NumPy would put their dimensions first
    if any(type(i) is Rows for i in items):
        raise NoRuleError("an index for each row")
    return (slice(None), *items)


def _shifted(axis: Any) -> Any:
    if isinstance(axis, tuple):
        return tuple(_shifted(a) for a in axis)
    return axis + 1 if axis >= 0 else axis


class RowsNamespace(ComposedForms):
    """Primitives over :class:`Rows`, and over plain arrays that all rows share."""

    def __init__(self) -> None:
        for name in (*UFUNCS, "where"):
            setattr(self, name, _elementwise(name))

    def __getattr__(self, name: str) -> Any:
        """A primitive without a rule: the backend's own where no rows are among the arguments."""

        def function(x: Any, *args: Any) -> Any:
            if any(type(a) is Rows for a in (x, *args)):
                raise NoRuleError(name)
            return getattr(BACKENDS[type(x)], name)(x, *args)

        return function

    def asarray(self, x: Any) -> Any:
        return x

    def into(self, value: Any, out: Any) -> Any:
        return value if out is None else self.copy(value, out)

    def zeros(self, shape: Any, dtype: Any) -> Any:
        raise NoRuleError("of which device?")

    full = arange = zeros

    def zeros_like(self, x: Any) -> Any:
        return _mapped("zeros_like", x)

    def ones_like(self, x: Any) -> Any:
        return _mapped("ones_like", x)

    def cast(self, x: Any, dtype: Any) -> Any:
        return _mapped("cast", x, dtype)

    def copy(self, x: Any, out: Any = None) -> Any:
        if out is None:
            return _mapped("copy", x)
        if type(out) is not Rows:
            raise NoRuleError("rows into one array")
        source = _widened(x, out.ndim)
        BACKENDS[type(out.array)].copy(source, out=out.array)
        return out

    def fill(self, x: Any, value: Any) -> Any:
        return _mapped("fill", x, value)

    def reshape(self, x: Any, shape: Any) -> Any:
        if type(x) is Rows and x.array.size == 0:
            raise NoRuleError("no elements to infer a size from")
        lead = (len(x.array),) if type(x) is Rows else ()
        return _mapped("reshape", x, (*lead, *shape))

    def permute(self, x: Any, axes: Any) -> Any:
        if type(x) is not Rows:
            return BACKENDS[type(x)].permute(x, axes)
        return _mapped("permute", x, (0, *(a + 1 if a >= 0 else a for a in axes)))

    def broadcast_to(self, x: Any, shape: Any) -> Any:
        if type(x) is not Rows:
            return BACKENDS[type(x)].broadcast_to(x, shape)
        wide = _widened(x, len(shape))
        return Rows(BACKENDS[type(wide)].broadcast_to(wide, (len(wide), *shape)))

    expand = broadcast_to

    def getitem(self, x: Any, item: Any) -> Any:
        if type(x) is not Rows:
            return BACKENDS[type(x)].getitem(x, item)
        return _mapped("getitem", x, _key(item))

    def setitem(self, x: Any, item: Any, value: Any) -> Any:
        if type(x) is not Rows:
            raise NoRuleError("rows into one array")
        key = _key(item)
        target = x.array[key]
        given = _widened(value, target.ndim - 1)
        BACKENDS[type(x.array)].setitem(x.array, key, given)
        return x

    def scatter_nd(self, grad: Any, item: Any, shape: Any) -> Any:
        if type(grad) is not Rows:
            return BACKENDS[type(grad)].scatter_nd(grad, item, shape)
        return _mapped("scatter_nd", grad, _key(item), (len(grad.array), *shape))

    def concatenate(self, arrays: list[Any], axis: int) -> Any:
        counts = [len(a.array) for a in arrays if type(a) is Rows]
        if not counts:
            return BACKENDS[type(arrays[0])].concatenate(arrays, axis)
        count = counts[0]
        plain = [
            a.array if type(a) is Rows else BACKENDS[type(a)].broadcast_to(a, (count, *a.shape))
            for a in arrays
        ]
        return Rows(BACKENDS[type(plain[0])].concatenate(plain, _shifted(axis)))

    def flip(self, x: Any, axes: Any) -> Any:
        if type(x) is not Rows:
            return BACKENDS[type(x)].flip(x, axes)
        return _mapped("flip", x, _shifted(tuple(a % max(x.ndim, 1) for a in axes)))

    def _reduced(self, name: str, x: Any, axis: Any, *rest: Any) -> Any:
        if type(x) is not Rows:
            return BACKENDS[type(x)].asarray(getattr(BACKENDS[type(x)], name)(x, axis, *rest))
        every = tuple(range(1, x.ndim + 1))
        if not every:
            return x
        return _mapped(name, x, every if axis is None else _shifted(axis), *rest)

    def sum(self, x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
        return self._reduced("sum", x, axis, keepdims, *(() if dtype is None else (dtype,)))

    def mean(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return self._reduced("mean", x, axis, keepdims)

    def amax(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return self._reduced("amax", x, axis, keepdims)

    def amin(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return self._reduced("amin", x, axis, keepdims)

    def cumsum(self, x: Any, axis: int, dtype: Any = None) -> Any:
        if type(x) is not Rows:
            return BACKENDS[type(x)].cumsum(x, axis, dtype)
        return _mapped("cumsum", x, _shifted(axis), dtype)

    def take_along_axis(self, x: Any, where: Any, axis: int) -> Any:
        if type(x) is not Rows:
            return BACKENDS[type(x)].take_along_axis(x, where, axis)
        return _mapped("take_along_axis", x, self._for_each(where, x), _shifted(axis))

    def scatter_along_axis(self, x: Any, where: Any, axis: int, shape: Any) -> Any:
        if type(x) is not Rows:
            return BACKENDS[type(x)].scatter_along_axis(x, where, axis, shape)
        size = (len(x.array), *shape)
        return _mapped("scatter_along_axis", x, self._for_each(where, x), _shifted(axis), size)

    def _for_each(self, where: Any, x: Rows) -> Any:
        if type(where) is Rows:
            raise NoRuleError("an index for each row")
        return BACKENDS[type(where)].broadcast_to(where, (len(x.array), *where.shape))

    def matmul(self, x: Any, y: Any) -> Any:
        if x.ndim < 2 or y.ndim < 2:
            raise NoRuleError("products of vectors")
        if type(x) is not Rows and type(y) is not Rows:
            return BACKENDS[type(x)].matmul(x, y)
        if type(y) is not Rows and x.ndim == y.ndim == 2:
            # One product of a tall matrix for all rows.
            count, n, m = x.array.shape
            xp = BACKENDS[type(y)]
            tall = xp.matmul(xp.reshape(x.array, (count * n, m)), y)
            return Rows(tall.reshape(count, n, y.shape[1]))
        ndim = max(x.ndim, y.ndim)
        wide = _widened(x, ndim), _widened(y, ndim)
        return Rows(BACKENDS[type(wide[0])].module.matmul(*wide))

    def linear(self, x: Any, weight: Any, bias: Any) -> Any:
        product = self.matmul(x, self.permute(weight, (1, 0)))
        return product if bias is None else self.add(product, bias)


def _mapped(name: str, x: Any, *args: Any) -> Any:
    """A primitive of ``x`` whose arguments already count the hidden dimension, if there is one."""
    array = x.array if type(x) is Rows else x
    result = getattr(BACKENDS[type(array)], name)(array, *args)
    return Rows(result) if type(x) is Rows else result


def _elementwise(name: str) -> Callable[..., Any]:
    def function(*operands: Any) -> Any:
        ndim = max(getattr(o, "ndim", 0) for o in operands)
        arrays = [_widened(o, ndim) for o in operands]
        kind = next(type(a) for a in arrays if type(a) in BACKENDS)
        result = getattr(BACKENDS[kind], name)(*arrays)
        return Rows(result) if any(type(o) is Rows for o in operands) else result

    function.__name__ = name
    return function


BACKENDS[Rows] = ROWS = RowsNamespace()


class Worker:
    """Stands in for a node in a batched pass."""

    __slots__ = ("node",)

    def __init__(self, node: Any) -> None:
        self.node = node

    def backward(self, xp: Any, grad: Any) -> Any:
        worker = getattr(self.node, "node_of_part", self.node)
        if isinstance(worker, (FunctionNode, Hooked)):
            return self._row_by_row(grad)  # the user's code gets tensors
        try:
            results = self.node.backward(ROWS, grad)
        except Exception:  # no rule, or an error that the first row raises again
            return self._row_by_row(grad)
        if all(r is None or type(r) is Rows for r in results):
            return results
        return self._row_by_row(grad)

    def _row_by_row(self, grad: Any) -> list[Any]:
        grads = grad if isinstance(grad, list) else [grad]
        count = next(len(g.array) for g in grads if g is not None)
        columns: list[list[Any]] = []
        for i in range(count):
            row = [
                None if g is None else BACKENDS[type(g.array)].asarray(g.array[i]) for g in grads
            ]
            sample = next(r for r in row if r is not None)
            given = row if isinstance(grad, list) else row[0]
            columns.append(list(self.node.backward(BACKENDS[type(sample)], given)))
        return [_stacked(column) for column in zip(*columns, strict=True)]


def _stacked(column: tuple[Any, ...]) -> Rows | None:
    if column[0] is None:
        return None
    xp = BACKENDS[type(column[0])]
    return Rows(xp.stack([xp.asarray(c) for c in column]))
