"""Reading and writing parts of tensors."""

import torch

x = torch.arange(12).reshape(3, 4)
print(x[0], x[-1], x[:, 1], x[..., -1], x[1, 2], x[1][2].item(), x[1:, ::2])
print(x[None].shape, x[:, None].shape, x[..., None].shape, x[[0, 2]], x[[0, 2], [1, 3]])
print(x[torch.tensor([[0, 1], [2, 0]])].shape, x[:, [0, 0, 1]], x[torch.tensor([2, 0]), 1:])
mask = x > 5
print(mask, x[mask], x[~mask].sum(), mask.sum(), mask.any(), mask.all(), mask.any(dim=1))
x[x % 2 == 0] = 0
print(x)
x[0] = torch.tensor([9, 8, 7, 6])
x[1, :2] = -1
x[:, 3] += 100
print(x)
y = torch.zeros(3, 4)
y[torch.arange(3), torch.tensor([1, 0, 3])] = 1.0
print(y, y.nonzero(), torch.nonzero(y, as_tuple=True), torch.where(y > 0))
print(torch.where(x > 0, x, torch.zeros_like(x)), torch.where(x > 0, 1.0, 0.0))
print(torch.masked_select(x, x.gt(5)), y.masked_fill(y == 0, float("-inf")))
labels = torch.tensor([2, 0, 1])
onehot = torch.zeros(3, 3).scatter_(1, labels.unsqueeze(1), 1.0)
print(onehot, x.gather(1, labels.view(-1, 1)), torch.index_select(x, 1, torch.tensor([0, 3])))
print(torch.take(x, torch.tensor([0, 5])), x.diagonal(), x.tril(), torch.triu(torch.ones(3, 3), 1))
print(
    x.roll(1, 0),
    x.flip(1),
    torch.arange(5).index_add(0, torch.tensor([1, 1]), torch.tensor([10, 20])),
)
print(x.narrow(1, 1, 2), x.select(0, 1), x.unbind(1)[0], x.split(2, dim=1)[1], x.chunk(2)[0])
first, second, third = x
print(first, [row.sum().item() for row in x], 9 in x, 1234 in x)
print(y[0, 1] == 1, bool(y[0, 1] == 1), int(x[0, 0]), float(y[0, 1]))
z = torch.zeros(4)
z.index_fill_(0, torch.tensor([1, 3]), 5.0)
print(z, z.index_copy(0, torch.tensor([0]), torch.tensor([8.0])))
z.masked_fill_(z == 5, 2)
print(z, torch.bucketize(torch.tensor([1, 4]), torch.tensor([0, 2, 6])), torch.bincount(labels))
z.put_(torch.tensor([0]), torch.tensor([3.0]))
print(z, z.clamp(min=1), z.argsort(descending=True), z.sort().values, z.kthvalue(2).values)
for bad in (
    lambda: x[3],
    lambda: x[0, 0, 0],
    lambda: x[:, 4],
    lambda: x[torch.tensor([5])],
    lambda: x[1.5],
    lambda: x["a"],
    lambda: x[torch.tensor([True, False])],
    lambda: x.gather(1, torch.tensor([[7]])),
    lambda: x[::-1],
):
    try:
        print(bad())
    except (IndexError, RuntimeError, TypeError, ValueError) as error:
        print(type(error).__name__, "|", error)
