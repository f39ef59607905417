"""Function transforms against PyTorch's: values and forms of results agree."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

import gpugrad

torch = pytest.importorskip("torch")

# PyTorch itself uses what it has deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")

CASES: dict[str, Callable[[ModuleType, Any, Any], Any]] = {
    "grad": lambda f, x, m: f.grad(lambda x: (x.sin() * x).sum())(x),
    "grad of grad": lambda f, x, m: f.grad(
        lambda x: f.grad(lambda y: (y.exp() * x.sum()).sum())(x).sum()
    )(x),
    "grad with aux": lambda f, x, m: f.grad(lambda x: ((x**2).sum(), {"a": x}), has_aux=True)(x),
    "grad by a tree": lambda f, x, m: f.grad(lambda t: (t["w"] @ t["x"]).sum())({"x": x, "w": m}),
    "grad and value": lambda f, x, m: f.grad_and_value(lambda x, m: (m @ x).norm(), (0, 1))(x, m),
    "vjp": lambda f, x, m: f.vjp(lambda x, m: (m @ x, x.sum()), x, m)[1]((x[:2], x[0])),
    "jvp": lambda f, x, m: f.jvp(lambda x: (m @ x.tanh(), x.sum()), (x,), (x * 2,)),
    "jvp of grad": lambda f, x, m: f.jvp(f.grad(lambda x: (m @ x).exp().sum()), (x,), (x,)),
    "jacrev": lambda f, x, m: f.jacrev(lambda x, m: {"p": m @ x, "n": x.norm()}, (0, 1))(x, m),
    "jacfwd": lambda f, x, m: f.jacfwd(lambda x, m: {"p": m @ x, "n": x.norm()}, (0, 1))(x, m),
    "jacrev of jacfwd": lambda f, x, m: f.jacrev(f.jacfwd(lambda x: (m @ x).tanh()))(x),
    "hessian": lambda f, x, m: f.hessian(lambda x, m: (m @ x).tanh().sum(), (0, 1))(x, m),
    "vmap": lambda f, x, m: f.vmap(lambda a, b: a * b.sum(), in_dims=(None, 1), out_dims=1)(x, m),
    "vmap of grad": lambda f, x, m: f.vmap(f.grad(lambda r, x: (r * x).prod()), (0, None))(m, x),
    "vmap of vmap": lambda f, x, m: f.vmap(f.vmap(lambda a: a.exp()), in_dims=1)(m),
    "grad of vmap": lambda f, x, m: f.grad(lambda m: f.vmap(lambda r: r @ x)(m).prod())(m),
}


@pytest.mark.parametrize("name", CASES)
def test_as_pytorch(name: str) -> None:
    results = []
    for lib in (torch, gpugrad):
        x = lib.tensor([0.3, -0.8, 1.2], dtype=lib.float64)
        m = lib.tensor([[0.5, -0.1, 0.7], [1.1, 0.4, -0.6]], dtype=lib.float64)
        results.append(CASES[name](lib.func, x, m))
    assert_same(*results)


def assert_same(theirs: Any, ours: Any) -> None:
    assert type(theirs) is type(ours) or hasattr(theirs, "tolist")
    if isinstance(theirs, dict):
        assert list(theirs) == list(ours)
        for key, value in theirs.items():
            assert_same(value, ours[key])
    elif isinstance(theirs, tuple):
        assert len(theirs) == len(ours)
        for a, b in zip(theirs, ours, strict=True):
            assert_same(a, b)
    else:
        assert tuple(theirs.shape) == tuple(ours.shape)
        assert theirs.requires_grad == ours.requires_grad
        flat = theirs.reshape(-1).tolist()
        assert ours.reshape(-1).tolist() == pytest.approx(flat, rel=1e-9, abs=1e-12)
