"""What a recording has to know of primitives that their names alone do not say.

Which of them give views, draw random numbers or look at values, into which of their arguments they
write, and where they take the array for their result.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

VIEWS = frozenset(
    (
        *("asarray", "from_host", "into", "reshape", "permute", "broadcast_to", "expand"),
        *("getitem", "windows"),
    )
)
"""Primitives that compute nothing where their result shares an operand's memory."""

ALSO_WRITTEN = {
    "draw_dropout": (1,),
    "sgd_step": (0, 2),
    "adam_step": (0, 2, 3, 4, 6),
    "rmsprop_step": (0, 2, 3, 4, 6),
    "adamax_step": (0, 2, 4),
    "nadam_step": (0, 2, 4),
    "radam_step": (0, 2, 4),
    "adagrad_step": (0, 2, 4),
    "adadelta_step": (0, 2, 4),
    "rprop_step": (0, 2, 4),
    "asgd_step": (0, 2, 4),
    "clip_by_norm": (0,),
    "unscale": (0, 1),
    "update_scale": (0, 1),
}
"""Into which of their arguments primitives write, besides new results, if not into all."""

QUESTIONS = frozenset(
    (
        *("device", "on", "address", "memory", "view_of", "writable", "constant"),
        *("lowered", "rewritten", "in_blocks", "executor", "own_counters", "with_own_tables"),
        *("step_scratch", "counter", "kernels"),
    )
)
"""What is no computation and not noted, apart from ``empty``, of which the memory is."""

DRAWS = frozenset(
    (
        *("uniform", "normal", "exponential", "bernoulli", "multinomial"),
        *("integers", "whole_range", "permutation", "gamma", "dirichlet", "poisson", "binomial"),
    )
)
"""What a stream of random numbers is asked for."""

ONLY_SHAPE = ("ones_like", "zeros_like")
"""Primitives that do not look at their argument's values."""

INDEXED = ("getitem", "setitem", "index_add", "scatter_nd")
"""Primitives whose second argument is an index."""

READS = {
    "to_host": "a value is read by Python",
    "move": "a tensor is moved to another device",
    "nonzero": "the shape of the result depends on values",
    "bincount": "the shape of the result depends on values",
    "unique": "the shape of the result depends on values",
}
"""Primitives that a program of fixed steps cannot have, and why."""


def out_position(name: str, function: Callable[..., Any]) -> int | None:
    """How many arguments come before ``out``; None if the function does not take it."""
    inputs: int | None = getattr(function, "nin", None)
    if inputs is not None:
        return inputs
    if name == "dot":  # NumPy's method has no signature
        return 2
    try:
        parameters = list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return None
    return parameters.index("out") if "out" in parameters else None


def without_out(
    name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any], Any]:
    """The arguments without the one that says where the result goes, and that one."""
    named = dict(kwargs)
    out = named.pop("out", None)
    position = out_position(name, function)
    if position is not None and len(args) > position:
        return args[:position], named, args[position]
    return args, named, out


def picks_by_mask(index: Any, dims: int | None = None) -> bool:
    """Whether an index has a mask in it, so that the shape of the result depends on values.

    ``dims``: only masks of so many dimensions count.
    """
    items = index if isinstance(index, tuple) else (index,)
    masks = [i for i in items if getattr(getattr(i, "dtype", None), "kind", "") == "b"]
    return any(dims is None or mask.ndim == dims for mask in masks)
