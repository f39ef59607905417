"""Weight and spectral normalization, a parametrization of one's own, lazy layers."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

torch.manual_seed(0)


class Symmetric(nn.Module):
    def forward(self, x):
        return x.triu() + x.triu(1).transpose(-1, -2)


layer = nn.Linear(3, 3)
parametrize.register_parametrization(layer, "weight", Symmetric())
print(layer)
print(layer.weight)
print(torch.equal(layer.weight, layer.weight.T), sorted(layer.state_dict()))
parametrize.remove_parametrizations(layer, "weight")
print(layer, type(layer.weight).__name__)

net = nn.Sequential(
    weight_norm(nn.Linear(2, 8)),
    nn.Tanh(),
    spectral_norm(nn.Linear(8, 8)),
    nn.Softshrink(0.1),
    nn.LazyLinear(1),
)
net(torch.zeros(1, 2))
print(net)
print([name for name, _ in net.named_parameters()])

x = torch.rand(64, 2) * 2 - 1
y = (x[:, :1] * x[:, 1:]).sign()
optimizer = torch.optim.Adam(net.parameters(), lr=0.02)
for step in range(60):
    optimizer.zero_grad()
    loss = F.soft_margin_loss(net(x), y)
    loss.backward()
    optimizer.step()
    if step % 15 == 14:
        print(f"step {step + 1}: loss {loss.item():.3f}")

net.eval()
norm = torch.linalg.matrix_norm(net[2].weight, 2)
print(f"largest singular value: {norm.item():.2f}")
lengths = net[0].weight.norm(dim=1)
print(torch.allclose(lengths, net[0].parametrizations.weight.original0.flatten()))
