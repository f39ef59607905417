"""Keep the best weights by deepcopy of the state dict; save to disk and come back."""

import copy
import os
import tempfile

import torch
from torch import nn

torch.manual_seed(3)
x = torch.linspace(-1, 1, 40).unsqueeze(1)
y = x.pow(3) + 0.1 * torch.randn(x.size())
train, val = (x[::2], y[::2]), (x[1::2], y[1::2])
model = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
criterion = nn.MSELoss()
best, best_state, patience, bad = float("inf"), None, 5, 0
for epoch in range(60):
    model.train()
    loss = criterion(model(train[0]), train[1])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    model.eval()
    with torch.no_grad():
        val_loss = criterion(model(val[0]), val[1]).item()
    if val_loss < best - 1e-4:
        best, bad = val_loss, 0
        best_state = copy.deepcopy(model.state_dict())
    else:
        bad += 1
        if bad > patience:
            print(f"Early stopping at epoch {epoch}")
            break
print(f"best {best:.3f}")
print(type(best_state).__name__, [(k, tuple(v.shape)) for k, v in best_state.items()])
model.load_state_dict(best_state)
clone = copy.deepcopy(model)
print(
    clone(x[:2]).equal(model(x[:2])),
    clone[0].weight is model[0].weight,
    clone[0].weight.requires_grad,
)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "model.pt")
    torch.save(model.state_dict(), path)
    fresh = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 1))
    print(fresh.load_state_dict(torch.load(path)), torch.equal(fresh(x), model(x)))
    torch.save(
        {
            "epoch": epoch,
            "model_state_dict": model.state_dict(),
            "optimizer_state_dict": optimizer.state_dict(),
            "loss": best,
        },
        path,
    )
    checkpoint = torch.load(path, weights_only=True, map_location="cpu")
    other = torch.optim.Adam(fresh.parameters(), lr=1.0)
    other.load_state_dict(checkpoint["optimizer_state_dict"])
    print(
        sorted(checkpoint),
        checkpoint["epoch"] == epoch,
        other.param_groups[0]["lr"],
        len(other.state),
    )
    criterion(fresh(x), y).backward()
    other.step()
    torch.save([torch.arange(3), torch.tensor(1.5)], path)
    print(torch.load(path), os.path.exists(path))
    try:
        torch.load(os.path.join(folder, "missing.pt"))
    except FileNotFoundError as error:
        print(type(error).__name__)
state = model.state_dict()
state["extra"] = torch.ones(1)
del state["2.bias"]
try:
    model.load_state_dict(state)
except RuntimeError as error:
    print(error)
print(model.load_state_dict(state, strict=False))
try:
    nn.Linear(2, 2).load_state_dict(nn.Linear(3, 2).state_dict())
except RuntimeError as error:
    print(error)
