"""Losses as modules and as functions."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)


class FocalLoss(nn.Module):
    def __init__(self, gamma=2.0, reduction="mean"):
        super().__init__()
        self.gamma, self.reduction = gamma, reduction

    def forward(self, logits, targets):
        ce = F.cross_entropy(logits, targets, reduction="none")
        loss = (1 - torch.exp(-ce)) ** self.gamma * ce
        return loss.mean() if self.reduction == "mean" else loss.sum()


class DiceLoss(nn.Module):
    def forward(self, inputs, targets, smooth=1):
        inputs = torch.sigmoid(inputs).view(-1)
        targets = targets.view(-1)
        return 1 - (2.0 * (inputs * targets).sum() + smooth) / (
            inputs.sum() + targets.sum() + smooth
        )


class RMSELoss(nn.Module):
    def __init__(self, eps=1e-6):
        super().__init__()
        self.mse, self.eps = nn.MSELoss(), eps

    def forward(self, yhat, y):
        return torch.sqrt(self.mse(yhat, y) + self.eps)


logits = torch.randn(5, 3, requires_grad=True)
target = torch.tensor([0, 2, 1, 1, 0])
focal = FocalLoss()(logits, target)
focal.backward()
print(
    focal,
    logits.grad[0],
    FocalLoss(0.0)(logits, target),
    F.cross_entropy(logits, target),
    FocalLoss(),
)
print(DiceLoss()(logits, F.one_hot(target, 3)), RMSELoss()(logits.sum(1), target.float()))
a, b = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([1.5, 2.0, 0.0], requires_grad=True)
for loss in (
    nn.L1Loss(),
    nn.MSELoss(reduction="sum"),
    nn.SmoothL1Loss(beta=0.5),
    nn.HuberLoss(delta=1.0),
    nn.L1Loss(reduction="none"),
):
    print(loss, loss(b, a))
p = F.log_softmax(logits.detach(), 1)
q = F.softmax(torch.randn(5, 3), 1)
print(
    F.kl_div(p, q, reduction="batchmean"),
    nn.KLDivLoss(reduction="sum")(p, q),
    F.nll_loss(p, target, ignore_index=1),
)
print(
    nn.NLLLoss(weight=torch.tensor([1.0, 2.0, 3.0]))(p, target),
    nn.CrossEntropyLoss(ignore_index=0)(logits, target),
)
print(
    nn.BCEWithLogitsLoss(pos_weight=torch.tensor([2.0]))(
        torch.tensor([[0.5], [-1.0]]), torch.tensor([[1.0], [0.0]])
    )
)
print(nn.BCELoss(reduction="none")(torch.tensor([0.0, 1.0, 0.5]), torch.tensor([1.0, 1.0, 0.0])))
T = 2.0
teacher = torch.randn(5, 3)
soft = (
    F.kl_div(F.log_softmax(logits / T, dim=1), F.softmax(teacher / T, dim=1), reduction="batchmean")
    * T
    * T
)
print(
    soft,
    0.5 * soft + 0.5 * F.cross_entropy(logits, target),
    nn.CrossEntropyLoss(label_smoothing=0.1)(logits, target),
)
anchor, positive, negative = torch.zeros(2), torch.tensor([1.0, 0.0]), torch.tensor([0.0, 3.0])
print(
    F.relu((anchor - positive).norm() - (anchor - negative).norm() + 1.0),
    torch.clamp(1 - a * b.detach(), min=0).mean(),
)
x = F.normalize(torch.randn(4, 3), dim=1)
similarity = x @ x.T / 0.1
similarity.fill_diagonal_(float("-inf")) if hasattr(
    similarity, "fill_diagonal_"
) else similarity.masked_fill_(torch.eye(4, dtype=torch.bool), float("-inf"))
print(F.cross_entropy(similarity, torch.tensor([1, 0, 3, 2])), x.norm(dim=1))


def quantile(pred, y, t):
    return torch.max((t - 1) * (y - pred), t * (y - pred)).mean()


print(quantile(b, a, 0.9), torch.where((a - b).abs() < 1, 0.5 * (a - b) ** 2, (a - b).abs() - 0.5))
for bad in (
    lambda: F.mse_loss(a, b, reduction="avg"),
    lambda: F.mse_loss(torch.ones(2), torch.ones(3)),
    lambda: F.nll_loss(p, target.float()),
    lambda: F.cross_entropy(logits, torch.tensor([0, 1])),
    lambda: F.l1_loss(a, "x"),
):
    try:
        print(bad())
    except (RuntimeError, ValueError, TypeError, AttributeError) as error:
        print(type(error).__name__, error)
