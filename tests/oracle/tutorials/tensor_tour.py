"""A first look at tensors: making them, asking them, computing with them."""

import math

import numpy as np
import torch

x = torch.tensor([[1, 2], [3, 4]])
print(x, x.dtype, x.shape, x.ndim, x.device, x.layout, x.requires_grad)
print(f"Shape of tensor: {x.shape}")
print(f"Datatype of tensor: {x.dtype}")
print(f"Device tensor is stored on: {x.device}")
x_np = torch.from_numpy(np.arange(6, dtype=np.float32).reshape(2, 3))
print(torch.ones_like(x), torch.zeros_like(x_np), torch.full((2, 2), 7.5), torch.full((2,), 3))
shape = (
    2,
    3,
)
print(torch.ones(shape), torch.zeros(2, 3, dtype=torch.int16), torch.empty(0))
print(torch.arange(5), torch.arange(1, 2, 0.25), torch.linspace(0, 1, 5), torch.eye(3))
print(torch.tensor(3.14159), torch.tensor([True, False]), torch.tensor([1e10, 1.0]))
print(torch.tensor([float("nan"), float("inf"), -1.5]), torch.tensor([1e-8, 1.0]))
print(x + 10, x * x, x @ x, x.T, x / 2, x // 2, x % 2, x**2, -x)
print(x.sum(), x.float().mean(), x.max(), x.min(), x.prod(), x.float().std())
print(x.sum().item(), x.sum(dim=0), x.sum(1, keepdim=True), x.argmax(), x.argmax(dim=1))
print(x.max(dim=1))
values, indices = torch.max(x, 0)
print(values, indices)
print(x.numel(), x.nelement(), x.size(), x.size(0), len(x), x.tolist(), x.dim())
print(torch.cat([x, x], dim=1), torch.stack([x, x]).shape, torch.cat((x, x)).size())
print(x.type(), x.float().type(), type(x.tolist()), torch.is_tensor(x), torch.numel(x))
print(torch.sin(torch.tensor([0.0, math.pi / 2])), torch.exp(torch.tensor(1.0)))
print(
    x.view(4), x.reshape(1, -1), x.flatten(), x.unsqueeze(0).shape, x.unsqueeze(-1).squeeze().shape
)
print(torch.sort(torch.tensor([3, 1, 2])))
print(torch.tensor([3.0, 1.0, 2.0]).topk(2))
print(torch.allclose(torch.tensor([1.0]), torch.tensor([1.0 + 1e-9])), torch.equal(x, x.clone()))
print(torch.arange(24).reshape(2, 3, 4))
print(torch.zeros(3, 0), torch.zeros(0, 3).shape, torch.tensor([]), torch.tensor([]).dtype)
print(torch.arange(2000))
print(torch.ones(2, 3, 2).mean((0, 2)), torch.rand(5).shape, torch.randn(2, 3).size(-1))
print(torch.tensor([0.1, 0.12345678, 100000.0]), torch.tensor([123456789.0]), torch.tensor(1e-5))
print(torch.unique(torch.tensor([1, 3, 2, 3, 1]), return_counts=True))
print(x.new_zeros(2), x.new_tensor([1, 2]), x.new_ones((1, 2), dtype=torch.float64))
print(torch.tensor([1, 2, 3]).dot(torch.tensor([4, 5, 6])), torch.outer(x[0], x[1]))
