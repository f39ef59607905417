"""A vision transformer: patches, class token, stochastic depth, no decay for biases."""

import math
from collections import OrderedDict
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class Config:
    image_size: int = 16
    patch_size: int = 4
    dim: int = 24
    depth: int = 2
    heads: int = 3
    mlp_ratio: float = 2.0
    num_classes: int = 5
    dropout: float = 0.1


class DropPath(nn.Module):
    def __init__(self, p=0.0):
        super().__init__()
        self.p = p

    def forward(self, x):
        if self.p == 0.0 or not self.training:
            return x
        keep = 1 - self.p
        shape = (x.shape[0],) + (1,) * (x.ndim - 1)
        mask = keep + torch.rand(shape, dtype=x.dtype, device=x.device)
        mask.floor_()
        return x.div(keep) * mask

    def extra_repr(self):
        return f"p={self.p:.2f}"


class PatchEmbed(nn.Module):
    def __init__(self, cfg):
        super().__init__()
        self.n = (cfg.image_size // cfg.patch_size) ** 2
        self.proj = nn.Conv2d(3, cfg.dim, kernel_size=cfg.patch_size, stride=cfg.patch_size)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class Attention(nn.Module):
    def __init__(self, dim, heads, drop):
        super().__init__()
        self.num_heads, self.scale = heads, (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, dim * 3, bias=False)
        self.attn_drop, self.proj = nn.Dropout(drop), nn.Linear(dim, dim)

    def forward(self, x: Tensor):
        B, N, C = x.shape
        q, k, v = (
            self.qkv(x)
            .reshape(B, N, 3, self.num_heads, C // self.num_heads)
            .permute(2, 0, 3, 1, 4)
            .unbind(0)
        )
        attn = (q @ k.transpose(-2, -1)) * self.scale
        attn = self.attn_drop(attn.softmax(dim=-1))
        self.last = attn.detach()
        return self.proj((attn @ v).transpose(1, 2).reshape(B, N, C))


class Block(nn.Module):
    def __init__(self, cfg, dp):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(cfg.dim), nn.LayerNorm(cfg.dim)
        self.attn, self.drop_path = Attention(cfg.dim, cfg.heads, cfg.dropout), DropPath(dp)
        h = int(cfg.dim * cfg.mlp_ratio)
        self.mlp = nn.Sequential(
            OrderedDict(
                [
                    ("fc1", nn.Linear(cfg.dim, h)),
                    ("act", nn.GELU(approximate="tanh")),
                    ("fc2", nn.Linear(h, cfg.dim)),
                    ("drop", nn.Dropout(cfg.dropout)),
                ]
            )
        )

    def forward(self, x):
        x = x + self.drop_path(self.attn(self.norm1(x)))
        return x + self.drop_path(self.mlp(self.norm2(x)))


class ViT(nn.Module):
    def __init__(self, cfg=Config()):
        super().__init__()
        self.patch_embed = PatchEmbed(cfg)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, cfg.dim))
        self.pos_embed = nn.Parameter(torch.zeros(1, self.patch_embed.n + 1, cfg.dim))
        dpr = [x.item() for x in torch.linspace(0, 0.2, cfg.depth)]
        self.blocks = nn.ModuleList([Block(cfg, dpr[i]) for i in range(cfg.depth)])
        self.norm, self.head = nn.LayerNorm(cfg.dim, eps=1e-6), nn.Linear(cfg.dim, cfg.num_classes)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        self.apply(self._init_weights)

    def _init_weights(self, m):
        if isinstance(m, nn.Linear):
            nn.init.trunc_normal_(m.weight, std=0.02)
            if isinstance(m, nn.Linear) and m.bias is not None:
                nn.init.constant_(m.bias, 0)
        elif isinstance(m, nn.LayerNorm):
            nn.init.constant_(m.bias, 0)
            nn.init.constant_(m.weight, 1.0)

    @torch.jit.ignore
    def no_weight_decay(self):
        return {"pos_embed", "cls_token"}

    def forward(self, x):
        x = self.patch_embed(x)
        x = torch.cat((self.cls_token.expand(x.size(0), -1, -1), x), dim=1) + self.pos_embed
        for blk in self.blocks:
            x = blk(x)
        return self.head(self.norm(x)[:, 0])


torch.manual_seed(0)
x = torch.randn(20, 3, 16, 16)
y = x.mean((1, 2, 3)).argsort().argsort() % 5
x = x + y.view(-1, 1, 1, 1) * 0.3
for net in (ViT(),):
    print(net)
    decay, no_decay = [], []
    skip = net.no_weight_decay() if hasattr(net, "no_weight_decay") else ()
    for n, p in net.named_parameters():
        (no_decay if p.ndim == 1 or n.endswith(".bias") or n in skip else decay).append(p)
    opt = torch.optim.AdamW(
        [dict(params=no_decay, weight_decay=0.0), dict(params=decay, weight_decay=0.05)], lr=3e-3
    )
    print(len(decay), len(no_decay), [g["weight_decay"] for g in opt.param_groups])
    sched = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda s: min((s + 1) / 3, 0.5 * (1 + math.cos(math.pi * s / 8)))
    )
    crit = nn.CrossEntropyLoss(label_smoothing=0.1)
    for s in range(8):
        net.train()
        opt.zero_grad()
        out = net(x)
        loss = crit(out, y)
        loss.backward()
        gn = torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        opt.step()
        sched.step()
        print(
            s,
            f"{loss.item():.4f} {gn:.4f} lr {sched.get_last_lr()[0]:.6f}",
            (out.argmax(-1) == y).float().mean().item(),
        )
