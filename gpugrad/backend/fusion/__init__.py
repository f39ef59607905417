"""Recorded steps rewritten so that a replay launches fewer kernels.

``flow`` knows which step reads and writes which memory, ``clusters`` in what order steps may be
done; both know no primitive by name. Each of the other modules is a rule: it takes steps that it
knows and gives others that do the same.

What a rule may change is rounding: a value that is no longer stored between two steps is not
rounded to its type in between (for 16-bit types), and a compiler may contract a product and a sum.
The sign of a zero may change where two signs cancel. Everything else is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

from ..noted_steps import Root, Step
from .bias import activations, bias_gradients
from .elementwise import elementwise
from .flow import Flow
from .losses import sigmoid_losses
from .repeats import copies, repeats
from .updates import updates

Rule = Callable[[Flow, Any], list[Step]]

RULES: tuple[Rule, ...] = (
    copies,
    repeats,
    activations,
    bias_gradients,
    sigmoid_losses,
    updates,
    elementwise,
)
"""In this order: the elementwise rule takes whatever the others have left."""


def rewritten(steps: Sequence[Step], kept: Collection[Root], backend: Any) -> list[Step]:
    """Steps that do the same with fewer launches.

    Args:
        steps: what was recorded, without steps that nobody needs.
        kept: memory whose contents are wanted when all has been done.
        backend: the primitives that recorded the steps.

    Steps that nobody needs any more may be among the result.
    """
    found = list(steps)
    for rule in RULES:
        found = rule(Flow(found, kept), backend)
    return found
