"""A variational autoencoder, by the reparametrization trick and by torch.distributions."""

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn, optim
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(1)
images = torch.tensor(load_digits().data[:256] / 16.0, dtype=torch.float32)
loader = DataLoader(TensorDataset(images), batch_size=64, shuffle=True)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 32)
        self.fc21 = nn.Linear(32, 4)
        self.fc22 = nn.Linear(32, 4)
        self.fc3 = nn.Linear(4, 32)
        self.fc4 = nn.Linear(32, 64)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 64))
        z = self.reparameterize(mu, logvar)
        return self.decode(z), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    bce = F.binary_cross_entropy(recon_x, x.view(-1, 64), reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return bce + kld


model = VAE()
optimizer = optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(1, 4):
    model.train()
    train_loss = 0
    for batch_idx, (data,) in enumerate(loader):
        optimizer.zero_grad()
        recon_batch, mu, logvar = model(data)
        loss = loss_function(recon_batch, data, mu, logvar)
        loss.backward()
        train_loss += loss.item()
        optimizer.step()
    print(f"====> Epoch: {epoch} Average loss: {train_loss / len(images):.2f}")

with torch.no_grad():
    print(model.decode(torch.randn(2, 4))[:, :5])

mu, logvar = model.encode(images)
posterior = Normal(mu[:3], (0.5 * logvar[:3]).exp())
prior = Normal(torch.zeros(4), torch.ones(4))
print(posterior, prior.batch_shape)
z = posterior.rsample()
likelihood = Independent(Bernoulli(probs=model.decode(z)), 1)
elbo = likelihood.log_prob(images[:3].round()) - kl_divergence(posterior, prior).sum(-1)
print(elbo.shape, f"{elbo.mean().item():.2f}", likelihood.event_shape)
(-elbo.mean()).backward()
print(f"{model.fc21.weight.grad.norm():.3f}")
