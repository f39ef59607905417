"""Weights at the start: nn.init, apply, and what a seed gives."""

import torch
import torch.nn as nn
import torch.nn.init as init

torch.manual_seed(2024)
w = torch.empty(3, 5)
for fill in (
    lambda: init.uniform_(w, -1, 1),
    lambda: init.normal_(w, mean=1.0, std=0.1),
    lambda: init.constant_(w, 0.3),
    lambda: init.xavier_uniform_(w, gain=init.calculate_gain("relu")),
    lambda: init.xavier_normal_(w),
    lambda: init.kaiming_uniform_(w, mode="fan_in", nonlinearity="relu"),
    lambda: init.kaiming_normal_(w, mode="fan_out", a=0.1),
    lambda: init.trunc_normal_(w, std=0.02),
    lambda: init.eye_(w),
    lambda: init.zeros_(w),
    lambda: init.ones_(w),
):
    print(fill())
o = init.orthogonal_(torch.empty(3, 3))
print(torch.allclose(o @ o.T, torch.eye(3), atol=1e-5))
print(init.calculate_gain("tanh"), init.calculate_gain("leaky_relu", 0.2))


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        init.xavier_uniform_(m.weight.data)
        m.bias.data.fill_(0.01)
    elif isinstance(m, nn.Embedding):
        nn.init.normal_(m.weight, 0.0, 0.1)


net = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Sequential(nn.Linear(2, 1)), nn.Embedding(4, 2))
net.apply(weights_init)
print(net[0].weight, net[0].bias, net[3].weight)
torch.manual_seed(1)
a = nn.Linear(4, 3)
torch.manual_seed(1)
b = nn.Linear(4, 3)
print(torch.equal(a.weight, b.weight), a.weight, a.bias, nn.Embedding(3, 2).weight)
a.reset_parameters()
print(torch.equal(a.weight, b.weight), a.weight.std() < 1)
with torch.no_grad():
    a.weight.copy_(torch.arange(12.0).view(3, 4))
    a.bias.zero_()
print(
    a(torch.ones(4)),
    nn.Bilinear(2, 2, 1).weight.shape,
    nn.LayerNorm(2).weight,
    nn.BatchNorm1d(2).running_var,
)
fan_in, fan_out = init._calculate_fan_in_and_fan_out(w)
print(fan_in, fan_out)
for bad in (
    lambda: init.xavier_uniform_(torch.empty(3)),
    lambda: init.calculate_gain("swish"),
    lambda: init.kaiming_normal_(w, mode="fan"),
):
    try:
        bad()
    except ValueError as error:
        print(error)
