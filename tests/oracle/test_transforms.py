"""Transforms of distributions against PyTorch's: values, inverses, stretches, shapes."""

from __future__ import annotations

import pytest

from tests.oracle.distribution_pairs import BOTH, VALUES, attempt, names, numbers, same

MAPS = [
    "SoftmaxTransform()",
    "StickBreakingTransform()",
    "SoftplusTransform()",
    "PowerTransform(torch.tensor(1.5))",
    "IndependentTransform(ExpTransform(), 1)",
    "ReshapeTransform((3,), (1, 3))",
    "StackTransform([ExpTransform(), SigmoidTransform(), TanhTransform()], dim=1)",
    "CatTransform([ExpTransform(), SigmoidTransform()], dim=1, lengths=[1, 2])",
    "CumulativeDistributionTransform(Normal(0.2, 1.5))",
    "CorrCholeskyTransform()",
    "ComposeTransform([SoftplusTransform(), PowerTransform(torch.tensor(2.0))])",
    "transform_to(constraints.positive)",
    "transform_to(constraints.simplex)",
    "transform_to(constraints.interval(-1.0, 3.0))",
    "transform_to(constraints.greater_than(2.0))",
    "transform_to(constraints.less_than(2.0))",
    "transform_to(constraints.real_vector)",
    "biject_to(constraints.simplex)",
    "biject_to(constraints.unit_interval)",
]


@pytest.mark.parametrize("source", MAPS)
def test_transforms(source: str) -> None:
    found = []
    for lib in BOTH:
        t = eval(source, names(lib))
        x = lib.tensor(VALUES)
        y = t(x)
        parts = {
            "forward": numbers(y),
            "back": numbers(t.inv(y)),
            "stretch": attempt(lambda t=t, x=x, y=y: t.log_abs_det_jacobian(x, y)),
            "back stretch": attempt(lambda t=t, x=x, y=y: t.inv.log_abs_det_jacobian(y, x)),
            "shape": tuple(t.forward_shape((2, 3))) if "Corr" not in source else (),
            "bijective": t.bijective,
            "events": (t.domain.event_dim, t.codomain.event_dim),
            "inside": numbers(t.codomain.check(y).float()),
        }
        found.append(parts)
    for name, value in found[1].items():
        same(found[0][name], value, name)


@pytest.mark.parametrize(
    "source",
    ["LowerCholeskyTransform()", "PositiveDefiniteTransform()"],
)
def test_transforms_of_matrices(source: str) -> None:
    found = []
    for lib in BOTH:
        t = eval(source, names(lib))
        y = t(lib.tensor([[0.3, 0.0], [0.2, -0.4]]))
        found.append((numbers(y), numbers(t.inv(y)), bool(t.codomain.check(y))))
    for ours, theirs in zip(*found, strict=True):
        same(ours, theirs, source)
