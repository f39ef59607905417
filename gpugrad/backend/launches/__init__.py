"""The primitives that have a CUDA kernel of ours: one launch each.

Every method here has its composed form in ``ComposedForms`` or ``OptimizerSteps``, which says what
it computes, and falls back to it where the kernel does not apply: types other than the four
floating-point ones, operands of different shapes or types, reductions along a dimension that is
not the last.
"""

from __future__ import annotations

from .activation import Activations
from .dropout import Dropouts
from .embedding import Embeddings
from .generated import GeneratedKernels
from .gradients import LISTS as LISTS
from .gradients import GradientLaunches
from .loss import Losses
from .pairs import Pairs
from .rows import Rows
from .steps import Steps


class Launches(
    Activations,
    Dropouts,
    Embeddings,
    GeneratedKernels,
    GradientLaunches,
    Losses,
    Pairs,
    Rows,
    Steps,
):
    """All of them."""
