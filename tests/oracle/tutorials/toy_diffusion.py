"""Denoising diffusion: a small U-Net with time embeddings learns noise, then removes it stepwise."""

import math
from functools import partial
from inspect import isfunction

import torch
import torch.nn.functional as F
from torch import nn


def exists(x):
    return x is not None


def default(val, d):
    if exists(val):
        return val
    return d() if isfunction(d) else d


class SinusoidalPositionEmbeddings(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, time):
        half_dim = self.dim // 2
        embeddings = math.log(10000) / (half_dim - 1)
        embeddings = torch.exp(torch.arange(half_dim, device=time.device) * -embeddings)
        embeddings = time[:, None] * embeddings[None, :]
        return torch.cat((embeddings.sin(), embeddings.cos()), dim=-1)


class Block(nn.Module):
    def __init__(self, dim, dim_out, *, time_emb_dim=None, groups=4):
        super().__init__()
        self.mlp = nn.Sequential(nn.SiLU(), nn.Linear(time_emb_dim, dim_out * 2))
        self.proj = nn.Conv2d(dim, dim_out, 3, padding=1)
        self.norm = nn.GroupNorm(groups, dim_out)
        self.res = nn.Conv2d(dim, dim_out, 1) if dim != dim_out else nn.Identity()

    def forward(self, x, t):
        scale, shift = self.mlp(t)[(..., None, None)].chunk(2, dim=1)
        return F.silu(self.norm(self.proj(x)) * (scale + 1) + shift) + self.res(x)


class Unet(nn.Module):
    def __init__(self, dim=8):
        super().__init__()
        block = partial(Block, time_emb_dim=16)
        self.time = nn.Sequential(SinusoidalPositionEmbeddings(dim), nn.Linear(dim, 16), nn.GELU())
        self.init = nn.Conv2d(1, dim, 1)
        self.downs = nn.ModuleList([block(dim, dim), nn.Conv2d(dim, 2 * dim, 4, 2, 1)])
        self.mid = block(2 * dim, 2 * dim)
        self.up = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(2 * dim, dim, 3, padding=1))
        self.last, self.out = block(2 * dim, dim), nn.Conv2d(dim, 1, 1)

    def forward(self, x, time):
        t, h = self.time(time), []
        x = self.downs[0](self.init(x), t)
        h.append(x)
        x = self.up(self.mid(self.downs[1](x), t))
        return self.out(self.last(torch.cat((x, h.pop()), dim=1), t))


def cosine_beta_schedule(timesteps, s=0.008):
    x = torch.linspace(0, timesteps, timesteps + 1)
    kept = torch.cos(((x / timesteps) + s) / (1 + s) * torch.pi * 0.5) ** 2
    kept = kept / kept[0]
    return torch.clip(1 - (kept[1:] / kept[:-1]), 0.0001, 0.9999)


timesteps = 20
betas = cosine_beta_schedule(timesteps)
alphas = 1.0 - betas
alphas_cumprod = torch.cumprod(alphas, axis=0)
alphas_cumprod_prev = F.pad(alphas_cumprod[:-1], (1, 0), value=1.0)
posterior_variance = betas * (1.0 - alphas_cumprod_prev) / (1.0 - alphas_cumprod)
print(betas, alphas_cumprod_prev, posterior_variance)


def extract(a, t, x_shape):
    out = a.gather(-1, t.cpu())
    return out.reshape(t.shape[0], *((1,) * (len(x_shape) - 1))).to(t.device)


def q_sample(x0, t, noise=None):
    noise = default(noise, lambda: torch.randn_like(x0))
    kept = extract(alphas_cumprod, t, x0.shape)
    return kept.sqrt() * x0 + (1 - kept).sqrt() * noise


@torch.no_grad()
def p_sample(model, x, t, t_index):
    noise = extract(betas / (1 - alphas_cumprod).sqrt(), t, x.shape) * model(x, t)
    mean = extract(1 / alphas.sqrt(), t, x.shape) * (x - noise)
    if t_index == 0:
        return mean
    return mean + extract(posterior_variance, t, x.shape).sqrt() * torch.randn_like(x)


torch.manual_seed(1)
model = Unet()
print(sum(p.numel() for p in model.parameters()))
opt = torch.optim.Adam(model.parameters(), lr=2e-3)
edges = torch.randint(1, 7, (32, 1))
imgs = (torch.arange(8)[None] > edges).float()[:, None, None].expand(-1, -1, 8, -1) * 2 - 1
for step in range(12):
    batch = imgs[torch.randperm(32)[:8]]
    t = torch.randint(0, timesteps, (8,)).long()
    noise = torch.randn_like(batch)
    loss = F.smooth_l1_loss(noise, model(q_sample(batch, t, noise), t))
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(f"Loss: {loss.item():.5f}")
x = torch.randn(2, 1, 8, 8)
for i in reversed(range(timesteps - 5)):
    x = p_sample(model, x, torch.full((2,), i, dtype=torch.long), i)
print(x.shape, x.isfinite().all())
