"""Hooks on tensors and modules: looking at activations and gradients as they pass."""

import torch
import torch.nn as nn

torch.manual_seed(0)
x = torch.ones(2, requires_grad=True)
y = x * 3
h = y.register_hook(lambda grad: print("grad of y:", grad))
x.register_hook(lambda grad: grad * 10)
(y**2).sum().backward()
print(x.grad)
h.remove()
(x * 1.0).sum().backward()
print(x.grad)

model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
activations = {}


def get_activation(name):
    def hook(module, args, output):
        activations[name] = output.detach()

    return hook


handles = [m.register_forward_hook(get_activation(n)) for n, m in model.named_children()]
model(torch.randn(2, 3))
print({k: tuple(v.shape) for k, v in activations.items()}, (activations["1"] >= 0).all())
for handle in handles:
    handle.remove()
activations.clear()
model(torch.randn(2, 3))
print(activations)
pre = model[0].register_forward_pre_hook(lambda m, args: (args[0] * 0,))
print(torch.allclose(model[0](torch.randn(1, 3)), model[0].bias))
pre.remove()
doubled = model[2].register_forward_hook(lambda m, i, o: o * 2)
print(model(torch.zeros(1, 3)).shape)
doubled.remove()


def show(module, grad_input, grad_output):
    print(
        module.__class__.__name__,
        [None if g is None else tuple(g.shape) for g in grad_input],
        [tuple(g.shape) for g in grad_output],
    )


for m in model:
    m.register_full_backward_hook(show)
model(torch.randn(5, 3)).sum().backward()
norms = []
for p in model.parameters():
    p.register_hook(lambda g: norms.append(round(g.norm().item(), 3)))
model.zero_grad()
model(torch.ones(1, 3)).sum().backward()
print(len(norms))
dead = nn.Linear(2, 2)
dead.weight.register_hook(lambda g: g.clamp(-0.1, 0.1))
(dead(torch.ones(1, 2)) * 5).sum().backward()
print(dead.weight.grad, dead.bias.grad)
with torch.autograd.set_detect_anomaly(True):
    z = torch.tensor([0.0], requires_grad=True)
    try:
        (torch.sqrt(z) * 0).sum().backward()
    except RuntimeError as error:
        print(str(error).splitlines()[0])
a = torch.ones(1, requires_grad=True)
b = a * 2
c = b * 3
b.retain_grad()
c.backward()
print(a.grad, b.grad, c.grad_fn.next_functions[0][0].__class__.__name__)
try:
    torch.ones(1).register_hook(print)
except RuntimeError as error:
    print(error)
