"""Names by letters, packed sequences, attention, beams, CTC, parts of a transformer."""

import math
import random
import string

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import (
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
    unpad_sequence,
)

torch.manual_seed(0)
random.seed(0)
letters = string.ascii_lowercase + " "


def enc(w):
    t = torch.zeros(len(w), 1, len(letters))
    [t[i][0].__setitem__(letters.find(c), 1) for i, c in enumerate(w)]
    return t


class RNN(nn.Module):
    def __init__(self, i, h, o):
        super().__init__()
        self.h = h
        self.i2h, self.h2h, self.h2o, self.sm = (
            nn.Linear(i, h),
            nn.Linear(h, h),
            nn.Linear(h, o),
            nn.LogSoftmax(dim=1),
        )

    def forward(self, x, h):
        h = torch.tanh(self.i2h(x) + self.h2h(h))
        return self.sm(self.h2o(h)), h

    def init(self):
        return torch.zeros(1, self.h)


rnn = RNN(27, 8, 2)
data = [("anna", 0), ("bob", 1), ("eva", 0), ("karl", 1)]
for ep in range(3):
    for w, y in data:
        h = rnn.init()
        rnn.zero_grad()
        l = enc(w)
        for i in range(l.size(0)):
            o, h = rnn(l[i], h)
        loss = nn.NLLLoss()(o, torch.tensor([y]))
        loss.backward()
        for p in rnn.parameters():
            p.data.add_(p.grad.data, alpha=-0.1)
    tv, ti = o.topk(1)
    print(ep, loss.item(), tv[0].item(), ti[0].item())
# packed
seqs = [torch.arange(1.0, n + 1) for n in (4, 2, 3)]
lens = torch.tensor([4, 2, 3])
pad = pad_sequence(seqs, batch_first=True)
print(pad)
pk = pack_padded_sequence(pad.unsqueeze(-1), lens, batch_first=True, enforce_sorted=False)
print(pk)
g = nn.GRU(1, 3, batch_first=True, bidirectional=True, num_layers=2)
o, h = g(pk)
po, pl = pad_packed_sequence(o, batch_first=True, padding_value=-1.0)
print(po.shape, pl, h.shape, po[1])
print(
    unpad_sequence(pad, lens, batch_first=True),
    unpack_sequence(pack_sequence([torch.ones(2), torch.zeros(1)])),
    pk.data.shape,
    pk.is_cuda,
    pk.to(torch.double).data.dtype,
    pad_sequence(seqs, padding_side="left", batch_first=True),
)
l = nn.LSTM(3, 4, 2, dropout=0.0)
o, (h, c) = l(torch.randn(5, 2, 3))
print(
    o.shape,
    h.shape,
    c.shape,
    torch.equal(o[-1], h[-1]),
    [(n, tuple(p.shape)) for n, p in l.named_parameters()],
    l.all_weights[0][0].shape,
    l.weight_ih_l0.shape,
)
cell = nn.LSTMCell(3, 4)
hx, cx = cell(torch.randn(2, 3))
print(hx, cx.shape)
l.flatten_parameters()
for n, p in l.named_parameters():
    if "weight_hh" in n:
        nn.init.orthogonal_(p)
    elif "bias" in n:
        p.data.fill_(0)
        k = p.size(0)
        p.data[k // 4 : k // 2].fill_(1)
print(l.bias_ih_l0, l.weight_hh_l0.sum())


# seq2seq Bahdanau, teacher forcing, greedy and beam search
class Att(nn.Module):
    def __init__(self, h):
        super().__init__()
        self.Wa, self.Ua, self.Va = nn.Linear(h, h), nn.Linear(h, h), nn.Linear(h, 1)

    def forward(self, q, k):
        w = F.softmax(self.Va(torch.tanh(self.Wa(q) + self.Ua(k))).squeeze(2).unsqueeze(1), -1)
        return torch.bmm(w, k), w


class S2S(nn.Module):
    def __init__(self, v=6, h=8):
        super().__init__()
        self.e, self.enc, self.att, self.dec, self.out = (
            nn.Embedding(v, h, padding_idx=0),
            nn.GRU(h, h, batch_first=True),
            Att(h),
            nn.GRU(2 * h, h, batch_first=True),
            nn.Linear(h, v),
        )

    def step(self, t, h, k):
        c, w = self.att(h.permute(1, 0, 2), k)
        o, h = self.dec(torch.cat((F.relu(self.e(t)), c), 2), h)
        return self.out(o), h, w

    def forward(self, x, y=None, n=4):
        k, h = self.enc(self.e(x))
        t = torch.ones(x.size(0), 1, dtype=torch.long)
        outs, ws = [], []
        for i in range(n):
            o, h, w = self.step(t, h, k)
            outs.append(o)
            ws.append(w)
            t = y[:, i].unsqueeze(1) if y is not None else o.topk(1)[1].squeeze(-1).detach()
        return F.log_softmax(torch.cat(outs, 1), -1), torch.cat(ws, 1)


m = S2S()
x = torch.tensor([[2, 3, 4], [4, 5, 0]])
y = torch.tensor([[4, 3, 2, 1], [5, 4, 1, 0]])
opt = torch.optim.Adam(m.parameters(), 1e-2)
crit = nn.NLLLoss(ignore_index=0)
for i in range(15):
    opt.zero_grad()
    lp, w = m(x, y)
    loss = crit(lp.view(-1, 6), y.view(-1))
    loss.backward()
    opt.step()
print(loss, w[0], m(x)[0].argmax(-1), m.e.weight[0], m.e.weight.grad[0].abs().sum())


def beam(m, x, k=3, n=4):
    with torch.no_grad():
        K, h = m.enc(m.e(x))
        beams = [(0.0, [1], h)]
        for _ in range(n):
            c = []
            for s, seq, h in beams:
                o, h2, _ = m.step(torch.tensor([[seq[-1]]]), h, K)
                lp = F.log_softmax(o[0, -1], -1)
                v, i = lp.topk(k)
                c += [(s + a.item(), seq + [b.item()], h2) for a, b in zip(v, i)]
            beams = sorted(c, key=lambda t: t[0], reverse=True)[:k]
    return [(round(s, 3), q) for s, q, _ in beams]


print(beam(m, x[:1]))
# sampling
logits = torch.tensor([2.0, 1.0, 0.5, -1.0])
v, i = logits.topk(2)
top = torch.full_like(logits, float("-inf")).scatter_(0, i, v)
print(top, top.softmax(0))
sl, si = logits.sort(descending=True)
cp = sl.softmax(0).cumsum(0)
rem = cp > 0.8
rem[1:] = rem[:-1].clone()
rem[0] = False
print(
    logits.masked_fill(rem.scatter(0, si, rem), -float("inf")),
    [torch.multinomial((logits / T).softmax(0), 1).item() for T in (0.5, 1.0, 2.0)],
    F.gumbel_softmax(logits[None], hard=True),
    F.gumbel_softmax(logits[None], tau=0.5),
)
# CTC
T_, N_, C_ = 10, 2, 4
lg = torch.randn(T_, N_, C_).log_softmax(2).detach().requires_grad_()
tg = torch.tensor([1, 2, 1, 3, 3])
print(
    F.ctc_loss(lg, tg, (10, 8), (3, 2)),
    nn.CTCLoss(reduction="none", zero_infinity=True)(
        lg, torch.tensor([[1, 2, 1], [3, 3, 0]]), torch.tensor([10, 8]), torch.tensor([3, 2])
    ).detach(),
)
F.ctc_loss(lg, tg, (10, 8), (3, 2)).backward()
print(lg.grad.abs().sum(), lg.grad[0])


def greedy(lp):
    p = lp.argmax(-1)
    return [k.item() for k in torch.unique_consecutive(p) if k]


print(greedy(lg[:, 0]), greedy(lg[:, 1]))


# transformer pieces
class PE(nn.Module):
    def __init__(self, d, n=50, p=0.0):
        super().__init__()
        self.dropout = nn.Dropout(p)
        pos = torch.arange(n).unsqueeze(1)
        div = torch.exp(torch.arange(0, d, 2) * (-math.log(1e4) / d))
        pe = torch.zeros(n, 1, d)
        pe[:, 0, 0::2] = torch.sin(pos * div)
        pe[:, 0, 1::2] = torch.cos(pos * div)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return self.dropout(x + self.pe[: x.size(0)])


print(PE(4)(torch.zeros(3, 1, 4)).squeeze())
mask = nn.Transformer.generate_square_subsequent_mask(3)
print(mask, torch.triu(torch.ones(3, 3), 1).bool(), torch.tril(torch.ones(2, 2)))
tr = nn.Transformer(8, 2, 1, 1, 16, dropout=0.0, batch_first=True)
src, tgt = torch.randn(2, 4, 8), torch.randn(2, 3, 8)
kp = torch.tensor([[False] * 4, [False, False, True, True]])
out = tr(src, tgt, tgt_mask=mask, src_key_padding_mask=kp, memory_key_padding_mask=kp)
print(out.shape, out[0, 0])
mha = nn.MultiheadAttention(8, 2, batch_first=True)
o, w = mha(
    src,
    src,
    src,
    attn_mask=torch.triu(torch.full((4, 4), float("-inf")), 1),
    need_weights=True,
    average_attn_weights=False,
)
print(w.shape, w[0, 0])
print(
    mha(src, src, src, need_weights=False)[1],
    mha(src, src, src, is_causal=True, attn_mask=nn.Transformer.generate_square_subsequent_mask(4))[
        1
    ][0],
)
te = nn.TransformerEncoder(
    nn.TransformerEncoderLayer(8, 2, 16, 0.0, "gelu", batch_first=True, norm_first=True),
    2,
    enable_nested_tensor=False,
)
print(te(src, mask=nn.Transformer.generate_square_subsequent_mask(4), is_causal=True)[0, 0])
te.eval()
print(te(src, src_key_padding_mask=kp)[1, 0])
print(
    F.scaled_dot_product_attention(src, src, src, is_causal=True)[0, 1],
    F.scaled_dot_product_attention(src, src, src, attn_mask=torch.ones(4, 4).tril().bool())[0, 1],
)


def rope(x):
    d = x.size(-1)
    f = 1e4 ** (-torch.arange(0, d, 2) / d)
    a = torch.outer(torch.arange(x.size(-2)).float(), f)
    x1, x2 = x[..., ::2], x[..., 1::2]
    return torch.stack((x1 * a.cos() - x2 * a.sin(), x1 * a.sin() + x2 * a.cos()), -1).flatten(-2)


print(rope(src)[0, 1])
alibi = (
    -torch.abs(torch.arange(3)[None] - torch.arange(3)[:, None])
    * torch.tensor([2**-i for i in (4.0, 8.0)])[:, None, None]
)
print(alibi)
