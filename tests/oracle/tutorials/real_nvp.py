"""A normalising flow (RealNVP) on two moons, with a base distribution and log-determinants."""

import numpy as np
import torch
from sklearn import datasets
from torch import distributions, nn

torch.manual_seed(0)
np.random.seed(0)


class RealNVP(nn.Module):
    def __init__(self, nets, nett, mask, prior):
        super(RealNVP, self).__init__()
        self.prior = prior
        self.mask = nn.Parameter(mask, requires_grad=False)
        self.t = torch.nn.ModuleList([nett() for _ in range(len(mask))])
        self.s = torch.nn.ModuleList([nets() for _ in range(len(mask))])

    def g(self, z):
        x = z
        for i in range(len(self.t)):
            x_ = x * self.mask[i]
            s = self.s[i](x_) * (1 - self.mask[i])
            t = self.t[i](x_) * (1 - self.mask[i])
            x = x_ + (1 - self.mask[i]) * (x * torch.exp(s) + t)
        return x

    def f(self, x):
        log_det_J, z = x.new_zeros(x.shape[0]), x
        for i in reversed(range(len(self.t))):
            z_ = self.mask[i] * z
            s = self.s[i](z_) * (1 - self.mask[i])
            t = self.t[i](z_) * (1 - self.mask[i])
            z = (1 - self.mask[i]) * (z - t) * torch.exp(-s) + z_
            log_det_J -= s.sum(dim=1)
        return z, log_det_J

    def log_prob(self, x):
        z, logp = self.f(x)
        return self.prior.log_prob(z) + logp

    def sample(self, batchSize):
        return self.g(self.prior.sample((batchSize, 1)).squeeze(1))


def nets():
    return nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(), nn.Linear(16, 2), nn.Tanh())


def nett():
    return nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(), nn.Linear(16, 2))


masks = torch.from_numpy(np.array([[0, 1], [1, 0]] * 2).astype(np.float32))
prior = distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
flow = RealNVP(nets, nett, masks, prior)
optimizer = torch.optim.Adam([p for p in flow.parameters() if p.requires_grad], lr=5e-3)
for step in range(15):
    noisy_moons = datasets.make_moons(n_samples=64, noise=0.05, random_state=step)[0]
    loss = -flow.log_prob(torch.from_numpy(noisy_moons.astype(np.float32))).mean()
    optimizer.zero_grad()
    loss.backward(retain_graph=True)
    optimizer.step()
    if step % 5 == 4:
        print(f"iter {step}: loss = {loss.item():.3f}")
with torch.no_grad():
    x = flow.sample(5)
    z, _ = flow.f(x)
    print(x.shape, torch.allclose(flow.g(z), x, atol=1e-4))

base = distributions.Normal(torch.zeros(2), torch.ones(2))
affine = distributions.AffineTransform(loc=1.0, scale=2.0)
squash = distributions.SigmoidTransform()
composed = distributions.TransformedDistribution(base, [affine, squash])
y = composed.sample()
print(y, composed.log_prob(y))
x, total = torch.tensor([0.3, -0.7]), 0
for transform in (affine, squash, distributions.ExpTransform(), distributions.TanhTransform()):
    out = transform(x)
    total = total + transform.log_abs_det_jacobian(x, out)
    print(transform.__class__.__name__, out, transform.inv(out))
    x = out
print(total)
