"""Further public functions and methods: choosing, ordering, accumulating, linear algebra."""

from __future__ import annotations

import functools
from typing import Any

from .autograd.engine import TensorBase
from .methods import Function, bind, into
from .ops import counting, extremes, gather, masked, order, scatter, slices

MODULES = {
    extremes: "aminmax kthvalue max median min mode nanmedian",
    order: "argsort bucketize msort searchsorted sort topk unique unique_consecutive",
    counting: "argwhere bincount histc isin nonzero",
    gather: "gather index_select repeat_interleave take take_along_dim",
    masked: "masked_fill masked_scatter masked_select",
    scatter: "scatter scatter_add scatter_reduce",
    slices: "index_add index_copy index_fill index_put put",
}
"""The functions of each module that are public and, unless said otherwise, methods."""

FUNCTION_ONLY = {"bucketize", "isin", "searchsorted"}

TENSOR_NOT_FIRST = {"bucketize", "isin"}
"""Functions whose first argument may be something else than a tensor."""


def _public(name: str, function: Function) -> Function:
    """The function as users call it: with ``out`` and a clear error for what is no tensor."""

    @functools.wraps(function)
    def call(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        if args and not isinstance(args[0], TensorBase) and name not in TENSOR_NOT_FIRST:
            raise TypeError(
                f"{name}(): argument 'input' (position 1) must be Tensor, not "
                f"{type(args[0]).__name__}"
            )
        result = function(*args, **kwargs)
        if out is None:
            return result
        if isinstance(result, TensorBase):
            return into(out, result)
        return type(result)(into(o, r) for o, r in zip(out, result, strict=True))

    return call


FUNCTIONS: dict[str, Function] = {
    name: _public(name, getattr(module, name))
    for module, names in MODULES.items()
    for name in names.split()
}

METHODS: dict[str, Function] = {
    name: getattr(module, name)
    for module, names in MODULES.items()
    for name in names.split()
    if name not in FUNCTION_ONLY
}

METHODS |= {
    name + "_": getattr(module, name + "_")
    for module, names in MODULES.items()
    for name in names.split()
    if hasattr(module, name + "_")
}

bind({}, METHODS)
