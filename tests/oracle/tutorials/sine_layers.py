"""A network of sine layers fits a function; its gradient and Laplacian by autograd."""

import numpy as np
import torch
from torch import nn


def gradient(y, x, grad_outputs=None):
    if grad_outputs is None:
        grad_outputs = torch.ones_like(y)
    return torch.autograd.grad(y, [x], grad_outputs=grad_outputs, create_graph=True)[0]


def divergence(y, x):
    div = 0.0
    for i in range(y.shape[-1]):
        div += torch.autograd.grad(y[..., i], x, torch.ones_like(y[..., i]), create_graph=True)[0][
            ..., i : i + 1
        ]
    return div


def laplace(y, x):
    return divergence(gradient(y, x), x)


class SineLayer(nn.Module):
    def __init__(self, i, o, bias=True, is_first=False, omega_0=30):
        super().__init__()
        self.omega_0, self.is_first, self.in_features = omega_0, is_first, i
        self.linear = nn.Linear(i, o, bias=bias)
        self.init_weights()

    def init_weights(self):
        with torch.no_grad():
            if self.is_first:
                self.linear.weight.uniform_(-1 / self.in_features, 1 / self.in_features)
            else:
                self.linear.weight.uniform_(
                    -np.sqrt(6 / self.in_features) / self.omega_0,
                    np.sqrt(6 / self.in_features) / self.omega_0,
                )

    def forward(self, input):
        return torch.sin(self.omega_0 * self.linear(input))


class Siren(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = [
            SineLayer(2, 32, is_first=True, omega_0=10),
            SineLayer(32, 32, omega_0=10),
            nn.Linear(32, 1),
        ]
        self.net = nn.Sequential(*self.net)

    def forward(self, coords):
        coords = coords.clone().detach().requires_grad_(True)
        return self.net(coords), coords


def get_mgrid(sidelen, dim=2):
    tensors = tuple(dim * [torch.linspace(-1, 1, steps=sidelen)])
    return torch.stack(torch.meshgrid(*tensors, indexing="ij"), dim=-1).reshape(-1, dim)


torch.manual_seed(0)
grid = get_mgrid(12)
gt = torch.sin(3 * grid[:, :1]) * torch.cos(2 * grid[:, 1:])
net = Siren()
opt = torch.optim.Adam(lr=1e-3, params=net.parameters())
for step in range(20):
    out, coords = net(grid)
    loss = ((out - gt) ** 2).mean()
    if step % 5 == 0:
        g = gradient(out, coords)
        l = laplace(out, coords)
        print("Step %d, Total loss %0.6f" % (step, loss), g.norm(dim=-1).mean(), l.mean().item())
    opt.zero_grad()
    loss.backward()
    opt.step()
