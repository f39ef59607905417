"""Logistic regression on two clouds: by hand, as a Module, with accuracy and a decision line."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim

torch.manual_seed(0)
n = 50
X = torch.cat([torch.randn(n, 2) + 1.5, torch.randn(n, 2) - 1.5])
y = torch.cat([torch.ones(n), torch.zeros(n)])
w = torch.zeros(2, requires_grad=True)
b = torch.zeros((), requires_grad=True)
for step in range(20):
    p = torch.sigmoid(X.mv(w) + b)
    loss = -(y * p.log() + (1 - y) * (1 - p).log()).mean()
    loss.backward()
    for t in (w, b):
        t.data.sub_(0.5 * t.grad)
        t.grad = None
    if step % 5 == 4:
        print(step, round(loss.item(), 4), ((p > 0.5).float() == y).float().mean().item())
print(w, b)


class LogisticRegression(nn.Module):
    def __init__(self, n_inputs):
        super(LogisticRegression, self).__init__()
        self.linear = nn.Linear(n_inputs, 1)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))


model = LogisticRegression(2)
print(model)
loss_fn = nn.BCELoss()
optimizer = optim.Adam(model.parameters(), lr=0.05, weight_decay=1e-3)
for epoch in range(1, 31):
    y_pred = model(X).squeeze()
    loss = loss_fn(y_pred, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 10 == 0:
        acc = y_pred.round().eq(y).sum() / float(y.shape[0])
        print(f"epoch: {epoch}, loss = {loss.item():.4f}, accuracy {acc:.2%}")
with torch.no_grad():
    probs = model(torch.tensor([[1.0, 1.0], [-2.0, 0.5], [0.0, 0.0]]))
    print(probs, (probs > 0.5).squeeze().tolist(), probs.ge(0.5).long().view(-1))
print(
    F.binary_cross_entropy(y_pred, y).item() == loss.item(),
    F.binary_cross_entropy_with_logits(model.linear(X)[:, 0], y),
)
print(F.logsigmoid(torch.tensor([-100.0, 0.0, 20.0])), torch.logit(torch.tensor(0.25)))
try:
    loss_fn(model(X), y)
except ValueError as error:
    print(error)
try:
    F.binary_cross_entropy(torch.tensor([1.5]), torch.tensor([1.0]))
except RuntimeError as error:
    print(error)
