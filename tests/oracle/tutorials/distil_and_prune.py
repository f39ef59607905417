"""Knowledge distillation with a temperature, then pruning by size, at random and by a method of one's own."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.utils.data as data_utils
from torch.nn.utils import prune

torch.manual_seed(0)
X = torch.randn(256, 10)
Y = ((X[:, :3] ** 2).sum(1) > 2.5).long() + (X[:, 4] > 0.8).long()
loader = data_utils.DataLoader(data_utils.TensorDataset(X, Y), batch_size=64, shuffle=True)
teacher = nn.Sequential(
    nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 3)
)
student = nn.Sequential(nn.Linear(10, 8), nn.ReLU(), nn.Linear(8, 3))


def fit(m, lossf, n=5, lr=1e-2):
    o = torch.optim.Adam(m.parameters(), lr=lr)
    for _ in range(n):
        tot = 0.0
        for x, y in loader:
            o.zero_grad()
            l = lossf(m(x), x, y)
            l.backward()
            o.step()
            tot += l.item() * len(x)
    return tot / 256


print("teacher %.4f" % fit(teacher, lambda o, x, y: F.cross_entropy(o, y), 8))
T, alpha = 2.0, 0.25


def kd(o, x, y):
    with torch.no_grad():
        tl = teacher(x)
    soft_t = F.softmax(tl / T, dim=-1)
    soft_p = F.log_softmax(o / T, dim=-1)
    manual = torch.sum(soft_t * (soft_t.log() - soft_p)) / soft_p.size()[0] * (T**2)
    lib = nn.KLDivLoss(reduction="batchmean")(soft_p, soft_t) * T * T
    assert torch.isclose(manual, lib, atol=1e-5), (manual, lib)
    return alpha * manual + (1 - alpha) * nn.CrossEntropyLoss()(o, y)


print("student %.4f" % fit(student, kd), (student(X).argmax(1) == Y).float().mean())
m = copy.deepcopy(teacher)
prune.random_unstructured(m[0], name="weight", amount=0.3)
prune.l1_unstructured(m[0], "bias", 3)
prune.ln_structured(m[2], "weight", amount=0.5, n=2, dim=0)
print(
    list(m[0].named_parameters())[0][0],
    sorted(dict(m.named_buffers())),
    m[0]._forward_pre_hooks.__len__(),
    m[0].weight.eq(0).sum(),
)
for module in m.modules():
    if isinstance(module, nn.Linear):
        print(
            "Sparsity: {:.2f}%".format(
                100.0 * float(torch.sum(module.weight == 0)) / float(module.weight.nelement())
            )
        )
prune.remove(m[0], "weight")
print(m.state_dict().keys())
prune.global_unstructured(
    ((m[2], "weight"), (m[4], "weight")), pruning_method=prune.L1Unstructured, amount=0.2
)
print((m[4].weight == 0).sum(), prune.is_pruned(m))


class Foobar(prune.BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t, default_mask):
        mask = default_mask.clone()
        mask.view(-1)[::2] = 0
        return mask


Foobar.apply(m[4], "bias")
print(m[4].bias_mask, m[4].bias)
