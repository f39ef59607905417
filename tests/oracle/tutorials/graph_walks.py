"""The recorded graph, from a loss down to the leaves."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def walk(fn, d=0, i=0):
    print(" " * d + ("None" if fn is None else fn.name()), i)
    if fn is not None:
        for f, i in fn.next_functions:
            walk(f, d + 2, i)


torch.manual_seed(0)
l = nn.Linear(3, 2)
lb = nn.Linear(3, 2, bias=False)
x = torch.ones(4, 3)
xg = torch.ones(4, 3, requires_grad=True)
t = torch.zeros(4).long()
for name, y in dict(
    lin=l(x),
    ling=l(xg.exp()),
    linb=lb(x),
    linbg=lb(xg.exp()),
    lin3=l(torch.ones(1, 4, 3)),
    lin3g=l(xg.exp()[None]),
    lin3b=lb(torch.ones(1, 4, 3)),
    lin3bg=lb(xg.exp()[None]),
    lin1=l(x[0]),
    lin1g=l(xg.exp()[0]),
    lin1b=lb(xg.exp()[0]),
    wconst=F.linear(xg.exp(), torch.ones(2, 3), torch.ones(2)),
    wbconst=F.linear(xg.exp(), torch.ones(2, 3)),
    ce=F.cross_entropy(xg * 1, t),
    ces=F.cross_entropy(xg * 1, t, reduction="sum"),
    mse=F.mse_loss(l(F.relu(nn.Linear(3, 3)(x))), torch.zeros(4, 2)),
    cel=nn.CrossEntropyLoss()(l(x), t),
    nll=F.nll_loss(F.log_softmax(xg.exp(), 1), t),
    idx=xg.exp()[0][1],
    t=xg.exp().T @ xg.exp(),
    smx=xg.exp().softmax(-1),
    drop=F.dropout(xg.exp()),
    bn=nn.BatchNorm1d(3)(xg.exp()),
    mean=(xg * 2).mean(),
    mm=xg.exp() @ torch.ones(3, 2),
    add=xg.exp() + 1,
    sub=xg.exp() - xg.exp(),
    pow=(xg.exp() - 1) ** 2,
    stack=torch.stack([xg.exp(), xg.exp()]),
    cat=torch.cat([xg.exp(), x]),
).items():
    print("##", name)
    walk(y.grad_fn)
f = F.mse_loss(l(F.relu(nn.Linear(3, 3)(x))), torch.zeros(4, 2)).grad_fn
print(
    f,
    f.next_functions[0][0],
    f.next_functions[0][0].next_functions[0][0],
    type(f.next_functions[0][0].next_functions[2][0]),
    f.next_functions[0][0].next_functions[2][0].next_functions[0][0].variable.shape,
)
seen = set()


def nodes(fn):
    if fn is None or fn in seen:
        return
    seen.add(fn)
    for u, _ in fn.next_functions:
        nodes(u)


nodes(
    F.cross_entropy(
        nn.Sequential(nn.Linear(3, 3), nn.ReLU(), l, nn.ReLU())(x) @ l.weight, t
    ).grad_fn
)
print(len(seen), sorted(f.name() for f in seen))
