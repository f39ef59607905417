"""LoRA in two ways: as a parametrisation of the weight, and as a layer that merges itself."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils import parametrize

torch.manual_seed(0)


class LoRA(nn.Module):
    def __init__(self, fan_in, fan_out, rank=1, alpha=1):
        super().__init__()
        self.A = nn.Parameter(torch.zeros(rank, fan_out))
        self.B = nn.Parameter(torch.zeros(fan_in, rank))
        nn.init.normal_(self.A, mean=0, std=1)
        self.scale, self.enabled = alpha / rank, True

    def forward(self, weight):
        if not self.enabled:
            return weight
        return weight + torch.matmul(self.B, self.A).T.view(weight.shape) * self.scale


net = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 3))
original = {n: p.clone().detach() for n, p in net.named_parameters()}
for layer in net:
    if isinstance(layer, nn.Linear):
        adapter = LoRA(layer.in_features, layer.out_features, rank=2, alpha=4)
        parametrize.register_parametrization(layer, "weight", adapter)
print(net)
for name, p in net.named_parameters():
    p.requires_grad = name.endswith((".A", ".B"))
trained = sum(p.numel() for p in net.parameters() if p.requires_grad)
print(f"{trained} of {sum(p.numel() for p in net.parameters())} parameters are trained")

x = torch.randn(64, 6)
y = (x.sum(1) > 0).long() + (x[:, 0] > 1).long()
optimizer = torch.optim.AdamW(filter(lambda p: p.requires_grad, net.parameters()), lr=0.05)
for step in range(20):
    loss = F.cross_entropy(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 5 == 0:
        print(step, loss.item())
change = net[0].weight - original["0.weight"]
print(torch.equal(net[0].parametrizations.weight.original, original["0.weight"]))
print(change.norm(), torch.linalg.matrix_rank(change))
net[0].parametrizations.weight[0].enabled = False
print(torch.equal(net[0].weight, original["0.weight"]), list(net.state_dict())[:4])


class MergingLinear(nn.Linear):
    def __init__(self, fan_in, fan_out, r=4, **options):
        super().__init__(fan_in, fan_out, **options)
        self.lora_A = nn.Parameter(self.weight.new_zeros((r, fan_in)))
        self.lora_B = nn.Parameter(self.weight.new_zeros((fan_out, r)))
        self.weight.requires_grad = False
        self.merged = False
        self.reset_parameters()

    def reset_parameters(self):
        nn.Linear.reset_parameters(self)
        if hasattr(self, "lora_A"):
            nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
            nn.init.zeros_(self.lora_B)

    def train(self, mode=True):
        nn.Linear.train(self, mode)
        if mode == self.merged:
            self.weight.data += (-1 if mode else 1) * (self.lora_B @ self.lora_A)
            self.merged = not mode
        return self

    def forward(self, x):
        out = F.linear(x, self.weight, self.bias)
        return out if self.merged else out + x @ self.lora_A.mT @ self.lora_B.mT


layer = MergingLinear(6, 3, r=2, bias=False)
layer.lora_B.data.normal_()
before = layer(x[:2])
print(layer, layer.eval().merged, torch.allclose(layer(x[:2]), before, atol=1e-6))
layer.train()
print(layer.merged, before, layer.state_dict().keys())
