"""A Llama-style decoder: rotary embeddings, grouped queries, SwiGLU, a cache, nucleus sampling."""

import math

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(42)


class RMSNorm(nn.Module):
    def __init__(self, dim: int, eps: float = 1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        x32 = x.float()
        return (x32 * torch.rsqrt(x32.pow(2).mean(-1, keepdim=True) + self.eps)).type_as(
            x
        ) * self.weight


def rotate(x, cos, sin):
    even, odd = x.float().reshape((*x.shape[:-1], -1, 2)).unbind(-1)
    cos, sin = cos[None, :, None, :], sin[None, :, None, :]
    turned = torch.stack([even * cos - odd * sin, even * sin + odd * cos], dim=-1)
    return turned.flatten(3).type_as(x)


class Attention(nn.Module):
    def __init__(self, dim=32, heads=4, kv_heads=2, length=32):
        super().__init__()
        self.heads, self.kv_heads, self.size = heads, kv_heads, dim // heads
        self.wq = nn.Linear(dim, dim, bias=False)
        self.wkv = nn.Linear(dim, 2 * kv_heads * self.size, bias=False)
        self.wo = nn.Linear(dim, dim, bias=False)
        cache = torch.zeros(2, 2, length, kv_heads, self.size)
        self.register_buffer("cache", cache, persistent=False)

    def forward(self, x, start, cos, sin, cached):
        B, T, _ = x.shape
        q = self.wq(x).view(B, T, self.heads, self.size)
        k, v = self.wkv(x).view(B, T, 2, self.kv_heads, self.size).unbind(2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        if cached:
            self.cache[0, :B, start : start + T], self.cache[1, :B, start : start + T] = k, v
            k, v = self.cache[:, :B, : start + T]
        k, v = (t.repeat_interleave(self.heads // self.kv_heads, 2) for t in (k, v))
        q, k, v = (t.transpose(1, 2) for t in (q, k, v))
        scores = q @ k.transpose(2, 3) / math.sqrt(self.size)
        future = torch.full((T, start + T), float("-inf")).triu(start + 1) if cached else None
        if future is None:
            future = torch.full((T, T), float("-inf")).triu(1)
        weights = F.softmax((scores + future).float(), dim=-1).type_as(q)
        return self.wo((weights @ v).transpose(1, 2).contiguous().view(B, T, -1))


class Block(nn.Module):
    def __init__(self, dim, hidden=64):
        super().__init__()
        self.attention, self.norm1, self.norm2 = Attention(dim), RMSNorm(dim), RMSNorm(dim)
        self.w1, self.w3 = (nn.Linear(dim, hidden, bias=False) for _ in range(2))
        self.w2 = nn.Linear(hidden, dim, bias=False)

    def forward(self, x, *args):
        x = x + self.attention(self.norm1(x), *args)
        h = self.norm2(x)
        return x + self.w2(F.silu(self.w1(h)) * self.w3(h))


class Llama(nn.Module):
    def __init__(self, vocab=17, dim=32, depth=2):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.layers = nn.ModuleList([Block(dim) for _ in range(depth)])
        self.norm, self.head = RMSNorm(dim), nn.Linear(dim, vocab, bias=False)
        frequency = 1.0 / (10000.0 ** (torch.arange(0, 8, 2).float() / 8))
        angle = torch.outer(torch.arange(64), frequency)
        self.cos, self.sin = angle.cos(), angle.sin()

    def forward(self, tokens, start=0, cached=False):
        where = slice(start, start + tokens.size(1))
        h = self.embed(tokens)
        for layer in self.layers:
            h = layer(h, start, self.cos[where], self.sin[where], cached)
        return self.head(self.norm(h)).float()


model = Llama()
print(model, sum(p.numel() for p in model.parameters()), list(model.state_dict())[:3])
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, betas=(0.9, 0.95), weight_decay=0.1)
text = torch.arange(60).remainder(17).view(4, 15)
for step in range(30):
    logits = model(text[:, :-1])
    loss = F.cross_entropy(logits.transpose(1, 2), text[:, 1:], label_smoothing=0.05)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 9:
        print(step, loss)


@torch.inference_mode()
def generate(tokens, n, temperature=0.6, top_p=0.9):
    done = 0
    for _ in range(n):
        logits = model(tokens[:, done:], done, cached=True)
        done = tokens.size(1)
        probs, order = torch.softmax(logits[:, -1] / temperature, dim=-1).sort(descending=True)
        probs[probs.cumsum(-1) - probs > top_p] = 0.0
        probs.div_(probs.sum(dim=-1, keepdim=True))
        chosen = torch.gather(order, -1, torch.multinomial(probs, num_samples=1))
        tokens = torch.cat([tokens, chosen], 1)
    return tokens


print(generate(text[:2, :4], 8))
with torch.no_grad():
    whole = model(text[:2, :6])
    parts = torch.cat([model(text[:2, :4], 0, True), model(text[:2, 4:6], 4, True)], 1)
print(torch.allclose(whole, parts, atol=1e-5), whole[0, -1, :5])
half = model.to(torch.bfloat16)
print(half.embed.weight.dtype, half.norm(torch.ones(2, 32).bfloat16()).dtype)
