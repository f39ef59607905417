"""What tensors have as methods: the public functions, their in-place forms, and a few of their own.

:func:`bind` puts them on :class:`~gpugrad.tensor.Tensor`, PyTorch's second names included.
"""

from __future__ import annotations

from typing import Any

from . import creation, dtypes
from .arithmetic_functions import division, scaled
from .autograd.composed import inplace_shown_as
from .autograd.engine import TensorBase
from .autograd.inplace import apply_inplace, check_inplace
from .function_makers import Function, named, numpy_names, refuse, takes_dim
from .functions import (
    ALIASES,
    BINARY,
    FUNCTIONS,
    OF_A_TENSOR,
    UNARY,
    named_in,
)
from .ops import (
    arithmetic,
    broadcasting,
    copying,
    cutting,
    linear,
    power,
    repeating,
    rounding,
    select,
    shape,
    strided,
)
from .ops.arguments import word
from .ops.binary import Binary
from .ops.old_signatures import factor_first
from .ops.overwriting import overwritten
from .ops.shape import reshape, sizes
from .tensor import Tensor

# --- in-place methods that are more than an op's own ---------------------------------------------


def _checked(name: str, cls: type[Binary], self: Any, other: Any) -> Any:
    """Apply an op in place; operators may decline what methods must refuse."""
    result = cls.apply_(self, other)
    if result is NotImplemented:
        raise refuse(name, self, other)
    return result


def _inplace(cls: type[Binary], name: str) -> Function:
    def method(self: Any, other: Any) -> Any:
        return _checked(name, cls, self, other)

    return named(method, name, cls)


def _add_(self: Any, other: Any, *old: Any, alpha: Any = 1) -> Any:
    if old:
        other, alpha = factor_first("add_", other, old)
    if alpha.__class__ is float and overwritten(self, "add_scaled", other, alpha):
        return self
    return _checked("add_", arithmetic.Add, self, scaled(other, alpha, self))


def _sub_(self: Any, other: Any, *old: Any, alpha: Any = 1) -> Any:
    if old:
        other, alpha = factor_first("sub_", other, old)
    if alpha.__class__ is float and overwritten(self, "add_scaled", other, -alpha):
        return self
    return _checked("sub_", arithmetic.Sub, self, scaled(other, alpha, self))


def _div_(self: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    return _checked("div_", division(rounding_mode), self, other)


def _by_tensor_too(apply_: Function, name: str, cls: type[Binary]) -> Function:
    def method(self: Any, other: Any) -> Any:
        result = apply_(self, other)
        if result is NotImplemented:
            raise refuse(name, self, other)
        return result

    return named(method, name, cls)


def _pow_(self: Any, exponent: Any) -> Any:
    result = power.power_(self, exponent)
    if result is NotImplemented:
        raise refuse("pow_", self, exponent)
    return result


def _copy_(self: Any, src: Any, non_blocking: bool = False) -> Any:
    return copying.copy_(self, src if isinstance(src, TensorBase) else creation.as_tensor(src))


def _fill_(self: Any, value: Any) -> Any:
    if isinstance(value, TensorBase):
        if value.array.ndim:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value.array.ndim} dimensions."
            )
        return copying.copy_(self, value)
    return copying.fill_(self, value)


def _zero_(self: Any) -> Any:
    return copying.fill_(self, 0, copying.Zero)


def _round_(self: Any, *, decimals: int | None = None) -> Any:
    if decimals is not None and self.array.dtype.kind in "iub":
        kernel = "round_cpu" if decimals else "round_vml_cpu"
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{word(self.array)}'")
    if decimals:
        return apply_inplace(rounding.RoundTo, self, decimals)
    return rounding.Round.apply_(self)


def _set_shape(function: Function, name: str) -> Function:
    """The in-place form of a view function: the tensor itself takes the view's place."""

    @inplace_shown_as(name)
    def inplace(self: Any, *args: Any, **kwargs: Any) -> Any:
        check_inplace(self)
        result = function(self, *args, **kwargs)
        self.array, self.node, self.needs_grad = result.array, result.node, result.needs_grad
        return self

    return inplace


_squeezed = [_set_shape(shape.squeeze, f"SqueezeBackward{number}") for number in (3, 4, 5)]


def _squeeze_(self: Any, dim: Any = None) -> Any:
    if dim is None:
        return _squeezed[0](self)
    return _squeezed[1 if isinstance(dim, int) else 2](self, dim)


def _addmm_(self: Any, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Any:
    result = linear.addmm(self, mat1, mat2, beta=beta, alpha=alpha)
    if result.array.shape != self.array.shape:
        raise RuntimeError(
            f"Bad in-place call: input tensor size {list(self.array.shape)} and output tensor size "
            f"{list(result.array.shape)} should match"
        )
    return apply_inplace(linear.Addmm, self, mat1, mat2, beta, alpha)


def _is_same_size(self: Any, other: Any) -> bool:
    return bool(self.array.shape == other.array.shape)


def _fill_diagonal_(self: Any, fill_value: Any, wrap: bool = False) -> Any:
    """A number written on the diagonal; ``wrap`` starts again below a tall matrix's end."""
    sizes = self.array.shape
    if len(sizes) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(sizes) > 2 and len(set(sizes)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    length = min(sizes)
    steps = self.stride()
    strided.as_strided(self, (length,), (sum(steps),)).fill_(fill_value)
    if wrap and len(sizes) == 2 and sizes[0] > sizes[1] + 1:
        below = self.detach()[sizes[1] + 1 :]
        _fill_diagonal_(below, fill_value, wrap)
    return self


def _reshape(self: Any, *args: Any, shape: Any = None) -> Any:
    return reshape(self, sizes(args if shape is None else (shape,)))


def _split(self: Any, split_size: Any, dim: int = 0) -> Any:
    return cutting.split(self, split_size, dim)


def _expand(self: Any, *args: Any, size: Any = None, implicit: bool = False) -> Any:
    return broadcasting.expand(self, *(args if size is None else (size,)))


def _repeat(self: Any, *args: Any, repeats: Any = None) -> Any:
    if not args and repeats is None:
        raise TypeError('repeat() missing 1 required positional arguments: "repeats"')
    return repeating.repeat(self, *(args if repeats is None else (repeats,)))


def _flip(self: Any, *args: Any, dims: Any = None) -> Any:
    return repeating.flip(self, sizes(args if dims is None else (dims,)))


def _view(self: Any, *args: Any, size: Any = None, dtype: Any = None) -> Any:
    size = args if size is None else (size,)
    if dtype is not None:
        size = (dtype,)
    if len(size) == 1 and isinstance(size[0], dtypes.dtype):
        return creation.from_numpy(self.detach().array.view(size[0].numpy))
    return shape.view(self, *size)


def _permute(self: Any, *args: Any, dims: Any = None) -> Any:
    if not args and dims is None:
        raise TypeError('permute() missing 1 required positional arguments: "dims"')
    return shape.permute(self, sizes(args if dims is None else (dims,)))


def _unflatten(self: Any, dim: int, sizes: Any) -> Any:
    return shape.unflatten(self, dim, sizes)


def _tile(self: Any, *args: Any, dims: Any = None) -> Any:
    return repeating.tile(self, sizes(args if dims is None else (dims,)))


def _same_kind(d: dtypes.dtype) -> Function:
    def convert(self: Any, memory_format: Any = None) -> Any:
        return self.to(d)

    return convert


OVERLOADED = {"flip", "reshape", "permute", "unflatten", "tile"}
"""Methods that also take sizes or dimensions one by one."""

NO_METHOD = {"cat", "stack", "hstack", "vstack", "broadcast_tensors", "broadcast_shapes", "rsub"}

METHODS: dict[str, Function] = {
    "view": _view,
    "reshape": _reshape,
    "permute": _permute,
    "split": _split,
    "flip": _flip,
    "unflatten": _unflatten,
    "tile": _tile,
    "expand": _expand,
    "repeat": _repeat,
    "sum_to_size": broadcasting.sum_to_size,
    "expand_as": lambda self, other: broadcasting.expand(self, other.array.shape),
    "view_as": lambda self, other: shape.view(self, other.array.shape),
    "reshape_as": lambda self, other: shape.reshape(self, other.array.shape),
    **{name: function for name, function in OF_A_TENSOR.items() if name not in OVERLOADED},
    "where": lambda self, condition, other: select.where(condition, self, other),
    "add_": _add_,
    "sub_": _sub_,
    "div_": _div_,
    "pow_": _pow_,
    "round_": _round_,
    "copy_": _copy_,
    "fill_": _fill_,
    "zero_": _zero_,
    "clamp_": select.clamp_,
    "addmm_": _addmm_,
    "fill_diagonal_": _fill_diagonal_,
    "is_same_size": _is_same_size,
    "unsqueeze_": _set_shape(shape.unsqueeze, "UnsqueezeBackward1"),
    "squeeze_": _squeeze_,
    "transpose_": _set_shape(shape.transpose, "TransposeBackward1"),
    "t_": _set_shape(shape.t, "TBackward1"),
    **{name + "_": cls.apply_ for name, cls in UNARY.items()},
    **{name + "_": _inplace(cls, name + "_") for name, cls in BINARY.items()},
    "remainder_": _by_tensor_too(arithmetic.remainder_, "remainder_", arithmetic.Remainder),
    "fmod_": _by_tensor_too(arithmetic.fmod_, "fmod_", arithmetic.Fmod),
    **{
        name + "_": inplace_shown_as(f"{name.capitalize()}Backward1")(UNARY[name].apply_)
        for name in ("asinh", "acosh", "atanh")
    },
    "float": _same_kind(dtypes.float32),
    "double": _same_kind(dtypes.float64),
    "half": _same_kind(dtypes.float16),
    "bfloat16": _same_kind(dtypes.bfloat16),
    "int": _same_kind(dtypes.int32),
    "long": _same_kind(dtypes.int64),
    "short": _same_kind(dtypes.int16),
    "char": _same_kind(dtypes.int8),
    "byte": _same_kind(dtypes.uint8),
    "bool": _same_kind(dtypes.bool_),
    **named_in(creation, "new_tensor new_zeros new_ones new_empty new_full"),
}
"""Methods that differ from the function of the same name, or have no function."""


def bind(functions: dict[str, Function], methods: dict[str, Function]) -> None:
    """Put functions and methods on the Tensor class, second names included."""
    for name, function in {**functions, **methods}.items():
        if function.__doc__ is None and name.endswith("_"):
            function.__doc__ = f":func:`{name[:-1]}` in place."
        if name not in NO_METHOD:
            setattr(Tensor, name, numpy_names(function) if takes_dim(function) else function)
    for second, first in ALIASES.items():
        if first in functions:
            functions[second] = functions[first]
        for suffix in ("", "_"):
            if hasattr(Tensor, first + suffix):
                setattr(Tensor, second + suffix, getattr(Tensor, first + suffix))


bind(FUNCTIONS, METHODS)
