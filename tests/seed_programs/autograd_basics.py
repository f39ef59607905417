"""What autograd records and accumulates, then one weight fitted by NumPy, tensors, SGD and Linear."""

import numpy as np
import torch
import torch.nn as nn

x = torch.rand(3, requires_grad=True)
print(x)
y = x + 2
print(y)
y.backward(torch.ones_like(y))
print(x.grad)

# The tutorial ran the next cells in a fresh state: the gradient above is not part of theirs.
x = torch.rand(3, requires_grad=True)
y = x + 2
z = y * y * 2
print(z)
z = z.mean()
print(z)
z.backward()
print(x.grad)

x = torch.rand(3, requires_grad=True)
print(x)
x.requires_grad_(False)
print(x)

x = torch.rand(3, requires_grad=True)
print(x)
y = x.detach()
print(y)

x = torch.randn(3, requires_grad=True)
with torch.no_grad():
    y = x + 2
    print(y)

weights = torch.ones(4, requires_grad=True)
for _ in range(3):
    model_output = (weights * 3).sum()
    print(model_output)
    model_output.backward()
    print(weights.grad)

weights = torch.ones(4, requires_grad=True)
for _ in range(3):
    model_output = (weights * 3).sum()
    model_output.backward()
    print(weights.grad)
    weights.grad.zero_()

x = torch.tensor(1.0)
y = torch.tensor(2.0)
w = torch.tensor(1.5, requires_grad=True)
y_hat = w * x
loss = (y_hat - y) ** 2
print(loss)
loss.backward()
print(w.grad)

X = np.array([1, 2, 3, 4], dtype=np.float32)
Y = np.array([2, 4, 6, 8], dtype=np.float32)
W = 0.0


def forward(x):
    return W * x


def loss(y, y_pred):
    return ((y - y_pred) ** 2).mean()


def gradient(x, y, y_pred):
    return np.dot(2 * x, y_pred - y).mean()


print(f"Prediction before training:f(5)={forward(5):.3f}")
lr = 0.01
n_iters = 10
for epoch in range(n_iters):
    y_pred = forward(X)
    error = loss(Y, y_pred)
    dw = gradient(X, Y, y_pred)
    W -= lr * dw
    # The tutorial prints the tensor `w` of the cell before, not the `W` that is trained.
    print(f"epoch {epoch + 1}: w = {w:.3f},loss={error:.8f}")
print(f"Prediction after training:f(5)={forward(5):.3f}")

X = torch.tensor([1, 2, 3, 4], dtype=torch.float32)
Y = torch.tensor([2, 4, 6, 8], dtype=torch.float32)
W = torch.tensor([0.0], dtype=torch.float32, requires_grad=True)
# The tutorial uses `w.grad` where it means `W.grad`, and had run this cell before: w.grad is 0.
w.grad.zero_()
for epoch in range(n_iters):
    y_pred = forward(X)
    error = loss(Y, y_pred)
    error.backward()
    with torch.no_grad():
        W -= lr * w.grad
    w.grad.zero_()
    print(f"epoch {epoch + 1}: w = {w:.3f},loss={error:.8f}")

W = torch.tensor(0.0, dtype=torch.float32, requires_grad=True)
loss = nn.MSELoss()
optimizer = torch.optim.SGD([W], lr=0.01)
for epoch in range(n_iters):
    y_pred = forward(X)
    error = loss(Y, y_pred)
    error.backward()
    optimizer.step()
    optimizer.zero_grad()
    print(f"epoch {epoch + 1}: w = {W:.3f},loss={error:.8f}")

X = torch.tensor([[1], [2], [3], [4]], dtype=torch.float32)
Y = torch.tensor([[2], [4], [6], [8]], dtype=torch.float32)
X_test = torch.tensor([5], dtype=torch.float32)
num_samples, num_features = X.shape
model = nn.Linear(num_features, num_features)
loss = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
for epoch in range(1000):
    y_pred = model(X)
    error = loss(Y, y_pred)
    error.backward()
    optimizer.step()
    optimizer.zero_grad()
    if epoch % 100 == 0:
        [w, b] = model.parameters()
        print(f"epoch {epoch + 1}: w = {w[0][0]:.3f},loss={error:.8f}")
print(f"Prediction after training:f(5)={model(X_test).item():.3f}")
