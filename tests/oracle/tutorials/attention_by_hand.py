"""Self-attention from linear layers, an embedding, a layer norm and a causal mask."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(1337)
text = "hello there general hello"
chars = sorted(set(text))
stoi = {ch: i for i, ch in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text], dtype=torch.long)
print(len(chars), data, data.dtype)


class Head(nn.Module):
    def __init__(self, n_embd, head_size, block_size):
        super().__init__()
        self.key = nn.Linear(n_embd, head_size, bias=False)
        self.query = nn.Linear(n_embd, head_size, bias=False)
        self.value = nn.Linear(n_embd, head_size, bias=False)
        self.register_buffer("tril", torch.tril(torch.ones(block_size, block_size)))

    def forward(self, x):
        _, T, _ = x.shape
        k, q = self.key(x), self.query(x)
        wei = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
        wei = wei.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
        self.wei = F.softmax(wei, dim=-1)
        return self.wei @ self.value(x)


class Model(nn.Module):
    def __init__(self, vocab, n_embd=16, block_size=6):
        super().__init__()
        self.tok = nn.Embedding(vocab, n_embd)
        self.pos = nn.Embedding(block_size, n_embd)
        self.heads = nn.ModuleList([Head(n_embd, 8, block_size) for _ in range(2)])
        self.ln = nn.LayerNorm(n_embd)
        self.ff = nn.Sequential(nn.Linear(n_embd, 32), nn.GELU(), nn.Linear(32, n_embd))
        self.head = nn.Linear(n_embd, vocab)

    def forward(self, idx, targets=None):
        B, T = idx.shape
        x = self.tok(idx) + self.pos(torch.arange(T, device=idx.device))
        x = x + torch.cat([h(self.ln(x)) for h in self.heads], dim=-1)
        x = x + self.ff(self.ln(x))
        logits = self.head(x)
        if targets is None:
            return logits, None
        B, T, C = logits.shape
        return logits, F.cross_entropy(logits.view(B * T, C), targets.view(B * T))


model = Model(len(chars))
print(model)
print(sum(p.numel() for p in model.parameters()), [n for n, _ in model.named_buffers()])


def get_batch(size=4, block=6):
    ix = torch.randint(len(data) - block, (size,))
    return torch.stack([data[i : i + block] for i in ix]), torch.stack(
        [data[i + 1 : i + block + 1] for i in ix]
    )


optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
for it in range(30):
    xb, yb = get_batch()
    logits, loss = model(xb, yb)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    if it % 10 == 0:
        print(it, f"{loss.item():.3f}", logits.shape)
print(model.heads[0].wei[0])
print(torch.allclose(model.heads[0].wei.sum(-1), torch.ones(6)))
idx = torch.zeros((1, 1), dtype=torch.long)
model.eval()
for _ in range(5):
    logits, _ = model(idx[:, -6:])
    probs = F.softmax(logits[:, -1, :] / 0.5, dim=-1)
    idx = torch.cat((idx, probs.argmax(-1, keepdim=True)), dim=1)
print(idx.shape, loss.grad_fn.name(), model.ln(model.tok(idx)).grad_fn.name())
d = 4
pe = torch.zeros(3, d)
position = torch.arange(0, 3, dtype=torch.float).unsqueeze(1)
div_term = torch.exp(torch.arange(0, d, 2).float() * (-math.log(10000.0) / d))
pe[:, 0::2] = torch.sin(position * div_term)
pe[:, 1::2] = torch.cos(position * div_term)
print(pe)
try:
    model.tok(torch.tensor([99]))
except IndexError as error:
    print(error)
try:
    model.tok(torch.tensor([1.0]))
except RuntimeError as error:
    print(str(error)[:60])
