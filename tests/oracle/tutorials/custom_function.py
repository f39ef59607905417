"""Own autograd functions: backward by hand, checked numerically."""

import math

import torch
from torch.autograd import Function, gradcheck


class MyReLU(Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return input.clamp(min=0)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        grad_input = grad_output.clone()
        grad_input[input < 0] = 0
        return grad_input


class LegendrePolynomial3(torch.autograd.Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return 0.5 * (5 * input**3 - 3 * input)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        return grad_output * 1.5 * (5 * input**2 - 1)


class Scaled(Function):
    @staticmethod
    def forward(ctx, x, scale, power=1):
        ctx.scale, ctx.power = scale, power
        ctx.save_for_backward(x)
        return x**power * scale

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        print("needs", ctx.needs_input_grad)
        return grad * ctx.scale * ctx.power * x ** (ctx.power - 1), None, None


x = torch.tensor([-1.0, 0.5, 2.0], requires_grad=True)
y = MyReLU.apply(x)
y.sum().backward()
print(y, x.grad)
z = Scaled.apply(x, 3.0, 2)
print(z)
x.grad = None
z.sum().backward()
print(x.grad, z.grad_fn.name())
print(gradcheck(LegendrePolynomial3.apply, torch.rand(4, dtype=torch.double, requires_grad=True)))
g = torch.linspace(-math.pi, math.pi, 50)
target = torch.sin(g)
a, b, c, d = (torch.full((), v, requires_grad=True) for v in (0.0, -1.0, 0.0, 0.3))
for t in range(301):
    loss = (a + b * LegendrePolynomial3.apply(c + d * g) - target).pow(2).sum()
    if t % 100 == 0:
        print(t, f"{loss.item():.2f}")
    loss.backward()
    with torch.no_grad():
        for p in (a, b, c, d):
            p -= 5e-5 * p.grad
            p.grad.zero_()


class Wrong(Function):
    @staticmethod
    def forward(ctx, x):
        return x.exp()

    @staticmethod
    def backward(ctx, grad):
        return grad, grad


class Straight(Function):
    @staticmethod
    def forward(ctx, x):
        return x.round()

    @staticmethod
    def backward(ctx, grad):
        return grad


w = torch.tensor([0.4, 1.6], requires_grad=True)
(Straight.apply(w) * torch.tensor([1.0, 10.0])).sum().backward()
print(w.grad)
try:
    Wrong.apply(w).sum().backward()
except RuntimeError as error:
    print(error)
w.grad = None
s = LegendrePolynomial3.apply(w)
(first,) = torch.autograd.grad(s.sum(), w, create_graph=True)
print(torch.autograd.grad(first.sum(), w)[0], 15 * w.detach())
