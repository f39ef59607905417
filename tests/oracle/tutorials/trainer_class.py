"""A trainer with metrics, callbacks, a history and a schedule, over a model with a frozen part."""

import time
from collections import defaultdict

import torch
from torch import Tensor, nn, optim
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset, random_split


class Trainer:
    def __init__(self, model: nn.Module, optimizer: optim.Optimizer, scheduler=None):
        self.model, self.optimizer, self.scheduler = model, optimizer, scheduler
        self.loss = nn.CrossEntropyLoss()
        self.history = defaultdict(list)

    def run(self, loader: DataLoader, train: bool = True) -> tuple:
        self.model.train(train)
        total, correct, count = torch.zeros(()), 0, 0
        with torch.set_grad_enabled(train):
            for x, y in loader:
                logits: Tensor = self.model(x)
                loss = self.loss(logits, y)
                if train:
                    self.optimizer.zero_grad()
                    loss.backward()
                    self.optimizer.step()
                total += loss.detach() * y.size(0)
                correct += (logits.argmax(-1) == y).sum().item()
                count += len(y)
        return (total / count).item(), correct / count

    def fit(self, train_loader, val_loader, epochs):
        start = time.time()
        for epoch in range(1, epochs + 1):
            loss, acc = self.run(train_loader)
            val_loss, val_acc = self.run(val_loader, train=False)
            for key, value in {
                "loss": loss,
                "acc": acc,
                "val_loss": val_loss,
                "val_acc": val_acc,
            }.items():
                self.history[key].append(value)
            if self.scheduler is not None:
                self.scheduler.step()
            print(
                f"{epoch}/{epochs} loss {loss:.3f} acc {acc:.2f} | val {val_loss:.3f} {val_acc:.2f} | lr {self.scheduler.get_last_lr()[0]:.4f}"
            )
        assert time.time() >= start


torch.manual_seed(21)
x = torch.randn(120, 5)
y = (x[:, 0] * x[:, 1] > 0).long() + (x[:, 2] > 1).long()
train, val = random_split(TensorDataset(x, y), [0.8, 0.2])
model = nn.Sequential(nn.Linear(5, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 3))
optimizer = optim.SGD(model.parameters(), lr=0.2, momentum=0.8)
trainer = Trainer(model, optimizer, lr_scheduler.StepLR(optimizer, 2, 0.5))
trainer.fit(DataLoader(train, 16, shuffle=True), DataLoader(val, 24), 4)
print(
    sorted(trainer.history),
    len(trainer.history["loss"]),
    trainer.history["loss"][0] > trainer.history["loss"][-1],
)
for layer in list(model.children())[:1]:
    layer.requires_grad_(False)
frozen = model[0].weight.clone()
tuned = optim.Adam([p for p in model.parameters() if p.requires_grad], lr=0.01)
Trainer(model, tuned, lr_scheduler.CosineAnnealingLR(tuned, 3)).fit(
    DataLoader(train, 32), DataLoader(val, 24), 2
)
print(
    torch.equal(frozen, model[0].weight),
    len(tuned.param_groups[0]["params"]),
    model[3].weight.requires_grad,
)


@torch.no_grad()
def predict(net, inputs):
    net.eval()
    return net(inputs).softmax(-1)


probs = predict(model, x[:3])
print(
    probs.requires_grad,
    torch.allclose(probs.sum(-1), torch.ones(3)),
    model.training,
    torch.is_grad_enabled(),
)
print(f"Total parameters: {sum(p.numel() for p in model.parameters()):,}")
print(
    {name: tuple(p.shape) for name, p in model.named_parameters()},
    sum(p.numel() * p.element_size() for p in model.parameters()),
)
