"""ModuleList, ParameterList, weight sharing and models that change shape."""

from collections import OrderedDict
from itertools import pairwise

import torch
import torch.nn as nn

torch.manual_seed(0)


class MLP(nn.Module):
    def __init__(self, sizes, act=nn.ReLU):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in pairwise(sizes))
        self.scales = nn.ParameterList([nn.Parameter(torch.ones(1)) for _ in self.layers])
        self.acts = nn.ModuleDict({"relu": act(), "last": nn.Identity()})

    def forward(self, x):
        for i, (layer, scale) in enumerate(zip(self.layers, self.scales)):
            key = "last" if i == len(self.layers) - 1 else "relu"
            x = self.acts[key](layer(x) * scale)
        return x


net = MLP([4, 8, 8, 2])
print(net)
print([n for n, _ in net.named_parameters()], len(net.layers), net.layers[-1], net.layers[0:2])
net.layers.append(nn.Linear(2, 3))
net.scales.append(nn.Parameter(torch.tensor([2.0])))
print(net(torch.zeros(1, 4)).shape, net.layers[3].bias)
net.layers[0] = nn.Linear(4, 8, bias=False)
net.layers.insert(1, nn.Linear(8, 8))
net.layers.extend([nn.Identity()])
print(len(net.layers), list(net.state_dict().keys())[:4], "relu" in net.acts, list(net.acts.keys()))
seq = nn.Sequential(OrderedDict([("fc", nn.Linear(2, 2)), ("act", nn.Tanh())]))
print(seq.fc, seq[1], seq[:1], [type(m).__name__ for m in seq], list(dict(seq.named_children())))
seq[1] = nn.Sigmoid()
del seq[0]
print(seq, nn.Sequential(*[nn.Linear(2, 2), nn.ReLU()] * 2))
tied = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 3))
tied[2].weight = tied[0].weight
print(len(list(tied.parameters())), tied[0].weight is tied[2].weight, len(tied.state_dict()))
tied(torch.ones(1, 3)).sum().backward()
print(tied[0].weight.grad.shape, tied[0].weight.grad is tied[2].weight.grad)


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.register_buffer("count", torch.zeros(1, dtype=torch.long))
        self.register_parameter("missing", None)
        self.offset = torch.ones(2)

    def forward(self, x):
        for _ in range(3):
            x = self.linear(x).relu()
            self.count += 1
        return x + self.offset


shared = Shared()
shared(torch.ones(1, 2))
print(shared.count, list(shared.state_dict()), shared.missing, shared)
print(
    shared.double().linear.weight.dtype,
    shared.offset.dtype,
    shared.count.dtype,
    shared.float() is shared,
)
print(
    [n for n, _ in shared.named_modules()],
    sum(1 for _ in net.modules()),
    nn.utils.parameters_to_vector(shared.parameters()).shape,
)
for bad in (
    lambda: shared.nothing,
    lambda: setattr(shared, "linear", 5),
    lambda: setattr(shared, "linear", torch.ones(2)),
    lambda: shared(torch.ones(1, 3)),
    lambda: nn.Module()(1),
    lambda: shared.add_module("a.b", nn.ReLU()),
    lambda: shared.register_buffer("linear", torch.ones(1)),
    lambda: nn.Sequential(nn.Linear(1, 1), 3),
    lambda: net.acts["nope"],
    lambda: seq[5],
    lambda: shared.get_submodule("zzz"),
    lambda: nn.Linear(2, 2)(torch.ones(2, dtype=torch.long)),
):
    try:
        print(bad())
    except (
        AttributeError,
        TypeError,
        RuntimeError,
        KeyError,
        IndexError,
        NotImplementedError,
    ) as error:
        print(type(error).__name__, error)


class Forgot(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(1, 1)


try:
    Forgot()
except AttributeError as error:
    print(error)
