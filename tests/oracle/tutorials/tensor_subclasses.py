"""Classes derived from Tensor, and contexts that see every call."""

import copy
import pickle

import torch
import torch.nn as nn
from torch.overrides import (
    TorchFunctionMode,
    has_torch_function,
    is_tensor_like,
)


class Logged(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        print("call", getattr(func, "__name__", func), [t.__name__ for t in types])
        return super().__torch_function__(func, types, args, kwargs or {})


a = torch.tensor([1.0, 2.0]).as_subclass(Logged)
print(type(a).__name__)
b = a + 1
print(type(b).__name__, isinstance(b, Logged))
c = torch.stack([a, a])
print(type(c.sum()).__name__)
a.mean()
a[0]
torch.relu(a)


class Meta(torch.Tensor):
    def __new__(cls, data, meta=None):
        t = torch.as_tensor(data).as_subclass(cls)
        t.meta = meta
        return t

    def __repr__(self):
        return f"Meta({super().__repr__()}, {self.meta})"


m = Meta([1, 2], "hi")
print(m)
print(m.meta, type(m * 2).__name__, getattr(m * 2, "meta", None))


class Trace(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        print(
            "mode",
            torch.overrides.resolve_name(func)
            if hasattr(torch.overrides, "resolve_name")
            else func.__name__,
        )
        return func(*args, **(kwargs or {}))


with Trace():
    x = torch.ones(2)
    y = x + x
    z = torch.sin(y)
    nn.functional.relu(z)
    y[0]
    y[0] = 3
    2 * y
    y += 1
    torch.cat([x, y])
    y.mean()
    y.view(2, 1)
    1 / y
    y > 1
    torch.tensor([1.0])
    y.max()
    torch.zeros_like(y)
    nn.functional.linear(y, y[None])


class Force(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is torch.add:
            func = torch.sub
        return func(*args, **(kwargs or {}))


with Force():
    print(torch.add(torch.ones(1), torch.ones(1)))
print(is_tensor_like(a), has_torch_function((a,)), is_tensor_like(1))
p = nn.Parameter(torch.ones(2))
print(
    isinstance(p, nn.Parameter),
    isinstance(p, torch.Tensor),
    type(p),
    type(p.data),
    type(p * 1),
    copy.deepcopy(p),
    pickle.loads(pickle.dumps(p)),
)
with torch.device("cpu"):
    print(torch.ones(1).device)


class P2(nn.Parameter):
    pass


print(type(P2(torch.ones(1))).__name__, nn.Linear(1, 1).weight.__class__.__name__)
