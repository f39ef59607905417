"""Gradients for many starting points, in few passes over the graph."""

from __future__ import annotations

from typing import Any

from ..backend import BACKENDS
from . import anomaly
from .batched_rows import Rows, Worker
from .engine import Node
from .grad_mode import mode
from .multi_grad_hook import WATCHED
from .propagation import Leaves, reaching, run
from .views import refresh

MOST_ROWS = 256
"""Rows in one pass: each holds gradients of everything between outputs and inputs."""


def in_batches(
    outputs: tuple[Any, ...], inputs: tuple[Any, ...], batches: tuple[Any, ...], retain: bool
) -> list[Any] | None:
    """What each input gets from each row of ``batches``, every node going backward for all rows.

    Args:
        outputs: the tensors where the pass begins.
        inputs: the tensors to differentiate by.
        batches: for each output, gradients to begin with, stacked.
        retain: whether the graph is kept.

    Returns:
        For each input an array with a row for each gradient, or None if the outputs do not depend
        on it; None in the place of the list where only single passes will do.
    """
    if len(batches[0].array) < 2 or anomaly.state.enabled or WATCHED:
        return None
    before, mode.enabled = mode.enabled, False
    try:
        for tensor in (*outputs, *inputs):
            if tensor.view_of is not None and tensor.version[1] != tensor.rebased:
                refresh(tensor)
            if not tensor.needs_grad:
                return None  # the single pass says what is wrong
        for output, batch in zip(outputs, batches, strict=True):
            if batch.array.shape[1:] != output.array.shape or batch.dtype != output.dtype:
                return None
        needed = reaching([o.node or o for o in outputs], {t.node or t for t in inputs})
        if any(node.hooks is not None for node in needed):
            return None
        parts = []
        count = len(batches[0].array)
        for first in range(0, count, MOST_ROWS):
            some = slice(first, first + MOST_ROWS)
            targets: dict[Node, list[Any]] = {t.node: [] for t in inputs if t.node is not None}
            firsts = [Rows(b.array[some]) for b in batches]
            keep = retain or first + MOST_ROWS < count
            leaves = run(outputs, firsts, keep, False, targets, needed, Worker)
            parts.append([_rows_of(t, targets, leaves) for t in inputs])
    finally:
        mode.enabled = before
    return [_joined(column) for column in zip(*parts, strict=True)]


def _rows_of(tensor: Any, targets: dict[Node, list[Any]], leaves: Leaves) -> Any:
    """What a batched pass found for one input: an array with a row for each gradient, or None."""
    if tensor.node is None:
        return leaves[tensor][0].array if tensor in leaves else None
    return targets[tensor.node][0].array if targets[tensor.node] else None


def _joined(column: tuple[Any, ...]) -> Any:
    if column[0] is None or len(column) == 1:
        return column[0]
    return BACKENDS[type(column[0])].concatenate(list(column), 0)
