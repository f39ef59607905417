"""Backpropagation through a two-layer network that learns XOR from a given start, updates by hand."""

import torch

x = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=torch.float32)
y = torch.tensor([0, 1, 1, 0], dtype=torch.float32)

w1 = torch.tensor([[0.1, 0.3], [0.2, 0.1]], requires_grad=True)
b1 = torch.tensor([0.2, -0.2], requires_grad=True)
w2 = torch.tensor([[0.1], [-0.4]], requires_grad=True)
b2 = torch.tensor([0.0], requires_grad=True)

o1 = torch.relu(torch.matmul(x[0], w1) + b1)
print(o1)
o2 = torch.sigmoid(torch.matmul(o1, w2) + b2)
print(o2)
loss = (y[0] - o2) ** 2
print(loss)

loss.backward()
print(w2.grad, b2.grad)
print(w1.grad, b1.grad)

n = 0.01
with torch.no_grad():
    w1 -= n * w1.grad
    b1 -= n * b1.grad
    print(w1, b1)
    w2 -= n * w2.grad
    b2 -= n * b2.grad
    print(w2, b2)


def forward(x):
    ol1 = torch.relu(torch.matmul(x, w1) + b1)
    ol2 = torch.sigmoid(torch.matmul(ol1, w2) + b2)
    return ol2


def step(ts):
    with torch.no_grad():
        for t in ts:
            t -= n * t.grad


def zero_grad(ts):
    for t in ts:
        if t.grad is not None:
            t.grad.data.zero_()


EPOCHS = 5000

for epoch in range(EPOCHS):
    for i in range(4):
        zero_grad([w1, b1, w2, b2])
        loss = (y[i] - forward(x[i])) ** 2
        loss.backward()
        step([w1, b1, w2, b2])
    if epoch % 1000 == 0:
        loss = torch.mean((y - forward(x).squeeze()) ** 2)
        print(f"EPOCH {epoch + 1} complete, loss {loss.item()}")
print(w1, b1)
print(w2, b2)
for i in range(4):
    print(f"{y[i], forward(x[i])}")
