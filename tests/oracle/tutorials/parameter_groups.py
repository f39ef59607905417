"""Groups of parameters: rates, weight decay, freezing, and what requires_grad does."""

import torch
import torch.nn as nn

torch.manual_seed(0)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Sequential(nn.Linear(4, 8), nn.LayerNorm(8), nn.ReLU())
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        return self.head(self.backbone(x))


net = Net()
decay = [p for n, p in net.named_parameters() if p.dim() > 1]
no_decay = [p for n, p in net.named_parameters() if p.dim() <= 1]
optimizer = torch.optim.AdamW(
    [{"params": decay, "weight_decay": 0.1}, {"params": no_decay, "weight_decay": 0.0, "lr": 1e-4}],
    lr=1e-3,
)
print(optimizer)
print([(len(g["params"]), g["lr"], g["weight_decay"]) for g in optimizer.param_groups])
for param in net.backbone.parameters():
    param.requires_grad = False
print([n for n, p in net.named_parameters() if p.requires_grad])
sgd = torch.optim.SGD(filter(lambda p: p.requires_grad, net.parameters()), lr=0.1)
before = net.backbone[0].weight.clone(), net.head.weight.clone()
x, y = torch.randn(6, 4), torch.randint(0, 3, (6,))
loss = nn.CrossEntropyLoss()(net(x), y)
sgd.zero_grad()
loss.backward()
sgd.step()
print(
    torch.equal(before[0], net.backbone[0].weight),
    torch.equal(before[1], net.head.weight),
    net.backbone[0].weight.grad,
)
net.head = nn.Linear(8, 5)
print(
    net(x).shape,
    sum(p.numel() for p in net.parameters()),
    sum(p.numel() for p in net.parameters() if p.requires_grad),
)
net.requires_grad_(True)
print(
    all(p.requires_grad for p in net.parameters()),
    net.backbone[0].requires_grad_(False) is net.backbone[0],
)
print(net.get_parameter("head.bias").shape, net.get_submodule("backbone.0"), list(net._modules))
layerwise = [
    {"params": m.parameters(), "lr": 0.1 / 2**i} for i, m in enumerate([net.head, net.backbone])
]
opt = torch.optim.SGD(layerwise, lr=0.01, momentum=0.9)
for g in opt.param_groups:
    print(g["lr"], g["momentum"], len(g["params"]))
opt.param_groups[0]["lr"] = 0.5
print(opt.state_dict()["param_groups"][0]["lr"], opt.state_dict()["param_groups"][1]["params"])
ema = {k: v.clone() for k, v in net.state_dict().items()}
with torch.no_grad():
    for p in net.parameters():
        p.add_(0.1)
    for k, v in net.state_dict().items():
        ema[k].mul_(0.9).add_(v, alpha=0.1)
print(torch.allclose(net.head.bias - ema["head.bias"], torch.full((5,), 0.09), atol=1e-5))
l1 = sum(p.abs().sum() for p in net.head.parameters())
l2 = sum(p.pow(2).sum() for p in net.head.parameters())
(0.01 * l1 + 0.001 * l2).backward()
print(net.head.bias.grad.shape, l1.grad_fn, type(net.head.weight), type(net.head.weight.data))
