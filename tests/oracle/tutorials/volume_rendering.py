"""Volume rendering along rays through a tiny radiance field with encoded positions."""

from typing import Tuple

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)


def get_rays(h: int, w: int, focal: float, c2w: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
    i, j = torch.meshgrid(
        torch.arange(w, dtype=torch.float32).to(c2w),
        torch.arange(h, dtype=torch.float32).to(c2w),
        indexing="ij",
    )
    i, j = i.transpose(-1, -2), j.transpose(-1, -2)
    d = torch.stack([(i - w * 0.5) / focal, -(j - h * 0.5) / focal, -torch.ones_like(i)], dim=-1)
    return c2w[:3, -1].expand_as(rd := torch.sum(d[..., None, :] * c2w[:3, :3], dim=-1)), rd


def cumprod_exclusive(t):
    c = torch.cumprod(t, -1)
    c = torch.roll(c, 1, -1)
    c[..., 0] = 1.0
    return c


class PE(nn.Module):
    def __init__(self, d, n, log_space=False):
        super().__init__()
        self.fns = [lambda x: x]
        freqs = (
            2.0 ** torch.linspace(0.0, n - 1, n)
            if log_space
            else torch.linspace(2.0**0.0, 2.0 ** (n - 1), n)
        )
        for f in freqs:
            self.fns.append(lambda x, freq=f: torch.sin(x * freq))
            self.fns.append(lambda x, freq=f: torch.cos(x * freq))

    def forward(self, x):
        return torch.concat([fn(x) for fn in self.fns], dim=-1)


pose = torch.eye(4)
pose[2, 3] = 4.0
ro, rd = get_rays(6, 6, 5.0, pose)
print(ro.shape, rd[0, 0], ro.stride())
t_vals = torch.linspace(0.0, 1.0, 8)
z = 2.0 * (1.0 - t_vals) + 6.0 * t_vals
mids = 0.5 * (z[1:] + z[:-1])
upper = torch.concat([mids, z[-1:]])
lower = torch.concat([z[:1], mids])
z = (lower + (upper - lower) * torch.rand(8)).expand(6, 6, 8)
pts = ro[..., None, :] + rd[..., None, :] * z[..., :, None]
enc = PE(3, 4)
mlp = nn.Sequential(nn.Linear(27, 32), nn.ReLU(), nn.Linear(32, 4))
opt = torch.optim.Adam(list(mlp.parameters()), lr=5e-3)
target = torch.rand(6, 6, 3)
for it in range(5):
    raw = torch.cat(
        [mlp(enc(c)) for c in [pts.reshape(-1, 3)[k : k + 64] for k in range(0, 288, 64)]]
    ).reshape(list(pts.shape[:-1]) + [4])
    dists = z[..., 1:] - z[..., :-1]
    dists = torch.cat([dists, 1e10 * torch.ones_like(dists[..., :1])], dim=-1) * torch.norm(
        rd[..., None, :], dim=-1
    )
    alpha = 1.0 - torch.exp(-nn.functional.relu(raw[..., 3]) * dists)
    w = alpha * cumprod_exclusive(1.0 - alpha + 1e-10)
    rgb = torch.sum(w[..., None] * torch.sigmoid(raw[..., :3]), dim=-2)
    depth = torch.sum(w * z, -1)
    acc = w.sum(-1)
    loss = F.mse_loss(rgb, target)
    opt.zero_grad()
    loss.backward()
    opt.step()
    print(
        it,
        f"{loss.item():.6f} psnr {(-10.0 * torch.log10(loss)).item():.4f}",
        depth.mean(),
        f"{acc.max().item():.4f}",
    )
