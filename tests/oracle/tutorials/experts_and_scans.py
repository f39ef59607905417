"""A mixture of experts with top-k routing, and a selective state space layer."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class Experts(nn.Module):
    def __init__(self, d, n=4, k=2):
        super().__init__()
        self.gate = nn.Linear(d, n, bias=False)
        self.experts = nn.ModuleList(
            [nn.Sequential(nn.Linear(d, 2 * d), nn.SiLU(), nn.Linear(2 * d, d)) for _ in range(n)]
        )
        self.k, self.n = k, n

    def forward(self, x):
        shape = x.shape
        x = x.view(-1, shape[-1])
        logits = self.gate(x)
        weights, selected = torch.topk(logits, self.k)
        weights = F.softmax(weights, dim=1, dtype=torch.float).to(x.dtype)
        out = torch.zeros_like(x)
        for i, expert in enumerate(self.experts):
            row, nth = torch.where(selected == i)
            out[row] += weights[row, nth, None] * expert(x[row])
        load = F.one_hot(selected, self.n).float().sum(1).mean(0)
        balance = self.n * (load * logits.softmax(-1).mean(0)).sum()
        return out.view(shape), balance


class SelectiveScan(nn.Module):
    def __init__(self, d, states=4, rank=2, width=3, expand=2):
        super().__init__()
        inner = expand * d
        self.sizes = [rank, states, states]
        self.in_proj = nn.Linear(d, 2 * inner, bias=False)
        self.conv1d = nn.Conv1d(inner, inner, width, groups=inner, padding=width - 1)
        self.x_proj = nn.Linear(inner, sum(self.sizes), bias=False)
        self.dt_proj = nn.Linear(rank, inner)
        self.A_log = nn.Parameter(torch.arange(1, states + 1).float().repeat(inner, 1).log())
        self.D = nn.Parameter(torch.ones(inner))
        self.out_proj = nn.Linear(inner, d, bias=False)

    def forward(self, x):
        length = x.size(1)
        x, gate = self.in_proj(x).chunk(2, dim=-1)
        x = F.silu(self.conv1d(x.transpose(1, 2))[:, :, :length].transpose(1, 2))
        dt, B, C = self.x_proj(x).split(self.sizes, -1)
        dt = F.softplus(self.dt_proj(dt))
        decay = torch.exp(torch.einsum("bld,dn->bldn", dt, -torch.exp(self.A_log)))
        drive = torch.einsum("bld,bln,bld->bldn", dt, B, x)
        state, outputs = torch.zeros_like(decay[:, 0]), []
        for t in range(length):
            state = decay[:, t] * state + drive[:, t]
            outputs.append(torch.einsum("bdn,bn->bd", state, C[:, t]))
        return self.out_proj((torch.stack(outputs, 1) + x * self.D) * F.silu(gate))


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.scan, self.experts = SelectiveScan(d), Experts(d)
        self.norm1, self.norm2 = nn.RMSNorm(d), nn.RMSNorm(d)

    def forward(self, x):
        x = x + self.scan(self.norm1(x))
        out, balance = self.experts(self.norm2(x))
        return x + out, balance


model = Block(8)
print(model)
data = torch.randn(16, 10, 8)
target = data.cumsum(1).tanh()  # what went in before
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.01)
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda i: min(1.0, (i + 1) / 5))
for step in range(15):
    out, balance = model(data)
    loss = F.mse_loss(out, target) + 0.01 * balance
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    schedule.step()
    if step % 5 == 4:
        print(step, f"{loss.item():.5f} {balance:.4f} {norm:.4f}", schedule.get_last_lr())
print([round(e[0].weight.grad.norm().item(), 4) for e in model.experts.experts])
print(model.scan.A_log.grad.sum(), out[0, -1])
