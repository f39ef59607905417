"""A mixture of Gaussians, fitted by expectation-maximisation and by gradients."""

import torch
from torch import einsum, nn
from torch.distributions import (
    Categorical,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
)

torch.manual_seed(3)
centres = torch.tensor([[0.0, 0.0], [2.0, 2.0], [-2.0, 1.0]])
points = torch.cat([torch.randn(40, 2) * 0.3 + c for c in centres])
points = points[torch.randperm(len(points))]

means = points[:3].clone()
for _ in range(8):
    labels = torch.cdist(points, means).argmin(1)
    sizes = torch.bincount(labels, minlength=3)
    means = torch.zeros_like(means).index_add_(0, labels, points) / sizes[:, None]
print("k-means", means, sizes)

weights, covariances = torch.full((3,), 1 / 3), torch.eye(2).repeat(3, 1, 1)
for step in range(10):
    each = MultivariateNormal(means, covariances).log_prob(points[:, None]) + weights.log()
    total = each.logsumexp(1, keepdim=True)
    share = (each - total).exp()
    n = share.sum(0)
    weights, means = n / len(points), share.T @ points / n[:, None]
    apart = points[:, None] - means
    covariances = einsum("nk,nki,nkj->kij", share, apart, apart) / n[:, None, None]
    if step % 3 == 0:
        print(f"{step}: {total.mean():.5f}")
print(weights, means, covariances[0])


class Mixture(nn.Module):
    def __init__(self, k):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(k))
        self.loc = nn.Parameter(torch.randn(k, 2))
        self.log_scale = nn.Parameter(torch.zeros(k, 2))

    def forward(self):
        parts = Independent(Normal(self.loc, self.log_scale.exp()), 1)
        return MixtureSameFamily(Categorical(logits=self.logits), parts)


model = Mixture(3)
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
for step in range(100):
    loss = -model().log_prob(points).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 25 == 0:
        print(f"{step}: {loss.item():.4f}")
fitted = model()
print(fitted.mean, fitted.variance, fitted.batch_shape, fitted.event_shape)
print(fitted.sample((3,)), fitted)

left, spread, right = torch.linalg.svd(points - points.mean(0), full_matrices=False)
print("components", right.abs(), "explained", spread**2 / (spread**2).sum())
