"""Counts and rates: conjugate posteriors, maximum likelihood, divergences, samples."""

import torch
import torch.distributions as dist
from torch.distributions import (
    Beta,
    Binomial,
    Dirichlet,
    Gamma,
    NegativeBinomial,
    Poisson,
    StudentT,
    constraints,
    kl_divergence,
    transform_to,
)

torch.manual_seed(11)

# A gamma prior of a Poisson rate.
rate = torch.tensor([2.0, 15.0])
counts = Poisson(rate).sample((12,))
print(counts.T)
prior = Gamma(2.0, 0.5)
posterior = Gamma(prior.concentration + counts.sum(0), prior.rate + len(counts))
print(posterior, posterior.mean, posterior.variance, posterior.entropy())
print(posterior.sample((2,)), posterior.log_prob(rate), posterior.cdf(rate))
print("kl", kl_divergence(posterior, Gamma(rate, 1.0)))

# A beta prior of a probability.
heads = Binomial(20, torch.tensor(0.3)).sample((5,))
belief = Beta(1.0, 1.0)
for n in heads:
    belief = Beta(belief.concentration1 + n, belief.concentration0 + 20 - n)
    print(f"{n.item():.0f} heads: mean {belief.mean.item():.4f} mode {belief.mode.item():.4f}")
print(belief.sample((3,)), belief.log_prob(torch.tensor([0.2, 0.3])))

# Classes.
concentration = torch.tensor([0.5, 1.0, 3.0])
theta = Dirichlet(concentration).sample((3,))
print(theta, theta.sum(-1), Dirichlet(concentration).log_prob(theta))
words = dist.Multinomial(30, theta).sample()
print(words, dist.Multinomial(30, theta).log_prob(words))
updated = Dirichlet(concentration + words)
print(updated.mean, updated.mode, updated.variance, updated.entropy())

# Maximum likelihood with parameters kept in their regions.
waiting = Gamma(3.0, 2.0).sample((60,))
raw = torch.zeros(2, requires_grad=True)
optimizer = torch.optim.Adam([raw], lr=0.1)
for i in range(60):
    fit = Gamma(*transform_to(constraints.positive)(raw))
    loss = -fit.log_prob(waiting).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if i % 20 == 19:
        print(f"{i} {loss.item():.5f}", fit)

# Long tails.
for d in (StudentT(3.0), dist.Gumbel(0.0, 1.0), dist.Weibull(1.0, 2.0), dist.HalfCauchy(1.0)):
    print(d, d.sample((3,)), d.log_prob(torch.tensor(0.7)), d.mean)
over = NegativeBinomial(5.0, torch.tensor(0.5))
print(over.sample((4,)), over.mean, over.variance)
print(dist.VonMises(torch.tensor(0.0), torch.tensor(4.0)).sample((3,)))
try:
    Gamma(-1.0, 1.0)
except ValueError as error:
    print(error)
