"""Inference mode, detaching, checkpoints of activations, autocast, default types."""

import torch
import torch.nn as nn


def t(label, f):
    try:
        print(label, f())
    except Exception as e:
        print(label, type(e).__name__, str(e))


with torch.inference_mode():
    x = torch.ones(2)
    y = x * 2
    print(x.is_inference(), y.requires_grad, torch.is_inference_mode_enabled())
print(y, y.is_inference(), x.is_leaf)
w = torch.ones(2, requires_grad=True)
t("mul", lambda: w * y)
t("inplace", lambda: y.add_(1))
t("rg", lambda: y.requires_grad_())
t("save", lambda: (w * y).sum().backward())
t("add", lambda: (w + y).sum().backward())
t("view", lambda: y.view(1, 2).mul_(2))
t("copy", lambda: w.detach().copy_(y))
t("clone", lambda: y.clone().add_(1))
t("setitem", lambda: y.__setitem__(0, 3.0))
t("ng", lambda: torch.no_grad()(lambda: y.add_(1))())
t("ver", lambda: y._version)
t("bk", lambda: y.sum().backward())
t("iadd", lambda: y.__iadd__(1))
t("zero", lambda: y.zero_())
t("out", lambda: torch.add(x, x, out=y))
t("detach", lambda: y.detach().is_inference())


@torch.inference_mode()
def f(a):
    return a * 2


print(f(w), f(w).requires_grad)
with torch.inference_mode():
    z = w * 1
    y.add_(1)
    print(y, z.grad_fn)
    w2 = w.detach().clone()
    t("in", lambda: w.sum().backward())
with torch.inference_mode(False):
    print(torch.ones(1).is_inference())
with torch.no_grad():
    a = w * 2
    print(a.requires_grad, a.is_leaf)
    b = torch.ones(1, requires_grad=True)
    print(b.requires_grad)
with torch.no_grad(), torch.enable_grad():
    print((w * 2).requires_grad)
torch.set_grad_enabled(False)
print((w * 1).requires_grad, torch.is_grad_enabled())
torch.set_grad_enabled(True)
with torch.set_grad_enabled(False):
    print(torch.is_grad_enabled())


@torch.no_grad()
def gen():
    yield (w * 2).requires_grad
    yield torch.is_grad_enabled()


print(list(gen()), torch.is_grad_enabled())


@torch.no_grad
def g2(x):
    return x * 2


print(g2(w).requires_grad)
# .data and detach
v2 = torch.ones(2, requires_grad=True)
o = (v2 * v2).sum()
v2.data.mul_(3)
o.backward()
print(v2.grad, v2._version)
v3 = torch.ones(2, requires_grad=True)
o = (v3**2).sum()
v3.detach().mul_(3)
t("det", lambda: o.backward())
v4 = torch.ones(2, requires_grad=True)
with torch.no_grad():
    v4 += 1
    v4.sub_(0.5)
    v4[0] = 9
print(v4, v4._version, v4.is_leaf)
k = torch.zeros(3)
k2 = k.unfold(0, 2, 1)
k2[0, 1] = 5
print(k, k2)
k3 = torch.arange(6.0).unfold(0, 3, 2)
print(k3, k3.stride(), k3._base is not None)
print(k.storage_offset(), k2.data_ptr() == k.data_ptr())
q = torch.arange(5.0)
q.data = q.data[1:3]
print(q, q.shape)
q.data = torch.ones(3, 3)
print(q.shape)
t(
    "dtype",
    lambda: setattr(torch.ones(1, requires_grad=True), "data", torch.ones(1, dtype=torch.long)),
)
t("notT", lambda: setattr(q, "data", 3))
u = torch.ones(2, requires_grad=True)
u2 = u * 2
u2.detach_()
print(u2.requires_grad, u2.grad_fn)
t("detview", lambda: (u * 2).view(1, 2).detach_())
u3 = u.clone()
u3.requires_grad_(True)
t("rgf", lambda: u3.requires_grad_(False))
t("leaf", lambda: u.detach_().requires_grad)
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

net = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.ReLU())
xx = torch.ones(1, 2, requires_grad=True)
torch.manual_seed(0)
c = checkpoint(net, xx, use_reentrant=False)
c.sum().backward()
print(c.shape, xx.grad.shape, checkpoint_sequential(net, 2, xx, use_reentrant=False).shape)
x1 = torch.randn(3, 4).to(torch.bfloat16)
torch.manual_seed(0)
with torch.autocast("cpu", dtype=torch.bfloat16):
    lin = nn.Linear(4, 2)
    o = lin(torch.randn(3, 4))
    print(
        o.dtype,
        (o + 1).dtype,
        o.float().softmax(-1).dtype,
        o.softmax(-1).dtype,
        torch.nn.functional.cross_entropy(o, torch.tensor([0, 1, 1])).dtype,
        (o @ o.T).dtype,
        o.sum().dtype,
        o.exp().dtype,
        torch.is_autocast_enabled("cpu"),
        torch.get_autocast_dtype("cpu"),
        lin.weight.dtype,
        nn.LayerNorm(2)(o.float()).dtype,
        torch.cat([o, o.float()]).dtype,
        torch.mm(o.float(), o.float().T).dtype,
    )
    with torch.autocast("cpu", enabled=False):
        print(lin(torch.ones(1, 4)).dtype)
    print(o)
try:
    with torch.autocast("cpu", dtype=torch.float64):
        print(torch.mm(torch.ones(1, 1), torch.ones(1, 1)).dtype)
except Exception as e:
    print(type(e), e)
o.float().sum().backward()
print(lin.weight.grad.dtype)
sc = torch.amp.GradScaler("cpu", init_scale=8.0)
opt = torch.optim.SGD(lin.parameters(), 0.1)
l = lin(torch.ones(1, 4)).sum()
sc.scale(l).backward()
sc.unscale_(opt)
print(lin.bias.grad)
sc.step(opt)
sc.update()
print(sc.get_scale(), sc.state_dict(), sc.is_enabled())
print(
    torch.cuda.is_available(),
    torch.cuda.device_count(),
    torch.backends.mps.is_available(),
    torch.accelerator.is_available(),
    torch.accelerator.current_accelerator(),
    torch.device("cuda" if torch.cuda.is_available() else "cpu"),
    torch.get_default_dtype(),
    torch.get_default_device(),
)
sc = torch.cuda.amp.GradScaler(enabled=False)
print(sc.scale(torch.ones(1)), sc.get_scale())
torch.set_default_dtype(torch.float64)
print(
    torch.ones(1).dtype, torch.tensor(1.0).dtype, nn.Linear(1, 1).weight.dtype, torch.tensor([1.0])
)
torch.set_default_dtype(torch.float32)
t("dd", lambda: torch.set_default_dtype(torch.int))
print(torch.tensor([1.0], dtype=torch.double))
torch.use_deterministic_algorithms(True)
print(torch.are_deterministic_algorithms_enabled())
torch.use_deterministic_algorithms(False)
print(torch.get_num_threads() > 0, torch.initial_seed(), torch.seed() > 0)
