"""How things print."""

import torch

x = torch.tensor([1.23456789, -0.5, 100.0])
print(x)
print("x = {}, sum {:.2f}, first {:.3e}".format(x, x.sum(), x[0].item()))
print(
    f"{x[0]} {x[0]:.2f} {x[0].item():>10.3f}| {x.shape[0]:3d} {torch.tensor(7)} {torch.tensor(7):4d}"
)
print("%s %.3f %d" % (x[1], x[1], x[2]))
print(str(x), repr(x[0]), [x[0]], (x.sum(),), {"k": x[:1]})
torch.set_printoptions(precision=2)
print(x, torch.rand(0, 2))
torch.set_printoptions(sci_mode=True)
print(x)
torch.set_printoptions(profile="default")
torch.set_printoptions(sci_mode=False, linewidth=60)
print(torch.linspace(0, 1, 20), torch.tensor([1e-7, 1e7]))
torch.set_printoptions(threshold=5, edgeitems=1)
print(torch.arange(30).view(5, 6))
torch.set_printoptions(profile="full")
print(torch.zeros(3, 4, dtype=torch.uint8))
torch.set_printoptions(profile="default")
print(
    torch.tensor([1e-10, 1.0]),
    torch.tensor([10000.5, 0.001]),
    torch.tensor([1e15]),
    torch.tensor(-0.0),
)
print(
    torch.tensor([[float("inf"), 1.0], [float("-inf"), float("nan")]]),
    torch.tensor([1.0, 2.0, 3.0]),
)
print(
    torch.tensor(1.5, requires_grad=True),
    torch.tensor([1, 2], dtype=torch.int8),
    torch.tensor([[]]),
)
print(
    torch.ones(2, requires_grad=True) * 2,
    (torch.ones(2, requires_grad=True) * 2).sum(),
    torch.ones(1, 1, 1, 1),
)
print(torch.nn.Parameter(torch.zeros(2)), torch.Size([1, 2]), torch.device("cuda:1"), torch.float16)
print(torch.zeros(1001).shape, torch.zeros(1001), torch.ones(11, 100))
print(
    torch.tensor([123456.789, 0.1]),
    torch.tensor([1000000.0]),
    torch.tensor([0.00012345]),
    torch.tensor([99999.0, 100000.0]),
)
print(torch.rand(2, 2) > 2, torch.tensor(True), torch.empty(0, dtype=torch.bool))
print(torch.max(torch.tensor([[1, 5], [7, 2]]), dim=1), torch.sort(x, descending=True))
print(
    torch.float,
    torch.strided,
    torch.nn.ReLU(inplace=True),
    torch.nn.Sequential(torch.nn.Linear(2, 1, bias=False), torch.nn.Softmax(dim=1)),
)
print(torch.nn.ModuleDict({"a": torch.nn.Tanh(), "b": torch.nn.ModuleList([torch.nn.Identity()])}))
print(
    torch.nn.ParameterList([torch.nn.Parameter(torch.ones(2, 3))]),
    torch.nn.CrossEntropyLoss(),
    torch.nn.GELU(),
    torch.nn.LeakyReLU(0.1),
)
print(
    torch.nn.Embedding(3, 4, padding_idx=0),
    torch.nn.LayerNorm([2, 3]),
    torch.nn.BatchNorm1d(4, affine=False),
    torch.nn.Flatten(),
    torch.nn.Dropout(),
)
print(
    "%.4f" % torch.tensor(3.14159).item(),
    round(torch.tensor(2.71828).item(), 2),
    torch.tensor(5).item().__class__.__name__,
)
print(
    x.dtype.__str__(),
    x.device.type,
    x.requires_grad,
    hash(torch.float32) == hash(torch.float),
    str(torch.device("cpu")),
)
print(" ".join(f"{v:.1f}" for v in x), *x.tolist()[1:], sep=" / ")
print(
    type(x),
    type(x.shape),
    type(x.dtype),
    torch.typename(x),
    x.__class__.__name__,
    type(x[0].item()),
)
