"""Shapes that fit each other, and shapes that do not."""

import torch

a = torch.arange(3).view(3, 1)
b = torch.arange(4)
print(a + b, (a * b).shape, (a > b).int())
print(torch.broadcast_shapes((3, 1), (1, 4)), torch.broadcast_to(b, (2, 4)))
x = torch.arange(6.0).reshape(2, 3)
print(x - x.mean(dim=1, keepdim=True), x / x.sum(0), x * torch.tensor([1.0, 10.0, 100.0]))
print((x - x.mean(0)) / x.std(0, unbiased=False))
images = torch.ones(2, 3, 4, 4)
mean = torch.tensor([0.5, 0.25, 0.0])
print((images - mean[:, None, None]).mean(dim=(0, 2, 3)))
p, q = torch.tensor([[0.0, 0.0], [3.0, 4.0]]), torch.tensor([[0.0, 1.0], [3.0, 0.0], [6.0, 8.0]])
print((p[:, None] - q[None]).pow(2).sum(-1).sqrt(), torch.cdist(p, q))
w = torch.randn(3, 1, requires_grad=True)
(w * torch.ones(3, 5)).sum().backward()
print(w.grad, w.grad.shape)
s = torch.tensor(2.0, requires_grad=True)
(s * torch.arange(4.0)).sum().backward()
print(s.grad)
bias = torch.zeros(4, requires_grad=True)
(torch.ones(7, 4) + bias).sum().backward()
print(bias.grad)
print(
    torch.matmul(torch.ones(5, 2, 3), torch.ones(3, 4)).shape,
    (torch.ones(5, 1, 2, 3) @ torch.ones(6, 3, 1)).shape,
)
print(
    (torch.ones(3) @ torch.ones(3)).shape,
    (torch.ones(2, 3) @ torch.ones(3)).shape,
    torch.bmm(torch.ones(2, 3, 4), torch.ones(2, 4, 5)).shape,
)
for bad in (
    lambda: torch.ones(3) + torch.ones(4),
    lambda: torch.ones(2, 3) @ torch.ones(2, 3),
    lambda: torch.ones(2, 3) @ torch.ones(2),
    lambda: torch.mm(torch.ones(2, 3), torch.ones(3)),
    lambda: torch.bmm(torch.ones(2, 3, 4), torch.ones(3, 4, 5)),
    lambda: torch.dot(torch.ones(2), torch.ones(3)),
    lambda: torch.cat([torch.ones(2, 3), torch.ones(2, 2)]),
    lambda: torch.stack([torch.ones(2), torch.ones(3)]),
    lambda: torch.broadcast_shapes((2, 3), (4,)),
    lambda: torch.ones(5, 2, 3) @ torch.ones(4, 3, 2),
    lambda: torch.mv(torch.ones(2, 3), torch.ones(2)),
):
    try:
        print(bad().shape)
    except RuntimeError as error:
        print(error)
