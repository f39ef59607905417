"""A generator and a discriminator on a one-dimensional distribution."""

import torch
import torch.nn as nn

torch.manual_seed(0)
latent = 3
G = nn.Sequential(nn.Linear(latent, 8), nn.ELU(), nn.Linear(8, 1))
D = nn.Sequential(nn.Linear(1, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1), nn.Sigmoid())
criterion = nn.BCELoss()
opt_g = torch.optim.Adam(G.parameters(), lr=1e-2, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(D.parameters(), lr=1e-2, betas=(0.5, 0.999))
fixed_noise = torch.randn(4, latent)
for step in range(25):
    real = torch.randn(32, 1) * 0.5 + 2.0
    label = torch.full((32,), 1.0)
    D.zero_grad()
    out_real = D(real).view(-1)
    err_real = criterion(out_real, label)
    err_real.backward()
    fake = G(torch.randn(32, latent))
    label.fill_(0.0)
    err_fake = criterion(D(fake.detach()).view(-1), label)
    err_fake.backward()
    opt_d.step()
    G.zero_grad()
    err_g = criterion(D(fake).view(-1), label.fill_(1.0))
    err_g.backward()
    opt_g.step()
    if step % 8 == 0:
        print(
            f"[{step}] D {(err_real + err_fake).item():.3f} G {err_g.item():.3f} D(x) {out_real.mean().item():.3f}"
        )
with torch.no_grad():
    samples = G(fixed_noise).squeeze(1)
print(samples.shape, samples.requires_grad, err_g, G[0].weight.grad.abs().sum() > 0)
print(torch.cat([real[:2], fake[:2]]).shape, G, [p.shape for p in D.parameters()][:2])
hinge = torch.relu(1 - out_real).mean() + nn.functional.relu(1 + D(fake)).mean()
wasserstein = D(fake).mean() - D(real).mean()
for p in D.parameters():
    p.data.clamp_(-0.01, 0.01)
print(f"{hinge:.3f} {wasserstein:.3f}", max(p.abs().max() for p in D.parameters()) <= 0.01)
