"""Message passing by index_add and scatter_reduce: attention over edges, batches of graphs."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def scatter_mean(src, index, dim_size):
    out = src.new_zeros(dim_size, src.size(1)).index_add_(0, index, src)
    cnt = torch.zeros(dim_size, dtype=src.dtype).scatter_add_(
        0, index, torch.ones_like(index, dtype=src.dtype)
    )
    return out / cnt.clamp_(min=1).unsqueeze(-1)


def scatter_softmax(src, index, n):
    mx = torch.full((n,), float("-inf")).scatter_reduce(
        0, index, src, reduce="amax", include_self=True
    )
    e = (src - mx[index]).exp()
    return e / torch.zeros(n).index_add(0, index, e)[index]


class MPNN(nn.Module):
    def __init__(s, d):
        super().__init__()
        s.msg = nn.Sequential(nn.Linear(2 * d + 1, d), nn.ReLU())
        s.upd = nn.GRUCell(d, d)
        s.att = nn.Linear(2 * d, 1, bias=False)

    def forward(s, x, ei, ea):
        src, dst = ei
        m = s.msg(torch.cat([x[src], x[dst], ea[:, None]], -1))
        w = scatter_softmax(
            F.leaky_relu(s.att(torch.cat((x[dst], x[src]), 1)).squeeze(-1), 0.2), dst, x.size(0)
        )
        agg = torch.zeros_like(x).index_add(0, dst, w[:, None] * m)
        return s.upd(agg, x)


torch.manual_seed(0)


def graph():
    n = int(torch.randint(4, 9, (1,)))
    e = torch.randint(n, (2, 3 * n))
    e = e[:, e[0] != e[1]]
    e = torch.unique(torch.cat([e, e.flip(0)], 1), dim=1)
    deg = torch.bincount(e[1], minlength=n).float()
    return torch.randn(n, 6), e, torch.rand(e.size(1)), deg.mean()


gs = [graph() for _ in range(12)]


def collate(gs):
    xs, es, eas, b, off = [], [], [], [], 0
    for i, (x, e, ea, _) in enumerate(gs):
        xs += [x]
        es += [e + off]
        eas += [ea]
        b += [i] * len(x)
        off += x.shape[0]
    return (
        torch.cat(xs),
        torch.cat(es, dim=-1),
        torch.hstack(eas),
        torch.LongTensor(b),
        torch.stack([g[-1] for g in gs]),
    )


x, e, ea, b, y = collate(gs)
print(x.shape, e.shape, b.bincount(), y)
mp1, mp2, head = MPNN(6), MPNN(6), nn.Linear(12, 1)
params = [*mp1.parameters(), *mp2.parameters(), *head.parameters()]
opt = torch.optim.AdamW(params, 1e-2)
for it in range(15):
    h = mp2(mp1(x, e, ea), e, ea)
    pooled = torch.cat(
        [scatter_mean(h, b, 12), torch.full((12, 6), -1e9).index_reduce(0, b, h, "amax")], 1
    )
    loss = F.mse_loss(head(pooled).view(-1), y)
    opt.zero_grad(set_to_none=False)
    loss.backward()
    opt.step()
    if it % 5 == 4:
        print(it, loss)
A = torch.zeros(x.size(0), x.size(0))
A[e[0], e[1]] = 1
print(A.sum(), (A == A.T).all(), torch.linalg.eigvalsh(torch.diag(A.sum(1)) - A)[:13].abs() < 1e-4)
L = torch.eye(5) - torch.ones(5, 5) / 5
print(L.matrix_power(3), torch.trace(L), torch.triu(L, 1).nonzero().t())
src = torch.arange(10.0).reshape(5, 2)
idx = torch.tensor([0, 2, 0, 1, 2])
print(
    torch.zeros(3, 2).scatter_reduce(0, idx[:, None].expand(-1, 2), src, "mean", include_self=False)
)
print(
    torch.zeros(3, 2).index_add_(0, idx, src, alpha=-0.5),
    torch.zeros(3, 2).index_reduce_(0, idx, src, "prod", include_self=False),
)
pos, inv, cnt = torch.unique(torch.tensor([3, 1, 3, 2]), return_inverse=True, return_counts=True)
print(
    pos,
    inv,
    cnt,
    torch.unique_consecutive(torch.tensor([1, 1, 2, 2, 1])),
    torch.cartesian_prod(torch.arange(2), torch.arange(2)),
    torch.combinations(torch.arange(4)),
)
print(torch.sparse_coo_tensor(e[:, :4], ea[:4], (x.size(0),) * 2).to_dense().sum())
