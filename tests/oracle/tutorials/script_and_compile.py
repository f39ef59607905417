"""torch.jit, torch.compile and settings that programs make before they start."""

import os

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.utils import _pair
from torch.testing import assert_close


def set_up(seed):
    os.environ["PYTHONHASHSEED"] = str(seed)
    torch.manual_seed(seed)
    torch.cuda.manual_seed_all(seed)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.set_float32_matmul_precision("high")
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.set_num_threads(1)


set_up(3)
accelerator = torch.accelerator.current_accelerator() if torch.accelerator.is_available() else None
print(accelerator is None or accelerator.type, torch.get_default_device())


class StandardisedConv(nn.Conv2d):
    """Weights of mean zero and unit variance in each filter."""

    def forward(self, x):
        w = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        w = w / (w.std((1, 2, 3), keepdim=True) + 1e-5)
        return self._conv_forward(x, w, self.bias)


class FrozenNorm(_BatchNorm):
    def _check_input_dim(self, x):
        if x.dim() != 4:
            raise ValueError(f"expected 4D input (got {x.dim()}D input)")


class Net(nn.Module):
    def __init__(self, kernel_size=3):
        super().__init__()
        self.kernel_size = _pair(kernel_size)
        self.conv = StandardisedConv(1, 4, self.kernel_size, padding=1)
        self.norm = FrozenNorm(4)
        self.head = nn.Linear(4, 2)

    @torch.jit.ignore
    def skip(self):
        return {"bias"}

    def forward(self, x):
        x = F.relu(self.norm(self.conv(x)))
        return self.head(x.mean((2, 3)))


net, x = Net(), torch.randn(6, 1, 8, 8)
scripted, traced = torch.jit.script(nn.Linear(2, 2)), torch.jit.trace(net.eval(), x)
print(traced(x)[0], torch.jit.is_scripting(), scripted(torch.ones(1, 2)).shape)
try:
    net.norm(x[0])
except ValueError as error:
    print(error)


@torch.jit.script
def gelu_by_hand(x: torch.Tensor) -> torch.Tensor:
    return 0.5 * x * (1.0 + torch.erf(x / 1.41421))


assert_close(gelu_by_hand(x), F.gelu(x), rtol=1e-4, atol=1e-4)
try:
    assert_close(torch.ones(2), torch.tensor([1.0, 1.5]))
except AssertionError as error:
    print(error)


@torch.compile(backend="eager")
def signs(a, b):
    a = a / (torch.abs(a) + 1)
    if b.sum() < 0:
        b = b * -1
    return a * b


for shift in (1.0, -1.0, 1.0, -1.0):
    print(signs(torch.arange(3.0), torch.full((3,), shift)))

net.train()
compiled = torch.compile(net, backend="eager")
optimizer = torch.optim.SGD(compiled.parameters(), lr=0.1, momentum=0.9)
y = torch.tensor([0, 1, 0, 1, 1, 0])
for step in range(5):
    loss = F.cross_entropy(compiled(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(step, f"{loss.item():.5f}")
print(list(compiled.state_dict())[:2], net.norm.num_batches_tracked)
torch.compiler.reset()
torch.jit.save(scripted, "scripted.pt")
print(torch.equal(torch.jit.load("scripted.pt").weight, scripted.weight))
print(torch.jit.wait(torch.jit.fork(torch.add, torch.ones(1), 1)))
