"""One call in both libraries on equal arguments, and where its outcomes differ.

The arguments come as PyTorch's tensors. A call is compared by its results (kinds, types, shapes,
values), by the gradients of all leaves, by the gradients of these, or by the error that it raises.
"""

from __future__ import annotations

import inspect
import math
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import pytest

import gpugrad

torch = pytest.importorskip("torch")

ALL = bool(os.environ.get("GPUGRAD_ALL_SAMPLES"))
"""Whether every sample is compared, not the few that :func:`picked` takes."""

T = TypeVar("T")

TOLERANCES = {
    "torch.float64": 1e-8,
    "torch.float32": 1e-4,
    "torch.float16": 2e-2,
    "torch.bfloat16": 6e-2,
}
"""Relative to the largest number of a tensor: both libraries may sum in any order."""


def picked(samples: Sequence[T], count: int) -> list[T]:
    """``count`` samples spread evenly over all of them, the first and the last included."""
    if ALL or len(samples) <= count:
        return list(samples)
    if count == 1:
        return [samples[len(samples) // 2]]
    return [samples[i * (len(samples) - 1) // (count - 1)] for i in range(count)]


# --- from PyTorch to gpugrad ----------------------------------------------------------------------


def ours(value: Any) -> Any:
    """The same value in gpugrad: tensors with their types, strides and ``requires_grad``.

    What occurs several times in ``value`` does so in the result.
    """
    return _Conversion().of(value)


class _Conversion:
    def __init__(self) -> None:
        self.done: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        if isinstance(value, torch.Tensor):
            if id(value) not in self.done:
                self.done[id(value)] = _tensor(value)
            return self.done[id(value)]
        if isinstance(value, torch.dtype):
            return getattr(gpugrad, str(value).removeprefix("torch."))
        if isinstance(value, torch.device):
            return gpugrad.device(str(value))
        if isinstance(value, torch.nn.Module):
            return _module(value)
        if isinstance(value, torch.Size):
            return gpugrad.Size(value)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(self.of, value))
        if isinstance(value, (list, tuple)):
            return type(value)(map(self.of, value))
        if isinstance(value, dict):
            return {key: self.of(v) for key, v in value.items()}
        module = getattr(value, "__module__", None) or ""
        if callable(value) and module.startswith("torch"):
            return _named(module, value.__qualname__)
        return value


def _tensor(value: Any) -> Any:
    array = value.detach()
    dtype = getattr(gpugrad, str(value.dtype).removeprefix("torch."))
    wide = array.float() if value.dtype is torch.bfloat16 else array
    if value.is_contiguous() or value.numel() == 0:
        result = gpugrad.tensor(wide.contiguous().numpy().copy(), dtype=dtype)
    else:
        # Only what the tensor covers of its memory, in the same layout.
        span = 1 + sum((n - 1) * s for n, s in zip(value.shape, value.stride(), strict=True))
        memory = wide.as_strided((span,), (1,)) if wide is array else None
        if memory is None:
            result = gpugrad.tensor(wide.contiguous().numpy().copy(), dtype=dtype)
        else:
            flat = gpugrad.tensor(memory.numpy().copy(), dtype=dtype)
            result = flat.as_strided(tuple(value.shape), value.stride(), 0)
    if isinstance(value, torch.nn.Parameter):
        return gpugrad.nn.Parameter(result, requires_grad=value.requires_grad)
    return result.requires_grad_() if value.requires_grad else result


def _module(value: Any) -> Any:
    kind = _named(type(value).__module__, type(value).__name__)
    if isinstance(value, torch.nn.TransformerEncoderLayer):
        layer = kind(
            value.self_attn.embed_dim,
            value.self_attn.num_heads,
            value.linear1.out_features,
            value.dropout.p,
            ours(value.activation),
            batch_first=value.self_attn.batch_first,
            norm_first=value.norm_first,
            bias=value.linear1.bias is not None,
        )
        layer.to(ours(value.linear1.weight.dtype))
        layer.load_state_dict({name: ours(v) for name, v in value.state_dict().items()})
        return layer
    arguments = {
        name: ours(v)
        for name, v in vars(value).items()
        if name in inspect.signature(type(value)).parameters
    }
    return kind(**arguments)


def _named(module: str, name: str) -> Any:
    for path in (module.replace("torch", "gpugrad", 1), "gpugrad.nn.functional", "gpugrad.nn"):
        found: Any = gpugrad
        for part in path.split(".")[1:]:
            found = getattr(found, part, None)
        if hasattr(found, name):
            return getattr(found, name)
    raise AttributeError(f"gpugrad has no {module}.{name}")


def copied(value: Any) -> Any:
    """A copy that no call on the original can change."""
    if isinstance(value, torch.Tensor):
        if type(value) is torch.nn.Parameter:
            return torch.nn.Parameter(value.detach().clone(), requires_grad=value.requires_grad)
        result = value.detach().clone()
        return result.requires_grad_(value.requires_grad)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*map(copied, value))
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        return type(value)(map(copied, value))
    if isinstance(value, dict):
        return {key: copied(v) for key, v in value.items()}
    return value


# --- one call in one library ----------------------------------------------------------------------


class Outcome:
    """What a call gave: its result with gradients, or its error."""

    def __init__(self) -> None:
        self.result: Any = None
        self.gradients: list[Any] = []
        self.second: list[Any] = []
        self.error: Exception | None = None
        self.messages: list[str] = []


def outcome(
    lib: Any,
    call: Callable[[], Any],
    leaves: Iterable[Any],
    *,
    gradients: bool = True,
    second: bool = True,
) -> Outcome:
    """Makes the call from seed 0 and differentiates what it gives by the leaves."""
    found = Outcome()
    lib.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # NumPy's remarks on infinities and nans, which the package turns off where it is imported.
        warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"gpugrad\.")
        try:
            found.result = call()
            if gradients:
                _differentiate(lib, found, leaves, second)
        except Exception as error:
            found.error = error
    found.messages = [f"{w.category.__name__}: {w.message}" for w in caught]
    return found


def _differentiate(lib: Any, found: Outcome, leaves: Iterable[Any], second: bool) -> None:
    outputs = [t for t in tensors(found.result) if t.requires_grad]
    leaves = [t for t in leaves if t.requires_grad]
    if not outputs or not leaves:
        return
    weights = [_weights(lib, t, 0) for t in outputs]
    found.gradients = list(
        lib.autograd.grad(outputs, leaves, weights, create_graph=second, allow_unused=True)
    )
    again = [g for g in found.gradients if g is not None and g.requires_grad]
    if not second or not again:
        return
    weights = [_weights(lib, g, 1) for g in again]
    try:
        found.second = list(lib.autograd.grad(again, leaves, weights, allow_unused=True))
    except RuntimeError as error:
        # PyTorch has a few operations with a first derivative only.
        if lib is gpugrad or not re.search("derivative for .* is not implemented", str(error)):
            raise


def _weights(lib: Any, tensor: Any, phase: int) -> Any:
    """Numbers of both signs, the same for the same shape."""
    count = np.arange(tensor.numel(), dtype=np.float64)
    values = np.cos(1.3 * count + 0.4 + phase).reshape(tuple(tensor.shape))
    return lib.tensor(values).to(tensor.dtype)


def tensors(tree: Any) -> Iterator[Any]:
    """All tensors in nested containers, in order."""
    if isinstance(tree, (torch.Tensor, gpugrad.Tensor)):
        yield tree
    elif isinstance(tree, (list, tuple)):
        for branch in tree:
            yield from tensors(branch)
    elif isinstance(tree, dict):
        for branch in tree.values():
            yield from tensors(branch)


# --- where two outcomes differ --------------------------------------------------------------------


def difference(our: Outcome, their: Outcome) -> str | None:
    """In a line, the first thing in which the outcomes differ; None if they agree."""
    if their.error is not None or our.error is not None:
        return error_difference(our.error, their.error)
    pairs = (
        ("result", our.result, their.result),
        ("gradient", our.gradients, their.gradients),
        ("second gradient", our.second, their.second),
    )
    for name, one, other in pairs:
        if name == "second gradient":
            if not other:
                continue  # PyTorch cannot derive again
            one = one or [None] * len(other)  # a gradient that depends on nothing
        narrow = any("16" in str(t.dtype) for t in tensors(other))
        # Half precision rounds every intermediate gradient.
        tolerance = 0.3 if narrow and name != "result" else None
        if (found := tree_difference(one, other, name == "result", tolerance)) is not None:
            return f"{name}: {found}"
    return None


def error_difference(our: Exception | None, their: Exception | None) -> str | None:
    """How the errors differ: None if both are there and of one type."""
    if their is None:
        return f"unexpected {type(our).__name__}: {our}"
    if our is None:
        return f"no error, but {type(their).__name__}: {their}"
    if type(our).__name__ != type(their).__name__ and not isinstance(our, type(their)):
        return f"{type(our).__name__}: {our} instead of {type(their).__name__}: {their}"
    return None


def tree_difference(
    our: Any, their: Any, strict: bool = True, tolerance: float | None = None
) -> str | None:
    """The first difference between two nested containers of tensors and plain values.

    Args:
        strict: whether ``requires_grad`` and None count, too.
        tolerance: instead of that of the tensors' types.
    """
    if isinstance(their, torch.Tensor):
        return tensor_difference(our, their, strict, tolerance)
    if isinstance(their, (list, tuple)):
        if not isinstance(our, (list, tuple)) or len(our) != len(their):
            return f"{_short(our)} instead of {_short(their)}"
        for i, (one, other) in enumerate(zip(our, their, strict=True)):
            if (found := tree_difference(one, other, strict, tolerance)) is not None:
                return f"[{i}] {found}"
        return None
    if isinstance(their, dict):
        if not isinstance(our, dict) or sorted(map(str, our)) != sorted(map(str, their)):
            return f"keys {list(our)} instead of {list(their)}"
        for key in their:
            if (found := tree_difference(our[key], their[key], strict, tolerance)) is not None:
                return f"[{key!r}] {found}"
        return None
    if isinstance(their, (int, float)) and isinstance(our, float):
        same = math.isclose(our, their, rel_tol=1e-5, abs_tol=1e-9) or our != our != their
        return None if same else f"{our} instead of {their}"
    if their is None and isinstance(our, gpugrad.Tensor) and not strict:
        return None if not bool(our.any()) else f"gradient {_short(our)} instead of None"
    return None if str(our) == str(their) else f"{_short(our)} instead of {_short(their)}"


def tensor_difference(
    our: Any, their: Any, strict: bool = True, tolerance: float | None = None
) -> str | None:
    if our is None and not strict and not bool(their.any()):
        return None  # no gradient is a gradient of zeros
    if isinstance(our, float) and their.dim() == 0:
        return tree_difference(our, their.item())
    if not isinstance(our, gpugrad.Tensor):
        return f"{_short(our)} instead of a tensor of shape {tuple(their.shape)}"
    if str(our.dtype) != str(their.dtype):
        return f"type {our.dtype} instead of {their.dtype}"
    if tuple(our.shape) != tuple(their.shape):
        return f"shape {tuple(our.shape)} instead of {tuple(their.shape)}"
    if strict and our.requires_grad != their.requires_grad:
        return f"requires_grad {our.requires_grad} instead of {their.requires_grad}"
    one, other = (_host(t) for t in (our, their))
    if not their.is_floating_point():
        return None if np.array_equal(one, other) else f"{_short(our)} instead of {_short(their)}"
    finite = np.isfinite(other)
    if not np.array_equal(finite, np.isfinite(one)) or not np.array_equal(
        one[~finite], other[~finite], equal_nan=True
    ):
        return f"not finite: {_short(our)} instead of {_short(their)}"
    if not finite.any():
        return None
    scale = max(1.0, float(np.abs(other[finite]).max()))
    worst = float(np.abs(one[finite] - other[finite]).max()) / scale
    if worst <= (TOLERANCES[str(their.dtype)] if tolerance is None else tolerance):
        return None
    return f"values differ by {worst:.1e}: {_short(our)} instead of {_short(their)}"


def _host(tensor: Any) -> Any:
    flat = tensor.detach().clone().reshape(-1)
    if flat.is_floating_point():
        flat = flat.double()
    return np.array(flat.tolist())


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) < 160 else text[:157] + "..."
