"""A softmax classifier without nn: iterate over batches by hand, then replace pieces by nn."""

import math

import torch
import torch.nn.functional as F

torch.manual_seed(11)
centers = torch.tensor([[0.0, 2.0], [2.0, -1.0], [-2.0, -1.0]])
labels = torch.randint(0, 3, (90,))
data = centers[labels] + 0.6 * torch.randn(90, 2)
print(labels[:10], data[:2])
weights = torch.randn(2, 3) / math.sqrt(2)
weights.requires_grad_()
bias = torch.zeros(3, requires_grad=True)


def log_softmax(x):
    return x - x.exp().sum(-1).log().unsqueeze(-1)


def model(xb):
    return log_softmax(xb @ weights + bias)


def nll(input, target):
    return -input[range(target.shape[0]), target].mean()


def accuracy(out, yb):
    preds = torch.argmax(out, dim=1)
    return (preds == yb).float().mean()


bs, lr = 16, 0.5
preds = model(data[:bs])
print(preds[0], preds.shape, nll(preds, labels[:bs]), accuracy(preds, labels[:bs]))
for epoch in range(2):
    for i in range((90 - 1) // bs + 1):
        xb, yb = data[i * bs : (i + 1) * bs], labels[i * bs : i * bs + bs]
        loss = nll(model(xb), yb)
        loss.backward()
        with torch.no_grad():
            weights -= weights.grad * lr
            bias -= bias.grad * lr
            weights.grad.zero_()
            bias.grad.zero_()
print(nll(model(data), labels), accuracy(model(data), labels))
logits = data @ weights + bias
print(F.cross_entropy(logits, labels), F.nll_loss(F.log_softmax(logits, 1), labels))
one_hot = F.one_hot(labels, num_classes=3)
print(one_hot[:3], -(one_hot * F.log_softmax(logits, dim=1)).sum(1).mean(), one_hot.dtype)
print(
    F.cross_entropy(logits, one_hot.float(), label_smoothing=0.1),
    F.cross_entropy(logits, labels, reduction="none")[:3],
)
print(F.cross_entropy(logits, labels, weight=torch.tensor([1.0, 2.0, 0.5]), reduction="sum") / 90)
probs = torch.softmax(logits, dim=1)
(grad,) = torch.autograd.grad(F.cross_entropy(logits, labels, reduction="sum"), logits)
print(
    torch.allclose(grad, probs - one_hot, atol=1e-6),
    probs.sum(1)[:3],
    probs.max(),
    torch.logsumexp(logits, 1)[:2],
)
print(
    torch.multinomial(probs[0], 4, replacement=True).shape,
    torch.topk(probs[:2], 2).indices,
    (probs * probs.log()).sum(1).mean(),
)
