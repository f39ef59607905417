"""Gradient clipping, accumulation over micro-batches, and norms."""

import torch
import torch.nn as nn
from torch.nn.utils import (
    clip_grad_norm_,
    clip_grad_value_,
    parameters_to_vector,
    vector_to_parameters,
)

torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
x, y = torch.randn(16, 4) * 10, torch.randn(16, 1)
loss = nn.functional.mse_loss(model(x), y)
loss.backward()
total = torch.norm(torch.stack([p.grad.norm(2) for p in model.parameters()]))
print(total, clip_grad_norm_(model.parameters(), max_norm=1.0))
after = torch.linalg.vector_norm(torch.cat([p.grad.flatten() for p in model.parameters()]))
print(after, model[2].bias.grad)
clip_grad_value_(model.parameters(), 0.05)
print(max(p.grad.abs().max().item() for p in model.parameters()))
print(nn.utils.clip_grad_norm_(model.parameters(), 0.1, norm_type=float("inf")))
full = [p.grad.clone() for p in model.parameters()]
model.zero_grad()
print([p.grad for p in model.parameters()])
steps = 4
for xb, yb in zip(x.chunk(steps), y.chunk(steps)):
    (nn.functional.mse_loss(model(xb), yb) / steps).backward()
accumulated = [p.grad.clone() for p in model.parameters()]
model.zero_grad(set_to_none=False)
print(model[0].bias.grad)
nn.functional.mse_loss(model(x), y).backward()
print(all(torch.allclose(a, p.grad, rtol=1e-4) for a, p in zip(accumulated, model.parameters())))
vector = parameters_to_vector(model.parameters())
print(vector.shape, vector[:4], vector.norm())
vector_to_parameters(torch.zeros_like(vector), model.parameters())
print(model(x).abs().sum().item(), sum(p.abs().sum() for p in model.parameters()))
w = torch.ones(3, requires_grad=True)
(w * torch.tensor([1.0, float("nan"), 2.0])).sum().backward()
print(w.grad, clip_grad_norm_(w, 1.0), w.grad)
try:
    clip_grad_norm_([w], 1.0, error_if_nonfinite=True)
except RuntimeError as error:
    print(error)
w.grad = torch.tensor([3.0, 4.0, 0.0])
print(
    w.grad.norm(),
    w.grad.norm(p=1),
    w.grad.norm(float("inf")),
    torch.norm(w.grad, dim=0, keepdim=True),
)
w.grad.data.clamp_(-1, 1)
print(w.grad)
