"""How many bytes a primitive moves and how much it computes, from the shapes of its arrays.

Bytes are those of the arrays read and of the arrays written, each element once, as if nothing
stayed in a cache. Operations are counted as is usual: a product of matrices (m, k) and (k, n) has
``2 m n k``, everything else a fixed number for each element.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..backend.primitive_effects import ALSO_WRITTEN

Array = Any

PICKS = frozenset(("getitem", "embedding", "take_along_axis"))
"""Read only as many elements of their first argument as they give."""

PUTS = {"setitem": 2, "index_add": 2, "scatter_nd": 0, "scatter_along_axis": 0, "embedding_grad": 0}
"""Put the elements of this argument into a larger array."""

MOVES = frozenset(
    (
        *("copy", "cast", "fill", "concatenate", "stack", "flip", "pad", "into", "where"),
        *("zeros", "full", "arange", "zeros_like", "ones_like", "reshape", "expand"),
        *("broadcast_to", "permute", "strided", "windows", "unfold", "window_spread"),
        *("to_host", "from_host", "move", "nonzero", "unique"),
    )
)
"""Compute nothing."""

PER_ELEMENT = {
    "sigmoid": 4,
    "sigmoid_grad": 3,
    "tanh_grad": 3,
    "silu": 5,
    "silu_grad": 7,
    "gelu": 5,
    "gelu_grad": 8,
    "softplus": 3,
    "mse": 3,
    "mse_grad": 3,
    "sigmoid_mse": 7,
    "sigmoid_mse_grad": 6,
    "softmax": 5,
    "softmax_grad": 4,
    "log_softmax": 5,
    "log_softmax_grad": 4,
    "cross_entropy": 5,
    "cross_entropy_mean": 5,
    "cross_entropy_grad": 4,
    "layer_norm": 8,
    "layer_norm_grad": 12,
    "batch_norm": 8,
    "batch_norm_grad": 12,
    "group_norm": 8,
    "group_norm_grad": 12,
    "bias_activation": 2,
    "bias_activation_grad": 3,
    "dropout": 2,
    "sgd_step": 2,
    "adam_step": 12,
    "rmsprop_step": 8,
    "adagrad_step": 6,
    "total_norm": 2,
}
"""Operations for each element of the largest array, a square root or exponential counted as one;
one for primitives that are not named."""


def arrays_in(value: Any) -> Iterator[Array]:
    """The arrays of any library in nested lists, tuples and dictionaries."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from arrays_in(item)
    elif isinstance(value, dict):
        yield from arrays_in(list(value.values()))
    elif hasattr(value, "nbytes") and hasattr(value, "strides"):
        yield value


def held(array: Array) -> int:
    """Bytes of an array's elements, each once however often broadcasting repeats it."""
    sides = [n for n, step in zip(array.shape, array.strides, strict=True) if step or n < 2]
    return int(array.itemsize * math.prod(sides))


def bytes_moved(
    name: str, args: Sequence[Any], kwargs: Mapping[str, Any], results: Sequence[Array]
) -> int:
    """Bytes that a primitive reads and writes."""
    written = sum(held(array) for array in results)
    if name in PUTS:
        moved = [*arrays_in(args[PUTS[name]])]
        return 2 * (sum(map(held, moved)) if moved else held(args[0]))
    read = [*arrays_in((args, dict(kwargs)))]
    if name == "fill":
        return held(read[0])
    if name in PICKS:
        return written + sum(held(array) for array in read[1:]) + written
    written += sum(held(a) for n in ALSO_WRITTEN.get(name, ()) for a in arrays_in(args[n]))
    if not results and name not in ALSO_WRITTEN and read:
        written += held(read[0])  # what it changes
    return written + sum(held(array) for array in read)


def operations(name: str, args: Sequence[Any], results: Sequence[Array]) -> int:
    """Floating-point operations of a primitive."""
    arrays = [*arrays_in(args)]
    if name in MOVES or name in PICKS or not arrays:
        return 0
    if name in PUTS:
        return sum(int(a.size) for a in arrays_in(args[PUTS[name]]))
    if name in ("matmul", "dot", "linear") and results:
        found = 2 * int(results[0].size) * arrays[0].shape[-1] if arrays[0].ndim else 1
        return int(found + (results[0].size if len(arrays) > 2 else 0))
    if name == "conv" and results:
        found = 2 * results[0].size * math.prod(arrays[1].shape[1:])
        return int(found + (results[0].size if len(arrays) > 2 else 0))
    if name == "conv_transpose":
        return int(2 * arrays[0].size * math.prod(arrays[1].shape[1:]))
    if name == "conv_weight" and results:
        return int(2 * arrays[1].size * math.prod(results[0].shape[1:]))
    if name.endswith("_step") and isinstance(args[0], (list, tuple)):
        elements = sum(int(a.size) for a in arrays_in(args[0]))
    else:
        elements = max(int(a.size) for a in (*arrays, *results))
    return elements * PER_ELEMENT.get(name, 1)
