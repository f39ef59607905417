"""Constraints on weights, pruning, recipes of initialisation, layers without a size."""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.utils.parametrize as P
import torch.nn.utils.prune as prune
from torch.nn.utils import parametrizations as PZ

torch.manual_seed(0)


class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)

    def right_inverse(self, A):
        return A.triu()


class MatrixExp(nn.Module):
    def forward(self, X):
        return torch.matrix_exp(X)


layer = nn.Linear(3, 3)
P.register_parametrization(layer, "weight", Symmetric())
print(layer)
print(layer.weight)
print(torch.allclose(layer.weight, layer.weight.T))
print(
    layer.parametrizations,
    layer.parametrizations.weight[0],
    layer.parametrizations.weight.original,
    type(layer).__name__,
    [n for n, _ in layer.named_parameters()],
    P.is_parametrized(layer),
    P.is_parametrized(layer, "bias"),
)
A = torch.rand(3, 3)
A = A + A.T
layer.weight = A
print(torch.allclose(layer.weight, A))
P.register_parametrization(layer, "weight", MatrixExp())
print(layer, list(layer.state_dict()))
with P.cached():
    print(layer.weight is layer.weight)
P.remove_parametrizations(layer, "weight", leave_parametrized=True)
print(layer, layer.weight)
l2 = nn.Linear(2, 2)
P.register_parametrization(l2, "weight", MatrixExp())
try:
    l2.weight = torch.eye(2)
except Exception as e:
    print(type(e).__name__, e)


class BadP(nn.Module):
    def forward(self, X):
        return X[:1]


try:
    P.register_parametrization(l2, "bias", BadP())
except ValueError as e:
    print(e)
try:
    P.register_parametrization(l2, "zzz", BadP())
except ValueError as e:
    print(e)
o = PZ.orthogonal(nn.Linear(3, 3))
print(o)
print(torch.dist(o.weight.T @ o.weight, torch.eye(3)) < 1e-5)
s = PZ.spectral_norm(nn.Linear(4, 3))
print(s, torch.linalg.matrix_norm(s.weight, 2) < 1.01)
w = PZ.weight_norm(nn.Linear(2, 3))
print(w, list(w.state_dict()))
ow = nn.utils.weight_norm(nn.Linear(2, 3), name="weight")
print(ow, [n for n, p in ow.named_parameters()])
nn.utils.remove_weight_norm(ow)
print([n for n, p in ow.named_parameters()])
os = nn.utils.spectral_norm(nn.Conv2d(1, 2, 2))
print(os, list(os.state_dict()))
m = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
prune.random_unstructured(m[0], "weight", amount=0.3)
print(
    list(m[0].named_parameters()),
    list(m[0].named_buffers()),
    m[0].weight,
    len(m[0]._forward_pre_hooks),
)
prune.l1_unstructured(m[0], "bias", amount=1)
print(m[0].bias, m[0].state_dict().keys())
prune.ln_structured(m[0], "weight", amount=0.5, n=2, dim=0)
print(m[0].weight)
prune.remove(m[0], "weight")
print(list(dict(m[0].named_parameters())), prune.is_pruned(m))
prune.global_unstructured(
    [(m[0], "weight"), (m[2], "weight")], pruning_method=prune.L1Unstructured, amount=0.2
)
print(100.0 * float(torch.sum(m[2].weight == 0)) / m[2].weight.nelement())
print(m[2].weight_mask)


class Foo(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        k = default_mask.clone()
        k.view(-1)[::2] = 0
        return k


Foo.apply(m[2], "bias")
print(m[2].bias_mask, m[2].bias)
try:
    prune.l1_unstructured(m[2], "bias", amount=1.5)
except ValueError as e:
    print(e)
prune.custom_from_mask(m[0], "bias", torch.tensor([1, 0, 1]))
prune.random_structured(nn.Linear(2, 4), "weight", 0.5, 0)
m = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
prune.l1_unstructured(m[2], "weight", 0.5)
x = torch.randn(5, 4)
opt = torch.optim.SGD(m.parameters(), 0.1)
for _ in range(2):
    opt.zero_grad()
    l = F.mse_loss(m(x), torch.zeros(5, 2))
    l.backward()
    opt.step()
    print(l.item())
print(
    m[2].weight_orig.grad,
    nn.utils.clip_grad_norm_(m.parameters(), 0.5),
    nn.utils.clip_grad_value_(m.parameters(), 0.01),
    [p.grad.abs().max() for p in m.parameters()],
    nn.utils.get_total_norm([p.grad for p in m.parameters()]),
)
print(nn.utils.fuse_conv_bn_eval(nn.Conv2d(1, 2, 1).eval(), nn.BatchNorm2d(2).eval()))
sk = nn.utils.skip_init(nn.Linear, 2, 3)
print(sk, sk.weight.shape)
for f in (
    nn.init.xavier_uniform_,
    nn.init.xavier_normal_,
    nn.init.kaiming_uniform_,
    nn.init.kaiming_normal_,
    nn.init.orthogonal_,
    nn.init.trunc_normal_,
    nn.init.normal_,
    nn.init.uniform_,
    nn.init.ones_,
    nn.init.zeros_,
    nn.init.eye_,
):
    print(f.__name__, f(torch.empty(2, 3)))
print(
    nn.init.dirac_(torch.empty(2, 2, 3)),
    nn.init.sparse_(torch.empty(3, 2), 0.5),
    nn.init.constant_(torch.empty(2), 0.3),
    nn.init.calculate_gain("leaky_relu", 0.2),
    nn.init.calculate_gain("tanh"),
)
for f in (
    lambda: nn.init.xavier_uniform_(torch.empty(3)),
    lambda: nn.init.calculate_gain("foo"),
    lambda: nn.init.eye_(torch.empty(3)),
    lambda: nn.init.kaiming_normal_(torch.empty(2, 2), mode="x"),
    lambda: nn.init.dirac_(torch.empty(2)),
    lambda: nn.init.uniform_(torch.empty(2), 1, 0),
    lambda: nn.init.xavier_normal(torch.empty(2, 2)),
):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, e)


def init_weights(mod):
    if isinstance(mod, (nn.Linear, nn.Conv2d)):
        nn.init.kaiming_uniform_(mod.weight, nonlinearity="relu")
        mod.bias is not None and nn.init.constant_(mod.bias, 0.01)


net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.LazyLinear(3))
print(net[2].weight, net[2].has_uninitialized_params())
net(torch.ones(1, 1, 4, 4))
net.apply(init_weights)
print(net, net[2].weight)
b = nn.LazyBatchNorm1d()
print(b, b.running_mean)
b(torch.ones(2, 3))
print(b)


class LazyScale(nn.modules.lazy.LazyModuleMixin, nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.UninitializedParameter()
        self.register_buffer("b", nn.UninitializedBuffer())

    def initialize_parameters(self, x):
        if self.has_uninitialized_params():
            self.w.materialize((x.shape[-1],))
            self.b.materialize((2,))
            with torch.no_grad():
                self.w.fill_(2.0)
                self.b.zero_()

    def forward(self, x):
        return x * self.w


z = LazyScale()
print(z.w)
print(z.b)
print(z(torch.ones(1, 3)), z.state_dict())
u = nn.UninitializedParameter()
for f in (
    lambda: u.shape,
    lambda: u + 1,
    lambda: u.data.shape,
    lambda: nn.LazyLinear(2).weight * 1,
):
    try:
        print(f())
    except Exception as e:
        print(type(e).__name__, str(e)[:200])
