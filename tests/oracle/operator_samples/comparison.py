"""One sample in both libraries: values, types, gradients, forms in place, errors."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

import gpugrad

from .cases import SIGNS, UNINITIALISED, UNSTABLE
from .conversion import OutOfScopeError, own_copy, rebound, to_array, to_gpugrad

TOLERANCES = {
    "torch.float64": (1e-7, 1e-7),
    "torch.float32": (1e-4, 1e-5),
    "torch.float16": (4e-3, 2e-3),
    "torch.bfloat16": (2e-2, 1e-2),
}


class GapError(Exception):
    """The two libraries differ; ``kind`` says in what."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind


def attempt(lib: Any, function: Callable[..., Any], sample: tuple[Any, Any, Any]) -> Any:
    """The result of a call, or its exception."""
    lib.manual_seed(3)
    first, args, kwargs = sample
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function(first, *args, **kwargs)
        except OutOfScopeError:
            raise
        except Exception as error:
            return error


def parts(value: Any) -> list[Any]:
    """The tensors and other values of a result, in order."""
    if type(value).__name__ != "Size" and isinstance(value, (tuple, list)):
        return [part for item in value for part in parts(item)]
    return [value]


def compare_values(
    kind: str, ours: Any, theirs: Any, values: bool = True, unordered: bool = False
) -> None:
    """Raise GapError unless both results have the same parts.

    ``values`` False compares shapes and types only, ``unordered`` True does so for indices.
    """
    mine, expected = parts(ours), parts(theirs)
    if len(mine) != len(expected):
        raise GapError(kind, f"{len(mine)} results, expected {len(expected)}")
    for number, (one, other) in enumerate(zip(mine, expected, strict=True)):
        if isinstance(other, torch.Tensor):
            index = unordered and other.dtype is torch.int64 and (other is theirs or number)
            known = values and not index
            compare_tensors(kind, one, other, known)
        elif isinstance(one, gpugrad.Tensor) or not same_object(one, other):
            raise GapError(kind, f"{one!r}, expected {other!r}")


def same_object(one: Any, other: Any) -> bool:
    if isinstance(other, float):
        return isinstance(one, float) and bool(np.isclose(one, other, equal_nan=True))
    return repr(one).replace("gpugrad", "torch") == repr(other)


def compare_tensors(kind: str, ours: Any, theirs: Any, values: bool = True) -> None:
    if not isinstance(ours, gpugrad.Tensor):
        raise GapError(kind, f"{type(ours).__name__}, expected a tensor")
    if str(ours.dtype) != str(theirs.dtype):
        raise GapError(f"{kind} dtype", f"{ours.dtype}, expected {theirs.dtype}")
    if tuple(ours.shape) != tuple(theirs.shape):
        raise GapError(f"{kind} shape", f"{tuple(ours.shape)}, expected {tuple(theirs.shape)}")
    if not values:
        return
    mine = np.asarray(ours.detach().cpu().array)
    expected = to_array(theirs)
    if str(theirs.dtype) == "torch.bfloat16":
        mine, expected = mine.astype(np.float32), expected.astype(np.float32)
    rtol, atol = TOLERANCES.get(str(theirs.dtype), (0.0, 0.0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        near = np.isclose(mine, expected, rtol, atol, equal_nan=mine.dtype.kind == "f")
    if not near.all():
        where = np.argwhere(~near)[0]
        raise GapError(
            kind,
            f"{int((~near).sum())} of {near.size} elements, first {mine[tuple(where)]}, "
            f"expected {expected[tuple(where)]} at {where.tolist()} of {mine.shape}",
        )


def tensors_in(value: Any, kind: type) -> list[Any]:
    """The tensors that require gradients, in containers too."""
    if isinstance(value, kind):
        return [value] if value.requires_grad else []  # type: ignore[attr-defined]
    if isinstance(value, (tuple, list)):
        return [t for item in value for t in tensors_in(item, kind)]
    if isinstance(value, dict):
        return [t for item in value.values() for t in tensors_in(item, kind)]
    return []


def weights(lib: Any, tensor: Any, shift: float) -> Any:
    """Fixed pseudo-random weights of a tensor's shape and type."""
    count = int(np.prod(tuple(tensor.shape), dtype=np.int64))
    numbers = np.cos(np.arange(count) * 1.7 + shift).reshape(tuple(tensor.shape))
    return lib.as_tensor(numbers).to(tensor.dtype)


def derivatives(lib: Any, result: Any, sample: Any, second: bool) -> tuple[Any, Any]:
    """First and second gradients of weighted sums of the differentiable results."""
    kind = lib.Tensor
    leaves = tensors_in(list(sample), kind)
    outputs = [p for p in parts(result) if isinstance(p, kind) and p.requires_grad]
    outputs = [o for o in outputs if o.grad_fn is not None]
    if not outputs or not leaves:
        return [], []
    total = sum((o * weights(lib, o, 0.3)).sum() for o in outputs)
    first = lib.autograd.grad(total, leaves, create_graph=second, allow_unused=True)
    if not second:
        return first, []
    again = [g for g in first if g is not None and g.requires_grad]
    if not again:
        return first, []
    total = sum((g * weights(lib, g, 1.1)).sum() for g in again)
    if total.grad_fn is None:
        return first, []
    return first, lib.autograd.grad(total, leaves, allow_unused=True)


def compare_gradients(kind: str, ours: Any, theirs: Any) -> None:
    """As values; None and zeros are the same gradient."""
    for number in range(max(len(ours), len(theirs))):
        mine: Any = ours[number] if number < len(ours) else None
        expected: Any = theirs[number] if number < len(theirs) else None
        if mine is None and expected is None:
            continue
        if mine is None and expected is not None:
            if expected.detach().abs().sum() != 0:
                raise GapError(kind, f"no gradient of input {number}")
        elif expected is None and mine is not None:
            if float(mine.detach().abs().sum()) != 0:
                raise GapError(kind, f"a gradient of input {number}, expected none")
        else:
            compare_tensors(kind, mine, expected)


def check_sample(
    op: Any, function: Callable[..., Any], sample: Any, grad: bool = False, second: bool = False
) -> str:
    """Raise GapError where the libraries differ on a sample; else say how it ended."""
    call = (sample.input, sample.args, sample.kwargs)
    mine = to_gpugrad(own_copy(call))
    theirs = attempt(torch, op.op, call)
    ours = attempt(gpugrad, function, mine)
    if isinstance(theirs, Exception):
        return compare_errors(ours, theirs)
    if any(isinstance(p, torch.Tensor) and p.is_complex() for p in parts(theirs)):
        raise OutOfScopeError("complex result")
    if isinstance(ours, Exception):
        raise GapError("refused", f"{type(ours).__name__}: {str(ours)[:200]}")
    process = getattr(sample, "output_process_fn_grad", None)
    if process is not None:
        # Leaves of a decomposition what is determined: the signs of vectors are not.
        theirs, ours = determined(process, theirs), determined(rebound(process), ours)
    compare_values("value", ours, theirs, op.name not in UNINITIALISED, unstable(op, call))
    if not grad:
        return "equal"
    expected = outcome(lambda: derivatives(torch, theirs, call, second))
    found = outcome(lambda: derivatives(gpugrad, ours, mine, second))
    if isinstance(expected, Exception):
        return "equal"
    if isinstance(found, Exception):
        raise GapError("gradient", f"{type(found).__name__}: {str(found)[:200]}")
    compare_gradients("gradient", found[0], expected[0])
    compare_gradients("second gradient", found[1], expected[1])
    return "equal"


def determined(process: Callable[..., Any], result: Any) -> Any:
    """What ``process`` makes of a result, or the result where it cannot be applied."""
    processed = outcome(lambda: process(result))
    return result if isinstance(processed, Exception) else processed


def unstable(op: Any, call: tuple[Any, Any, Any]) -> bool:
    """Whether equal elements may be ordered either way, so that indices are not determined."""
    if op.name not in UNSTABLE or call[2].get("stable"):
        return False
    return isinstance(call[0], torch.Tensor) and call[0].dtype not in (torch.float32, torch.float64)


def outcome(function: Callable[[], Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return function()
        except Exception as error:
            return error


def compare_errors(ours: Any, theirs: Exception) -> str:
    """Both must refuse; the types must agree."""
    if not isinstance(ours, Exception):
        raise GapError("accepted", f"{type(theirs).__name__}: {str(theirs)[:160]}")
    if not isinstance(ours, type(theirs)) or type(ours).__name__ != type(theirs).__name__:
        raise GapError(
            "error type",
            f"{type(ours).__name__}: {str(ours)[:120]!r}, expected "
            f"{type(theirs).__name__}: {str(theirs)[:120]!r}",
        )
    first = [str(e).splitlines()[0] if str(e) else "" for e in (ours, theirs)]
    return "same text" if first[0] == first[1] else "other text"


def check_inplace(op: Any, name: str, sample: Any) -> str:
    """The method that changes its tensor, against PyTorch's."""
    call = (sample.input, sample.args, sample.kwargs)
    theirs_call = own_copy(call)
    mine = to_gpugrad(own_copy(call))
    theirs = attempt(torch, lambda x, *a, **k: getattr(x, name)(*a, **k), theirs_call)
    if not hasattr(gpugrad.Tensor, name):
        raise GapError("in place", f"no method {name}")
    ours = attempt(gpugrad, lambda x, *a, **k: getattr(x, name)(*a, **k), mine)
    try:
        if isinstance(theirs, Exception):
            return compare_errors(ours, theirs)
        if isinstance(ours, Exception):
            raise GapError("refused", f"{type(ours).__name__}: {str(ours)[:200]}")
        compare_values("value", mine[0], theirs_call[0])
    except GapError as gap:
        raise GapError(f"in place {gap.kind}", str(gap)) from None
    return "equal"


def check_out(op: Any, function: Callable[..., Any], sample: Any) -> str:
    """``out=``: a tensor of the right form is filled, an empty one gets the form."""
    call = (sample.input, sample.args, sample.kwargs)
    theirs = attempt(torch, op.op, call)
    flat = theirs if isinstance(theirs, (tuple, list)) else [theirs]
    if not all(isinstance(t, torch.Tensor) for t in flat):
        return "nothing"
    for form in (torch.empty_like, lambda t: t.new_empty(0)):
        out = [form(t.detach()) for t in parts(theirs)]
        mine_out = [gpugrad.from_numpy(to_array(o.clone())) for o in out]
        single = isinstance(theirs, torch.Tensor)
        mine = to_gpugrad(own_copy(call))
        given, mine_given = (o[0] if single else tuple(o) for o in (out, mine_out))
        expected = attempt(torch, functools.partial(op.op, out=given), call)
        ours = attempt(gpugrad, functools.partial(function, out=mine_given), mine)
        if isinstance(expected, Exception):
            return compare_errors(ours, expected)
        if isinstance(ours, Exception):
            raise GapError("out", f"{type(ours).__name__}: {str(ours)[:200]}")
        try:
            known = op.name not in UNINITIALISED | SIGNS
            compare_values("out", mine_out, out, known, unstable(op, call))
        except GapError as gap:
            raise GapError("out", str(gap)) from None
    return "equal"
