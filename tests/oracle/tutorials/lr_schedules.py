"""What the learning rate does under each schedule."""

import math

import torch
from torch.optim.lr_scheduler import (
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

weight = torch.nn.Parameter(torch.ones(1))


def optimizer(lr=1.0):
    return torch.optim.SGD([weight], lr=lr, momentum=0.9)


schedules = {
    "step": lambda o: StepLR(o, step_size=2, gamma=0.1),
    "multi": lambda o: MultiStepLR(o, milestones=[1, 3], gamma=0.5),
    "exp": lambda o: ExponentialLR(o, 0.9),
    "cosine": lambda o: CosineAnnealingLR(o, T_max=5, eta_min=0.1),
    "lambda": lambda o: LambdaLR(o, lr_lambda=lambda e: 1 / math.sqrt(e + 1)),
    "linear": lambda o: LinearLR(o, start_factor=0.5, total_iters=3),
    "poly": lambda o: PolynomialLR(o, total_iters=4, power=2.0),
    "onecycle": lambda o: OneCycleLR(o, max_lr=2.0, total_steps=7),
    "warmup": lambda o: SequentialLR(
        o, [LinearLR(o, 0.1, total_iters=2), ExponentialLR(o, 0.5)], milestones=[2]
    ),
}
for name, make in schedules.items():
    opt = optimizer()
    scheduler = make(opt)
    rates = []
    for epoch in range(6):
        rates.append(f"{opt.param_groups[0]['lr']:.4f}")
        opt.step()
        scheduler.step()
    print(f"{name:10s}", *rates, scheduler.get_last_lr(), scheduler.last_epoch)
opt = optimizer(0.1)
plateau = ReduceLROnPlateau(opt, mode="min", factor=0.5, patience=1, threshold=1e-3)
for loss in [1.0, 0.9, 0.9, 0.9, 0.9, 0.5, 0.6, 0.7]:
    plateau.step(loss)
    print(loss, opt.param_groups[0]["lr"], plateau.num_bad_epochs)
state = StepLR(optimizer(), 3).state_dict()
print(state["step_size"], state["base_lrs"], state["last_epoch"], sorted(state)[:3])
for g in opt.param_groups:
    g["lr"] *= 0.1
print(opt.param_groups[0]["lr"])
try:
    StepLR(torch.nn.Linear(1, 1), 2)
except TypeError as error:
    print(str(error).split(" ")[-1])
