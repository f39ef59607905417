"""Distributions of matrices against PyTorch's: samples for a seed, densities, refusals."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.oracle.distribution_pairs import BOTH, attempt, names, numbers, same

OF_MATRICES = [
    "Wishart(4.0, matrix)",
    "Wishart(3.0 + probs[:, 0], matrix)",
    "Wishart(torch.tensor(5.0), scale_tril=factor)",
    "Wishart(4.5, precision_matrix=matrix)",
    "Wishart(4.0, matrix).expand((2,))",
    "LKJCholesky(3, scale)",
    "LKJCholesky(2)",
    "LKJCholesky(4, 0.5).expand((2, 1))",
]


def facts_of(lib: ModuleType, text: str) -> dict[str, Any]:
    own = names(lib)
    d = eval(text, own)
    lib.manual_seed(3)
    sample = d.sample((2,))
    density = d.log_prob(sample)
    facts = {
        "mean": attempt(lambda: d.mean),
        "mode": attempt(lambda: d.mode),
        "variance": attempt(lambda: d.variance),
        "entropy": attempt(d.entropy),
        "sample": numbers(sample),
        "density": numbers(density),
    }
    if density.requires_grad:
        density.sum().backward()
        facts["gradient"] = numbers(own["scale" if "scale)" in text else "probs"].grad)
    return facts


@pytest.mark.filterwarnings("ignore:Singular sample detected")
@pytest.mark.parametrize("text", OF_MATRICES)
def test_distributions_of_matrices(text: str) -> None:
    told = [facts_of(lib, text) for lib in BOTH]
    for name, value in told[0].items():
        same(value, told[1][name], f"{text}: {name}")


@pytest.mark.parametrize(
    "text", ["Wishart(1.0, matrix)", "Wishart(4.0)", "LKJCholesky(1)", "LKJCholesky(3, -1.0)"]
)
def test_refusals_of_matrices(text: str) -> None:
    errors = []
    for lib in BOTH:
        with pytest.raises((ValueError, AssertionError)) as caught:
            eval(text, names(lib))
        errors.append((type(caught.value), str(caught.value)))
    assert errors[0] == errors[1]
