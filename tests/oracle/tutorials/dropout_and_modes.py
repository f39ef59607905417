"""Dropout, batch norm, train() and eval()."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)
x = torch.ones(2, 10)
drop = nn.Dropout(p=0.3)
print(drop, drop.training)
print(drop(x))
drop.eval()
print(drop(x).equal(x), F.dropout(x, 0.5, training=False).sum(), F.dropout(x, p=0.0).sum())
print(F.dropout(x, 0.5), F.dropout(x, p=1.0).sum())
torch.manual_seed(0)
first = F.dropout(torch.randn(3, 4), 0.5)
torch.manual_seed(0)
print(torch.equal(first, F.dropout(torch.randn(3, 4), 0.5)), first)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 6)
        self.bn = nn.BatchNorm1d(6)
        self.drop = nn.Dropout(0.5)
        self.fc2 = nn.Linear(6, 2)

    def forward(self, x):
        return self.fc2(self.drop(F.relu(self.bn(self.fc1(x)))))


net = Net()
print(net)
data = torch.randn(8, 4)
print(net(data).shape, torch.equal(net(data), net(data)))
net.eval()
print(
    torch.equal(net(data), net(data)), net.training, net.drop.training, net.bn.num_batches_tracked
)
print(net.bn.running_mean, net.bn.running_var)
net.train(True)
print(
    [name for name, m in net.named_modules() if m.training],
    net.bn(net.fc1(data)).mean(0).abs().max() < 1e-6,
)
out = net.bn(net.fc1(data))
print(out.std(0, unbiased=False), out.grad_fn)
net.train(mode=False)
print(net(data)[:2], list(net.state_dict()))
mc = Net()
mc.load_state_dict(net.state_dict())
mc.eval()
mc.drop.train()
samples = torch.stack([mc(data[:1]) for _ in range(50)])
print(samples.mean(0), samples.std(0))
for bad in (
    lambda: nn.Dropout(1.5),
    lambda: F.dropout(x, -0.1),
    lambda: nn.BatchNorm1d(3)(torch.ones(2, 4)),
    lambda: nn.BatchNorm1d(3)(torch.ones(1, 3)),
    lambda: nn.BatchNorm1d(3)(torch.ones(3)),
):
    try:
        bad()
    except (ValueError, RuntimeError) as error:
        print(type(error).__name__, error)
