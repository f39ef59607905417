"""Two moons, learned by full-batch gradient descent; a confusion matrix at the end."""

import numpy as np
import torch
from sklearn.datasets import make_moons
from sklearn.metrics import accuracy_score
from torch import nn

X, y = make_moons(n_samples=120, noise=0.1, random_state=1)
X = torch.as_tensor(X, dtype=torch.float32)
y = torch.LongTensor(y)
X = (X - X.mean(dim=0)) / X.std(dim=0)
print(X.mean(0).abs().max() < 1e-6, X.std(0), y.bincount())
torch.manual_seed(3)
model = nn.Sequential()
model.add_module("hidden", nn.Linear(2, 16))
model.add_module("act", nn.Tanh())
model.append(nn.Linear(16, 2))
print(model, len(model), model.hidden, model[-1])
optimizer = torch.optim.SGD(model.parameters(), lr=0.5, momentum=0.9, nesterov=True)
losses = []
for epoch in range(40):
    logits = model(X)
    loss = nn.functional.cross_entropy(logits, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.detach())
history = torch.stack(losses)
print(
    history[::10], history.argmin() > 20, np.mean([value.item() for value in losses[:3]]).round(3)
)
predictions = model(X).detach().argmax(dim=1)
print(accuracy_score(y.numpy(), predictions.numpy()), (predictions == y).float().mean())
confusion = torch.zeros(2, 2, dtype=torch.int64)
for t, p in zip(y.view(-1), predictions.view(-1)):
    confusion[t.long(), p.long()] += 1
print(confusion, confusion.diag() / confusion.sum(1))
xx, yy = torch.meshgrid(torch.linspace(-2, 2, 5), torch.linspace(-2, 2, 4), indexing="xy")
grid = torch.stack([xx.ravel(), yy.ravel()], dim=1)
with torch.no_grad():
    Z = model(grid).argmax(1).reshape(xx.shape)
print(grid.shape, Z)
try:
    nn.functional.cross_entropy(logits, torch.full((120,), 2))
except IndexError as error:
    print(error)
for target in (y.float(), y[:10], y.view(-1, 1)):
    try:
        print(nn.CrossEntropyLoss()(logits, target))
    except (RuntimeError, ValueError) as error:
        print(type(error).__name__, error)
