"""Code for any device, seeds, and the switches that scripts set at their top."""

import random

import numpy as np
import torch
import torch.backends.cudnn as cudnn
from torch import nn


def seed_everything(seed=42):
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False


seed_everything()
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
device = torch.device("cpu") if device.type == "cuda" else device
print(
    device,
    repr(device),
    device.type,
    device.index,
    device == torch.device("cpu"),
    torch.device("cuda", 0).index,
)
print(
    f"Using {device} device",
    cudnn.benchmark,
    cudnn.deterministic,
    torch.backends.mps.is_available(),
)
cudnn.benchmark = True
print(
    torch.backends.cudnn.benchmark,
    torch.cuda.device_count() >= 0,
    isinstance(torch.__version__, str),
)
x = torch.rand(2, 3, device=device)
y = torch.zeros(2, 3).to(device)
print(x, (x + y).device, x.is_cuda, x.cpu() is x, x.to("cpu") is x, x.to(torch.float64).dtype)
model = nn.Linear(3, 1).to(device)
print(
    next(model.parameters()).device,
    next(model.parameters()).is_cuda,
    model.cpu() is model,
    model(x),
)
print(
    torch.ones(2, device="cpu").device,
    torch.zeros_like(x, device=device).device,
    torch.tensor([1], device=device),
)
seed_everything(7)
first = (
    torch.randn(3),
    torch.rand(2),
    torch.randint(0, 10, (4,)),
    torch.randperm(5),
    random.random(),
    np.random.rand(),
)
seed_everything(7)
second = (
    torch.randn(3),
    torch.rand(2),
    torch.randint(0, 10, (4,)),
    torch.randperm(5),
    random.random(),
    np.random.rand(),
)
print(first, [torch.equal(a, b) if torch.is_tensor(a) else a == b for a, b in zip(first, second)])
g = torch.Generator()
g.manual_seed(0)
print(
    torch.randn(2, generator=g), torch.initial_seed(), g.initial_seed(), torch.rand(1, generator=g)
)
state = torch.get_rng_state()
r = torch.rand(3)
torch.set_rng_state(state)
print(torch.equal(r, torch.rand(3)), state.dtype, torch.manual_seed(1).__class__.__name__)
with torch.random.fork_rng():
    torch.manual_seed(99)
    inside = torch.rand(1)
print(
    inside,
    torch.rand(1),
    torch.normal(0.0, 1.0, size=(2,)),
    torch.normal(torch.tensor([1.0, 2.0]), 0.1),
    torch.bernoulli(torch.tensor([0.2, 0.9])),
)
threads = torch.get_num_threads()
torch.set_num_threads(1)
print(threads >= 1, torch.get_num_threads(), torch.get_default_dtype(), torch.is_grad_enabled())
torch.use_deterministic_algorithms(True)
print(torch.are_deterministic_algorithms_enabled())
torch.use_deterministic_algorithms(False)
torch.set_float32_matmul_precision("high")
print(torch.get_float32_matmul_precision(), torch.finfo(x.dtype).eps, torch.iinfo(torch.int32).max)
torch.set_float32_matmul_precision("highest")
print(
    [torch.rand(n).sum().item() > 0 for n in (15, 16, 17)],
    torch.randn(20)[:3],
    torch.empty(3).uniform_(-1, 1),
    torch.empty(2).exponential_(),
)
for bad in (
    lambda: torch.device("gpu"),
    lambda: torch.device("cpu:x"),
    lambda: torch.ones(1, device="tpu"),
    lambda: torch.manual_seed("a"),
    lambda: torch.rand(-1),
    lambda: torch.randint(5, 2, (1,)),
    lambda: torch.rand("a"),
):
    try:
        print(bad())
    except (RuntimeError, TypeError, ValueError) as error:
        print(type(error).__name__, str(error).split("\n")[0][:20])
