"""Clustering, principal components, a support vector machine, mixtures, filters, by tensors alone."""

import torch

torch.manual_seed(0)
X = torch.cat(
    [
        torch.randn(20, 2) + torch.tensor([3.0, 0.0]),
        torch.randn(20, 2) - 2,
        torch.randn(20, 2) + torch.tensor([0.0, 4.0]),
    ]
)
N = len(X)
# k-means++
C = X[torch.randint(N, (1,))]
for _ in range(2):
    d = torch.cdist(X, C).min(1).values ** 2
    C = torch.cat([C, X[torch.multinomial(d, 1)]])
for it in range(10):
    a = torch.cdist(X, C).argmin(1)
    new = torch.stack([X[a == k].mean(0) for k in range(3)])
    if torch.allclose(new, C):
        break
    C = new
print(
    it,
    C,
    torch.bincount(a, minlength=3),
    torch.zeros(3, 2).index_add_(0, a, X) / a.bincount()[:, None],
)
# PCA
Xc = X - X.mean(0, keepdim=True)
U, S, V = torch.linalg.svd(Xc, full_matrices=False)
print(S, (S**2 / (S**2).sum()), V.abs())
u, s, v = torch.svd(Xc)
print(torch.allclose(s, S))
L, Q = torch.linalg.eigh(torch.cov(Xc.T))
print(L.flip(0), Q.abs())
torch.manual_seed(0)
u, s, v = torch.pca_lowrank(X, q=2)
print(u.shape, s, v.abs())
torch.manual_seed(0)
u, s, v = torch.svd_lowrank(X, q=1, niter=3)
print(s, u.shape, v.shape)
# SVM hinge by subgradient
y = torch.where(a == 0, 1.0, -1.0)
w = torch.zeros(2, requires_grad=True)
b = torch.zeros((), requires_grad=True)
opt = torch.optim.SGD([w, b], 0.1)
for e in range(30):
    opt.zero_grad()
    loss = torch.clamp(1 - y * (X @ w + b), min=0).mean() + 0.01 * w @ w
    loss.backward()
    opt.step()
print(
    f"{loss:.4f}", w, b, (torch.sign(X @ w + b) == y).float().mean(), ((X @ w + b) > 0).sum().item()
)
# GMM by EM
mu, var, pi = C.clone(), torch.ones(3, 2), torch.full((3,), 1 / 3)
for _ in range(5):
    ll = torch.distributions.Normal(mu, var.sqrt()).log_prob(X[:, None]).sum(-1) + pi.log()
    r = (ll - ll.logsumexp(1, keepdim=True)).exp()
    nk = r.sum(0)
    mu = r.T @ X / nk[:, None]
    var = (r.T @ X**2) / nk[:, None] - mu**2 + 1e-6
    pi = nk / N
    print(ll.logsumexp(1).sum())
print(mu, var, pi, r.argmax(1).unique(return_counts=True))
# kNN, naive bayes, LDA
d, i = torch.cdist(X, X).topk(4, largest=False)
print(i[:3], torch.mode(a[i], dim=1).values[:10], (torch.mode(a[i], 1)[0] == a).sum())
# linear regression: closed forms
A = torch.cat([X, torch.ones(N, 1)], 1)
t = X @ torch.tensor([1.0, -2.0]) + 0.5
print(
    torch.linalg.lstsq(A, t[:, None]).solution.T,
    torch.linalg.solve(A.T @ A, A.T @ t),
    torch.pinverse(A) @ t,
    torch.inverse(A.T @ A) @ A.T @ t,
    torch.linalg.lstsq(A, t[:, None], driver="gelsd").rank,
    torch.cholesky_solve((A.T @ t)[:, None], torch.linalg.cholesky(A.T @ A)).T,
    torch.linalg.qr(A)[1].abs(),
    torch.linalg.cond(A),
    torch.linalg.matrix_rank(A),
    torch.logdet(A.T @ A),
    torch.trapz(torch.tensor([1.0, 2.0])),
    torch.triangular_solve(torch.ones(2, 1), torch.eye(2), upper=False)[0].T
    if hasattr(torch, "triangular_solve")
    else "",
)
P, Lo, Up = torch.linalg.lu(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
print(P, Lo, Up)
LU, piv = torch.linalg.lu_factor(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
print(LU, piv, torch.linalg.lu_solve(LU, piv, torch.ones(2, 1)))
print(
    torch.linalg.eigvalsh(torch.tensor([[2.0, 1.0], [1.0, 2.0]])),
    torch.linalg.svdvals(torch.eye(2)),
    torch.linalg.norm(torch.ones(2, 2), "nuc"),
    torch.linalg.slogdet(torch.tensor([[1.0, 2.0], [3.0, 4.0]])),
    torch.linalg.lstsq(A[:3], t[:3, None]),
)
# Kalman
F, H, Q_, R = (
    torch.tensor([[1.0, 1.0], [0.0, 1.0]]),
    torch.tensor([[1.0, 0.0]]),
    torch.eye(2) * 0.01,
    torch.eye(1),
)
x, Pm = torch.zeros(2, 1), torch.eye(2)
for z in [1.1, 1.9, 3.2]:
    x = F @ x
    Pm = F @ Pm @ F.T + Q_
    S_ = H @ Pm @ H.T + R
    K = Pm @ H.T @ S_.inverse()
    x = x + K @ (torch.tensor([[z]]) - H @ x)
    Pm = (torch.eye(2) - K @ H) @ Pm
    print(x.T, Pm.trace())
# page rank, power iteration, gram schmidt, floyd warshall
M = torch.tensor([[0, 1, 1], [1, 0, 0], [1, 1, 0.0]])
M = M / M.sum(0)
v = torch.ones(3) / 3
for _ in range(50):
    v = 0.85 * M @ v + 0.05
print(v, v.sum())
D = torch.tensor([[0, 3, float("inf")], [float("inf"), 0, 1], [2, float("inf"), 0]])
for k in range(3):
    D = torch.minimum(D, D[:, k : k + 1] + D[k : k + 1])
print(D)
print(
    torch.histc(X[:, 0], 5),
    torch.histogram(X[:, 0], 4),
    torch.bucketize(torch.tensor([0.1, 2.5]), torch.arange(4.0)),
    torch.searchsorted(torch.tensor([1, 3, 5]), torch.tensor([3, 4]), right=True),
    torch.quantile(X, torch.tensor([0.25, 0.75]), dim=0),
    torch.cov(X.T),
    torch.corrcoef(X.T),
)


def fisher_yates(n):
    p = torch.arange(n)
    for i in range(n - 1, 0, -1):
        j = torch.randint(0, i + 1, (1,)).item()
        p[i], p[j] = p[j].clone(), p[i].clone()
    return p


print(
    fisher_yates(6),
    torch.randperm(5),
    torch.tensor([3, 1, 2]).argsort(descending=True, stable=True),
    torch.unique(torch.tensor([3, 1, 3]), return_inverse=True, return_counts=True),
    torch.unique_consecutive(torch.tensor([1, 1, 2, 1])),
    torch.isin(torch.tensor([1, 2]), torch.tensor([2])),
    torch.cartesian_prod(torch.arange(2), torch.arange(2)),
    torch.combinations(torch.arange(3)),
    torch.tril_indices(3, 3),
    torch.diag_embed(torch.ones(2)),
    torch.block_diag(torch.ones(1, 1), torch.eye(2)),
    torch.vander(torch.arange(3.0)),
    torch.cumsum(torch.arange(4), 0),
    torch.gcd(torch.tensor(12), torch.tensor(18)),
    torch.logcumsumexp(torch.ones(2), 0),
    torch.diff(torch.tensor([1, 4, 9])),
    torch.rot90(torch.arange(4).view(2, 2)),
    torch.fliplr(torch.eye(2)),
    torch.count_nonzero(torch.eye(3)),
    torch.nonzero(torch.eye(2)),
    torch.nonzero(torch.eye(2), as_tuple=True),
    torch.argwhere(torch.eye(2)),
    torch.clamp(torch.arange(4), 1, 2),
    torch.lerp(torch.zeros(1), torch.ones(1), 0.3),
    torch.heaviside(torch.tensor([-1.0, 0.0]), torch.tensor(0.5)),
    torch.float_power(2, torch.arange(3)),
    torch.std_mean(X, 0),
    torch.var_mean(X, correction=0),
    torch.nanmean(torch.tensor([1.0, float("nan")])),
    torch.is_nonzero(torch.tensor(1)),
    torch.allclose(torch.ones(1), torch.ones(1) + 1e-9),
    torch.equal(torch.ones(1), torch.ones(2)),
    torch.numel(X),
    torch.is_tensor(3),
    torch.can_cast(torch.float, torch.int),
    torch.promote_types(torch.int8, torch.float16),
    torch.result_type(torch.ones(1), 3),
    torch.broadcast_shapes((2, 1), (3,)),
    torch.broadcast_tensors(torch.ones(2, 1), torch.ones(3))[0].shape,
)
