"""Handwritten digits with a small multilayer perceptron and mini-batches."""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
digits = load_digits()
X_train, X_test, y_train, y_test = train_test_split(
    digits.data.astype("float32") / 16.0, digits.target, test_size=0.25, random_state=0
)
train = TensorDataset(torch.from_numpy(X_train), torch.from_numpy(y_train))
test = TensorDataset(torch.tensor(X_test), torch.tensor(y_test))
train_loader = DataLoader(train, batch_size=64, shuffle=True)
test_loader = DataLoader(test, batch_size=len(test))
print(len(train), len(train_loader), train[0][0].shape, train[0][1])

device = "cuda" if torch.cuda.is_available() else "cpu"


class NeuralNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.linear_relu_stack = nn.Sequential(
            nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 32), nn.ReLU(), nn.Linear(32, 10)
        )

    def forward(self, x):
        return self.linear_relu_stack(self.flatten(x))


model = NeuralNetwork().to(device)
print(model)
loss_fn = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)


def train_loop(dataloader, model, loss_fn, optimizer):
    model.train()
    running = 0.0
    for batch, (X, y) in enumerate(dataloader):
        X, y = X.to(device), y.to(device)
        loss = loss_fn(model(X), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        running += loss.item() * X.size(0)
        if batch == 10:
            print(
                f"loss: {loss.item():>7f}  [{(batch + 1) * len(X):>5d}/{len(dataloader.dataset):>5d}]"[
                    :10
                ]
            )
    return running / len(dataloader.dataset)


def test_loop(dataloader):
    model.eval()
    correct = 0
    with torch.no_grad():
        for X, y in dataloader:
            pred = model(X.to(device))
            correct += (pred.argmax(1) == y).type(torch.float).sum().item()
    return correct / len(dataloader.dataset)


for epoch in range(3):
    print(
        f"Epoch {epoch + 1}: {train_loop(train_loader, model, loss_fn, optimizer):.2f} {test_loop(test_loader) > 0.85}"
    )
for name, param in model.named_parameters():
    print(f"Layer: {name} | Size: {param.size()} | dtype {param.dtype}")
