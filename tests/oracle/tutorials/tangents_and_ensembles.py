"""Functions of functions: per-sample gradients, neural tangent kernels, ensembles, Hessians."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import (
    functional_call,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    stack_module_state,
    vjp,
    vmap,
)

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 5)
        self.b = nn.Linear(5, 2)

    def forward(self, x):
        return self.b(torch.tanh(self.a(x)))


net = Net()
params = {k: v.detach() for k, v in net.named_parameters()}
bufs = dict(net.named_buffers())
X, y = torch.randn(4, 3), torch.tensor([0, 1, 1, 0])


def loss(p, b, x, t):
    return F.cross_entropy(functional_call(net, (p, b), (x.unsqueeze(0),)), t.unsqueeze(0))


ft = vmap(grad(loss), in_dims=(None, None, 0, 0))
ps = ft(params, bufs, X, y)
print({k: v.shape for k, v in ps.items()})
print(ps["b.bias"])
naive = [
    torch.autograd.grad(F.cross_entropy(net(X[i : i + 1]), y[i : i + 1]), list(net.parameters()))
    for i in range(4)
]
print([torch.allclose(torch.stack(s), t, atol=1e-6) for s, t in zip(zip(*naive), ps.values())])


# neural tangent kernel
def f(p, x):
    return functional_call(net, p, (x.unsqueeze(0),)).squeeze(0)


def ntk(p, x1, x2):
    j1 = vmap(jacrev(f), (None, 0))(p, x1)
    j2 = vmap(jacrev(f), (None, 0))(p, x2)
    return sum(
        torch.einsum("Naf,Mbf->NMab", a.flatten(2), b.flatten(2))
        for a, b in zip(j1.values(), j2.values())
    )


K = ntk(params, X, X[:2])
print(K.shape, K[0, 0])


def ntk2(p, x1, x2):
    def one(x1, x2):
        out, vjp_fn = vjp(lambda q: f(q, x1), p)

        def col(v):
            _, j = jvp(lambda q: f(q, x2), (p,), vjp_fn(v))
            return j

        return vmap(col)(torch.eye(out.shape[0]))

    return vmap(vmap(one, (None, 0)), (0, None))(x1, x2)


print(torch.allclose(ntk2(params, X, X[:2]).transpose(2, 3), K, atol=1e-5))
# ensembles
models = [Net() for _ in range(3)]
p, b = stack_module_state(models)
print({k: (v.shape, v.requires_grad) for k, v in p.items()}, b)
base = copy.deepcopy(models[0]).to("cpu")


def fm(p, b, x):
    return functional_call(base, (p, b), (x,))


print(vmap(fm, in_dims=(0, 0, None))(p, b, X).shape)
print(vmap(fm, in_dims=(0, 0, None), randomness="different")(p, b, X)[0, 0])


# hessian, jacobians
def g(x):
    return (x**3).sum() * x[0]


x = torch.tensor([1.0, 2.0, 3.0])
print(hessian(g)(x), jacfwd(grad(g))(x), jacrev(jacrev(g))(x))
print(jacrev(torch.sin)(x), vmap(jacfwd(torch.sin))(x))
print(jacrev(lambda a, b: a * b, argnums=(0, 1))(x, x))
print(grad_and_value(g)(x), grad(lambda x: (g(x), x.sum()), has_aux=True)(x))
out, fn = vjp(torch.exp, x)
print(out, fn(torch.ones(3)))
print(jvp(lambda a, b: a @ b, (x, x), (torch.ones(3), torch.zeros(3))))
o, lin = linearize(torch.sin, x)
print(o, lin(torch.ones(3)))
print(
    vmap(torch.dot)(torch.ones(2, 3), torch.ones(2, 3)),
    vmap(lambda a, b: a * b, (0, 1), 1)(torch.ones(2, 3), torch.ones(3, 2)).shape,
    vmap(vmap(torch.dot))(torch.ones(2, 2, 3), torch.ones(2, 2, 3)),
    vmap(lambda x: x.sum(), chunk_size=2)(torch.ones(5, 2)),
    torch.vmap(lambda d: d["a"] + 1)({"a": torch.ones(2)}),
)
for bad in (
    lambda: vmap(torch.dot)(torch.ones(2, 3), torch.ones(3, 3)),
    lambda: grad(torch.sin)(x),
    lambda: vmap(torch.sin, 3)(x),
    lambda: vmap(lambda x: torch.rand(1))(x),
    lambda: grad(lambda x: 3.0)(x),
    lambda: vmap(torch.sin)(torch.tensor(1.0)),
    lambda: functional_call(net, {"zzz": x}, X),
    lambda: grad(lambda x: x.sum().long())(x),
    lambda: jvp(torch.sin, (x,), (torch.ones(2),)),
    lambda: vmap(lambda x: "a")(x),
    lambda: jacfwd(torch.sin, argnums=3)(x),
    lambda: vmap(lambda: 1)(),
):
    try:
        print(bad())
    except Exception as e:
        print(type(e).__name__, str(e)[:300])


def step(p, x, y, lr=0.1):
    g, l = grad_and_value(lambda p: F.mse_loss(functional_call(net, p, x), y))(p)
    return {k: p[k] - lr * g[k] for k in p}, l


q = params
for i in range(5):
    q, l = step(q, X, torch.ones(4, 2))
    print(f"{l:.6f}")
# hvp three ways
v = torch.tensor([1.0, 0.0, -1.0])
print(jvp(grad(g), (x,), (v,))[1], vjp(grad(g), x)[1](v)[0], torch.autograd.functional.hvp(g, x, v))
print(
    torch.autograd.functional.jacobian(lambda x: x**2, x),
    torch.autograd.functional.hessian(g, x),
    torch.autograd.functional.vjp(torch.sin, x, v),
    torch.autograd.functional.jvp(torch.sin, x, v),
    torch.autograd.functional.vhp(g, x, v),
)
w = torch.tensor([0.5], requires_grad=True)
print(
    grad(lambda x: (x * w).sum())(x),
    vmap(grad(lambda x, w: (x * w).sum()), (0, None))(x, w).detach(),
)
print(torch.func.grad(lambda x: torch.where(x > 2, x**2, x).sum())(x))
import torch.autograd.forward_ad as fwAD

with fwAD.dual_level():
    d = fwAD.make_dual(x, v)
    o = d * d.sin()
    print(fwAD.unpack_dual(o))
    print(fwAD.unpack_dual(o).tangent)


def metal(p, xs, ys):
    g = grad(lambda p: ((p * xs - ys) ** 2).mean())(p)
    p = p - 0.1 * g
    return ((p * xs - ys) ** 2).mean()


print(
    grad(
        lambda p: vmap(metal, (None, 0, 0))(
            p, torch.arange(6.0).view(2, 3), torch.ones(2, 3)
        ).mean()
    )(torch.tensor(0.5))
)
