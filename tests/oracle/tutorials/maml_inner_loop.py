"""Learning to learn: gradients through a step of gradient descent."""

import torch
import torch.nn.functional as F

torch.manual_seed(0)


def net(x, params):
    h = torch.tanh(F.linear(x, params[0], params[1]))
    return F.linear(h, params[2], params[3])


params = [torch.randn(8, 1) * 0.5, torch.zeros(8), torch.randn(1, 8) * 0.3, torch.zeros(1)]
for p in params:
    p.requires_grad_()
meta_opt = torch.optim.Adam(params, lr=1e-2)
for it in range(21):
    meta_loss = 0.0
    for task in range(4):
        amp, phase = torch.rand(1) * 4 + 1, torch.rand(1) * 3
        xs, xq = torch.rand(5, 1) * 4 - 2, torch.rand(5, 1) * 4 - 2
        ys, yq = amp * torch.sin(xs + phase), amp * torch.sin(xq + phase)
        fast = params
        for _ in range(2):
            loss = F.mse_loss(net(xs, fast), ys)
            grads = torch.autograd.grad(loss, fast, create_graph=True)
            fast = [w - 0.05 * g for w, g in zip(fast, grads)]
        meta_loss = meta_loss + F.mse_loss(net(xq, fast), yq)
    meta_opt.zero_grad()
    (meta_loss / 4).backward()
    meta_opt.step()
    if it % 10 == 0:
        print(it, f"{meta_loss.item() / 4:.2f}", [round(p.grad.norm().item(), 2) for p in params])

lr = torch.tensor(0.1, requires_grad=True)
w = torch.tensor([1.0, -2.0], requires_grad=True)
inner = (w**2).sum()
(g,) = torch.autograd.grad(inner, w, create_graph=True)
after = ((w - lr * g) ** 2).sum()
after.backward()
print(after, lr.grad, w.grad)
w1 = w.detach().clone().requires_grad_()
for first_order in (True, False):
    (g,) = torch.autograd.grad((w1**4).sum(), w1, create_graph=not first_order)
    (meta,) = torch.autograd.grad(((w1 - 0.1 * g) ** 2).sum(), w1)
    print(first_order, meta)
discriminator = torch.nn.Sequential(
    torch.nn.Linear(2, 4), torch.nn.LeakyReLU(0.2), torch.nn.Linear(4, 1)
)
real, fake = torch.randn(3, 2), torch.randn(3, 2)
eps = torch.rand(3, 1)
mixed = (eps * real + (1 - eps) * fake).requires_grad_(True)
scores = discriminator(mixed)
gradients = torch.autograd.grad(
    outputs=scores,
    inputs=mixed,
    grad_outputs=torch.ones_like(scores),
    create_graph=True,
    retain_graph=True,
)[0]
penalty = ((gradients.view(3, -1).norm(2, dim=1) - 1) ** 2).mean() * 10
penalty.backward()
print(f"{penalty.item():.4f}", [p.grad.shape for p in discriminator.parameters() if p.dim() > 1])
