"""Hamiltonian Monte Carlo on a banana-shaped density, and a variational fit of the same."""

import torch
from torch.distributions import Independent, Normal

torch.manual_seed(7)


class Banana:
    def log_prob(self, z):
        along = Normal(0.0, 2.0).log_prob(z[..., 0])
        return along + Normal(0.5 * z[..., 0] ** 2, 0.5).log_prob(z[..., 1])


target = Banana()


def slope(q):
    q = q.detach().requires_grad_()
    return torch.autograd.grad(target.log_prob(q).sum(), q)[0]


def leapfrog(q, p, step, n):
    p = p + 0.5 * step * slope(q)
    for i in range(n):
        q = q + step * p
        p = p + (step if i < n - 1 else 0.5 * step) * slope(q)
    return q, -p


def energy(q, p):
    return 0.5 * p.square().sum(-1) - target.log_prob(q)


q = torch.zeros(16, 2)
accepted, kept = 0.0, []
for iteration in range(40):
    p = torch.randn_like(q)
    proposal, momentum = leapfrog(q, p, 0.15, 8)
    take = torch.rand(16).log() < energy(q, p) - energy(proposal, momentum)
    q = torch.where(take[:, None], proposal, q)
    accepted += take.float().mean().item()
    if iteration >= 10:
        kept.append(q)
samples = torch.stack(kept).flatten(0, 1)
print("accepted", accepted / 40)
print("mean", samples.mean(0), "spread", samples.std(0))
print("covariance", torch.cov(samples.T), "correlation", torch.corrcoef(samples.T))
print("quantiles", torch.quantile(samples[:, 0], torch.tensor([0.05, 0.5, 0.95])))
print("median", samples.median(0).values, "histogram", torch.histc(samples[:, 0], 5, -4, 4))

loc = torch.zeros(2, requires_grad=True)
log_scale = torch.zeros(2, requires_grad=True)
optimizer = torch.optim.Adam([loc, log_scale], lr=0.05)
for i in range(60):
    q = Independent(Normal(loc, log_scale.exp()), 1)
    z = q.rsample((32,))
    elbo = (target.log_prob(z) - q.log_prob(z)).mean()
    optimizer.zero_grad()
    (-elbo).backward()
    optimizer.step()
    if i % 20 == 19:
        print(f"elbo {elbo.item():.4f}", loc.data, log_scale.data.exp())
print(q, q.entropy())
