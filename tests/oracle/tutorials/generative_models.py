"""Autoencoders, critics, diffusion, flows, energies and differential equations, a few steps each."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import autograd
from torch import distributions as D

torch.manual_seed(0)
X = torch.randn(64, 2) @ torch.tensor([[1.0, 0.5], [0.0, 0.7]]) + 1


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1, self.fc21, self.fc22, self.fc3, self.fc4 = (
            nn.Linear(2, 8),
            nn.Linear(8, 2),
            nn.Linear(8, 2),
            nn.Linear(2, 8),
            nn.Linear(8, 2),
        )

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc21(h), self.fc22(h)

    def reparameterize(self, mu, lv):
        std = torch.exp(0.5 * lv)
        return mu + torch.randn_like(std) * std

    def forward(self, x):
        mu, lv = self.encode(x.view(-1, 2))
        z = self.reparameterize(mu, lv)
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z)))), mu, lv


v = VAE()
o = torch.optim.Adam(v.parameters(), 1e-2)
Xs = X.sigmoid()
for e in range(5):
    r, mu, lv = v(Xs)
    bce = F.binary_cross_entropy(r, Xs, reduction="sum")
    kld = -0.5 * torch.sum(1 + lv - mu.pow(2) - lv.exp())
    o.zero_grad()
    (bce + kld).backward()
    o.step()
    print(f"====> Epoch: {e} Average loss: {(bce + kld).item() / 64:.4f} {kld:.4f}")
# VQ with straight-through
cb = nn.Embedding(4, 2)
cb.weight.data.uniform_(-1 / 4, 1 / 4)
z = X.clone().requires_grad_()
d = z.pow(2).sum(1, keepdim=True) - 2 * z @ cb.weight.t() + cb.weight.pow(2).sum(1)
i = d.argmin(1)
q = cb(i)
l = F.mse_loss(q, z.detach()) + 0.25 * F.mse_loss(q.detach(), z)
st = z + (q - z).detach()
(l + st.sum()).backward()
oh = F.one_hot(i, 4).float()
print(
    l,
    cb.weight.grad,
    z.grad[0],
    torch.exp(-(oh.mean(0) * (oh.mean(0) + 1e-10).log()).sum()),
    i.bincount(minlength=4),
)
# WGAN-GP
G, C = (
    nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 2)),
    nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(0.2), nn.Linear(8, 1)),
)
og, oc = (
    torch.optim.Adam(G.parameters(), 1e-3, (0.5, 0.9)),
    torch.optim.RMSprop(C.parameters(), 1e-3),
)


def gp(real, fake):
    e = torch.rand(real.size(0), 1)
    it = (e * real + (1 - e) * fake).requires_grad_(True)
    g = autograd.grad(
        outputs=C(it),
        inputs=it,
        grad_outputs=torch.ones(real.size(0), 1),
        create_graph=True,
        retain_graph=True,
        only_inputs=True,
    )[0]
    return ((g.norm(2, dim=1) - 1) ** 2).mean()


for k in range(3):
    f = G(torch.randn(64, 2)).detach()
    lc = C(f).mean() - C(X).mean() + 10 * gp(X, f)
    oc.zero_grad()
    lc.backward()
    oc.step()
    lg = -C(G(torch.randn(64, 2))).mean()
    og.zero_grad()
    lg.backward()
    og.step()
    print(f"[{k}/3] Loss_D: {lc:.4f} Loss_G: {lg:.4f}")
# hinge/nonsaturating/ls losses, label smoothing
p = torch.randn(4)
print(
    F.relu(1 - p).mean(),
    F.softplus(-p).mean(),
    F.binary_cross_entropy_with_logits(p, torch.full_like(p, 0.9)),
    ((p - 1) ** 2).mean(),
)
# DDPM
T = 50
b = torch.linspace(1e-4, 0.02, T)
a = 1 - b
ab = a.cumprod(0)
abp = F.pad(ab[:-1], (1, 0), value=1.0)
pv = b * (1 - abp) / (1 - ab)


def ext(c, t, s):
    return c.gather(-1, t).reshape(len(t), *((1,) * (len(s) - 1)))


cosb = torch.clip(
    1 - (torch.cos(((torch.linspace(0, T, T + 1) / T) + 0.008) / 1.008 * torch.pi * 0.5) ** 2)[1:],
    1e-4,
    0.999,
)
print(ab[[0, 10, -1]], pv[:3], cosb[:3])


class Eps(nn.Module):
    def __init__(self):
        super().__init__()
        self.t = nn.Embedding(T, 8)
        self.n = nn.Sequential(nn.Linear(10, 16), nn.SiLU(), nn.Linear(16, 2))

    def forward(self, x, t):
        return self.n(torch.cat([x, self.t(t)], -1))


n = Eps()
oo = torch.optim.AdamW(n.parameters(), 1e-2)
sch = torch.optim.lr_scheduler.CosineAnnealingLR(oo, 5)
for e in range(5):
    t = torch.randint(0, T, (64,)).long()
    eps = torch.randn_like(X)
    xt = ext(ab.sqrt(), t, X.shape) * X + ext((1 - ab).sqrt(), t, X.shape) * eps
    l = F.smooth_l1_loss(n(xt, t), eps)
    oo.zero_grad()
    l.backward()
    oo.step()
    sch.step()
    print(e, l.item(), sch.get_last_lr())


@torch.no_grad()
def sample(k):
    x = torch.randn(k, 2)
    for i in reversed(range(T)):
        t = torch.full((k,), i, dtype=torch.long)
        m = (1 / a.sqrt())[i] * (x - b[i] / (1 - ab[i]).sqrt() * n(x, t))
        x = m if i == 0 else m + pv[i].sqrt() * torch.randn_like(x)
    return x


print(sample(3))


# RealNVP / planar / MAF
class Coupling(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.register_buffer("mask", mask)
        self.s, self.t = (
            nn.Sequential(nn.Linear(2, 8), nn.ReLU(), nn.Linear(8, 2)) for _ in range(2)
        )

    def forward(self, x):
        xm = x * self.mask
        s, t = torch.tanh(self.s(xm)) * (1 - self.mask), self.t(xm) * (1 - self.mask)
        return xm + (1 - self.mask) * (x * s.exp() + t), s.sum(-1)

    def inverse(self, y):
        ym = y * self.mask
        s, t = torch.tanh(self.s(ym)) * (1 - self.mask), self.t(ym) * (1 - self.mask)
        return ym + (1 - self.mask) * (y - t) * (-s).exp()


fl = nn.ModuleList([Coupling(torch.tensor(m)) for m in ([1.0, 0.0], [0.0, 1.0])])
base = D.MultivariateNormal(torch.zeros(2), torch.eye(2))
of = torch.optim.Adam(fl.parameters(), 1e-2)
for e in range(5):
    z, ld = X, 0
    for f in fl:
        z, s = f(z)
        ld = ld + s
    nll = -(base.log_prob(z) + ld).mean()
    of.zero_grad()
    nll.backward()
    of.step()
    print(e, nll)
with torch.no_grad():
    z, _ = fl[0](X)
    print((fl[0].inverse(z) - X).abs().max() < 1e-5)
    J = autograd.functional.jacobian(lambda x: fl[0](x)[0], X[0])
    print(J, torch.slogdet(J)[1], fl[0](X[:1])[1])
# energy model with Langevin, score matching
E_ = nn.Sequential(nn.Linear(2, 8), nn.Softplus(), nn.Linear(8, 1))
x = torch.randn(5, 2)
for _ in range(3):
    x = x.detach().requires_grad_()
    (g,) = autograd.grad(E_(x).sum(), x)
    x = x - 0.1 * g + 0.1 * torch.randn_like(x)
print(x)
x = X[:4].clone().requires_grad_()
s = -autograd.grad(E_(x).sum(), x, create_graph=True)[0]
tr = sum(autograd.grad(s[:, i].sum(), x, create_graph=True)[0][:, i] for i in range(2))
ls = (0.5 * s.pow(2).sum(1) + tr).mean()
ls.backward()
print(ls, E_[0].weight.grad)
# neural ODE (rk4, adjoint by hand)
f = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2))


def rk4(f, y, h, n):
    for _ in range(n):
        k1 = f(y)
        k2 = f(y + h / 2 * k1)
        k3 = f(y + h / 2 * k2)
        k4 = f(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


class Adj(autograd.Function):
    @staticmethod
    def forward(ctx, y, h, n, *ps):
        with torch.no_grad():
            out = rk4(f, y, h, n)
        ctx.save_for_backward(out, *ps)
        ctx.h, ctx.n = h, n
        return out

    @staticmethod
    def backward(ctx, g):
        y, *ps = ctx.saved_tensors
        gp = [torch.zeros_like(p) for p in ps]
        for _ in range(ctx.n):
            with torch.no_grad():
                y = rk4(f, y, -ctx.h, 1)
            with torch.enable_grad():
                yy = y.detach().requires_grad_()
                o = rk4(f, yy, ctx.h, 1)
                gr = autograd.grad(o, (yy, *ps), g, allow_unused=True)
            g = gr[0]
            gp = [a + b for a, b in zip(gp, gr[1:])]
        return (g, None, None, *gp)


y0 = X[:3].clone().requires_grad_()
out = Adj.apply(y0, 0.1, 5, *f.parameters())
print(out)
out.sum().backward()
ga = y0.grad.clone()
y0.grad = None
rk4(f, y0, 0.1, 5).sum().backward()
print(torch.allclose(ga, y0.grad, atol=1e-4), ga)
