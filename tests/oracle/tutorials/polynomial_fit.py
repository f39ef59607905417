"""sin(x) as a cubic: with formulas, tensors, autograd, nn, optim and a Module of four numbers."""

import math

import torch

x = torch.linspace(-math.pi, math.pi, 200)
y = torch.sin(x)
a, b, c, d = (
    torch.full((), v, dtype=torch.float, requires_grad=True) for v in (0.1, -0.2, 0.3, 0.0)
)
learning_rate = 1e-4
for t in range(400):
    y_pred = a + b * x + c * x**2 + d * x**3
    loss = (y_pred - y).pow(2).sum()
    if t % 100 == 99:
        print(t, f"{loss.item():.2f}")
    loss.backward()
    with torch.no_grad():
        for p in (a, b, c, d):
            p -= learning_rate * 0.05 * p.grad
            p.grad = None
print(f"Result: y = {a.item():.3f} + {b.item():.3f} x + {c.item():.3f} x^2 + {d.item():.3f} x^3")

xx = x.unsqueeze(-1).pow(torch.tensor([1, 2, 3]))
print(xx.shape, xx[:2])
torch.manual_seed(1)
model = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Flatten(0, 1))
loss_fn = torch.nn.MSELoss(reduction="sum")
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
for t in range(300):
    loss = loss_fn(model(xx), y)
    if t % 100 == 99:
        print(t, f"{loss.item():.2f}")
    model.zero_grad()
    loss.backward()
    optimizer.step()
layer = model[0]
print(layer.bias.shape, layer.weight[:, 0].item() > 0, model)


class Polynomial3(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.a = torch.nn.Parameter(torch.randn(()))
        self.b = torch.nn.Parameter(torch.randn(()))
        self.d = torch.nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return self.a + self.b * x + self.d * x**3

    def string(self):
        return f"y = {self.a.item():.2f} + {self.b.item():.2f} x + {self.d.item():.2f} x^3"


model = Polynomial3()
print(model, [name for name, _ in model.named_parameters()], model.string())
optimizer = torch.optim.SGD(model.parameters(), lr=1e-6, momentum=0.9)
for t in range(100):
    loss = loss_fn(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(model.string(), sum(p.numel() for p in model.parameters() if p.requires_grad))
V = torch.vander(x[:4], N=3) if hasattr(torch, "vander") else None
print(torch.linalg.solve(torch.tensor([[2.0, 1.0], [1.0, 3.0]]), torch.tensor([3.0, 5.0])))
coefficients = torch.linalg.lstsq(
    torch.stack([x**k for k in range(4)], 1).double(), y.double()[:, None]
).solution
print(coefficients[1::2].squeeze())
