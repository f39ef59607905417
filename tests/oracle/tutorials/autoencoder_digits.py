"""Digits through a bottleneck and back."""

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(0)
X = torch.tensor(load_digits().data[:256], dtype=torch.float32) / 16


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 32), nn.ReLU(True), nn.Linear(32, 8))
        self.decoder = nn.Sequential(
            nn.Linear(8, 32), nn.ReLU(True), nn.Linear(32, 64), nn.Sigmoid()
        )

    def forward(self, x):
        code = self.encoder(x)
        return self.decoder(code), code


model = AutoEncoder()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
loss_fn = nn.MSELoss()
for epoch in range(3):
    permutation = torch.randperm(X.size(0))
    total = 0.0
    for i in range(0, X.size(0), 32):
        batch = X[permutation[i : i + 32]]
        recon, code = model(batch)
        loss = loss_fn(recon, batch) + 1e-4 * code.abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    print(f"epoch {epoch + 1}, loss {total / len(X):.3f}")
print(model)
with torch.no_grad():
    recon, code = model(X[:3])
print(code.shape, recon.min() >= 0, recon.max() <= 1, recon.view(-1, 8, 8).shape)
print((recon - X[:3]).pow(2).mean().sqrt())


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(64, 16)
        self.mu, self.logvar, self.out = nn.Linear(16, 2), nn.Linear(16, 2), nn.Linear(2, 64)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + torch.randn_like(std) * std

    def forward(self, x):
        h = torch.relu(self.fc(x))
        mu, logvar = self.mu(h), self.logvar(h)
        return torch.sigmoid(self.out(self.reparameterize(mu, logvar))), mu, logvar


vae = VAE()
opt = torch.optim.Adam(vae.parameters(), lr=1e-2)
for step in range(5):
    recon, mu, logvar = vae(X[:64])
    bce = nn.functional.binary_cross_entropy(recon, X[:64], reduction="sum") / 64
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / 64
    opt.zero_grad()
    (bce + kld).backward()
    opt.step()
    print(step, f"{bce.item():.2f} {kld.item():.3f}")
noisy = (X[:4] + 0.1 * torch.randn(4, 64)).clamp(0.0, 1.0)
print(noisy.mean(), torch.rand_like(noisy).shape, (noisy > 0.5).float().mean(1))
