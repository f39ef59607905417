"""Optimizer steps as lists of NumPy calls, for replays.

Many small parameters are gathered into one stretch of memory first and scattered afterwards: then
their arithmetic takes a few calls for all of them, instead of a dozen for each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np

from .host_steps import HostSteps
from .hyperparameters import Number
from .step_scratch import Array, Arrays, Scratch

Call = tuple[Callable[..., Any], list[Any]]

SMALL = 1024
"""Up to this many elements, a call takes longer to begin than to do its work."""
MANY = 8
"""So many small parameters are worth the copying."""


class _Noted(HostSteps):
    """The optimizer steps over functions that note what they would do."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        for name, function in (
            ("add", np.add),
            ("sub", np.subtract),
            ("mul", np.multiply),
            ("div", np.true_divide),
            ("sqrt", np.sqrt),
            ("neg", np.negative),
        ):
            setattr(self, name, partial(self._note, function))

    def _note(self, function: Callable[..., Any], *args: Any) -> Array:
        self.calls.append((function, list(args)))
        return args[-1]  # where the result goes

    def maximum(self, x: Array, y: Array, out: Array) -> Array:
        self.calls.append((partial(np.maximum, out=out), [x, y]))
        return out

    def copy(self, x: Array, out: Array) -> Array:
        self.calls.append((np.copyto, [out, x]))
        return out

    def full(self, shape: tuple[int, ...], value: float, dtype: str) -> Array:
        return np.full(shape, value, dtype)

    def empty(self, shape: tuple[int, ...], dtype: str) -> Array:
        return np.empty(shape, dtype)

    def adam_scalars(self, lr: Array, step: Array, scratch: Scratch, **betas: Number) -> Arrays:
        function = partial(super().adam_scalars, scratch=scratch, **betas)
        self.calls.append((function, [lr, step]))
        return scratch.scalars


def step_rule(name: str, lists: Sequence[int], counter: int | None) -> Callable[..., Any]:
    """The rule for an optimizer step.

    Args:
        name: the primitive's.
        lists: which of its arguments are lists of arrays, one for each parameter; the second one
            is of gradients, which are only read.
        counter: which argument counts the steps: such a step must be taken once.
    """

    def rule(*args: Any, out: Any = None, **options: Any) -> list[Call] | None:
        if options.get("grad_scale") is not None or options.get("found_inf") is not None:
            return None
        options = {k: v for k, v in options.items() if k not in ("grad_scale", "found_inf")}
        params = args[0]
        small = [n for n, p in enumerate(params) if _gathers(n, args, lists)]
        if len(small) < MANY or (counter is not None and len(small) < len(params)):
            return _noted(name, args, options)
        large = [n for n in range(len(params)) if n not in set(small)]
        found = _together(name, _picked(args, lists, small), lists, options)
        if large:
            found += _noted(name, _picked(args, lists, large), options)
        return found

    return rule


def _gathers(place: int, args: tuple[Any, ...], lists: Sequence[int]) -> bool:
    arrays = [args[n][place] for n in lists if args[n]]
    dtype = arrays[0].dtype
    return arrays[0].size <= SMALL and all(
        a.flags.c_contiguous and a.dtype == dtype and dtype.itemsize >= 4 for a in arrays
    )


def _picked(args: tuple[Any, ...], lists: Sequence[int], places: list[int]) -> tuple[Any, ...]:
    """The arguments for some of the parameters."""
    return tuple(
        [arg[p] for p in places] if n in lists and arg else arg for n, arg in enumerate(args)
    )


def _noted(name: str, args: tuple[Any, ...], options: dict[str, Any]) -> list[Call]:
    noted = _Noted()
    scratch = Scratch(noted, args[0])
    given = [scratch if isinstance(a, Scratch) else a for a in args]
    getattr(noted, name)(*given, **options)
    return noted.calls


def _together(
    name: str, args: tuple[Any, ...], lists: Sequence[int], options: dict[str, Any]
) -> list[Call]:
    sizes = np.cumsum([0, *(p.size for p in args[0])])
    dtype = args[0][0].dtype
    gather: list[Call] = []
    scatter: list[Call] = []
    whole = list(args)
    for n in lists:
        if not args[n]:
            continue
        memory = np.empty(sizes[-1], dtype)
        flat = [array.reshape(-1) for array in args[n]]
        gather.append((partial(np.concatenate, out=memory), [flat]))
        whole[n] = [memory]
        if n != 1:
            parts = [memory[a:b] for a, b in pairwise(sizes)]
            scatter += [
                (np.ndarray.__setitem__, [to, ..., part])
                for to, part in zip(flat, parts, strict=True)
            ]
    return [*gather, *_noted(name, tuple(whole), options), *scatter]


RULES = {
    "sgd_step": step_rule("sgd_step", (0, 1, 2), None),
    "adam_step": step_rule("adam_step", (0, 1, 2, 3, 4), 6),
    "rmsprop_step": step_rule("rmsprop_step", (0, 1, 2, 3, 4), 6),
}
