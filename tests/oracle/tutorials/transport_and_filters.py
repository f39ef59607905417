"""Optimal transport by Sinkhorn's iteration, a Kalman filter, t-SNE by hand."""

import torch
from torch import Tensor

torch.manual_seed(3)
n, m = 12, 9
a = torch.ones(n).div_(n)
b = torch.softmax(torch.randn(m), 0)
X = torch.randn(n, 2)
Y = (torch.randn(m, 2) * 0.5 + 1).requires_grad_()


def sinkhorn(cost: Tensor, a: Tensor, b: Tensor, eps: float = 0.1, steps: int = 60) -> Tensor:
    f, g = torch.zeros_like(a), torch.zeros_like(b)
    for _ in range(steps):
        f = eps * (a.log() - torch.logsumexp((g[None] - cost) / eps, 1))
        g = eps * (b.log() - torch.logsumexp((f[:, None] - cost) / eps, 0))
    return torch.exp((f[:, None] + g[None] - cost) / eps)


cost = torch.cdist(X, Y, p=2) ** 2
plan = sinkhorn(cost, a, b)
distance = (plan * cost).sum()
distance.backward()
print("distance", distance, "columns", plan.sum(0) - b < 1e-6)
print("gradient", Y.grad[:3])

# A Kalman filter, and the best noise level by its likelihood.
F_ = torch.tensor([[1.0, 0.1], [0.0, 1.0]])
H = torch.tensor([[1.0, 0.0]])
measured = torch.linspace(0, 2, 24) + 0.1 * torch.randn(24)


def kalman(log_q, log_r):
    Q, R = log_q.exp() * torch.eye(2), log_r.exp().view(1, 1)
    x, P, loss = torch.zeros(2, 1), torch.eye(2), 0.0
    for z in measured:
        x, P = F_ @ x, F_ @ P @ F_.t() + Q
        S = H.mm(P).mm(H.t()) + R
        K = P @ H.T @ torch.inverse(S)
        error = z.view(1, 1) - H @ x
        loss = loss + 0.5 * (error**2 / S + S.log()).squeeze()
        x, P = x + K @ error, (torch.eye(2) - K @ H) @ P
    return loss, x, P


noise = torch.tensor([-4.0, -1.0], requires_grad=True)
optimizer = torch.optim.Rprop([noise], lr=0.1)
for step in range(12):
    loss, x, P = kalman(*noise)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 4 == 3:
        print(step, f"{loss.item():.4f}", noise.data, noise.grad)
print(x.squeeze(), P.trace(), P.det())

# t-SNE of three clusters in five dimensions.
points = torch.cat([torch.randn(8, 5) * 0.2 + c for c in torch.eye(5)[:3]])
square = torch.cdist(points, points).square()
P = torch.softmax(-square.masked_fill(torch.eye(24).bool(), float("inf")) / 0.5, 1)
P = (P + P.T) / 48
upper = torch.triu_indices(24, 24, 1)
p = P[upper[0], upper[1]].clamp_min(1e-12)
low = (torch.randn(24, 2) * 1e-2).requires_grad_()
sgd = torch.optim.SGD([low], lr=2.0, momentum=0.5)
for step in range(40):
    near = 1 / (1 + torch.pdist(low).square())
    q = (near / near.sum() / 2).clamp_min(1e-12)
    divergence = 2 * (p * (p / q).log()).sum()
    sgd.zero_grad()
    divergence.backward()
    sgd.step()
    if step % 10 == 9:
        print(step, divergence)
print(low.std(), torch.cdist(low, low)[0, [1, 9, 17]])
