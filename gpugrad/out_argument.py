"""The ``out`` argument: a tensor that a function's result is stored in."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .autograd.engine import TensorBase
from .autograd.inplace import check_castable
from .ops import copying
from .ops.arguments import c_name

Function = Callable[..., Any]

READS_AFTER_WRITING = frozenset(
    [
        "bmm",
        "cat",
        "concat",
        "concatenate",
        "cummax",
        "cummin",
        "gather",
        "hstack",
        "index_select",
        "kthvalue",
        "masked_select",
        "matmul",
        "median",
        "mm",
        "mode",
        "mv",
        "nanmedian",
        "row_stack",
        "sort",
        "stack",
        "take",
        "take_along_dim",
        "topk",
        "vstack",
    ]
)
"""Functions of which PyTorch demands that no element of ``out`` is one of an operand."""

EXACT_TYPE = frozenset(("aminmax", "gather"))
"""Functions whose ``out`` must be of the type of the result."""

_WITHOUT_EFFECT = frozenset(("layout", "pin_memory", "memory_format"))

_CLONE = (
    "refer to a single memory location. Please clone() the tensor before performing the operation."
)


def into(out: Any, result: Any, name: str = "") -> Any:
    """Store a result in ``out``, the tensor given for it; resized, with a warning, if need be."""
    if out.requires_grad or result.requires_grad:
        raise RuntimeError(
            f"{name + '(): ' if name else ''}functions with out=... arguments don't support "
            "automatic differentiation, but one of the arguments requires grad."
        )
    check_castable(result.array.dtype, out.array.dtype)
    if out.array.shape != result.array.shape:
        if out.array.size:
            warnings.warn(
                "An output with one or more elements was resized since it had shape "
                f"{list(out.array.shape)}, which does not match the required output shape "
                f"{list(result.array.shape)}. This behavior is deprecated, and in a future PyTorch "
                "release outputs will not be resized unless they have zero elements. You can "
                "explicitly reuse an out tensor t by resizing it, inplace, to zero elements with "
                "t.resize_(0).",
                UserWarning,
                stacklevel=3,
            )
        out.array = copying.Cast.apply(result, out.array.dtype).array
        return out
    return copying.copy_(out, result)


def check_overlap(name: str, out: Any, operands: Iterable[Any]) -> None:
    """Raise RuntimeError where writing into ``out`` would change what is still to be read.

    Looked at on the CPU only.
    """
    array = out.array
    if type(array) is not np.ndarray or not array.size:
        return
    if any(step == 0 and size > 1 for step, size in zip(array.strides, array.shape, strict=True)):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a "
            "single memory location. Please clone() the tensor before performing the operation."
        )
    for operand in operands:
        if isinstance(operand, (tuple, list)):
            check_overlap(name, out, operand)
        if not isinstance(operand, TensorBase) or type(operand.array) is not np.ndarray:
            continue
        other = operand.array
        if not np.may_share_memory(array, other):
            continue
        same = (array.ctypes.data, array.strides, array.shape) == (
            other.ctypes.data,
            other.strides,
            other.shape,
        )
        if name in READS_AFTER_WRITING or not (same or not np.shares_memory(array, other)):
            raise RuntimeError(
                "unsupported operation: some elements of the input tensor and the written-to "
                f"tensor {_CLONE}"
            )


def checked_into(out: Any, result: Any, name: str, operands: Iterable[Any]) -> Any:
    """:func:`into`, after :func:`check_overlap`."""
    check_overlap(name, out, operands)
    return into(out, result, name)


_NUMPY_NAMES = {"axis": "dim", "keepdims": "keepdim"}
"""NumPy's names of arguments, which PyTorch takes as well."""


def as_dims(arguments: dict[str, Any]) -> dict[str, Any]:
    """Arguments by name, under PyTorch's names, without an ``out`` of None as NumPy passes it."""
    return {
        _NUMPY_NAMES.get(name, name): value
        for name, value in arguments.items()
        if value is not None or name != "out"
    }


def public(name: str, function: Function, first: str | None = "input") -> Function:
    """The function as users call it: with ``out``, and a clear error for what is no tensor.

    Args:
        name: what errors call it.
        first: the name of the first argument, which must be a tensor; None where it need not be.
    """

    @functools.wraps(function)
    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if args and first is not None and not isinstance(args[0], TensorBase):
            raise TypeError(
                f"{name}(): argument '{first}' (position 1) must be Tensor, not "
                f"{type(args[0]).__name__}"
            )
        if "axis" in kwargs or "keepdims" in kwargs:
            kwargs = as_dims(kwargs)
        if out is None:
            return function(*args, **kwargs)
        outs = out if isinstance(out, (tuple, list)) else (out,)
        for one in outs:
            check_overlap(name, one, args)
        result = function(*args, **kwargs)
        if name in EXACT_TYPE:
            for one, made in zip(
                outs, result if isinstance(result, tuple) else (result,), strict=True
            ):
                if one.array.dtype != made.array.dtype:
                    raise RuntimeError(
                        f"Expected out tensor to have dtype {c_name(made.array)}, but got "
                        f"{c_name(one.array)} instead"
                    )
        if isinstance(result, TensorBase):
            return into(outs[0], result, name)
        return type(result)(into(o, r, name) for o, r in zip(outs, result, strict=True))

    return call


def created(function: Function) -> Function:
    """A function that makes a tensor, with ``out``, whose type it takes unless one is given.

    ``layout``, ``pin_memory`` and ``memory_format`` may be given and change nothing.
    """

    @functools.wraps(function)
    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if kwargs:
            for name in _WITHOUT_EFFECT.intersection(kwargs):
                del kwargs[name]
        if out is None:
            return function(*args, **kwargs)
        if kwargs.get("dtype") is None:
            kwargs["dtype"] = out.dtype
        elif kwargs["dtype"] is not out.dtype:
            raise RuntimeError(
                f"dtype {kwargs['dtype']} does not match dtype of out parameter ({out.dtype})"
            )
        wanted = kwargs.pop("requires_grad", False)
        into(out, function(*args, **kwargs), function.__name__)
        return out.requires_grad_() if wanted else out

    return call
