"""Learning-rate finder, label smoothing, mixup, EMA of weights, autocast with a scaler."""

import copy
import math

import torch
import torch.nn as nn
from sklearn.datasets import make_moons
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

torch.manual_seed(0)
data, target = make_moons(n_samples=128, noise=0.2, random_state=0)
x, y = torch.from_numpy(data).float(), torch.from_numpy(target).long()


def make_model():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(2, 16), nn.GELU(), nn.LayerNorm(16), nn.Linear(16, 2))


class LRFinder:
    def __init__(self, model, optimizer, criterion):
        self.model, self.optimizer, self.criterion = model, optimizer, criterion
        self.saved = copy.deepcopy(model.state_dict()), copy.deepcopy(optimizer.state_dict())
        self.history = {"lr": [], "loss": []}

    def range_test(self, end_lr=10.0, num_iter=20):
        first = self.optimizer.param_groups[0]["lr"]
        schedule = torch.optim.lr_scheduler.LambdaLR(
            self.optimizer, lambda i: (end_lr / first) ** (i / num_iter)
        )
        best = math.inf
        for _ in range(num_iter):
            self.optimizer.zero_grad(set_to_none=True)
            loss = self.criterion(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            self.history["lr"].append(schedule.get_last_lr()[0])
            self.history["loss"].append(loss.item())
            best = min(best, loss.item())
            schedule.step()
            if loss.item() > 4 * best:
                break
        self.model.load_state_dict(self.saved[0])
        self.optimizer.load_state_dict(self.saved[1])


model = make_model()
optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
finder = LRFinder(model, optimizer, nn.CrossEntropyLoss())
finder.range_test()
losses = torch.tensor(finder.history["loss"])
steepest = int((losses[1:] - losses[:-1])[:12].argmin())
print(len(losses), f"{finder.history['lr'][steepest]:.2e}", f"{losses.min():.3f}")


def mixup(inputs, targets, alpha=0.4):
    lam = float(torch.distributions.Uniform(0.0, 1.0).sample())
    lam = max(lam, 1 - lam)
    order = torch.randperm(inputs.size(0))
    return lam * inputs + (1 - lam) * inputs[order], targets, targets[order], lam


class EMA:
    def __init__(self, model, decay):
        self.decay = decay
        self.shadow = {n: p.data.clone() for n, p in model.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def update(self, model):
        for name, p in model.named_parameters():
            self.shadow[name].mul_(self.decay).add_(p, alpha=1 - self.decay)

    def apply(self, model):
        for name, p in model.named_parameters():
            p.data.copy_(self.shadow[name])


model = make_model()
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.05)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-2, total_steps=30)
ema, averaged = EMA(model, 0.9), AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
for step in range(30):
    mixed, target_a, target_b, lam = mixup(x, y)
    output = model(mixed)
    loss = lam * criterion(output, target_a) + (1 - lam) * criterion(output, target_b)
    optimizer.zero_grad()
    loss.backward()
    grad_norm = nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    scheduler.step()
    ema.update(model)
    averaged.update_parameters(model)
    if step % 10 == 9:
        print(step, f"{loss.item():.3f} {grad_norm.item():.3f} {scheduler.get_last_lr()[0]:.5f}")
accuracy = (model(x).argmax(1) == y).float().mean()
ema.apply(model)
print(accuracy, (model(x).argmax(1) == y).float().mean(), averaged.n_averaged)

model = make_model()
optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
scaler = torch.amp.GradScaler("cpu", enabled=True)
for step in range(5):
    with torch.autocast(device_type="cpu", dtype=torch.bfloat16):
        logits = model(x)
        loss = nn.functional.cross_entropy(logits, y)
    optimizer.zero_grad()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
print(logits.dtype, loss.dtype, model[0].weight.grad.dtype, loss.item() < 0.65)
