"""Broadcasting, indexing, scattering, einsum and shapes."""

import torch
import torch.nn.functional as F

a = torch.arange


# tensor puzzles by broadcasting only
def ones(i):
    return torch.where(a(i) > -1, 1, 0)


def outer(x, y):
    return x[:, None] * y[None]


def diag(m):
    return m[a(m.shape[0]), a(m.shape[0])]


def eye(j):
    return torch.where(a(j)[:, None] == a(j), 1, 0)


def triu(j):
    return torch.where(a(j)[:, None] <= a(j), 1, 0)


def cumsum(x):
    return outer(ones(len(x)), x) @ eye(len(x)) if False else x @ triu(len(x))


def vstack(x, y):
    return torch.where(a(2)[:, None] == 0, x, y)


def roll(x, i):
    return x[(a(i) + 1) % i]


def flip(x, i):
    return x[i - a(i) - 1]


def compress(g, v, i):
    return v @ torch.where(g[:, None] & (a(i) == cumsum(1 * g)[:, None] - 1), 1, 0)


def pad_to(x, i, j):
    return x @ torch.where(a(i)[:, None] == a(j), 1, 0)


def seqmask(v, l):
    return torch.where(a(v.shape[1]) < l[:, None], v, 0)


def bincount(x, j):
    return ones(len(x)) @ eye(j)[x]


def scatter_add(v, l, j):
    return v @ eye(j)[l]


def flatten(x, i, j):
    return x[a(i * j) // j, a(i * j) % j]


def linspace(i, j, n):
    return i + (j - i) * a(n) / max(1, n - 1)


def heav(x):
    return torch.where(x <= 0, torch.where(x == 0, 1, 0), 1) if False else torch.where(x > 0, 1, 0)


def rep(x, d):
    return ones(d)[:, None] * x


def bucketize(v, b):
    return 1 * (v[:, None] >= b) @ ones(len(b))


x = a(5)
print(
    ones(3),
    outer(x, x),
    diag(outer(x, x)),
    eye(3),
    triu(3),
    cumsum(x),
    vstack(x, x + 1),
    roll(x, 5),
    flip(x, 5),
    compress(torch.tensor([True, False, True, False, False]), x, 5),
    pad_to(x, 5, 7),
    seqmask(outer(x, x), torch.tensor([1, 2, 3, 4, 5])),
    bincount(torch.tensor([0, 1, 1]), 3),
    scatter_add(x, torch.tensor([0, 0, 1, 1, 2]), 3),
    flatten(outer(x, x), 5, 5),
    linspace(0.0, 1.0, 5),
    rep(x, 2),
    bucketize(x, torch.tensor([1, 3])),
    sep="\n",
)
# indexing
m = a(24).reshape(2, 3, 4)
print(
    m[:, 1],
    m[..., -1],
    m[1, :, [0, 2]],
    m[[0, 1], [1, 2]],
    m[[0, 1], :, [1, 2]],
    m[:, [0, 2]][:, :, [1, 3]],
    m[m > 20],
    m[(m % 5 == 0)].sum(),
    m[:, ::2, 1::2],
    m[None, 0, None].shape,
    m[0, ..., None].shape,
    m[torch.tensor([[0, 1], [1, 0]])].shape,
    m[:, torch.tensor([True, False, True])].shape,
    m[0][torch.eye(3, 4).bool()],
    m[torch.tensor(1)],
    m[-1, -1, -1],
    m[1:, 1:, 1:],
    m[0:0].shape,
    m[..., [0]].shape,
    m[True].shape,
    m[False].shape,
    m[:, None, [1]].shape,
)
z = torch.zeros(3, 4)
z[1] = 1
z[:, 0] = torch.tensor([7.0, 8.0, 9.0])
z[z == 0] = -1
z[[0, 2], [1, 2]] = torch.tensor([5.0, 6.0])
z[..., -1] += 10
z[0, 1:3] *= 2
z[torch.tensor([0, 0]), 3] += 1
print(z)
z.index_put_((torch.tensor([0, 0]), torch.tensor([3, 3])), torch.tensor(1.0), accumulate=True)
z[:2, :2] = z[1:, 1:3]
z[2] = z[0]
z[:, 1:] = 0.5
z[1, :] = a(4)
z[a(3), a(3)] = 100.0
print(z)
print(
    torch.gather(m[0], 1, torch.tensor([[0], [1], [2]])),
    torch.zeros(3, 3).scatter_(1, torch.tensor([[0], [1], [2]]), 1.0),
    torch.zeros(2, 4).scatter(0, torch.tensor([[0, 1, 0, 1]]), a(4.0)[None]),
    torch.zeros(3).scatter_add(0, torch.tensor([0, 1, 0]), torch.ones(3)),
    torch.zeros(3).scatter_reduce(
        0, torch.tensor([0, 1, 0]), torch.tensor([2.0, 3.0, 4.0]), "prod", include_self=False
    ),
    torch.ones(3).scatter_reduce(0, torch.tensor([0, 1, 0]), torch.tensor([2.0, 3.0, 4.0]), "mean"),
    torch.zeros(3, 2).index_add(0, torch.tensor([0, 2]), torch.ones(2, 2), alpha=2),
    torch.zeros(3, 2).index_fill(0, torch.tensor([1]), 4.0),
    torch.zeros(3, 2).index_copy(0, torch.tensor([2, 0]), a(4.0).view(2, 2)),
    m.take(torch.tensor([0, 23, 5])),
    torch.take_along_dim(m[0], m[0].argmax(1, keepdim=True), 1),
    torch.zeros(4).masked_scatter(torch.tensor([1, 0, 1, 0]).bool(), torch.tensor([8.0, 9.0])),
    m[0].masked_select(m[0] > 5),
    torch.where(m[0] > 5),
    torch.index_reduce(torch.ones(2), 0, torch.tensor([0, 0]), torch.tensor([3.0, 4.0]), "amax"),
    torch.diagonal_scatter(torch.zeros(2, 2), torch.ones(2)),
    torch.slice_scatter(torch.zeros(4), torch.ones(2), 0, 1, 3),
    torch.select_scatter(torch.zeros(2, 2), torch.ones(2), 0, 1),
)
# einsum
A, B = a(6.0).view(2, 3), a(12.0).view(3, 4)
bt = a(24.0).view(2, 3, 4)
print(
    torch.einsum("ij,jk", A, B),
    torch.einsum("ij->ji", A),
    torch.einsum("ij->", A),
    torch.einsum("ij->i", A),
    torch.einsum("ij,ij->ij", A, A),
    torch.einsum("i,j->ij", A[0], A[1]),
    torch.einsum("bij,bkj->bik", bt, bt),
    torch.einsum("...ij->...ji", bt).shape,
    torch.einsum("ii->i", a(9.0).view(3, 3)),
    torch.einsum("ii", a(9.0).view(3, 3)),
    torch.einsum("bhqd,bhkd->bhqk", bt[None], bt[None]).shape,
    torch.einsum("ijk,jil->kl", bt, bt.transpose(0, 1)),
    torch.einsum("a b, b c -> a c", A, B),
    torch.einsum(A, [0, 1], B, [1, 2], [0, 2]),
    torch.einsum("...d,d->...", bt, torch.ones(4)),
    torch.einsum("bn,anm,bm->ba", torch.ones(2, 3), bt, torch.ones(2, 4)),
    sep="\n",
)
# shapes
print(
    m.view(4, -1).shape,
    m.permute(2, 0, 1).shape,
    m.flatten(1).shape,
    m.unflatten(2, (2, 2)).shape,
    m.transpose(0, 2).reshape(-1)[:5],
    m.movedim(0, -1).shape,
    torch.stack([m, m], -1).shape,
    torch.cat([m, m], 1).shape,
    m.unsqueeze(1).expand(-1, 5, -1, -1).shape,
    m.repeat(1, 2, 1).shape,
    m.repeat_interleave(2, dim=2)[0, 0],
    m.split([1, 2], 1)[1].shape,
    [c.shape for c in m.chunk(3, 2)],
    m.unbind(1)[0].shape,
    torch.tile(m[0, 0], (2, 2)),
    m.roll(1, 0)[0, 0],
    m.flip(-1)[0, 0],
    m.unfold(2, 2, 1).shape,
    F.pad(m[0], (1, 0, 0, 1)),
    torch.tensor_split(a(7), 3),
    torch.dstack([a(2), a(2)]),
    torch.hstack([a(2), a(2)]),
    torch.broadcast_to(a(2), (2, 2)),
    torch.atleast_3d(a(2)).shape,
    m.swapaxes(0, 1).shape,
    m.T.shape if False else m.mT.shape,
    m.squeeze().shape,
    torch.squeeze(torch.zeros(1, 2, 1), (0, 2)).shape,
    torch.cartesian_prod(a(2), a(3)),
    torch.meshgrid(a(2), a(3), indexing="xy")[0],
    torch.tril_indices(2, 3),
    torch.trapezoid(a(4.0)),
    torch.cummax(torch.tensor([1, 3, 2]), 0),
    torch.argsort(torch.tensor([[3, 1], [2, 4]]), dim=1),
    torch.topk(a(5), 2, largest=False),
    torch.kthvalue(a(5.0), 2),
    torch.median(torch.tensor([1.0, 2.0, 3.0, 4.0])),
    torch.mode(torch.tensor([1, 2, 2])),
    torch.unique(torch.tensor([[1, 2], [1, 2]]), dim=0),
    torch.bincount(torch.tensor([0, 2]), weights=torch.tensor([0.5, 1.0])),
    torch.searchsorted(a(5), 3),
    torch.logspace(0, 2, 3),
    torch.nan_to_num(torch.tensor([float("nan"), float("inf")])),
    torch.rot90(m[0])[0],
    torch.bitwise_and(torch.tensor(6), 3),
    torch.tensor(6) ^ 3,
    ~torch.tensor([True]),
    torch.tensor(5) << 1,
    torch.tensor([1, 2]) // 2,
    torch.tensor([-3]) % 2,
    torch.tensor([-3.0]).fmod(2),
    torch.tensor(7).pow(2),
    2 ** a(3),
    -7 // torch.tensor(2),
    torch.tensor([1.5, 2.5]).round(),
    torch.tensor([1, 2]) / 2,
    torch.tensor([True]) + 1,
    torch.tensor([1], dtype=torch.uint8) - 2,
    torch.tensor(3) > 2.5,
    torch.tensor([1, 2]) == torch.tensor([1, 3]),
    torch.maximum(torch.tensor(1), torch.tensor(2)),
    torch.clamp(a(5), 1, 3),
    torch.any(torch.tensor([0, 1])),
    torch.all(torch.tensor([[True, False], [True, True]]), dim=1),
)
