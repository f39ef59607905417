"""PyTorch's arguments as gpugrad's: tensors, types, generators, and functions over them."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import torch

import gpugrad

DTYPES = {
    getattr(torch, name): getattr(gpugrad, name)
    for name in (
        *("float16", "bfloat16", "float32", "float64"),
        *("uint8", "int8", "int16", "int32", "int64", "bool"),
    )
}
"""The types that both libraries have."""

OTHERS = {
    torch.strided: gpugrad.strided,
    torch.contiguous_format: gpugrad.contiguous_format,
    torch.preserve_format: gpugrad.preserve_format,
}


class OutOfScopeError(Exception):
    """An argument is of a kind that gpugrad does not have: complex, sparse, quantized."""


def to_array(tensor: torch.Tensor) -> np.ndarray[Any, Any]:
    """A tensor's elements with its strides; the memory is shared."""
    if tensor.layout != torch.strided or tensor.dtype not in DTYPES or tensor.is_quantized:
        raise OutOfScopeError(f"{tensor.layout} {tensor.dtype}")
    if tensor.device.type != "cpu":
        raise OutOfScopeError(str(tensor.device))
    if tensor.dim() > 32:
        raise OutOfScopeError("more dimensions than NumPy has")
    tensor = tensor.detach().resolve_neg()
    narrow = tensor.dtype is torch.bfloat16
    array: np.ndarray[Any, Any] = (tensor.view(torch.int16) if narrow else tensor).numpy(force=True)
    return array.view(gpugrad.bfloat16.numpy) if narrow else array


def to_gpugrad(value: Any) -> Any:
    """``value`` with gpugrad's objects for PyTorch's, inside containers too."""
    if isinstance(value, torch.Tensor):
        return gpugrad.from_numpy(to_array(value)).requires_grad_(value.requires_grad)
    if isinstance(value, torch.dtype):
        if value not in DTYPES:
            raise OutOfScopeError(str(value))
        return DTYPES[value]
    if isinstance(value, torch.device):
        if value.type != "cpu":
            raise OutOfScopeError(str(value))
        return gpugrad.device("cpu")
    if isinstance(value, (torch.layout, torch.memory_format)):
        if value not in OTHERS:
            raise OutOfScopeError(str(value))
        return OTHERS[value]
    if isinstance(value, torch.Generator):
        return gpugrad.Generator().manual_seed(value.initial_seed())
    if isinstance(value, torch.Size):
        return gpugrad.Size(value)
    if isinstance(value, complex):
        raise OutOfScopeError("complex")
    if type(value) in (list, tuple):
        return type(value)(to_gpugrad(v) for v in value)
    if isinstance(value, dict):
        return {key: to_gpugrad(v) for key, v in value.items()}
    if isinstance(value, torch.nn.Module):
        return getattr(gpugrad.nn, type(value).__name__)()
    if callable(value) and getattr(value, "__module__", "") == "torch.nn.functional":
        return getattr(gpugrad.nn.functional, value.__name__)
    return value


def own_copy(value: Any) -> Any:
    """``value`` with tensors of new memory, leaves that require gradients as before."""
    if isinstance(value, torch.Tensor):
        if value.layout != torch.strided:
            return value
        if value.is_complex() or value.is_quantized or value.device.type != "cpu":
            return value
        copy = torch.empty_strided(value.shape, value.stride(), dtype=value.dtype)
        if 0 not in value.stride():
            copy.copy_(value.detach())
        else:
            copy = value.detach().clone()
        return copy.requires_grad_(value.requires_grad)
    if type(value) in (list, tuple):
        return type(value)(own_copy(v) for v in value)
    if isinstance(value, dict):
        return {key: own_copy(v) for key, v in value.items()}
    if isinstance(value, torch.Generator):
        return torch.Generator().manual_seed(value.initial_seed())
    return value


def rebound(function: Any) -> Any:
    """A Python function that computes with gpugrad where it names ``torch``."""
    if not isinstance(function, types.FunctionType):
        return function
    space = {**function.__globals__, "torch": gpugrad, "wrapper_set_seed": seeded}
    cells = function.__closure__
    if cells:
        cells = tuple(types.CellType(rebound_value(c.cell_contents)) for c in cells)
    copy = types.FunctionType(function.__code__, space, function.__name__, None, cells)
    copy.__defaults__, copy.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    return copy


def seeded(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a function that draws random numbers with a fixed seed, as PyTorch's tests do."""
    gpugrad.manual_seed(42)
    return function(*args, **kwargs)


def rebound_value(value: Any) -> Any:
    """What a closure holds, over gpugrad where that can be told."""
    found = found_function(getattr(value, "__name__", ""), value)
    return rebound(value) if found is None else found


def found_function(name: str, function: Any = None) -> Any:
    """gpugrad's function of a dotted name, or the Tensor method of that name; None if absent."""
    home: Any = gpugrad
    if getattr(torch, "_C", None) is not None and function is not None:
        module = getattr(function, "__module__", None) or ""
        if module.startswith("torch.testing"):
            return None
    for part in name.removeprefix("torch.").split("."):
        if not part or not hasattr(home, part):
            home = None
            break
        home = getattr(home, part)
    if not callable(home) and "." not in name and name:
        home = getattr(gpugrad.Tensor, name, None)
    return home if callable(home) else None
