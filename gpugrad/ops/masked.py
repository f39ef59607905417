"""Reading and writing where a mask holds."""

from __future__ import annotations

from typing import Any

from ..autograd.engine import CONSTANT, TensorBase
from ..backend import BACKENDS
from ..shape_arguments import mismatch
from .arguments import require_tensor, scalar_name, word
from .broadcasting import broadcast_shapes, expand
from .index import Index
from .operands import explain, sum_to
from .slices import check_scalar
from .write import Write, number_of_type, write


class MaskedSelect(Index):
    """The elements where a mask holds, in a vector."""

    __slots__ = ()


class MaskedFill(Write):
    """A number where a mask holds."""

    __slots__ = ("mask", "shape")
    saves = {"mask": CONSTANT}
    on_expanded = ("masked_fill_", "tensor[mask] = scalar")

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


def masked_select(input: Any, mask: Any) -> Any:
    """The elements where ``mask`` holds, in a vector; both broadcast.

    >>> import gpugrad
    >>> x = gpugrad.tensor([1, 5, 3])
    >>> gpugrad.masked_select(x, x > 2)
    tensor([5, 3])
    """
    require_tensor("masked_select", "mask", 2, mask)
    if mask.array.dtype.kind != "b":
        raise RuntimeError("masked_select: expected BoolTensor for mask")
    shape = _common(input, mask) or (1,)
    xp = BACKENDS[type(mask.array)]
    x = input if input.array.shape == shape else expand(input, shape)
    return MaskedSelect.apply(x, (xp.broadcast_to(mask.array, shape),))


def _common(x: Any, mask: Any) -> tuple[int, ...]:
    try:
        return tuple(broadcast_shapes(x.array.shape, mask.array.shape))
    except RuntimeError as error:
        raise explain(Write, mask.array, x.array, error) from None


def _check_inplace_shape(x: Any, shape: tuple[int, ...]) -> None:
    if x.array.shape != shape:
        raise RuntimeError(
            f"output with shape {list(x.array.shape)} doesn't match the broadcast shape "
            f"{list(shape)}"
        )


def _masked_fill(form: str, x: Any, mask: Any, value: Any) -> Any:
    is_tensor = isinstance(value, TensorBase)
    if not isinstance(mask, TensorBase) or not (is_tensor or isinstance(value, (int, float))):
        raise mismatch("masked_fill", (mask, value))
    if mask.array.dtype.kind != "b":
        raise RuntimeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype "
            + {"long": "long int", "short": "short int"}.get(
                scalar_name(mask.array), scalar_name(mask.array)
            )
        )
    shape = _common(x, mask)
    if form == "inplace":
        _check_inplace_shape(x, shape)
    if not is_tensor:
        return getattr(MaskedFill, form)(x, value, mask.array)
    check_scalar("masked_fill_", value)
    return getattr(MaskedFillTensor, form)(x, value.to(x.dtype), mask.array)


def masked_fill(input: Any, mask: Any, value: Any) -> Any:
    """``input`` with ``value`` where ``mask`` holds; the mask broadcasts.

    Args:
        mask: bool.
        value: a number or a 0-d tensor; converted to the type of ``input``.

    >>> import gpugrad
    >>> x = gpugrad.tensor([1.0, -2.0])
    >>> x.masked_fill(x < 0, 0.0)
    tensor([1., 0.])
    """
    return _masked_fill("apply", input, mask, value)


def masked_fill_(input: Any, mask: Any, value: Any) -> Any:
    """:func:`masked_fill` in place."""
    return _masked_fill("inplace", input, mask, value)


def _masked_scatter(form: str, x: Any, mask: Any, source: Any) -> Any:
    require_tensor("masked_scatter", "mask", 1, mask)
    require_tensor("masked_scatter", "source", 2, source)
    if x.array.dtype != source.array.dtype:
        raise RuntimeError(
            "masked_scatter: expected self and source to have same dtypes but got"
            f"{word(x.array)} and {word(source.array)}"
        )
    if mask.array.dtype.kind != "b":
        raise RuntimeError(
            "masked_scatter_ only supports boolean masks, but got mask with dtype "
            f"{word(mask.array)}"
        )
    shape = _common(x, mask)
    if form == "inplace":
        _check_inplace_shape(x, shape)
    elif x.array.shape != shape:
        x = expand(x, shape)
    where = BACKENDS[type(mask.array)].broadcast_to(mask.array, shape or (1,))
    return write(form, MaskedScatter, x, source, where)


def masked_scatter(input: Any, mask: Any, source: Any) -> Any:
    """``input`` with the elements of ``source``, in their order, where ``mask`` holds.

    >>> import gpugrad
    >>> mask = gpugrad.tensor([True, False, True])
    >>> gpugrad.zeros(3).masked_scatter(mask, gpugrad.tensor([7.0, 8.0, 9.0]))
    tensor([7., 0., 8.])
    """
    return _masked_scatter("apply", input, mask, source)


def masked_scatter_(input: Any, mask: Any, source: Any) -> Any:
    """:func:`masked_scatter` in place."""
    return _masked_scatter("inplace", input, mask, source)
