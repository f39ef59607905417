"""Hooks on modules, tensors and nodes; what the graph shows; functions with a derivative of one's own."""

from functools import partial

import torch
import torch.nn as nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
acts = {}


def save(name, m, i, o):
    acts[name] = o.detach()
    print("fwd", name, type(m).__name__, [tuple(a.shape) for a in i], tuple(o.shape))


hs = [m.register_forward_hook(partial(save, n)) for n, m in net.named_children()]
print(type(hs[0]).__name__, type(hs[0].id))
x = torch.randn(2, 3, requires_grad=True)
net(x).sum().backward()
print({k: v.mean().item() for k, v in acts.items()})
[h.remove() for h in hs]


def bh(m, gi, go):
    print(
        "bwd",
        type(m).__name__,
        [None if g is None else tuple(g.shape) for g in gi],
        [tuple(g.shape) for g in go],
    )


hs = [m.register_full_backward_hook(bh) for m in net]
y = net(x)
print(y.grad_fn, y.requires_grad)
y.mean().backward()
[h.remove() for h in hs]
h = net[0].register_full_backward_hook(
    lambda m, gi, go: tuple(g * 0 if g is not None else None for g in gi)
)
x.grad = None
net(x).sum().backward()
print(x.grad)
h.remove()
h = net[2].register_full_backward_pre_hook(lambda m, go: (go[0] * 10,))
net.zero_grad()
net(x).sum().backward()
print(net[2].bias.grad)
h.remove()
h = net.register_forward_pre_hook(lambda m, a: (a[0] * 0,))
print(net(x))
h.remove()
h = net.register_forward_pre_hook(lambda m, a, k: (a, k), with_kwargs=True)
print(net(input=x).shape)
h.remove()
h = net.register_forward_hook(lambda m, a, k, o: o * 2, with_kwargs=True)
net(x)
h.remove()
h = net.register_forward_hook(lambda m, i, o: print("always"), always_call=True)
try:
    net(torch.ones(5))
except RuntimeError as e:
    print(e)
h.remove()

order = []
a = net.register_forward_hook(lambda *z: order.append("a"))
b = net.register_forward_hook(lambda *z: order.append("b"), prepend=True)
net(x)
print(order)
a.remove()
b.remove()
t = torch.ones(2, requires_grad=True)
u = t * 3
h = u.register_hook(lambda g: print("u grad", g))
u.retain_grad()
t.register_hook(lambda g: g * 2)
(u**2).sum().backward()
print(t.grad, u.grad)
h.remove()
h.remove()
t.register_post_accumulate_grad_hook(lambda p: print("acc", p.grad))
(t * 2).sum().backward()
try:
    u.register_post_accumulate_grad_hook(print)
except RuntimeError as e:
    print(e)
try:
    torch.ones(1).register_hook(print)
except RuntimeError as e:
    print(e)
try:
    print((t * 2).grad)
except Exception as e:
    print(e)
y = (t * 2).exp()
g = y.grad_fn
print(g.name(), g.next_functions, g.next_functions[0][0].next_functions, g.metadata)
g.register_hook(lambda gi, go: print("node", gi, go))
g.register_prehook(lambda go: print("pre", go))
y.sum().backward()
fn = g.next_functions[0][0].next_functions[0][0]
print(fn.variable is t, type(fn).__name__, fn.name())


def walk(fn, d=0):
    if fn is None:
        return
    print(" " * d + fn.name())
    for f, i in fn.next_functions:
        walk(f, d + 2)


walk(net(x).log_softmax(-1).mean().grad_fn)
import torch.nn.functional as F

lstm = nn.LSTM(2, 3, batch_first=True)
walk(
    F.cross_entropy(
        F.dropout(F.max_pool2d(nn.Conv2d(1, 2, 2)(torch.ones(1, 1, 4, 4)), 2).flatten(1), 0.5),
        torch.tensor([0]),
    ).grad_fn
)
e = nn.Embedding(4, 3)
walk((e(torch.tensor([[1, 2]])).mean(1) @ torch.ones(3, 2)).softmax(-1).pow(2).sum().grad_fn)
with torch.autograd.graph.saved_tensors_hooks(
    lambda t: (print("pack", tuple(t.shape)), t)[1],
    lambda t: (print("unpack", tuple(t.shape)), t)[1],
):
    q = torch.ones(3, requires_grad=True)
    (q * q).exp().sum().backward()
with torch.autograd.graph.save_on_cpu():
    (q.sin() * q).sum().backward()
print(q.grad)
s = (q**3).grad_fn
print(s._saved_self, s._saved_exponent)
print(torch.exp(q).grad_fn._saved_result)
with torch.autograd.set_detect_anomaly(True):
    try:
        b = torch.zeros(1, requires_grad=True)
        (torch.sqrt(b) * 0).sum().backward()
    except RuntimeError as e:
        print(str(e).splitlines()[0])
print(torch.is_grad_enabled(), torch.is_anomaly_enabled())


class Rev(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, l):
        ctx.l = l
        ctx.save_for_backward(x)
        return x.view_as(x)

    @staticmethod
    def backward(ctx, g):
        (_x,) = ctx.saved_tensors
        return -ctx.l * g, None


r = Rev.apply(q, 2.0)
print(r, r.grad_fn, r.grad_fn.name(), type(r.grad_fn))
r.sum().backward()
print(q.grad)


class Bad(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, y):
        return x * y

    @staticmethod
    def backward(ctx, g):
        return g


try:
    Bad.apply(q, q.detach().requires_grad_()).sum().backward()
except RuntimeError as e:
    print(e)


class Bad2(Bad):
    @staticmethod
    def backward(ctx, g):
        return g[:1], g, g


try:
    Bad2.apply(q, q).sum().backward()
except RuntimeError as e:
    print(e)
try:
    Bad()(q)
except RuntimeError as e:
    print(e)


class NoB(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2


try:
    NoB.apply(q).sum().backward()
except Exception as e:
    print(type(e).__name__, e)


class Multi(torch.autograd.Function):
    @staticmethod
    def forward(x, k):
        return x * k, x.long()

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.k = inputs[1]
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)

    @staticmethod
    def backward(ctx, g, g2):
        print(g2)
        return None if g is None else g * ctx.k, None


a, b = Multi.apply(q, 4)
print(a, b)
a.sum().backward()


class Once(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return g * 2


(g,) = torch.autograd.grad(Once.apply(q).sum() ** 2, q, create_graph=True)
print(g.detach())
try:
    g.sum().backward()
except RuntimeError as e:
    print(e)


class InP(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        x.add_(1)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, g):
        return g


w = q.clone()
InP.apply(w)
print(w)
print(
    torch.autograd.gradcheck(
        lambda x: Rev.apply(x, -1.0), (torch.ones(2, dtype=torch.double, requires_grad=True),)
    )
)
try:
    torch.autograd.gradcheck(
        Once.apply and NoB.apply, (torch.ones(2, dtype=torch.double, requires_grad=True),)
    )
except Exception as e:
    print(type(e).__name__)
print(
    torch.autograd.gradcheck(
        lambda x: Rev.apply(x, 2.0),
        (torch.ones(2, dtype=torch.double, requires_grad=True),),
        raise_exception=False,
    )
)
