"""A line through points: first with formulas, then with autograd, then with nn and optim."""

import torch
import torch.nn as nn

torch.manual_seed(42)
X = torch.rand(100, 1) * 10
y = 3 * X + 5 + torch.randn(100, 1)
print(X[:3], y[:3])

w, b = torch.zeros(1), torch.zeros(1)
for epoch in range(5):
    pred = X[:, 0] * w + b
    error = pred - y[:, 0]
    w -= 0.01 * 2 * (error * X[:, 0]).mean()
    b -= 0.01 * 2 * error.mean()
    print(f"epoch {epoch}: w={w.item():.4f} b={b.item():.4f} loss={(error**2).mean():.4f}")

w = torch.randn(1, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
lr = 1e-2
for epoch in range(201):
    loss = ((X @ w + b - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        w -= lr * w.grad
        b -= lr * b.grad
        w.grad.zero_()
        b.grad.zero_()
    if epoch % 50 == 0:
        print(f"Epoch {epoch:3d} | loss {loss.item():8.3f} | w {w.item():.3f} | b {b.item():.3f}")

model = nn.Linear(1, 1)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
print(model, criterion, list(model.named_parameters()))
for epoch in range(200):
    optimizer.zero_grad()
    loss = criterion(model(X), y)
    loss.backward()
    optimizer.step()
    if (epoch + 1) % 50 == 0:
        print("Epoch [{}/{}], Loss: {:.4f}".format(epoch + 1, 200, loss.item()))
print(model.weight.item(), model.bias.data, model.weight.grad)
[weight, bias] = model.parameters()
print(weight.shape, bias.shape, weight)
print(model(torch.tensor([[4.0]])), optimizer)
A = torch.cat([X, torch.ones_like(X)], dim=1)
solution = torch.linalg.lstsq(A, y).solution
print(solution, torch.linalg.inv(A.T @ A) @ A.T @ y, torch.linalg.pinv(A) @ y)
