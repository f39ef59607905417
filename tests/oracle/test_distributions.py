"""Distributions against PyTorch's: samples for a seed, densities, divergences, errors."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any

import pytest

from tests.oracle.distribution_pairs import APPROXIMATE, BOTH, VALUES, attempt, names, numbers, same

MADE = {
    "Normal": "Normal(loc, scale)",
    "Normal of numbers": "Normal(0.5, 2.0)",
    "Normal of both": "Normal(loc, 2.0)",
    "Uniform": "Uniform(loc - 1.0, loc + 2.0)",
    "Exponential": "Exponential(scale)",
    "Laplace": "Laplace(loc, scale)",
    "Cauchy": "Cauchy(loc, scale)",
    "HalfNormal": "HalfNormal(scale)",
    "LogNormal": "LogNormal(loc, scale)",
    "Bernoulli": "Bernoulli(probs)",
    "Bernoulli by logits": "Bernoulli(logits=loc)",
    "Geometric": "Geometric(probs)",
    "Geometric by logits": "Geometric(logits=loc)",
    "Categorical": "Categorical(scale)",
    "Categorical by logits": "Categorical(logits=loc)",
    "OneHotCategorical": "OneHotCategorical(scale)",
    "OneHotCategorical by logits": "OneHotCategorical(logits=loc)",
    "Straight": "OneHotCategoricalStraightThrough(logits=loc)",
    "Multivariate": "MultivariateNormal(loc, matrix)",
    "Multivariate by factor": "MultivariateNormal(loc, scale_tril=factor)",
    "Multivariate by precision": "MultivariateNormal(loc, precision_matrix=matrix)",
    "Independent": "Independent(Normal(loc, scale), 1)",
    "Independent Bernoulli": "Independent(Bernoulli(probs), 2)",
    "Affine": "TransformedDistribution(Normal(loc, scale), AffineTransform(1.0, -2.0))",
    "Squashed": "TransformedDistribution(Normal(loc, scale), [TanhTransform()])",
    "Squashed vectors": "Independent(TransformedDistribution(Normal(loc, scale), "
    "[TanhTransform(), AffineTransform(0.0, 2.0)]), 1)",
    "Flow": "TransformedDistribution(Independent(Normal(loc, scale), 1), "
    "[AffineTransform(loc, scale, event_dim=1), SigmoidTransform()])",
    "Gamma": "Gamma(scale, 1.0 + probs)",
    "Gamma of small shapes": "Gamma(probs, scale)",
    "Chi2": "Chi2(scale)",
    "StudentT": "StudentT(1.6 * scale, loc, scale)",
    "FisherSnedecor": "FisherSnedecor(4.0 * scale, 5.0)",
    "InverseGamma": "InverseGamma(2.0 * scale, 1.0)",
    "Beta": "Beta(scale, probs + 1.0)",
    "Beta of numbers": "Beta(2.0, 3.5)",
    "Dirichlet": "Dirichlet(scale)",
    "LogisticNormal": "LogisticNormal(loc, scale)",
    "Poisson": "Poisson(3.0 * scale)",
    "Poisson, many": "Poisson(30.0 * scale)",
    "Binomial": "Binomial(7, probs)",
    "Binomial, many": "Binomial(200, logits=loc)",
    "NegativeBinomial": "NegativeBinomial(3.0, probs)",
    "Multinomial": "Multinomial(6, scale)",
    "Gumbel": "Gumbel(loc, scale)",
    "Weibull": "Weibull(scale, 1.0 + probs)",
    "Pareto": "Pareto(0.05 * scale, 2.0 + scale)",
    "Kumaraswamy": "Kumaraswamy(1.0 + scale, 1.0 + probs)",
    "HalfCauchy": "HalfCauchy(scale)",
    "RelaxedBernoulli": "RelaxedBernoulli(torch.tensor(0.7), probs)",
    "RelaxedOneHotCategorical": "RelaxedOneHotCategorical(torch.tensor(0.7), scale)",
    "VonMises": "VonMises(loc, 3.0 * scale)",
    "LowRank": "LowRankMultivariateNormal(loc, factor[:, :2], scale)",
    "ContinuousBernoulli": "ContinuousBernoulli(probs)",
    "ContinuousBernoulli by logits": "ContinuousBernoulli(logits=loc)",
    "ContinuousBernoulli, near a half": "ContinuousBernoulli(0.5 + 1e-4 * loc)",
    "GeneralizedPareto": "GeneralizedPareto(loc, scale, 0.2 * loc)",
    "GeneralizedPareto, exponential": "GeneralizedPareto(loc, scale, 0.0)",
    "Mixture": "MixtureSameFamily(Categorical(scale), Normal(loc, scale))",
    "Mixture of vectors": "MixtureSameFamily(Categorical(logits=loc[:, 0]), "
    "Independent(Normal(loc, scale), 1))",
}


def facts(lib: ModuleType, source: str) -> dict[str, Any]:
    space = names(lib)
    d = eval(source, space)
    value = lib.tensor(VALUES)
    if "Simplex" in str(d.support):
        value = lib.cat([value, value[:, : d.event_shape[0] - 3]], -1)
        value = value / value.sum(-1, keepdim=True)
    if len(d.batch_shape + d.event_shape) < value.dim():
        value = value[0] if d.event_shape else value[:, 0]
    if d.support is not None and d.support.is_discrete:
        lib.manual_seed(1)
        value = d.sample().detach()
    found: dict[str, Any] = {
        "batch": tuple(d.batch_shape),
        "event": tuple(d.event_shape),
        "repr": repr(d),
        "support": re.sub(r"<\w+>", "", repr(d.support)),
        "has_rsample": d.has_rsample,
    }
    for name in ("mean", "mode", "variance", "stddev"):
        found[name] = attempt(lambda name=name: getattr(d, name))
    found["log_prob"] = attempt(lambda: d.log_prob(value))
    found["entropy"] = attempt(d.entropy)
    found["cdf"] = attempt(lambda: d.cdf(value))
    found["icdf"] = attempt(lambda: d.icdf(lib.tensor(VALUES)))
    if getattr(d, "has_enumerate_support", False):
        found["values"] = attempt(d.enumerate_support)
        found["few values"] = attempt(lambda: d.enumerate_support(expand=False))
    for shape in ((), (2,), (3, 2)):
        lib.manual_seed(7)
        found[f"sample {shape}"] = attempt(lambda shape=shape: d.sample(shape))
        if d.has_rsample:
            lib.manual_seed(7)
            found[f"rsample {shape}"] = attempt(lambda shape=shape: d.rsample(shape))
    wide = d.expand((4, *d.batch_shape))
    found["wide"] = tuple(wide.batch_shape), tuple(wide.event_shape)
    found["wide log_prob"] = attempt(lambda: wide.log_prob(value))
    inputs = space["inputs"]
    for name in ("log_prob", "rsample"):
        if name == "rsample" and not d.has_rsample:
            continue
        lib.manual_seed(3)
        result = d.log_prob(value) if name == "log_prob" else d.rsample((2,))
        if result.requires_grad and "probs" not in source:
            result.sum().backward()
            for number, tensor in enumerate(inputs):
                rough = name == "rsample" and any(kind in source for kind in APPROXIMATE)
                found[f"gradient of {name} {number}{' (approximate)' * rough}"] = numbers(
                    tensor.grad
                )
                tensor.grad = None
            d = eval(source, space)
    return found


@pytest.mark.parametrize("source", MADE.values(), ids=MADE.keys())
def test_all_that_a_distribution_tells(source: str) -> None:
    ours, theirs = (facts(lib, source) for lib in BOTH)
    assert ours.keys() == theirs.keys()
    for name, value in theirs.items():
        same(ours[name], value, name)


PAIRS = [
    ("Normal(loc, scale)", "Normal(0.0, 1.0)"),
    ("Bernoulli(probs)", "Bernoulli(0.5)"),
    ("Bernoulli(torch.tensor([0.0, 1.0, 0.5]))", "Bernoulli(torch.tensor([0.0, 0.5, 1.0]))"),
    ("Categorical(scale)", "Categorical(logits=loc)"),
    ("Categorical(torch.tensor([0.0, 1.0]))", "Categorical(torch.tensor([1.0, 0.0]))"),
    ("OneHotCategorical(scale)", "OneHotCategorical(logits=loc)"),
    ("Exponential(scale)", "Exponential(2.0)"),
    ("Geometric(probs)", "Geometric(0.4)"),
    ("Laplace(loc, scale)", "Laplace(0.0, 1.0)"),
    ("Uniform(0.0, scale)", "Uniform(-1.0, 1.5)"),
    ("Uniform(0.0, scale)", "Normal(0.0, 1.5)"),
    ("LogNormal(loc, scale)", "LogNormal(0.0, 1.0)"),
    ("HalfNormal(scale)", "HalfNormal(2.0)"),
    ("MultivariateNormal(loc, matrix)", "MultivariateNormal(loc[0], scale_tril=factor)"),
    ("Independent(Normal(loc, scale), 1)", "Independent(Normal(loc, 1.0), 1)"),
    ("Normal(loc, scale)", "Laplace(0.0, 1.0)"),
    ("Laplace(loc, scale)", "Normal(0.5, 1.5)"),
    ("Normal(loc, scale)", "Gumbel(0.5, 1.5)"),
    ("Gamma(scale, 2.0)", "Gamma(1.5, scale)"),
    ("Gamma(scale, 2.0)", "Exponential(scale)"),
    ("Exponential(scale)", "Gamma(1.5, scale)"),
    ("Chi2(scale)", "Chi2(3.0)"),
    ("Beta(scale, 2.0)", "Beta(1.5, scale)"),
    ("Dirichlet(scale)", "Dirichlet(2.0 * scale)"),
    ("Poisson(scale)", "Poisson(2.0)"),
    ("Binomial(5, probs)", "Binomial(5, torch.tensor(0.5))"),
    ("Binomial(5, probs)", "Binomial(6, torch.tensor(0.5))"),
    ("Cauchy(loc, scale)", "Cauchy(0.0, 2.0)"),
    ("Pareto(1.0, scale)", "Pareto(0.5, 2.0)"),
    ("Gumbel(loc, scale)", "Gumbel(0.2, 2.0)"),
    ("Beta(scale, 2.0)", "Poisson(1.0)"),
]


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_divergences(p: str, q: str) -> None:
    found = []
    for lib in BOTH:
        space = names(lib)
        found.append(attempt(lambda space=space: eval(f"kl_divergence({p}, {q})", space)))
    same(found[0], found[1], "kl")


ERRORS = [
    "Normal(torch.tensor([0.0, float('nan')]), 1.0)",
    "Normal(0.0, -1.0)",
    "Normal(0.0, 'one')",
    "Uniform(1.0, 0.0)",
    "Bernoulli(1.5)",
    "Bernoulli(0.5, 0.5)",
    "Bernoulli()",
    "Bernoulli(0.5).log_prob(torch.tensor(0.3))",
    "Bernoulli(0.5).log_prob(1)",
    "Categorical(torch.tensor(1.0))",
    "Categorical(torch.tensor([-1.0, 2.0]))",
    "Categorical(torch.ones(3)).log_prob(torch.tensor(3))",
    "Categorical(torch.ones(2, 3)).log_prob(torch.tensor([0, 1, 2]))",
    "OneHotCategorical(torch.ones(3)).log_prob(torch.ones(3))",
    "Exponential(1.0).log_prob(torch.tensor(-1.0))",
    "Uniform(0.0, 1.0).log_prob(torch.tensor(2.0))",
    "MultivariateNormal(torch.zeros(2))",
    "MultivariateNormal(torch.zeros(2), -torch.eye(2))",
    "MultivariateNormal(torch.tensor(1.0), torch.eye(1))",
    "MultivariateNormal(torch.zeros(2), torch.eye(2)).log_prob(torch.zeros(3))",
    "Independent(Normal(0.0, 1.0), 1)",
    "Normal(0.0, -1.0, validate_args=False)",
    "Gamma(-1.0, 1.0)",
    "Gamma(torch.ones(2), 1.0)",
    "Gamma(1.0, 1.0).log_prob(torch.tensor(-1.0))",
    "Beta(1.0, 0.0)",
    "Beta(1.0, 2.0)",
    "Beta(1.0, 2.0).log_prob(torch.tensor(1.5))",
    "Dirichlet(torch.tensor(1.0))",
    "Dirichlet(torch.tensor([1.0, -1.0]))",
    "Dirichlet(torch.ones(2)).log_prob(torch.ones(2))",
    "StudentT(-1.0)",
    "Chi2(0.0)",
    "Poisson(-1.0)",
    "Poisson(1.0).log_prob(torch.tensor(0.5))",
    "Binomial(3, 0.5, 0.5)",
    "Binomial(-3, torch.tensor(0.5))",
    "Binomial(3, torch.tensor(0.5)).log_prob(torch.tensor(4.0))",
    "Binomial(torch.tensor([3, 4]), torch.tensor(0.5)).enumerate_support()",
    "NegativeBinomial(3.0, torch.tensor(1.0))",
    "Multinomial(torch.tensor(3), torch.ones(2))",
    "Multinomial(3, torch.ones(2)).log_prob(torch.tensor([3.0, 1.0]))",
    "MixtureSameFamily(Normal(0.0, 1.0), Normal(0.0, 1.0))",
    "MixtureSameFamily(Categorical(torch.ones(2)), Normal(torch.zeros(3), 1.0))",
    "MixtureSameFamily(Categorical(torch.ones(2)), Normal(torch.zeros(2), 1.0))",
    "torch.poisson(torch.tensor([-1.0]))",
    "torch.poisson(torch.tensor([1]))",
    "torch.poisson(1.0)",
    "torch.binomial(torch.tensor([3]), torch.tensor([0.5]))",
    "torch.binomial(torch.tensor([3.0]), torch.tensor([0.5], dtype=torch.float64))",
    "torch.binomial(torch.tensor([3.0]), 0.5)",
    "torch._standard_gamma(torch.tensor([1]))",
    "torch._sample_dirichlet(torch.tensor([1]))",
    "transform_to(constraints.integer_interval(0, 3))",
    "transform_to.register(3, 4)",
    "transforms.ReshapeTransform((2,), (3,))",
]


@pytest.mark.parametrize("source", ERRORS)
def test_errors(source: str) -> None:
    found = []
    for lib in BOTH:
        try:
            found.append(repr(eval(source, names(lib))))
        except Exception as error:
            text = str(error).replace("gpugrad", "torch")
            found.append(f"{type(error).__name__}: {text}")
    assert found[0] == found[1]
