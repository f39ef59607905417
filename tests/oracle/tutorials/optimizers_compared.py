"""The same valley, several optimisers, their state and what they print."""

import torch
from torch import optim


def rosenbrock(p):
    x, y = p
    return (1 - x) ** 2 + 10 * (y - x**2) ** 2


makers = {
    "SGD": lambda p: optim.SGD(p, lr=0.002),
    "Momentum": lambda p: optim.SGD(p, lr=0.001, momentum=0.9),
    "Nesterov": lambda p: optim.SGD(p, lr=0.001, momentum=0.9, nesterov=True, weight_decay=1e-2),
    "Adam": lambda p: optim.Adam(p, lr=0.05, betas=(0.8, 0.99)),
    "AMSGrad": lambda p: optim.Adam(p, lr=0.05, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.05, weight_decay=0.1),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.01, alpha=0.9, centered=True, momentum=0.1),
}
for name, make in makers.items():
    p = torch.tensor([-1.0, 1.5], requires_grad=True)
    optimizer = make([p])
    for step in range(30):
        optimizer.zero_grad()
        loss = rosenbrock(p)
        loss.backward()
        optimizer.step()
    print(f"{name:>9}: loss {loss.item():.3f} at ({p[0].item():.3f}, {p[1].item():.3f})")
    print(
        "   ",
        sorted(optimizer.state[p].keys()),
        optimizer.param_groups[0]["lr"],
        len(optimizer.param_groups),
    )
print(optimizer)
print(optim.Adam([p]))
print(
    {
        k: v
        for k, v in optim.SGD([p], lr=0.1).state_dict()["param_groups"][0].items()
        if k != "params"
    }
)


def closure():
    optimizer.zero_grad()
    loss = rosenbrock(p)
    loss.backward()
    return loss


print(optimizer.step(closure) > 0)
before = optimizer.state_dict()
other = optim.RMSprop(
    [p.detach().clone().requires_grad_()], lr=0.5, alpha=0.9, centered=True, momentum=0.1
)
other.load_state_dict(before)
print(other.param_groups[0]["lr"], other.state[other.param_groups[0]["params"][0]]["step"])
optimizer.add_param_group({"params": torch.zeros(2, requires_grad=True), "lr": 7.0})
print([g["lr"] for g in optimizer.param_groups])
for bad in (
    lambda: optim.SGD([], lr=0.1),
    lambda: optim.SGD([p], lr=-1),
    lambda: optim.SGD(p, lr=0.1),
    lambda: optim.Adam([p], betas=(1.0, 0.9)),
    lambda: optim.SGD([p], lr=0.1, nesterov=True),
    lambda: optim.SGD([p * 2], lr=0.1),
    lambda: optim.SGD(["a"], lr=0.1),
    lambda: optim.Adam([{"params": [p]}, {"params": [p]}]),
):
    try:
        bad()
    except (ValueError, TypeError) as error:
        print(type(error).__name__, error)
