"""Two gradients looked at from every side, then a line fitted to seventeen points by hand."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.pyplot import figure
from torch.autograd import Variable

x = torch.ones(5, requires_grad=True)
print(x)
print(callable(x.type))
print(x.grad)
y = x + 2
z = y.mean()
print(callable(z.type))
print(z)
z.backward()
print(x.grad)
print(x.grad_fn)
print(y.grad_fn)
print(z.grad_fn)

x = torch.ones(2, 2, requires_grad=True)
y = x + 5
z = 2 * y * y
h = z.mean()
print(z)
print(z.shape)
print(h.shape)
print(h)
h.backward()
print(x.grad)
print(h.grad_fn)
print(z.grad_fn)
print(y.grad_fn)
print(x.grad_fn)
print(x)

POINTS_X = [3.3, 4.4, 5.5, 6.71, 6.93, 4.168, 9.779, 6.182, 7.59]
POINTS_X += [2.167, 7.042, 10.791, 5.313, 7.997, 5.654, 9.27, 3.1]
POINTS_Y = [1.7, 2.76, 2.09, 3.19, 1.694, 1.573, 3.366, 2.596, 2.53]
POINTS_Y += [1.221, 2.827, 3.465, 1.65, 2.904, 2.42, 2.94, 1.3]


def get_data():
    train_X = np.asarray(POINTS_X)
    train_Y = np.asarray(POINTS_Y)
    dtype = torch.FloatTensor
    X = Variable(torch.from_numpy(train_X).type(dtype), requires_grad=False).view(17, 1)
    y = Variable(torch.from_numpy(train_Y).type(dtype), requires_grad=False)
    return X, y, train_X, train_Y


def get_weights():
    w = Variable(torch.randn(1), requires_grad=True)
    b = Variable(torch.randn(1), requires_grad=True)
    return w, b


w, b = get_weights()
X, y, X_np, y_np = get_data()
figure(num=None, figsize=(8, 6), dpi=100, facecolor="w", edgecolor="k")
plt.scatter(X_np, y_np)
plt.show()


def simple_network(x):
    y_pred = torch.matmul(x, w) + b
    return y_pred


def loss_fn(y, y_pred):
    loss = (y_pred - y).pow(2).sum()
    for param in [w, b]:
        if param.grad is not None:
            param.grad.data.zero_()
    loss.backward()
    return loss.item()


def optimize(learning_rate):
    w.data -= learning_rate * w.grad.data
    b.data -= learning_rate * b.grad.data


learning_rate = 0.0001
x, y, x_np, y_np = get_data()
w, b = get_weights()
for i in range(500):
    y_pred = simple_network(x)
    loss = loss_fn(y, y_pred)
    if i % 50 == 0:
        print(loss)
    optimize(learning_rate)
