"""A benchmark for every CUDA kernel, under the kernel's name.

To add one: a line in the ``CASES`` of the file of its kind, made by ``primitive`` or ``called`` in
:mod:`bench.kernel_cases.work`, or by a function that takes a ``Work`` and gives a ``Case``. A
kernel without a case fails the tests and the run.
"""

from __future__ import annotations

from gpugrad.backend.kernel_source import entries

from . import activations, gradients, losses, optimizers, pairs, rows
from .work import Maker

CASES: dict[str, Maker] = {
    **activations.CASES,
    **pairs.CASES,
    **losses.CASES,
    **rows.CASES,
    **gradients.CASES,
    **optimizers.CASES,
}


def missing() -> list[str]:
    """Kernels without a case, and cases without a kernel."""
    return sorted(set(entries()) ^ set(CASES))
