"""Messages that everybody meets sooner or later."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def attempt(label, function):
    try:
        print(label, "->", function())
    except Exception as error:
        print(f"{label}: {type(error).__name__}: {error}")


lin = nn.Linear(3, 2)
x = torch.ones(4, 3)
attempt("features", lambda: lin(torch.ones(4, 5)))
attempt("dtype", lambda: lin(x.double()))
attempt("long input", lambda: lin(torch.ones(4, 3, dtype=torch.long)))
attempt("matmul", lambda: torch.ones(2, 3) @ torch.ones(4, 5))
attempt("add", lambda: torch.ones(2, 3) + torch.ones(2, 4))
attempt("target dtype", lambda: F.cross_entropy(torch.randn(2, 3), torch.tensor([0.0, 1.0])))
attempt("target range", lambda: F.cross_entropy(torch.randn(2, 3), torch.tensor([0, 3])))
attempt("target shape", lambda: F.cross_entropy(torch.randn(2, 3), torch.tensor([[0], [1]])))
attempt("bce shape", lambda: F.binary_cross_entropy_with_logits(torch.randn(2, 1), torch.ones(2)))
attempt("bce long", lambda: nn.BCELoss()(torch.rand(2), torch.tensor([0, 1])))
attempt("mse long", lambda: F.mse_loss(torch.ones(2, requires_grad=True), torch.tensor([1, 2])))
loss = lin(x).sum()
loss.backward()
attempt("backward twice", lambda: loss.backward())
attempt("non-scalar", lambda: lin(x).backward())
attempt("no grad", lambda: torch.ones(1).backward())
attempt("detached", lambda: lin(x).detach().sum().backward())
with torch.no_grad():
    frozen = lin(x).sum()
attempt("under no_grad", lambda: frozen.backward())
attempt("numpy", lambda: lin(x).numpy())
attempt("item", lambda: lin(x).item())
attempt("if tensor", lambda: 1 if lin(x) else 0)
attempt("view", lambda: torch.ones(2, 3).view(4, 2))
attempt("view after t", lambda: torch.ones(2, 3).t().view(-1))
attempt("squeeze", lambda: torch.ones(2, 3).squeeze(3))
attempt("cat dims", lambda: torch.cat([torch.ones(2), torch.ones(2, 2)]))
attempt("cat empty", lambda: torch.cat([]))
attempt("stack", lambda: torch.stack([]))
attempt("index", lambda: torch.ones(3)[3])
attempt("softmax dim", lambda: F.softmax(torch.ones(2), dim=1))
attempt("max int", lambda: torch.ones(0).max())
attempt("mean of ints", lambda: torch.tensor([1, 2]).mean())
attempt("argmax empty", lambda: torch.ones(0).argmax())
attempt("leaf in-place", lambda: lin.weight.add_(1))
attempt("leaf item", lambda: lin.weight.__setitem__((0, 0), 1.0))
attempt("wrong parameter", lambda: setattr(lin, "weight", torch.ones(2, 3)))
attempt("state dict", lambda: lin.load_state_dict({"weight": torch.ones(2, 3)}))
attempt("optimizer", lambda: torch.optim.SGD(lin.weight, lr=0.1))
attempt("missing lr", lambda: torch.optim.Adam([lin.weight], lr=-0.1))
attempt("embedding", lambda: nn.Embedding(3, 2)(torch.tensor([3])))
attempt("dropout", lambda: nn.Dropout(2))
attempt("layer norm", lambda: nn.LayerNorm(4)(x))
attempt("attribute", lambda: lin.wieght)
attempt("forward", lambda: nn.Module()(x))
attempt("call", lambda: lin())
attempt("arange", lambda: torch.arange(0, 5, -1))
attempt("linspace", lambda: torch.linspace(0, 1, -2))
attempt("reshape", lambda: torch.arange(6).reshape(4, -1))
attempt("repeat", lambda: torch.ones(2, 2).repeat(2))
attempt("expand", lambda: torch.ones(2, 2).expand(3, 3))
attempt("chunk", lambda: torch.ones(3).chunk(0))
attempt("split", lambda: torch.ones(5).split([2, 2]))
attempt("topk", lambda: torch.ones(3).topk(5))
attempt("gather", lambda: torch.ones(2, 3).gather(1, torch.tensor([0])))
attempt("one_hot", lambda: F.one_hot(torch.tensor([3]), 2))
attempt("where", lambda: torch.where(torch.ones(2), 1, 0))
attempt("bool minus", lambda: torch.tensor([True]) - torch.tensor([False]))
attempt("pow", lambda: torch.tensor([2]) ** -1)
attempt("zeros", lambda: torch.zeros("a"))
attempt("zeros neg", lambda: torch.zeros(-1))
attempt("ones kw", lambda: torch.ones(2, foo=1))
attempt("tensor kw", lambda: torch.tensor([1], grad=True))
attempt("requires int", lambda: torch.tensor([1]).requires_grad_())
attempt(
    "grad unused",
    lambda: torch.autograd.grad(torch.ones(1, requires_grad=True).sum(), torch.ones(1)),
)
