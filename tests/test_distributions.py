"""Distributions by what they must be: densities that integrate to 1, moments, maps that invert."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

import gpugrad
from gpugrad import distributions as d
from gpugrad.distributions import constraints
from gpugrad.random.rejection import dirichlet_grad, standard_gamma, standard_gamma_grad

WIDE = gpugrad.float64


def of(*values: float) -> Any:
    return gpugrad.tensor(values, dtype=WIDE)


CONTINUOUS: dict[str, tuple[Any, tuple[float, float]]] = {
    "Gamma": (lambda: d.Gamma(of(2.5), of(1.5)), (0.0, 40.0)),
    "Chi2": (lambda: d.Chi2(of(5.0)), (0.0, 120.0)),
    "Beta": (lambda: d.Beta(of(2.0), of(3.5)), (0.0, 1.0)),
    "StudentT": (lambda: d.StudentT(of(9.0), of(0.5), of(1.2)), (-80.0, 80.0)),
    "FisherSnedecor": (lambda: d.FisherSnedecor(of(6.0), of(20.0)), (0.0, 200.0)),
    "InverseGamma": (lambda: d.InverseGamma(of(6.0), of(2.0)), (1e-9, 60.0)),
    "Gumbel": (lambda: d.Gumbel(of(0.3), of(0.8)), (-6.0, 40.0)),
    "Weibull": (lambda: d.Weibull(of(1.3), of(2.0)), (1e-9, 20.0)),
    "Kumaraswamy": (lambda: d.Kumaraswamy(of(2.0), of(3.0)), (1e-9, 1.0 - 1e-9)),
    "Mixture": (
        lambda: d.MixtureSameFamily(
            d.Categorical(of(1.0, 3.0)), d.Normal(of(-2.0, 1.0), of(0.5, 1.0))
        ),
        (-15.0, 15.0),
    ),
    "VonMises": (lambda: d.VonMises(of(0.4), of(2.0)), (-math.pi, math.pi)),
}


def integral(d_: Any, ends: tuple[float, float], factor: Any) -> float:
    """Of the density times a function, by the midpoint rule."""
    n = 40_000
    width = (ends[1] - ends[0]) / n
    x = ends[0] + width * (gpugrad.arange(n, dtype=WIDE) + 0.5)
    log_p = d_.log_prob(x)
    return float((log_p.exp() * factor(x, log_p)).sum() * width)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_density_moments_and_entropy(name: str) -> None:
    make, ends = CONTINUOUS[name]
    found = make()
    assert integral(found, ends, lambda x, p: 1.0) == pytest.approx(1.0, abs=1e-4)
    if name != "VonMises":  # whose variance is that of an angle
        mean = integral(found, ends, lambda x, p: x)
        assert float(found.mean) == pytest.approx(mean, abs=1e-3)
        square = integral(found, ends, lambda x, p: (x - mean) ** 2)
        assert float(found.variance) == pytest.approx(square, rel=5e-3)
    if name not in ("Mixture", "VonMises", "FisherSnedecor"):
        entropy = integral(found, ends, lambda x, p: -p)
        assert float(found.entropy()) == pytest.approx(entropy, abs=1e-3)


@pytest.mark.parametrize("name", CONTINUOUS)
def test_samples_have_the_moments(name: str) -> None:
    make, ends = CONTINUOUS[name]
    found = make()
    n = 3000
    drawn = found.sample((n,)).flatten()
    assert ((drawn >= ends[0]) & (drawn <= ends[1])).all()
    if name == "VonMises":
        # The mean resultant length is I1(k) / I0(k).
        near = (drawn - 0.4).cos()
        error = float(near.std()) / math.sqrt(n)
        assert abs(float(near.mean()) - (1 - float(found.variance))) < 6 * error
        return
    error = float(found.variance.sqrt()) / math.sqrt(n)
    assert abs(float(drawn.mean()) - float(found.mean)) < 6 * error


COUNTS: dict[str, tuple[Any, int]] = {
    "Poisson": (lambda: d.Poisson(of(3.5)), 60),
    "Poisson, many": (lambda: d.Poisson(of(40.0)), 200),
    "Binomial": (lambda: d.Binomial(12, of(0.3)), 13),
    "Binomial, many": (lambda: d.Binomial(300, of(0.7)), 301),
    "NegativeBinomial": (lambda: d.NegativeBinomial(of(4.0), of(0.4)), 150),
}


@pytest.mark.parametrize("name", COUNTS)
def test_counts(name: str) -> None:
    make, top = COUNTS[name]
    found = make()
    k = gpugrad.arange(top, dtype=WIDE)
    p = found.log_prob(k).exp()
    mean, square = float((p * k).sum()), float((p * k**2).sum())
    assert float(p.sum()) == pytest.approx(1.0)
    assert float(found.mean) == pytest.approx(mean)
    assert float(found.variance) == pytest.approx(square - mean**2)
    n = 3000
    drawn = found.sample((n,)).flatten()
    assert (drawn == drawn.round()).all()
    assert abs(float(drawn.mean()) - mean) < 6 * math.sqrt((square - mean**2) / n)
    spread = float(drawn.var())
    assert spread == pytest.approx(square - mean**2, rel=0.25)


def test_multinomial_counts_add_up() -> None:
    found = d.Multinomial(9, of(1.0, 2.0, 5.0))
    drawn = found.sample((50,))
    assert (drawn.sum(-1) == 9).all()
    pairs = [(a, b, 2 - a - b) for a in range(3) for b in range(3 - a)]
    few = d.Multinomial(2, of(1.0, 2.0, 5.0))
    assert sum(float(few.log_prob(of(*map(float, p))).exp()) for p in pairs) == pytest.approx(1)


DIVERGENCES: list[tuple[str, Any, Any]] = [
    ("Gamma", d.Gamma(of(2.5), of(1.5)), d.Gamma(of(3.0), of(1.0))),
    ("Gamma", d.Gamma(of(2.5), of(1.5)), d.Exponential(of(0.7))),
    ("Beta", d.Beta(of(2.0), of(3.5)), d.Beta(of(1.5), of(2.0))),
    ("Gumbel", d.Gumbel(of(0.3), of(0.8)), d.Gumbel(of(0.0), of(1.5))),
]


@pytest.mark.parametrize(("name", "p", "q"), DIVERGENCES)
def test_divergences(name: str, p: Any, q: Any) -> None:
    ends = CONTINUOUS[name][1]
    want = integral(p, ends, lambda x, own: own - q.log_prob(x))
    assert float(d.kl_divergence(p, q)) == pytest.approx(want, abs=2e-3)


@pytest.mark.parametrize("alpha", [0.02, 0.3, 1.0, 2.5, 30.0, 4000.0])
def test_gamma_numbers_keep_their_rank(alpha: float) -> None:
    shape = gpugrad.full((20,), alpha, dtype=WIDE)
    x = standard_gamma(shape)
    x = x[x > 1e-150]
    step = 1e-5 * alpha
    up, down = (gpugrad.igamma(gpugrad.full_like(x, alpha + h), x) for h in (step, -step))
    log_density = (alpha - 1) * x.log() - x - math.lgamma(alpha)
    want = -(up - down) / (2 * step) / log_density.exp()
    got = standard_gamma_grad(gpugrad.full_like(x, alpha), x)
    assert gpugrad.allclose(got, want, rtol=1e-3, atol=1e-7)


@pytest.mark.parametrize("alpha", [0.2, 1.0, 7.0, 500.0])
def test_beta_numbers_keep_their_rank(alpha: float) -> None:
    # With the second parameter 1, F(x) is x**alpha.
    x = gpugrad.tensor([0.03, 0.3, 0.6, 0.95, 0.999], dtype=WIDE)
    got = dirichlet_grad(x, gpugrad.full_like(x, alpha), gpugrad.full_like(x, alpha + 1))
    want = -x * x.log() / alpha / (1 - x)
    assert gpugrad.allclose(got, want, rtol=1e-5)


def test_gradients_of_expectations() -> None:
    alpha = of(1.5, 4.0).requires_grad_()
    d.Gamma(alpha, 1.0).rsample((4000,)).mean(0).sum().backward()
    assert alpha.grad.tolist() == pytest.approx([1.0, 1.0], abs=0.15)
    c = of(1.0, 2.0, 3.0).requires_grad_()
    d.Dirichlet(c).rsample((4000,))[:, 0].mean().backward()
    # The mean is c0 / total.
    assert c.grad.tolist() == pytest.approx([5 / 36, -1 / 36, -1 / 36], abs=0.03)


def test_the_gradient_has_a_derivative() -> None:
    alpha = of(0.7, 5.0).requires_grad_()
    step = 1e-4
    slopes = []
    for shift in (0.0, step, -step):
        moved = (alpha.detach() + shift).requires_grad_()
        # The same uniform numbers: the quantiles follow to first order.
        x = of(0.4, 6.0) + shift * standard_gamma_grad(alpha.detach(), of(0.4, 6.0))
        slopes.append(standard_gamma_grad(moved.detach(), x))
    from gpugrad.ops.gamma_samples import StandardGamma

    x = StandardGamma.apply(alpha, of(0.4, 6.0).array)
    (first,) = gpugrad.autograd.grad(x.sum(), alpha, create_graph=True)
    (second,) = gpugrad.autograd.grad(first.sum(), alpha)
    want = (slopes[1] - slopes[2]) / (2 * step)
    assert gpugrad.allclose(second, want, rtol=1e-4)


@pytest.mark.parametrize("draw", ["poisson", "_standard_gamma", "_sample_dirichlet"])
def test_compiled_draws_are_new_ones(draw: str) -> None:
    parameters = gpugrad.full((30,), 5.0)
    run = gpugrad.compile(lambda p: getattr(gpugrad, draw)(p))
    drawn = [run(parameters).tolist() for _ in range(5)]
    assert all(a != b for a, b in itertools.pairwise(drawn))


def test_draws_on_a_device(host: Any) -> None:
    rates = gpugrad.full((200,), 6.0, device="cuda")
    for draw in (gpugrad.poisson, gpugrad._standard_gamma):
        gpugrad.manual_seed(1)
        first, second = draw(rates), draw(rates)
        gpugrad.manual_seed(1)
        assert first.device.type == "cuda"
        assert draw(rates).tolist() == first.tolist() != second.tolist()
        assert abs(float(first.mean()) - 6) < 6 * math.sqrt(6 / 200)


MAPS: list[tuple[str, int]] = [
    ("StickBreakingTransform()", 3),
    ("SoftplusTransform()", 3),
    ("PowerTransform(gpugrad.tensor(1.7))", 3),
    ("CorrCholeskyTransform()", 3),
    ("ComposeTransform([d.SoftplusTransform(), d.ExpTransform()])", 3),
    ("CumulativeDistributionTransform(d.Normal(0.5, 2.0))", 3),
    ("CatTransform([d.ExpTransform(), d.TanhTransform()], dim=0, lengths=[1, 2])", 3),
    ("StackTransform([d.ExpTransform()] * 3)", 3),
]


@pytest.mark.parametrize(("source", "size"), MAPS)
def test_maps_invert_and_stretch(source: str, size: int) -> None:
    t = eval("d." + source)
    x = gpugrad.tensor([0.3, 0.9, 0.6], dtype=WIDE)[:size]
    y = t(x)
    assert gpugrad.allclose(t.inv(y), x)
    jacobian = gpugrad.func.jacrev(t)(x)
    if "Corr" in source:  # its free elements are those below the diagonal
        rows, columns = gpugrad.tril_indices(3, 3, -1)
        jacobian = jacobian[rows, columns]
    square = jacobian.reshape(-1, size)[:size]
    want = float(gpugrad.linalg.slogdet(square).logabsdet)
    assert float(t.log_abs_det_jacobian(x, y).sum()) == pytest.approx(want, abs=1e-6)


def test_registered_maps_lead_into_the_regions() -> None:
    x = gpugrad.tensor([0.3, -0.9, 0.6])
    regions = [
        constraints.positive,
        constraints.simplex,
        constraints.unit_interval,
        constraints.interval(-3.0, -1.0),
        constraints.greater_than(2.0),
        constraints.less_than(-2.0),
        constraints.real_vector,
    ]
    for region in regions:
        for registry in (d.transform_to, d.biject_to):
            assert region.check(registry(region)(x)).all(), region
    with pytest.raises(NotImplementedError, match="Cannot transform _Boolean|Boolean"):
        d.transform_to(constraints.boolean)


def test_bad_parameters() -> None:
    with pytest.raises(RuntimeError, match="invalid Poisson rate"):
        gpugrad.poisson(gpugrad.tensor([1.0, -1.0]))
    with pytest.raises(ValueError, match="binomial only supports floating-point dtypes for count"):
        gpugrad.binomial(gpugrad.tensor([1]), gpugrad.tensor([0.5]))
    with pytest.raises(ValueError, match="does not equal"):
        d.MixtureSameFamily(d.Categorical(gpugrad.ones(2)), d.Normal(gpugrad.zeros(3), 1.0))
    with pytest.raises(ValueError, match="at least one-dimensional"):
        d.Dirichlet(gpugrad.tensor(1.0))


def test_binomial_at_the_ends() -> None:
    count = gpugrad.tensor([0.0, 7.0, 7.0, -3.0])
    drawn = gpugrad.binomial(count, gpugrad.tensor([0.5, 0.0, 1.0, 0.5]))
    assert drawn.tolist() == [0.0, 0.0, 7.0, 0.0]
    nan = gpugrad.binomial(gpugrad.tensor([3.0]), gpugrad.tensor([math.nan]))
    assert bool(nan.isnan())
