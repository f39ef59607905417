"""What every distribution tells of itself."""

import torch
import torch.distributions as D
from torch.distributions import kl_divergence
from torch.distributions import transforms as T

torch.manual_seed(0)
for mk in (
    lambda: D.Normal(torch.tensor([0.0, 1.0]), 1.0),
    lambda: D.Gamma(2.0, 3.0),
    lambda: D.Beta(2.0, 3.0),
    lambda: D.Dirichlet(torch.tensor([1.0, 2.0])),
    lambda: D.Poisson(3.0),
    lambda: D.StudentT(4.0),
    lambda: D.Categorical(torch.tensor([0.2, 0.3, 0.5])),
    lambda: D.Bernoulli(0.3),
    lambda: D.Binomial(5, torch.tensor([0.2, 0.8])),
    lambda: D.Exponential(2.0),
    lambda: D.Laplace(0.0, 1.0),
    lambda: D.Gumbel(0.0, 1.0),
    lambda: D.MultivariateNormal(torch.zeros(2), torch.tensor([[2.0, 0.5], [0.5, 1.0]])),
    lambda: D.Multinomial(4, torch.tensor([0.5, 0.5])),
    lambda: D.Geometric(0.3),
    lambda: D.Uniform(-1.0, 1.0),
    lambda: D.LogNormal(0.0, 0.5),
    lambda: D.Cauchy(0.0, 1.0),
    lambda: D.HalfNormal(2.0),
    lambda: D.Weibull(1.0, 2.0),
    lambda: D.Pareto(1.0, 3.0),
    lambda: D.Kumaraswamy(2.0, 3.0),
    lambda: D.VonMises(0.0, 2.0),
    lambda: D.RelaxedOneHotCategorical(torch.tensor(0.5), torch.tensor([0.3, 0.7])),
    lambda: D.OneHotCategorical(torch.tensor([0.3, 0.7])),
    lambda: D.OneHotCategoricalStraightThrough(torch.tensor([0.3, 0.7])),
    lambda: D.LogisticNormal(torch.zeros(2), torch.ones(2)),
    lambda: D.NegativeBinomial(3.0, 0.4),
    lambda: D.Chi2(3.0),
    lambda: D.FisherSnedecor(3.0, 4.0),
    lambda: D.LowRankMultivariateNormal(torch.zeros(2), torch.ones(2, 1), torch.ones(2)),
    lambda: D.InverseGamma(3.0, 2.0),
    lambda: D.ContinuousBernoulli(torch.tensor([0.2, 0.5, 0.9])),
    lambda: D.Wishart(torch.tensor(4.0), covariance_matrix=torch.tensor([[1.0, 0.2], [0.2, 1.0]])),
    lambda: D.LKJCholesky(3, 1.5),
    lambda: D.GeneralizedPareto(0.0, 1.0, 0.2),
    lambda: D.RelaxedBernoulli(torch.tensor(0.4), logits=torch.tensor([0.2, -0.3])),
    lambda: D.HalfCauchy(1.0),
):
    try:
        d = mk()
        torch.manual_seed(1)
        s = d.sample((2,))
        print(d, s, d.log_prob(s), sep="\n")
    except Exception as e:
        print(type(e).__name__, e)
        continue
    for a in ("mean", "variance", "stddev", "arg_constraints"):
        try:
            print(" ", a, getattr(d, a))
        except Exception as e:
            print(" ", a, type(e).__name__, e)
    for a in ("entropy", "enumerate_support", "perplexity"):
        try:
            print(" ", a, getattr(d, a)())
        except Exception as e:
            print(" ", a, type(e).__name__, e)
    try:
        print("  cdf", d.cdf(s))
        print("  icdf", d.icdf(torch.tensor(0.3)))
    except Exception as e:
        print(" ", type(e).__name__, e)
    try:
        print("  exp", d.expand((2, 2) + tuple(d.batch_shape)).batch_shape)
    except Exception as e:
        print(" ", type(e).__name__, e)
for p, q in (
    (D.Normal(0.0, 1.0), D.Normal(1.0, 2.0)),
    (D.Gamma(1.0, 2.0), D.Gamma(2.0, 2.0)),
    (D.Categorical(torch.tensor([0.5, 0.5])), D.Categorical(torch.tensor([0.1, 0.9]))),
    (D.Beta(1.0, 2.0), D.Beta(3.0, 1.0)),
    (
        D.MultivariateNormal(torch.zeros(2), torch.eye(2)),
        D.MultivariateNormal(torch.ones(2), 2 * torch.eye(2)),
    ),
    (D.Bernoulli(0.2), D.Bernoulli(0.4)),
    (D.Normal(0.0, 1.0), D.Laplace(0.0, 1.0)),
    (D.Uniform(0.0, 1.0), D.Uniform(0.0, 2.0)),
    (
        D.Independent(D.Normal(torch.zeros(2), 1.0), 1),
        D.Independent(D.Normal(torch.ones(2), 1.0), 1),
    ),
    (D.Exponential(1.0), D.Gamma(1.0, 2.0)),
    (D.Dirichlet(torch.ones(2)), D.Dirichlet(torch.tensor([2.0, 1.0]))),
    (D.Poisson(1.0), D.Poisson(2.0)),
    (D.Laplace(0.0, 1.0), D.Normal(0.0, 1.0)),
    (D.Uniform(0.0, 1.0), D.Normal(0.0, 1.0)),
    (D.ContinuousBernoulli(0.3), D.ContinuousBernoulli(0.4)),
    (D.LogNormal(0.0, 1.0), D.LogNormal(1.0, 1.0)),
):
    try:
        print(type(p).__name__, type(q).__name__, kl_divergence(p, q))
    except Exception as e:
        print(type(e).__name__, e)
loc = torch.tensor(0.5, requires_grad=True)
sc = torch.tensor(1.0, requires_grad=True)
d = D.Normal(loc, sc)
r = d.rsample((3,))
print(r, d.sample().requires_grad)
r.sum().backward()
print(loc.grad, sc.grad)
print(D.Gamma(loc, sc).rsample().grad_fn is not None)
flow = D.TransformedDistribution(
    D.Normal(torch.zeros(2), torch.ones(2)), [T.AffineTransform(1.0, 2.0), T.SigmoidTransform()]
)
x = flow.sample()
print(
    x,
    flow.log_prob(x),
    T.StickBreakingTransform()(torch.zeros(2)),
    T.ExpTransform().inv(torch.tensor(2.0)),
    T.TanhTransform().log_abs_det_jacobian(torch.tensor(0.1), torch.tensor(0.1).tanh()),
    T.SoftplusTransform()(torch.tensor(1.0)),
    T.CorrCholeskyTransform()(torch.tensor([0.1, 0.2, 0.3])),
    T.LowerCholeskyTransform()(torch.eye(2)),
    T.CatTransform([T.ExpTransform(), T.identity_transform])(torch.ones(2)),
    T.PowerTransform(torch.tensor(2.0)).inv,
    T.AffineTransform(0.0, 1.0) == T.AffineTransform(0.0, 1.0),
    T.ReshapeTransform((2,), (1, 2))(torch.ones(2)).shape,
    T.IndependentTransform(T.ExpTransform(), 1),
    T.CumulativeDistributionTransform(D.Normal(0.0, 1.0))(torch.tensor(0.0)),
)
mix = D.MixtureSameFamily(
    D.Categorical(torch.tensor([0.3, 0.7])),
    D.Normal(torch.tensor([-1.0, 1.0]), torch.tensor([0.5, 0.5])),
)
print(
    mix.mean,
    mix.variance,
    mix.log_prob(torch.tensor(0.0)),
    mix.cdf(torch.tensor(0.0)),
    mix.sample((3,)),
)
for f in (
    lambda: D.Normal(0.0, -1.0),
    lambda: D.Normal(torch.zeros(2), torch.zeros(3)),
    lambda: D.Categorical(probs=torch.ones(2), logits=torch.ones(2)),
    lambda: D.Bernoulli(2.0),
    lambda: D.Normal(0.0, 1.0, validate_args=False).log_prob(torch.tensor(float("inf"))),
    lambda: D.Uniform(1.0, 0.0),
    lambda: D.MultivariateNormal(torch.zeros(2), -torch.eye(2)),
    lambda: D.Beta(1.0, 1.0).log_prob(torch.tensor(2.0)),
    lambda: D.Categorical(torch.ones(3)).log_prob(torch.tensor(3)),
    lambda: D.Independent(D.Normal(0.0, 1.0), 1),
    lambda: D.Dirichlet(torch.tensor(1.0)),
    lambda: D.MultivariateNormal(torch.zeros(2)),
    lambda: D.Poisson(1.0).log_prob(torch.tensor(0.5)),
    lambda: D.Distribution().sample(),
    lambda: D.Bernoulli(0.5).rsample(),
    lambda: D.Binomial(3, 0.5).log_prob(torch.tensor(4.0)),
    lambda: D.Normal(0, 1).sample(),
    lambda: D.Normal(torch.tensor(0), torch.tensor(1)).sample(),
    lambda: D.kl_divergence(D.Normal(0.0, 1.0), D.Categorical(torch.ones(2))),
):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)
