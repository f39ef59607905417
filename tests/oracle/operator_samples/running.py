"""All checks of one operator, counted."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch

import gpugrad

from . import cases
from .comparison import GapError, attempt, check_inplace, check_out, check_sample, compare_errors
from .conversion import OutOfScopeError, own_copy, to_gpugrad


@dataclass
class Report:
    """What the checks of an operator found."""

    name: str
    endings: Counter[str] = field(default_factory=Counter)
    gaps: list[str] = field(default_factory=list)

    def count(self, label: str, check: Callable[[], str]) -> None:
        try:
            self.endings[check()] += 1
        except OutOfScopeError:
            self.endings["out of scope"] += 1
        except GapError as gap:
            self.endings["gap"] += 1
            self.gaps.append(f"{label}: {gap}")


@dataclass
class Extent:
    """How much is run: samples of each type, and seconds an operator may take."""

    samples: int | None = None
    references: int | None = 40
    seconds: float = 20.0


def label(dtype: Any, sample: Any) -> str:
    def shown(v: Any) -> str:
        if isinstance(v, torch.Tensor):
            return f"{str(v.dtype)[6:]}{list(v.shape)}"
        if isinstance(v, (list, tuple)):
            return "(" + ", ".join(map(shown, v)) + ")"
        return repr(v)

    args = [shown(sample.input), *map(shown, sample.args)]
    args += [f"{k}={shown(v)}" for k, v in sample.kwargs.items()]
    return f"{str(dtype)[6:]} ({', '.join(args)})"


def inplace_name(op: Any) -> str | None:
    variant = op.inplace_variant
    name = getattr(variant, "__name__", None) if variant is not None else None
    return name if name and hasattr(torch.Tensor, name) else None


def full_name(op: Any) -> str:
    """An operator's name with that of its variant."""
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else str(op.name)


def run(op: Any, extent: Extent, function: Callable[..., Any] | None = None) -> Report:
    """Run the checks of one operator within the time that ``extent`` gives.

    ``function`` is compared instead of gpugrad's own, if given.
    """
    report = Report(full_name(op))
    function = function or cases.counterpart(op)
    if function is None:
        report.endings["absent"] += 1
        return report
    end = time.monotonic() + extent.seconds
    for check in checks(op, function, extent):
        report.count(*check)
        if time.monotonic() > end:
            report.endings["out of time"] += 1
            break
    return report


def checks(op: Any, function: Any, extent: Extent) -> Iterator[tuple[str, Callable[[], str]]]:
    """The checks of one operator, each with a text that names its arguments."""
    inplace = inplace_name(op)
    for error in guarded(partial(cases.errors, op)):
        s = error.sample_input
        yield f"error {label(torch.float32, s)}", partial(check_error, op, function, s)
    for dtype in (*cases.MAIN, *cases.HALF):
        if dtype not in op.dtypes:
            for s in refused_samples(op, dtype):
                yield label(dtype, s), partial(check_sample, op, function, s)
            continue
        limit = extent.samples if dtype in cases.MAIN else min(6, extent.samples or 6)
        grad = dtype is torch.float64 and op.supports_autograd
        for s in guarded(partial(cases.samples, op, dtype, grad, limit)):
            text = label(dtype, s)
            yield text, partial(check_sample, op, function, s, grad, op.supports_gradgrad)
            if dtype in cases.MAIN and not grad:
                if inplace:
                    yield text, partial(check_inplace, op, inplace, s)
                if op.supports_out and dtype is torch.float32:
                    yield text, partial(check_out, op, function, s)
        if extent.references and dtype in (torch.float32, torch.int64):
            for s in guarded(partial(cases.references, op, dtype, extent.references)):
                yield label(dtype, s), partial(check_sample, op, function, s)


def guarded(samples: Callable[[], Iterator[Any]]) -> Iterator[Any]:
    """Samples until PyTorch fails to make one."""
    try:
        yield from samples()
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError, AssertionError):
        return


def refused_samples(op: Any, dtype: Any) -> list[Any]:
    """Two floating samples in a type that the operator does not list."""
    if torch.float32 not in op.dtypes:
        return []
    found = list(guarded(partial(cases.samples, op, torch.float32, False, 2)))
    return [cases.of_other_type(s, dtype) for s in found]


def check_error(op: Any, function: Any, sample: Any) -> str:
    """Both libraries must refuse a sample that PyTorch says it refuses."""
    call = (sample.input, sample.args, sample.kwargs)
    # An operand that is also the output stays one.
    mine = to_gpugrad(call if "out" in sample.kwargs else own_copy(call))
    theirs = attempt(torch, op.op, call)
    if not isinstance(theirs, Exception):
        return "accepted by both"
    return compare_errors(attempt(gpugrad, function, mine), theirs)
