"""Higher derivatives: Newton's method, Hessians, a differential equation in the loss."""

import torch
from torch.autograd import grad
from torch.autograd.functional import hessian, hvp, jacobian, vjp

x = torch.tensor(2.0, requires_grad=True)
y = x**4
for order in range(1, 6):
    (y,) = grad(y, x, create_graph=True)
    print(order, y)
    if not y.requires_grad:
        break


def f(v):
    return (v[0] - 1) ** 4 + (v[1] + 2) ** 2 + torch.exp(v[0] * v[1] / 10)


v = torch.tensor([3.0, 1.0])
for step in range(6):
    v = v.detach().requires_grad_(True)
    g = grad(f(v), v, create_graph=True)[0]
    H = torch.stack([grad(gi, v, retain_graph=True)[0] for gi in g])
    with torch.no_grad():
        v = v - torch.linalg.solve(H, g)
    print(step, v.numpy().round(4), round(f(v).item(), 4))
print(hessian(f, v), jacobian(lambda t: torch.stack([t[0] * t[1], t.sum()]), v))
print(vjp(lambda t: t**3, v, torch.ones(2))[1], hvp(f, v, torch.tensor([1.0, 0.0]))[1])

torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(1, 10), torch.nn.Tanh(), torch.nn.Linear(10, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
t = torch.linspace(0, 2, 20).reshape(-1, 1).requires_grad_(True)
t0 = torch.zeros(1, 1, requires_grad=True)
for epoch in range(101):
    optimizer.zero_grad()
    u = net(t)
    du = torch.autograd.grad(u, t, torch.ones_like(u), create_graph=True)[0]
    d2u = torch.autograd.grad(du.sum(), t, create_graph=True)[0]
    start = net(t0)
    slope = torch.autograd.grad(start, t0, create_graph=True)[0]
    loss = (d2u + u).pow(2).mean() + (start - 1).pow(2).squeeze() + slope.pow(2).squeeze()
    loss.backward()
    optimizer.step()
    if epoch % 50 == 0:
        print(f"{epoch:4d} {loss.item():.3f} {du.shape} {d2u.requires_grad}")
w = torch.randn(3, dtype=torch.float64, requires_grad=True)
penalty = grad((w.sin() * w).sum(), w, create_graph=True)[0].norm()
penalty.backward()
print(w.grad, penalty)
try:
    grad(grad((w**2).sum(), w)[0].sum(), w)
except RuntimeError as error:
    print(error)
