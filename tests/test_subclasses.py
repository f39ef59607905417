"""Classes derived from Tensor: what their results are, and ``__torch_function__``.

Making the first of them replaces public functions; a process of its own keeps other tests clean.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

PROGRAM = """
import copy, pickle
import gpugrad as torch
from gpugrad.nn import functional as F

relu = F.relu

class Plain(torch.Tensor):
    pass

class Logging(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        seen.append((func.__name__, [t.__name__ for t in types]))
        return super().__torch_function__(func, types, args, kwargs or {})

class Refusing(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return NotImplemented

class Meters(torch.Tensor):
    table = {}
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        if func in cls.table:
            return cls.table[func](*args, **(kwargs or {}))
        return super().__torch_function__(func, types, args, kwargs)

seen = []
s = torch.ones(2).as_subclass(Plain)
for value in (s + 1, 2 * s, s.sum(), torch.cat([s, s]), torch.sin(s), s[0], F.relu(s), s.max(0)[0],
              torch.stack((s, torch.ones(2))), torch.ones(2) - s, -s, s / 2):
    assert type(value) is Plain, value
assert repr(s) == "Plain([1., 1.])"
assert type(Plain([1.0, 2.0]).view(2, 1)) is Plain
assert type(torch.ones(2) + 1) is torch.Tensor
assert type(copy.deepcopy(s)) is Plain

a = torch.ones(2).as_subclass(Logging)
b = a + 1
assert type(b) is Logging
torch.sum(a), a.sin(), torch.ones(2) * a, torch.nn.functional.relu(a)
names = [name for name, _ in seen]
assert names == ["add", "sum", "sin", "mul", "relu"], names
assert all(types == ["Logging"] for _, types in seen)

x = torch.ones(2, requires_grad=True)
y = (x.as_subclass(Plain) * 3).sum()
y.backward()
assert type(x.grad) is torch.Tensor and x.grad.tolist() == [3.0, 3.0]

try:
    torch.ones(2).as_subclass(Refusing) + 1
except TypeError as error:
    assert "all __torch_function__ handlers returned NotImplemented" in str(error)
else:
    raise AssertionError("refused by nobody")

Meters.table[torch.mean] = lambda value: "a mean"
assert torch.mean(torch.ones(2).as_subclass(Meters)) == "a mean"
assert torch.mean(torch.ones(2)).item() == 1.0

class Child(Plain):
    pass
assert type(torch.ones(2).as_subclass(Child) + s) is Child
assert type(torch.nn.Parameter(torch.ones(2)) * 2) is torch.Tensor
assert torch.overrides.has_torch_function((s,)) and not torch.overrides.has_torch_function((x,))
assert torch.overrides.is_tensor_like(s) and not torch.overrides.is_tensor_like(3)
model = torch.nn.Linear(2, 1)
assert type(model(s)) is Plain
layer = torch.nn.TransformerEncoderLayer(8, 2, 16, activation=relu, batch_first=True)
torch.nn.TransformerEncoder(layer, 1)  # knows its activation, else it would warn
print("passed")
"""


def test_derived_classes() -> None:
    root = Path(__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(PROGRAM)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.strip() == "passed", run.stderr
