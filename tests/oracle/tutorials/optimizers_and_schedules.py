"""Every optimizer on Rosenbrock's valley, every schedule, hooks, averages and an optimizer of one's own."""

import math
import warnings

import torch
import torch.nn as nn
from torch import optim
from torch.optim import lr_scheduler as S


def rosen(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


for name, kw in (
    ("SGD", dict(lr=1e-3, momentum=0.9, nesterov=True)),
    ("SGD", dict(lr=1e-3, weight_decay=0.1, dampening=0.1, momentum=0.5)),
    ("SGD", dict(lr=1e-3, maximize=True)),
    ("Adam", dict(lr=0.05, amsgrad=True)),
    ("Adam", dict(lr=0.05, weight_decay=0.01)),
    ("AdamW", dict(lr=0.05)),
    ("Adagrad", dict(lr=0.5, lr_decay=0.01)),
    ("RMSprop", dict(lr=0.01, centered=True, momentum=0.5)),
    ("Adadelta", dict(lr=1.0)),
    ("Adamax", dict(lr=0.05)),
    ("NAdam", dict(lr=0.05)),
    ("RAdam", dict(lr=0.05)),
    ("Rprop", dict(lr=0.01)),
    ("ASGD", dict(lr=1e-3)),
    ("Adafactor", dict(lr=0.05)),
    ("LBFGS", dict(lr=1.0, max_iter=5, line_search_fn="strong_wolfe")),
):
    x = torch.tensor([-1.5, 2.0], requires_grad=True)
    o = getattr(optim, name)([x], **kw)

    def closure():
        o.zero_grad()
        l = rosen(x)
        l.backward()
        return l

    for i in range(20):
        l = o.step(closure)
    print(f"{name:10s} {kw} {l.item():.4f} {x.tolist()}")
    st = {} if name == "LBFGS" else o.state_dict()["state"]
    print(
        {
            k: v if not isinstance(v, (torch.Tensor, list)) else type(v).__name__
            for k, v in list(st.values())[0].items()
        }
        if st
        else st
    )
m = nn.Linear(2, 1)
base = optim.SGD(m.parameters(), lr=0.1, momentum=0.9)


def run(mk, n=8, metric=None, opt=None):
    o = opt() if opt else optim.SGD(m.parameters(), lr=0.1, momentum=0.9)
    s = mk(o)
    out = []
    for i in range(n):
        out.append(round(o.param_groups[0]["lr"], 6))
        o.step()
        s.step(metric[i]) if metric else s.step()
    print(
        type(s).__name__, out, getattr(s, "last_epoch", 0), [round(v, 6) for v in s.get_last_lr()]
    )


run(lambda o: S.StepLR(o, 3, 0.5))
run(lambda o: S.MultiStepLR(o, [2, 5], 0.1))
run(lambda o: S.ExponentialLR(o, 0.9))
run(lambda o: S.CosineAnnealingLR(o, 5, 1e-3))
run(lambda o: S.CosineAnnealingWarmRestarts(o, 3, 2))
run(lambda o: S.LambdaLR(o, lambda e: 0.95**e))
run(lambda o: S.MultiplicativeLR(o, lambda e: 0.9))
run(lambda o: S.LinearLR(o, 0.1, 1.0, 4))
run(lambda o: S.ConstantLR(o, 0.5, 3))
run(lambda o: S.PolynomialLR(o, 5, 2.0))
run(lambda o: S.CyclicLR(o, 0.01, 0.1, 3, mode="triangular2"))
run(lambda o: S.CyclicLR(o, 0.01, 0.1, 2, mode="exp_range", gamma=0.9))
run(lambda o: S.OneCycleLR(o, 0.5, 8))
run(
    lambda o: S.OneCycleLR(
        o, 0.5, epochs=2, steps_per_epoch=4, anneal_strategy="linear", three_phase=True
    )
)
run(lambda o: S.SequentialLR(o, [S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)], [3]))
run(lambda o: S.ChainedScheduler([S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)]))
run(
    lambda o: S.ReduceLROnPlateau(o, "min", 0.1, 1),
    metric=[1.0, 0.9, 0.95, 0.96, 0.97, 0.98, 0.5, 0.6],
)
run(
    lambda o: S.ReduceLROnPlateau(
        o, mode="max", factor=0.5, patience=0, cooldown=1, threshold_mode="abs", min_lr=0.02
    ),
    metric=[1.0, 0.9, 0.95, 0.96, 0.97, 0.98, 0.5, 0.6],
)
o = optim.AdamW(
    [{"params": [m.weight], "lr": 1e-3}, {"params": [m.bias]}], lr=1e-2, weight_decay=0.0
)
s = S.LambdaLR(o, [lambda e: 1.0, lambda e: 0.5**e])
[(o.step(), s.step()) for _ in range(3)]
print(s.get_last_lr(), [g["lr"] for g in o.param_groups], o.param_groups[0]["initial_lr"])
sd = s.state_dict()
print(sd)
o.add_param_group({"params": [nn.Parameter(torch.zeros(1))], "lr": 5.0})
print(len(o.param_groups), o.param_groups[2]["lr"], o.defaults["lr"])


def warm(step, w=4, total=10):
    return (step + 1) / w if step < w else 0.5 * (1 + math.cos(math.pi * (step - w) / (total - w)))


run(lambda o: S.LambdaLR(o, warm), 10)
o = optim.SGD(m.parameters(), lr=0.1)
sc = S.StepLR(o, 1)
with warnings.catch_warnings(record=True) as w:
    warnings.simplefilter("always")
    sc.step()
    print([str(x.message)[:66] for x in w])
with warnings.catch_warnings(record=True) as w:
    warnings.simplefilter("always")
    o.step()
    sc.step(3)
    print([str(x.message)[:90] for x in w], sc.last_epoch)
o.zero_grad()
print(m.weight.grad)
m(torch.ones(1, 2)).sum().backward()
o.zero_grad(set_to_none=False)
print(m.weight.grad)
h1 = o.register_step_pre_hook(lambda opt, a, k: print("pre", a, k))
h2 = o.register_step_post_hook(lambda opt, a, k: print("post"))
o.step()
h1.remove()
h2.remove()
swa = optim.swa_utils.AveragedModel(m)
ss = optim.swa_utils.SWALR(o, swa_lr=0.05, anneal_epochs=3)
print([(ss.step(), round(o.param_groups[0]["lr"], 5))[1] for _ in range(4)])
swa.update_parameters(m)
print(torch.equal(swa.module.weight, m.weight), swa.n_averaged, type(swa.module).__name__)
bn = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
torch.manual_seed(0)
optim.swa_utils.update_bn([torch.randn(4, 2) for _ in range(2)], bn)
print(bn[1].running_mean, bn[1].num_batches_tracked)


class MySGD(optim.Optimizer):
    def __init__(self, params, lr=0.1):
        super().__init__(params, dict(lr=lr))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for g in self.param_groups:
            for p in g["params"]:
                if p.grad is None:
                    continue
                st = self.state[p]
                st["n"] = st.get("n", 0) + 1
                p.add_(p.grad, alpha=-g["lr"])
        return loss


x = torch.tensor([1.0, 2.0], requires_grad=True)
my = MySGD([x])
(x**2).sum().backward()
my.step()
print(x, my, my.state_dict(), my.state[x])


class Plateau:
    def __init__(self, patience=2, delta=0.0):
        self.p, self.d, self.best, self.n, self.stop = patience, delta, None, 0, False

    def __call__(self, v):
        if self.best is None or v < self.best - self.d:
            self.best, self.n = v, 0
        else:
            self.n += 1
            print(f"EarlyStopping counter: {self.n} out of {self.p}")
            self.stop = self.n >= self.p


es = Plateau()
[es(v) for v in (1.0, 0.8, 0.9, 0.85)]
print(es.stop)


class WarmupCosine(S.LRScheduler):
    def __init__(self, o, w, t, last_epoch=-1):
        self.w, self.t = w, t
        super().__init__(o, last_epoch)

    def get_lr(self):
        return [b * warm(self.last_epoch, self.w, self.t) for b in self.base_lrs]


run(lambda o: WarmupCosine(o, 2, 6), 6)
print(S._LRScheduler is S.LRScheduler or issubclass(S._LRScheduler, S.LRScheduler))
p1 = nn.Parameter(torch.ones(2))
o = optim.Adam([p1], lr=torch.tensor(0.1))
p1.sum().backward()
o.step()
print(p1, o.param_groups[0]["lr"])
o2 = optim.Adam([("w", nn.Parameter(torch.ones(1)))], lr=0.1)
print(o2.param_groups[0].get("param_names"), list(o2.state_dict()["param_groups"][0])[-1])
print(
    optim.Adam([p1], foreach=False, fused=None),
    torch.optim.Adam([p1], decoupled_weight_decay=True).defaults["decoupled_weight_decay"],
)
A, b = torch.randn(5, 2, generator=torch.Generator().manual_seed(0)), torch.ones(5)
w = torch.zeros(2, requires_grad=True)
lb = optim.LBFGS([w], max_iter=20, history_size=10, tolerance_grad=1e-9)


def cl():
    lb.zero_grad()
    l = ((A @ w - b) ** 2).mean()
    l.backward()
    return l


print(
    lb.step(cl),
    w,
    lb.state_dict()["state"][0]["func_evals"],
    torch.linalg.lstsq(A, b[:, None]).solution.T,
)
