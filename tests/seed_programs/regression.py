"""Two partial derivatives, then a straight line fitted to noisy points with a seeded start."""

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import make_regression

a = torch.tensor([5.0], requires_grad=True)
b = torch.tensor([6.0], requires_grad=True)
y = a**3 - b**2
print(y)
y.backward()
print(f"Gradient of a and b is {a.grad.item()} and {b.grad.item()} respectively.")


def plot_data(x, y, y_pred=None, label=None):
    plt.clf()
    plt.scatter(X.squeeze(), y)
    if y_pred is not None:
        plt.plot(X.squeeze(), y_pred.squeeze(), color="red")
    if label:
        plt.title(label)
    plt.show()


X, y, coef = make_regression(
    n_samples=1500,
    n_features=1,
    n_informative=1,
    noise=0.3,
    coef=True,
    random_state=0,
    bias=2,
)
X = torch.tensor(X, dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32)
plot_data(X, y, label=f"Coefficient: {coef:.2f}, Bias:{2}")


class Linear:
    def __init__(self, n_in, n_out):
        self.w = torch.randn(n_in, n_out).requires_grad_(True)
        self.b = torch.randn(n_out).requires_grad_(True)
        self.params = [self.w, self.b]

    def forward(self, x):
        return x @ self.w + self.b


torch.manual_seed(4)
model = Linear(X.shape[1], 1)
with torch.no_grad():
    y_pred = model.forward(X).numpy()
plot_data(X, y, y_pred)


def step(X, y, model, lr=0.1):
    y_pred = model.forward(X)
    loss = torch.square(y - y_pred.squeeze()).mean()
    loss.backward()
    with torch.no_grad():
        for param in model.params:
            param -= lr * param.grad.data
            param.grad.data.zero_()
    return loss


for i in range(30):
    loss = step(X, y, model)
    with torch.no_grad():
        y_pred = model.forward(X).numpy()
        plot_data(X, y, y_pred, label=f"Step: {i + 1}, MSE = {loss:.2f}")

print(f"True coefficient is {coef.item():.2f} and predicted coefficient is {model.w.item():.2f}.")
print(f"True bias term is {2} and predicted coefficient is {model.b.item():.2f}.")
