"""Methods with an underscore, augmented assignment and what autograd says to them."""

import torch

x = torch.ones(2, 3)
print(
    x.add_(2), x.mul_(3), x.sub_(1).div_(2), x.zero_(), x.fill_(4), x.pow_(2), x.sqrt_(), x.neg_()
)
print(
    x.clamp_(-3, 0),
    x.abs_(),
    x.exp_(),
    x.log_(),
    x.copy_(torch.arange(3.0)),
    x.round_(),
    x.t_().shape,
)
x.uniform_(2, 2)
x.normal_(5, 0)
print(x, x.unsqueeze_(0).shape, x.squeeze_().shape, x.transpose_(0, 1).shape)
before = id(x)
x += 1
print(id(x) == before)
x = x + 1
print(id(x) == before)
w = torch.tensor([1.0, 2.0], requires_grad=True)
for attempt in (lambda: w.add_(1), lambda: w.__setitem__(0, 5.0), lambda: w.zero_()):
    try:
        attempt()
    except RuntimeError as error:
        print(error)
with torch.no_grad():
    w += 1
    w[0] = 7
print(w, w.is_leaf, w.requires_grad)
w.data -= 1
print(w)
y = w * 2
y += 1
y.sum().backward()
print(w.grad, y)
w.grad.zero_()
print(w.grad)
w.grad = None
z = w.exp()
z += 1
try:
    z.sum().backward()
except RuntimeError as error:
    print(str(error).split(", which")[0])
v = w.sigmoid()
print(v._version)
v.mul_(2)
print(v._version)
try:
    v.sum().backward()
except RuntimeError as error:
    print(
        "modified by an inplace operation" in str(error),
        "is at version 1; expected version 0" in str(error),
    )
try:
    torch.ones(2, dtype=torch.int64).div_(2)
except RuntimeError as error:
    print(error)
try:
    torch.ones(2).add_(torch.ones(3, 2))
except RuntimeError as error:
    print(error)
buffer = torch.zeros(3)
torch.add(torch.ones(3), 2, out=buffer)
print(buffer, torch.relu_(torch.tensor([-1.0, 2.0])))
buffer.lerp_(torch.zeros(3), 0.5).addcmul_(torch.ones(3), torch.ones(3), value=0.5)
print(buffer, buffer.addcdiv_(torch.ones(3), torch.full((3,), 2.0)))
