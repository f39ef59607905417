"""Sums over indices, compared with their long forms."""

import torch
from torch import einsum

torch.manual_seed(0)
a, b = torch.arange(6.0).view(2, 3), torch.arange(12.0).view(3, 4)
v = torch.tensor([1.0, 2.0, 3.0])
print(
    torch.einsum("ij,jk->ik", a, b),
    einsum("ij,j->i", a, v),
    einsum("i,i->", v, v),
    einsum("i,j->ij", v, v),
)
print(
    einsum("ij->ji", a),
    einsum("ij->", a),
    einsum("ij->j", a),
    einsum("ii->i", torch.eye(3) * 2),
    einsum("ii", torch.eye(3)),
)
q, k = torch.randn(2, 4, 3, 5), torch.randn(2, 4, 6, 5)
scores = einsum("bhid,bhjd->bhij", q, k)
print(
    scores.shape,
    torch.allclose(scores, q @ k.transpose(-1, -2), atol=1e-6),
    einsum("...d,...d->...", q, q).shape,
)
w = torch.randn(3, 4, requires_grad=True)
out = einsum("bi,ij,bj->b", torch.ones(2, 3), w, torch.ones(2, 4))
out.sum().backward()
print(w.grad, torch.allclose(out[0], w.sum()))
print(
    einsum("bij,bjk->bik", torch.ones(2, 3, 4), torch.ones(2, 4, 5)).shape,
    einsum("ijk->kij", torch.zeros(2, 3, 4)).shape,
)
print(
    torch.tensordot(a, b, dims=1),
    torch.tensordot(a, b.t(), dims=([1], [1])),
    torch.kron(torch.eye(2), torch.ones(1, 2)),
)
print(
    torch.outer(v, v),
    torch.inner(v, v),
    v @ v,
    torch.trace(torch.eye(3)),
    torch.linalg.multi_dot([a, b, b.T]).shape,
)
x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
y = torch.linalg.vector_norm(x) + torch.linalg.norm(a * x)
y.backward()
print(
    x.grad,
    torch.linalg.det(torch.tensor([[2.0, 1.0], [1.0, 3.0]])),
    torch.cross(v, torch.tensor([0.0, 1.0, 0.0]), dim=0),
)
M = torch.tensor([[4.0, 1.0], [1.0, 3.0]])
L = torch.linalg.cholesky(M)
print(
    L,
    L @ L.T,
    torch.linalg.eigvalsh(M),
    torch.linalg.inv(M) @ M,
    torch.linalg.qr(M).R.abs(),
    torch.matrix_power(M, 3),
)
print(
    torch.block_diag(torch.ones(1, 1), M),
    torch.cartesian_prod(torch.tensor([1, 2]), torch.tensor([3, 4])),
    torch.combinations(torch.arange(3)),
)
for bad in (
    lambda: einsum("ij,jk->ik", a, a),
    lambda: einsum("ij,jk", a),
    lambda: einsum("ij->il", a),
    lambda: torch.linalg.inv(torch.zeros(2, 2)),
    lambda: torch.linalg.inv(a),
    lambda: torch.linalg.cholesky(-M),
):
    try:
        print(bad())
    except (RuntimeError, ValueError) as error:
        print(type(error).__name__, error)
