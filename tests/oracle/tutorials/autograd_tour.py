"""Gradients, graphs and their switches."""

import torch
from torch.autograd import Variable, grad

x = torch.ones(2, 2, requires_grad=True)
y = x + 2
z = y * y * 3
out = z.mean()
print(y, z, out, y.grad_fn is not None, x.grad_fn)
out.backward()
print(x.grad)
print(type(y.grad_fn).__name__, y.grad_fn.name(), out.grad_fn.next_functions[0][0].name())
a = torch.tensor([2.0, 3.0], requires_grad=True)
b = torch.tensor([6.0, 4.0], requires_grad=True)
Q = 3 * a**3 - b**2
Q.backward(gradient=torch.tensor([1.0, 1.0]))
print(9 * a**2 == a.grad, -2 * b == b.grad, Q)
v = torch.randn(3, requires_grad=True)
w = v * 2
while w.data.norm() < 1000:
    w = w * 2
w.backward(torch.tensor([0.1, 1.0, 0.0001]))
print(v.grad / v.grad[1])
print(v.requires_grad, (v**2).requires_grad)
with torch.no_grad():
    print((v**2).requires_grad)
print(v.detach().requires_grad, v.detach().eq(v).all())
for trial in range(3):
    (a.sum() * 2).backward()
    print(trial, a.grad)
a.grad.zero_()
inner = a * b
inner.retain_grad()
inner.sum().backward()
print(inner.grad, inner.is_leaf, a.is_leaf)
print(grad(torch.sin(a).sum(), a), torch.autograd.grad((a * b).sum(), [a, b]))
(g,) = grad(outputs=a**2, inputs=a, grad_outputs=torch.ones_like(a), create_graph=True)
print(g, grad(g.sum(), a)[0])
print(Variable(torch.ones(1), requires_grad=True))


@torch.no_grad()
def double(t):
    return t * 2


print(double(a).requires_grad, torch.is_grad_enabled())
with torch.set_grad_enabled(False):
    print((a * 2).requires_grad, torch.is_grad_enabled())
with torch.inference_mode():
    t = a * 2
    print(t.requires_grad, t.is_leaf)
messages = [
    lambda: (a * 2).backward(),
    lambda: torch.ones(2).sum().backward(),
    lambda: (a * 2).numpy(),
    lambda: (a * 2).requires_grad_(False),
    lambda: (a * 2).backward(torch.ones(3)),
]
for message in messages:
    try:
        message()
    except (RuntimeError, TypeError) as error:
        print(type(error).__name__, error)
s = (a**2).sum()
s.backward(retain_graph=True)
s.backward()
try:
    s.backward()
except RuntimeError as error:
    print(error)
print(torch.autograd.functional.jacobian(lambda t: t**2, torch.tensor([1.0, 2.0])))
print(torch.autograd.functional.hessian(lambda t: (t**3).sum(), torch.tensor([1.0, 2.0])))
print(
    torch.autograd.gradcheck(
        lambda t: (t * t).sin(), torch.rand(3, dtype=torch.float64, requires_grad=True)
    )
)
print((a * 2).requires_grad_(), a.sum().requires_grad, (2 * a).sum().grad_fn)
