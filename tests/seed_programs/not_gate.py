"""Gradient descent on a parabola, then one neuron learning NOT: by hand, as a module, with Linear."""

import matplotlib.pyplot as plt
import numpy as np
import torch

x = torch.tensor(5, requires_grad=True, dtype=torch.float32)
alpha = 0.1
for _ in range(10):
    y = x**2 + 2 * x + 1
    y.backward()
    with torch.no_grad():
        x -= alpha * x.grad
        x.grad.zero_()
    print(x.detach().numpy(), y.detach().numpy())

x = torch.tensor(5, requires_grad=True, dtype=torch.float32)
x_plt = np.linspace(-10, 10, 100)
plt.plot(x_plt, x_plt**2 + 2 * x_plt + 1)
for _ in range(50):
    y = x**2 + 2 * x + 1
    plt.plot(x.detach().numpy(), y.detach().numpy(), "o")
    y.backward()
    gradient = None
    with torch.no_grad():
        gradient = x.grad.item()
        x -= alpha * x.grad
        x.grad.zero_()
print(x.detach().numpy(), y.detach().numpy(), gradient)
plt.show()

x = torch.tensor([[0], [1]], dtype=torch.float32)
y = torch.tensor([1, 0], dtype=torch.float32)
w = torch.tensor([[3]], requires_grad=True, dtype=torch.float32)
b = torch.tensor([[1]], requires_grad=True, dtype=torch.float32)
optimizer = torch.optim.SGD([w, b], lr=10)
for i in range(5):
    print("Iteration ", i)
    print("w = ", w.detach().numpy())
    print("b = ", b.detach().numpy())
    a = torch.sigmoid(w @ x.T + b)
    print("a = ", a)
    loss = torch.square(a - y)
    print("loss = ", loss.detach().numpy())
    loss = torch.mean(loss)
    print("mean loss = ", loss.detach().numpy())
    loss.backward()
    print("w_grad = ", w.grad)
    print("b_grad = ", b.grad)
    optimizer.step()
    optimizer.zero_grad()
    print()


class NotGate(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor([[3.0]]))
        self.b = torch.nn.Parameter(torch.tensor([[1.0]]))

    def forward(self, x):
        return torch.sigmoid(self.w @ x.T + self.b)


model = NotGate()
optimizer = torch.optim.SGD(model.parameters(), lr=10)
for i in range(5):
    print("Iteration ", i)
    print("w = ", model.w.detach().numpy())
    print("b = ", model.b.detach().numpy())
    model.train()
    a = model(x)
    print("a = ", a)
    loss = torch.square(a - y)
    print("loss = ", loss.detach().numpy())
    loss = torch.mean(loss)
    print("mean loss = ", loss.detach().numpy())
    loss.backward()
    print("w_grad = ", model.w.grad)
    print("b_grad = ", model.b.grad)
    optimizer.step()
    optimizer.zero_grad()
    print()


class LinearNotGate(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(in_features=1, out_features=1)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))


model = LinearNotGate()
# The tutorial drew its start without a seed and printed it: from there its numbers follow.
model.load_state_dict(
    {
        "linear.weight": torch.tensor([[-0.08132863]]),
        "linear.bias": torch.tensor([0.9673029]),
    }
)
optimizer = torch.optim.SGD(model.parameters(), lr=10)
for i in range(5):
    print("Iteration ", i)
    print("w = ", model.linear.weight.detach().numpy())
    print("b = ", model.linear.bias.detach().numpy())
    model.train()
    a = model(x)
    print("a = ", a)
    loss = torch.square(a - y)
    print("loss = ", loss.detach().numpy())
    loss = torch.mean(loss)
    print("mean loss = ", loss.detach().numpy())
    loss.backward()
    print("w_grad = ", model.linear.weight.grad)
    print("b_grad = ", model.linear.bias.grad)
    optimizer.step()
    optimizer.zero_grad()
    print()
