"""Ensembles, gradients of single samples and Jacobians with torch.func."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import (
    functional_call,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    stack_module_state,
    vjp,
    vmap,
)

torch.manual_seed(0)


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(20, 16)
        self.fc2 = nn.Linear(16, 10)

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x.flatten(1))))


data, targets = torch.randn(8, 4, 5), torch.randint(10, (8,))
models = [MLP() for _ in range(5)]
params, buffers = stack_module_state(models)
base = copy.deepcopy(models[0])


def call_one(p, b, x):
    return functional_call(base, (p, b), (x,))


together = vmap(call_one, in_dims=(0, 0, None))(params, buffers, data)
print(together.shape, together[:, 0, 0])
print(torch.allclose(together, torch.stack([m(data) for m in models]), atol=1e-5))

weights = {name: p.detach() for name, p in base.named_parameters()}


def loss_of(p, sample, target):
    out = functional_call(base, p, (sample.unsqueeze(0),))
    return F.cross_entropy(out, target.unsqueeze(0))


gradients, losses = vmap(grad_and_value(loss_of), in_dims=(None, 0, 0))(weights, data, targets)
print("losses", losses)
for name, g in gradients.items():
    print(name, tuple(g.shape), g.norm())
norms = torch.stack([g.flatten(1).norm(dim=1) for g in gradients.values()]).norm(dim=0)
factor = 1 / norms.clamp(min=1)
clipped = {n: torch.einsum("n,n...->...", factor, g) / len(data) for n, g in gradients.items()}
print("norms", norms, clipped["fc2.bias"])

jacobians = vmap(jacrev(lambda p, x: call_one(p, {}, x[None])[0]), (None, 0))(weights, data[:3])
flat = torch.cat([j.flatten(2) for j in jacobians.values()], 2)
kernel = torch.einsum("naf,mbf->nmab", flat, flat)
print("tangent kernel", kernel.shape, kernel.diagonal(0, 2, 3).sum(-1))


def f(x):
    return torch.sin(x) * x.sum()


x = torch.randn(4)
print(torch.allclose(jacrev(f)(x), jacfwd(f)(x), atol=1e-6), jacrev(f)(x)[0])
print(hessian(lambda x: (x**3).sum())(x).diag() / x)
print(vmap(hessian(torch.prod))(torch.randn(2, 3)))
_, pull = vjp(f, x)
print(pull(torch.ones(4)), jvp(f, (x,), (torch.ones(4),))[1], linearize(f, x)[1](torch.ones(4)))
print(grad(grad(torch.sin))(torch.tensor(1.0)), grad(lambda a, b: (a * b).sum(), (0, 1))(x, x + 1))
print(grad(lambda x: ((x**2).sum(), x * 2), has_aux=True)(x))
try:
    vmap(lambda x: x + torch.rand(1))(torch.zeros(3))
except RuntimeError as error:
    print(str(error)[:50])
