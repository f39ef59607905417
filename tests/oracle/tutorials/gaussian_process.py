"""Gaussian process regression: the marginal likelihood by L-BFGS, predictions by Cholesky."""

import math

import torch
import torch.nn.functional as F

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
X = torch.linspace(0, 1, 25).unsqueeze(-1)
y = torch.sin(X * 2 * math.pi).squeeze() + 0.1 * torch.randn(25)
raw = torch.zeros(3, requires_grad=True)


def kernel(a, b, length, variance):
    return variance * torch.exp(-0.5 * torch.cdist(a / length, b / length).pow(2))


def covariance():
    length, variance, noise = F.softplus(raw)
    return kernel(X, X, length, variance) + (noise**2 + 1e-6) * torch.eye(len(X))


def negative_log_likelihood():
    L = torch.linalg.cholesky(covariance())
    alpha = torch.cholesky_solve(y.unsqueeze(-1), L)
    fit = 0.5 * y @ alpha.squeeze(-1)
    return fit + L.diagonal().log().sum() + 0.5 * len(X) * math.log(2 * math.pi)


optimizer = torch.optim.LBFGS(
    [raw], lr=0.5, max_iter=15, history_size=8, line_search_fn="strong_wolfe"
)


def closure():
    optimizer.zero_grad()
    loss = negative_log_likelihood()
    loss.backward()
    return loss


for i in range(4):
    print(i, optimizer.step(closure).item())
print(F.softplus(raw), optimizer)

with torch.no_grad():
    length, variance, noise = F.softplus(raw)
    K = covariance()
    L = torch.linalg.cholesky(K)
    new = torch.linspace(-0.2, 1.2, 7)[:, None]
    cross = kernel(X, new, length, variance)
    mean = (cross.T @ torch.cholesky_solve(y[:, None], L)).flatten()
    v = torch.linalg.solve_triangular(L, cross, upper=False)
    spread = kernel(new, new, length, variance) - v.T @ v
    print("mean", mean, "deviation", spread.diag().sqrt())
    print(torch.logdet(K), torch.linalg.slogdet(K), torch.linalg.cond(K))
    print(torch.allclose(torch.cholesky_inverse(L), torch.linalg.inv(K)))
    process = torch.distributions.MultivariateNormal(mean, spread + 1e-6 * torch.eye(7))
    print(process.log_prob(mean), process.entropy(), process.sample((2,)).shape)
    print(torch.linalg.eigvalsh(kernel(X, X, 0.2, 1.0))[-3:])
    print(torch.linalg.matrix_rank(kernel(X, X, 0.5, 1.0)), torch.trapezoid(y, X.squeeze()))

print(torch.autograd.functional.hessian(lambda r: (r**2).prod(), raw.detach() + 0.3))
for bad in (lambda: torch.linalg.cholesky(-torch.eye(3)), lambda: torch.zeros(2, 2).inverse()):
    try:
        bad()
    except RuntimeError as error:
        print(type(error).__name__, error)
torch.set_default_dtype(torch.float32)
