"""What shares memory with what."""

import numpy as np
import torch

base = torch.arange(6.0)
v = base.view(2, 3)
v[0, 0] = 100
print(base, v.is_contiguous(), v.t().is_contiguous(), v.stride(), v.t().stride())
print(v._base is base, base._base is None, v.data_ptr() == base.data_ptr(), v[1].storage_offset())
c = base.clone()
c += 1
print(base[0], c[0], base is base.contiguous(), v.t().contiguous().stride())
try:
    v.t().view(6)
except RuntimeError as error:
    print(error)
r = v.t().reshape(6)
r[0] = -1
print(v[0, 0], r[0])
e = torch.tensor([[1], [2], [3]]).expand(3, 4)
print(
    e,
    e.stride(),
    e.is_contiguous(),
    torch.tensor([1, 2]).repeat(2, 2),
    torch.tensor([1, 2]).tile(2),
)
try:
    e.add_(1)
except RuntimeError as error:
    print(error)
n = np.zeros(3)
t = torch.from_numpy(n)
n += 1
t.mul_(3)
print(n, t, torch.tensor(n) is not t)
m = torch.ones(3)
a = m.numpy()
m.add_(1)
a[0] = 7
print(m, a, a.dtype)
s = torch.as_tensor(n)
n[0] = 50
print(s, torch.tensor(s.tolist()))
d = torch.ones(2, requires_grad=True)
det = d.detach()
det[0] = 5
print(d, det.requires_grad, d.data, d.clone().detach())
x = torch.arange(24).view(2, 3, 4)
print(
    x.permute(2, 0, 1).shape,
    x.transpose(1, 2).stride(),
    x.movedim(0, -1).shape,
    x.swapaxes(0, 1).shape,
)
print(x.flatten(1).shape, x.view(-1, 4).shape, x.unflatten(2, (2, 2)).shape, x.mT.shape)
print(torch.atleast_2d(torch.tensor(1)).shape, x.unfold(2, 2, 1).shape, x.view(2, -1).size())
for bad in (
    lambda: x.view(5, 5),
    lambda: x.reshape(-1, 7),
    lambda: x.view(-1, -1),
    lambda: x.squeeze(5),
    lambda: x.permute(0, 1),
    lambda: x.expand(3, 3, 4),
):
    try:
        bad()
    except (RuntimeError, IndexError) as error:
        print(type(error).__name__, error)
print(
    x.resize_(2, 2) if False else x.shape,
    torch.broadcast_tensors(torch.ones(3, 1), torch.ones(2))[0].shape,
)
print(torch.squeeze(torch.zeros(1, 2, 1)).shape, torch.zeros(1, 2, 1).squeeze(0).shape)
