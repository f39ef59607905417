"""Gaussian processes, Monte Carlo, Bayesian nets, differential equations, sequences and embeddings."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import autograd
from torch import distributions as D

torch.manual_seed(0)
# GP regression by Cholesky, hyperparameters by Adam and LBFGS
X, Xs = torch.linspace(0, 5, 12)[:, None], torch.linspace(0, 5, 5)[:, None]
y = torch.sin(X).squeeze() + 0.1 * torch.randn(12)
raw = torch.zeros(3, requires_grad=True)


def kern(a, b, p):
    return p[0].exp() * torch.exp(-0.5 * torch.cdist(a, b) ** 2 / p[1].exp())


def nll(p):
    L = torch.linalg.cholesky(kern(X, X, p) + p[2].exp() * torch.eye(12))
    al = torch.cholesky_solve(y[:, None], L)
    return 0.5 * y @ al.squeeze() + L.diagonal().log().sum() + 6 * math.log(2 * math.pi)


o = torch.optim.Adam([raw], 0.1)
for i in range(10):
    o.zero_grad()
    l = nll(raw)
    l.backward()
    o.step()
print(l, raw)
lb = torch.optim.LBFGS([raw], line_search_fn="strong_wolfe", max_iter=15)


def cl():
    lb.zero_grad()
    l = nll(raw)
    l.backward()
    return l


lb.step(cl)
print(f"{nll(raw).item():.3f}", raw.exp().detach().round(decimals=2))
p = raw.detach()
K = kern(X, X, p) + p[2].exp() * torch.eye(12)
mu = kern(Xs, X, p) @ torch.linalg.solve(K, y)
V = kern(Xs, Xs, p) - kern(Xs, X, p) @ torch.linalg.solve(K, kern(X, Xs, p))
print(mu.round(decimals=2), V.diagonal().clamp(min=0).sqrt().round(decimals=2))
print(D.MultivariateNormal(mu, V + 1e-2 * torch.eye(5)).rsample().shape)
# HMC and Metropolis
target = D.MultivariateNormal(torch.zeros(2), torch.tensor([[1.0, 0.8], [0.8, 1.0]]))


def hmc(q, eps=0.1, L=10):
    p = torch.randn(2)
    q0, p0 = q.clone(), p.clone()

    def grad(q):
        q = q.detach().requires_grad_()
        return autograd.grad(-target.log_prob(q), q)[0]

    p = p - eps / 2 * grad(q)
    for i in range(L):
        q = q + eps * p
        p = p - eps * grad(q) if i < L - 1 else p - eps / 2 * grad(q)
    a = (-target.log_prob(q0) + p0 @ p0 / 2) - (-target.log_prob(q) + p @ p / 2)
    return (q, True) if torch.rand(()).log() < a else (q0, False)


q, acc, xs = torch.zeros(2), 0, []
for _ in range(30):
    q, ok = hmc(q)
    acc += ok
    xs.append(q)
print(acc, torch.stack(xs).mean(0), torch.cov(torch.stack(xs).T))
x, c = torch.zeros(()), []
for _ in range(50):
    n = x + 0.5 * torch.randn(())
    x = (
        n
        if torch.rand(())
        < torch.exp(D.Normal(1.0, 1.0).log_prob(n) - D.Normal(1.0, 1.0).log_prob(x))
        else x
    )
    c.append(x.item())
print(sum(c) / 50)


# Bayes by backprop, MC dropout, SVI
class BL(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.mu = nn.Parameter(torch.empty(o, i).uniform_(-0.2, 0.2))
        self.rho = nn.Parameter(torch.empty(o, i).uniform_(-5, -4))
        self.b = nn.Parameter(torch.zeros(o))
        self.prior = D.Normal(0, 1)

    def forward(self, x):
        s = F.softplus(self.rho)
        q = D.Normal(self.mu, s)
        w = q.rsample()
        self.kl = (q.log_prob(w) - self.prior.log_prob(w)).sum()
        return F.linear(x, w, self.b)


net = nn.Sequential(BL(1, 8), nn.ReLU(), BL(8, 1))
o = torch.optim.Adam(net.parameters(), 1e-2)
for i in range(5):
    o.zero_grad()
    l = (
        F.mse_loss(net(X).squeeze(), y, reduction="sum")
        + sum(m.kl for m in net if isinstance(m, BL)) / 12
    )
    l.backward()
    o.step()
    print(f"{l.item():.4f}")
with torch.no_grad():
    s = torch.stack([net(Xs) for _ in range(8)])
    print(s.mean(0).T, s.std(0).T)
md = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.3), nn.Linear(8, 1))
md.train()
print(torch.stack([md(Xs[:1]) for _ in range(4)]).squeeze())
loc, ls = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)
o = torch.optim.SGD([loc, ls], 0.05)
for _ in range(10):
    q = D.Normal(loc, ls.exp())
    z = q.rsample((8,))
    elbo = (D.Normal(2.0, 0.5).log_prob(z) - q.log_prob(z)).mean()
    o.zero_grad()
    (-elbo).backward()
    o.step()
print(loc, ls.exp(), D.kl_divergence(D.Normal(loc, ls.exp()), D.Normal(2.0, 0.5)))
# PINN u'' + u = 0, Burgers residual, laplacian, lagrangian
u = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
t = torch.linspace(0, 1, 10)[:, None].requires_grad_()
o = torch.optim.Adam(u.parameters(), 1e-2)
for i in range(5):
    v = u(t)
    dv = autograd.grad(v, t, torch.ones_like(v), create_graph=True)[0]
    ddv = autograd.grad(dv.sum(), t, create_graph=True)[0]
    l = ((ddv + v) ** 2).mean() + (u(torch.zeros(1, 1)) - 1).pow(2).squeeze()
    o.zero_grad()
    l.backward()
    o.step()
    print(i, l.item())


def lag(q, qd):
    return 0.5 * qd @ qd - 0.5 * q @ q


H = autograd.functional.hessian(lag, (torch.tensor([1.0, 2.0]), torch.tensor([0.5, 0.1])))
print(H[1][1], H[0][1])
J = autograd.functional.jacobian(
    lambda a, b: torch.stack([a * b, a + b]), (torch.tensor(2.0), torch.tensor(3.0))
)
print(J)
xx = torch.randn(3, 2, requires_grad=True)
f = (xx**3).sum(1)
(g,) = autograd.grad(f.sum(), xx, create_graph=True)
lap = sum(autograd.grad(g[:, i].sum(), xx, retain_graph=True)[0][:, i] for i in range(2))
print(torch.allclose(lap, 6 * xx.sum(1)))
# hamiltonian net, kalman as loop, SIR by euler with learned rate
b = torch.tensor(0.1, requires_grad=True)
o = torch.optim.LBFGS([b], lr=0.5, max_iter=10)


def sim(b):
    s, i = torch.tensor(0.99), torch.tensor(0.01)
    out = []
    for _ in range(20):
        new = b * s * i
        s, i = s - new, i + new - 0.1 * i
        out.append(i)
    return torch.stack(out)


tgt = sim(torch.tensor(0.5)).detach()


def cl2():
    o.zero_grad()
    l = ((sim(b) - tgt) ** 2).sum()
    l.backward()
    return l


for _ in range(3):
    o.step(cl2)
print(f"{b.item():.3f}")
# CRF forward/viterbi, HMM, word2vec negative sampling, BPR matrix factorisation, triplet mining, quantile
em, tr = torch.randn(4, 3), torch.randn(3, 3)
al = em[0]
for e in em[1:]:
    al = torch.logsumexp(al[:, None] + tr, 0) + e
import itertools

print(
    al.logsumexp(0),
    torch.tensor(
        [
            sum(em[i, p] for i, p in enumerate(ps))
            + sum(tr[a, b] for a, b in itertools.pairwise(ps))
            for ps in itertools.product(range(3), repeat=4)
        ]
    ).logsumexp(0),
)
v, bp = em[0], []
for e in em[1:]:
    v, k = (v[:, None] + tr).max(0)
    v = v + e
    bp.append(k)
path = [v.argmax().item()]
[path.insert(0, k[path[0]].item()) for k in reversed(bp)]
print(path, v.max())
W, C = nn.Embedding(10, 4), nn.Embedding(10, 4)
o = (
    torch.optim.SparseAdam(list(W.parameters()) + list(C.parameters()), 0.05)
    if False
    else torch.optim.Adagrad([*W.parameters(), *C.parameters()], 0.1)
)
for _ in range(3):
    c, p, n = (
        torch.randint(10, (6,)),
        torch.randint(10, (6,)),
        torch.multinomial(torch.arange(1.0, 11.0) ** 0.75, 18, True).view(6, 3),
    )
    l = -(
        F.logsigmoid((W(c) * C(p)).sum(1))
        + F.logsigmoid(-torch.bmm(C(n), W(c).unsqueeze(2))).squeeze(2).sum(1)
    ).mean()
    o.zero_grad()
    l.backward()
    o.step()
    print(l)
E_ = F.normalize(torch.randn(6, 4), dim=1)
lab = torch.tensor([0, 0, 1, 1, 2, 2])
dist = torch.cdist(E_, E_)
same = lab[:, None] == lab
hp = (dist * same).max(1)[0]
hn = (dist + 1e9 * same).min(1)[0]
print(
    F.relu(hp - hn + 0.2).mean(),
    nn.TripletMarginLoss()(E_, E_.flip(0), E_.roll(1, 0)),
    nn.CosineEmbeddingLoss(margin=0.1)(E_, E_.flip(0), torch.tensor([1, -1, 1, -1, 1, -1])),
    nn.TripletMarginWithDistanceLoss(distance_function=lambda a, b: 1 - F.cosine_similarity(a, b))(
        E_, E_.flip(0), E_.roll(1, 0)
    ),
)
lg = E_ @ E_.T / 0.1
lg.fill_diagonal_(-float("inf"))
print(F.cross_entropy(lg, torch.tensor([1, 0, 3, 2, 5, 4])))


def pin(q, y, t=0.9):
    e = y - q
    return torch.max(t * e, (t - 1) * e).mean()


qv = torch.zeros((), requires_grad=True)
o = torch.optim.SGD([qv], 0.5)
yy = torch.randn(200)
for _ in range(60):
    o.zero_grad()
    pin(qv, yy).backward()
    o.step()
print(f"{qv.item():.2f}", yy.quantile(0.9))
T = 4.0
s, tt = torch.randn(3, 5), torch.randn(3, 5)
print(
    F.kl_div(F.log_softmax(s / T, 1), F.softmax(tt / T, 1), reduction="batchmean") * T * T,
    nn.KLDivLoss(reduction="batchmean", log_target=True)(F.log_softmax(s, 1), F.log_softmax(tt, 1)),
    F.cross_entropy(s, tt.softmax(1)),
    F.cross_entropy(s, torch.tensor([1, 2, 3]), label_smoothing=0.1, weight=torch.arange(1.0, 6.0)),
)
