"""PyTorch's own samples of its operators, a fixed part of them, in both libraries.

Compared are values, shapes and types, first and second gradients in float64, in-place forms,
``out=``, and the types of errors. ``python -m tests.oracle.operator_samples`` runs all samples.
"""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("torch.testing._internal.common_methods_invocations")

from tests.oracle.operator_samples.cases import counterpart, in_scope
from tests.oracle.operator_samples.known import KNOWN
from tests.oracle.operator_samples.running import Extent, full_name, run

EXTENT = Extent(samples=3, references=None, seconds=5.0)

NAMES = {full_name(op) for op in in_scope()}

FOUND = [
    op
    for op in in_scope()
    if counterpart(op) is not None and not op.name.startswith("nn.functional.")
]
"""Those of ``nn.functional`` have a test of their own."""


@pytest.mark.parametrize("op", FOUND, ids=full_name)
def test_as_in_torch(op: Any) -> None:
    report = run(op, EXTENT)
    assert full_name(op) in KNOWN or not report.gaps, "\n".join(report.gaps[:10])
    assert sum(report.endings.values()), "nothing was compared"


def test_a_difference_is_found() -> None:
    op = next(o for o in FOUND if o.name == "sin")
    wrong = run(op, EXTENT, lambda x, **more: x.cos())
    assert any("value" in gap for gap in wrong.gaps)


def test_known_gaps_name_operators() -> None:
    assert set(KNOWN) <= NAMES
