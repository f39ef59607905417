"""A mixture density network, and variational inference for a normal mean."""

import math

import torch
import torch.nn as nn
from torch.distributions import Categorical, MultivariateNormal, Normal, kl_divergence

torch.manual_seed(3)
n = 120
t = torch.rand(n, 1) * 2 - 1
x = t + 0.3 * torch.sin(2 * math.pi * t) + 0.05 * torch.randn(n, 1)


class MDN(nn.Module):
    def __init__(self, n_hidden, n_gaussians):
        super().__init__()
        self.z_h = nn.Sequential(nn.Linear(1, n_hidden), nn.Tanh())
        self.z_pi = nn.Linear(n_hidden, n_gaussians)
        self.z_mu = nn.Linear(n_hidden, n_gaussians)
        self.z_sigma = nn.Linear(n_hidden, n_gaussians)

    def forward(self, x):
        z_h = self.z_h(x)
        return self.z_pi(z_h).log_softmax(-1), self.z_mu(z_h), self.z_sigma(z_h).exp()


def mdn_loss(log_pi, mu, sigma, target):
    log_prob = Normal(mu, sigma).log_prob(target.expand_as(mu))
    return -torch.logsumexp(log_pi + log_prob, dim=1).mean()


network = MDN(12, 3)
optimizer = torch.optim.Adam(network.parameters(), lr=0.02)
for epoch in range(30):
    loss = mdn_loss(*network(x), t)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 10 == 9:
        print(epoch, f"{loss.item():.3f}")
with torch.no_grad():
    log_pi, mu, sigma = network(torch.linspace(-1, 1, 5).unsqueeze(1))
    chosen = Categorical(logits=log_pi).sample()
    sampled = Normal(mu, sigma).sample().gather(1, chosen.unsqueeze(1))
    print(chosen, sampled.shape, log_pi.exp().sum(1).round(decimals=4))

data = Normal(2.0, 1.0).sample((50,))
q_mu, q_log_sigma = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
optimizer = torch.optim.Adam([q_mu, q_log_sigma], lr=0.1)
prior = Normal(torch.zeros(1), 10 * torch.ones(1))
for step in range(40):
    optimizer.zero_grad()
    q = Normal(q_mu, q_log_sigma.exp())
    theta = q.rsample((8,))
    log_likelihood = Normal(theta, 1.0).log_prob(data).sum(1).mean()
    elbo = log_likelihood - kl_divergence(q, prior).sum()
    (-elbo).backward()
    optimizer.step()
print(
    f"{q_mu.item():.2f} {data.mean().item():.2f} {q_log_sigma.exp().item():.2f} {elbo.item():.1f}"
)
joint = MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 0.6], [0.6, 1.0]]))
samples = joint.sample((4,))
print(samples, joint.log_prob(samples), joint.entropy())
print(Categorical(torch.tensor([0.2, 0.3, 0.5])).entropy(), joint)
