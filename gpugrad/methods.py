"""What tensors have as methods: the public functions, their in-place forms, and a few of their own.

They are put on :class:`~gpugrad.tensor.Tensor`, PyTorch's second names included, and made when
first asked for.
"""

from __future__ import annotations

from typing import Any

from . import dtypes, selection_methods
from .function_makers import Function, as_method, numpy_names
from .functions import ALIASES, BINARY, CORE, FUNCTIONS, OF_A_TENSOR, REDUCTIONS, UNARY
from .later import Places, Table, places, put
from .tensor import Tensor

NO_METHOD = {"cat", "stack", "hstack", "vstack", "broadcast_tensors", "broadcast_shapes", "rsub"}

OWN = {
    "shape_methods": (
        "expand expand_as flip is_same_size permute repeat reshape reshape_as split squeeze_ t_ "
        "tile transpose_ unflatten unsqueeze_ view view_as"
    ),
    "inplace_methods": (
        "add_ addmm_ copy_ div_ fill_ fill_diagonal_ fmod_ pow_ remainder_ round_ sub_ zero_"
    ),
    "ops.broadcasting": "sum_to_size",
    "ops.select": "clamp_ where=where_method",
    "creation": "new_tensor new_zeros new_ones new_empty new_full",
    "random.methods": (
        "bernoulli_ cauchy_ exponential_ geometric_ log_normal_ normal_ random_ uniform_"
    ),
    "random.sampling": "bernoulli multinomial",
    "older_methods": (
        "apply_ is_shared map_ new set_ sparse_mask storage to_dense to_sparse "
        "to_sparse_coo=to_sparse to_sparse_csr untyped_storage"
    ),
}
"""Methods that differ from the function of the same name, or have no function."""

TYPES = {
    "float": dtypes.float32,
    "double": dtypes.float64,
    "half": dtypes.float16,
    "bfloat16": dtypes.bfloat16,
    "int": dtypes.int32,
    "long": dtypes.int64,
    "short": dtypes.int16,
    "char": dtypes.int8,
    "byte": dtypes.uint8,
    "bool": dtypes.bool_,
}
"""Methods that give the tensor in a type."""


def _reduction(name: str, function: Function) -> Function:
    return numpy_names(function)


def _function(name: str, functions: Table) -> Any:
    return as_method(name, functions[name])


def _in_type(name: str, types: dict[str, dtypes.dtype]) -> Function:
    wanted = types[name]

    def convert(self: Any, memory_format: Any = None) -> Any:
        return self.to(wanted)

    return convert


def _second_name(name: str, tensor: Any) -> Any:
    return getattr(tensor, _FIRST_NAMES[name])


def _one_in_place(name: str, cls: Any) -> Function:
    from . import inplace_methods

    return as_method(name, inplace_methods.of_one(name, cls))


def _two_in_place(name: str, cls: Any) -> Function:
    from . import inplace_methods

    return as_method(name, inplace_methods.of_two(name, cls))


def _underscored(names: dict[str, str]) -> dict[str, str]:
    return {home: listed.replace("=", "_=") for home, listed in names.items()}


_PLACES: Places = {
    **dict.fromkeys(CORE.keys() - NO_METHOD, (_function, "functions", "FUNCTIONS")),
    **places(as_method, OF_A_TENSOR),
    **places(_reduction, REDUCTIONS),
    **places(_one_in_place, _underscored(UNARY)),
    **places(_two_in_place, _underscored(BINARY)),
    **dict.fromkeys(TYPES, (_in_type, "methods", "TYPES")),
    **selection_methods.METHODS,
    **places(as_method, OWN),
}
_FIRST_NAMES = {
    second + suffix: first + suffix
    for second, first in ALIASES.items()
    for suffix in ("", "_")
    if first + suffix in _PLACES
}

put(Tensor, Table({**_PLACES, **dict.fromkeys(_FIRST_NAMES, (_second_name, "tensor", "Tensor"))}))


def _attribute(name: str, doc: str) -> None:
    setattr(Tensor, name, property(lambda self: FUNCTIONS[name](self), doc=doc))


_attribute("real", "The tensor itself: what is real has no imaginary part to change.")
_attribute("imag", "Raises RuntimeError: what is real has no imaginary part.")
