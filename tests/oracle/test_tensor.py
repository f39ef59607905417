"""Tensors against PyTorch: promotion of types, and what expressions give or refuse."""

from __future__ import annotations

import warnings
from types import ModuleType
from typing import Any

import pytest

import gpugrad
from tests.oracle.comparison import check

torch = pytest.importorskip("torch")

TYPES = [
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "bfloat16",
    "float32",
    "float64",
]

OPERATIONS: dict[str, Any] = {
    "add": lambda lib, x, y: x + y,
    "sub": lambda lib, x, y: x - y,
    "mul": lambda lib, x, y: x * y,
    "div": lambda lib, x, y: x / y,
    "floor_divide": lambda lib, x, y: x // y,
    "remainder": lambda lib, x, y: x % y,
    "pow": lambda lib, x, y: x**y,
    "maximum": lambda lib, x, y: lib.maximum(x, y),
    "eq": lambda lib, x, y: x == y,
    "lt": lambda lib, x, y: x < y,
    "bitwise_and": lambda lib, x, y: x & y,
    "logical_or": lambda lib, x, y: lib.logical_or(x, y),
    "where": lambda lib, x, y: lib.where(lib.tensor(True), x, y),
    "atan2": lambda lib, x, y: lib.atan2(x, y),
    "cat": lambda lib, x, y: lib.cat([x.reshape(-1), y.reshape(-1)]),
    "clamp": lambda lib, x, y: x.clamp(y),
}

INPLACE: dict[str, Any] = {
    "add_": lambda lib, x, y: x.add_(y),
    "sub_": lambda lib, x, y: x.sub_(y),
    "mul_": lambda lib, x, y: x.mul_(y),
    "div_": lambda lib, x, y: x.div_(y),
    "copy_": lambda lib, x, y: x.copy_(y),
    "item": lambda lib, x, y: x.__setitem__(0, y),
    "pow_": lambda lib, x, y: x.pow_(y),
}


def attempt(lib: ModuleType, operation: Any, x: Any, y: Any) -> Any:
    """Type and values of the result, or the error's type and text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = operation(lib, x, y)
        except Exception as error:
            return type(error).__name__, str(error).split("\n")[0]
    result = x if result is None else result
    return str(result.dtype), result.double().tolist()


def compare(operation: Any, mine: tuple[Any, Any], theirs: tuple[Any, Any], where: str) -> None:
    found = attempt(gpugrad, operation, *mine)
    expected = attempt(torch, operation, *theirs)
    if "not implemented for" in str(expected[1]):
        return  # a type for which PyTorch has no kernel
    if isinstance(expected[1], str):
        assert found[0] == expected[0], f"{where}: {found} instead of {expected}"
    else:
        assert found[0] == expected[0], f"{where}: {found[0]} instead of {expected[0]}"
        assert found[1] == pytest.approx(expected[1], rel=1e-2, nan_ok=True), where


def operands(lib: ModuleType, left: str, right: str) -> Any:
    """Pairs of two tensors, and of tensors with and without dimensions."""

    def make(values: Any, name: str) -> Any:
        return lib.tensor(values).to(getattr(lib, name))

    yield make([1, 3], left), make([2, 1], right)
    yield make([1, 3], left), make(2, right)
    yield make(3, left), make([2, 1], right)
    yield make(3, left), make(2, right)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("left", TYPES)
def test_promotion_of_tensors(name: str, left: str) -> None:
    for right in TYPES:
        pairs = zip(operands(gpugrad, left, right), operands(torch, left, right), strict=True)
        for number, (mine, theirs) in enumerate(pairs):
            compare(OPERATIONS[name], mine, theirs, f"{left} {name} {right}, form {number}")


@pytest.mark.parametrize("name", INPLACE)
@pytest.mark.parametrize("left", TYPES)
def test_promotion_in_place(name: str, left: str) -> None:
    for right in TYPES:
        pairs = list(zip(operands(gpugrad, left, right), operands(torch, left, right), strict=True))
        for number in (0, 1):
            mine, theirs = pairs[number]
            compare(INPLACE[name], mine, theirs, f"{left} {name} {right}, form {number}")


TENSORS_ONLY = {"maximum", "logical_or", "atan2", "cat"}


@pytest.mark.parametrize("name", [n for n in (*OPERATIONS, *INPLACE) if n not in TENSORS_ONLY])
@pytest.mark.parametrize("dtype", TYPES)
def test_promotion_with_numbers(name: str, dtype: str) -> None:
    operation = {**OPERATIONS, **INPLACE}[name]
    for number in (2, 0.5, True, 0, -1):
        for reflected in (False, True) if name in OPERATIONS else (False,):
            pair = []
            if odd(name, dtype, number):
                continue
            for lib in (gpugrad, torch):
                x = lib.tensor([1, 3]).to(getattr(lib, dtype))
                pair.append((number, x) if reflected else (x, number))
            if name == "copy_" or (reflected and name == "clamp"):
                continue
            where = f"{dtype} {name} {number}{', reflected' if reflected else ''}"
            compare(operation, pair[0], pair[1], where)


def odd(name: str, dtype: str, number: Any) -> bool:
    """Cases that are not followed: powers of bools, and a negative number taken for a byte."""
    return (name.startswith("pow") and dtype == "bool") or (
        name == "lt" and dtype == "uint8" and number == -1
    )


ARGUMENTS = """
ones(2, 3).sum(axis=1)
ones(2, 3).sum(axis=1, keepdims=True)
torch.mean(ones(2, 3), axis=0)
torch.sum(input=ones(2), dim=0)
ones(2, 3).sum(-1, True)
ones(2, 3).sum((0, 1))
ones(2, 3).sum([0])
ones(2, 3).sum(dtype=torch.float64)
ones(2, 3).max()
ones(2, 3).max(1)
ones(2, 3).max(dim=1, keepdim=True).indices
ones(2, 3).argmax(dim=1)
torch.softmax(ones(2, 3), dim=1)
ones(2, 3).softmax(-1)
ones(2, 3).reshape(3, 2).shape
ones(2, 3).reshape((3, -1)).shape
torch.reshape(ones(2, 3), (-1,)).shape
ones(2, 3).view(size=(6,)).shape
ones(2, 3).permute(dims=(1, 0)).shape
torch.permute(ones(2, 3), (1, 0)).shape
ones(2, 3).transpose(dim0=0, dim1=1).shape
ones(1, 3).expand(2, -1).shape
ones(1, 3).expand(size=(2, 3)).shape
ones(2).repeat(2, 3).shape
ones(2).repeat((2, 3)).shape
ones(2).tile(2).shape
ones(2).tile((2, 2)).shape
torch.cat([ones(2), zeros(1)], axis=0)
torch.cat(tensors=(ones(2), zeros(1)), dim=0)
torch.stack((ones(2), zeros(2)), dim=1)
ones(2, 3).flatten(start_dim=1).shape
ones(2, 3).unsqueeze(dim=-1).shape
ones(1, 3).squeeze(dim=0).shape
ones(4).split(split_size=2)
ones(4).split([1, 3])
torch.split(ones(4), 3)
ones(4).chunk(chunks=2, dim=0)
ones(2).add(ones(2), alpha=2)
torch.sub(ones(2), 1, alpha=3)
torch.div(ones(2), 0.3, rounding_mode="floor")
ones(2).clamp(min=2)
ones(2).clamp(max=0.5)
ones(2).clip(0, 0.5)
torch.where(ones(2) > 0, 1.0, 2.0)
torch.where(ones(2) > 0)
ones(2).pow(exponent=2)
torch.full((2,), fill_value=3)
torch.full_like(ones(2), 3.5)
torch.arange(5).flip(0)
torch.flip(ones(2, 3), dims=(0, 1)).shape
ones(2).new_tensor([1, 2])
ones(2).type(torch.int64)
ones(2).is_leaf
torch.allclose(ones(2), ones(2) + 1e-9)
torch.equal(ones(2), ones(2))
ones(2).eq(1).all()
ones(2, 3).t().shape
ones(2).dot(ones(2))
ones(2, 3).mm(ones(3, 2))
ones(2, 3).matmul(ones(3))
ones(2, 3) @ ones(3, 1)
torch.outer(ones(2), ones(3)).shape
torch.var(T([1.0, 2.0, 4.0]), unbiased=False)
torch.std(T([1.0, 2.0, 4.0]), 0, correction=0)
T([1.0, 2.0]).norm()
T([3.0, 1.0, 2.0]).sort()
T([3.0, 1.0, 2.0]).sort(descending=True)
T([1.0, 2.0, 3.0]).cumsum(0)
"""
"""Spellings of arguments that PyTorch takes."""

REFUSED = """
ones(2, 3).sum(2)
ones(2, 3).sum(dim=-3)
ones(2, 3) + ones(4)
ones(2, 3) @ ones(2, 3)
ones(2) @ ones(3)
ones(2, 3).view(4)
ones(2, 3).reshape(-1, -1)
ones(2, 3).reshape(5, -1)
ones(2, 3).expand(3, 3)
ones(2, 3).expand(3)
ones(2, 3).permute(0, 0)
ones(2, 3).permute(0)
ones(2, 3).transpose(0, 2)
ones(2, 3, 4).t()
ones(2, 3).squeeze(2)
ones(2, 3).unsqueeze(3)
ones(2).split(-1)
ones(2).split(0)
ones(2).split([1])
ones(2).chunk(0)
ones(()).unbind()
ones(()).split(1)
ones(2).item()
ones(0).item()
float(ones(2))
bool(ones(2))
bool(ones(0))
len(ones(()))
list(ones(()))
ones(2)[2]
ones(2)[0, 0]
ones(())[0]
ones(2)[1.5]
ones(2)[T([0.5])]
ones(2)[[2]]
ones(2)[T([True, False, True])]
ones(2)[::-1]
ones(2).long().mean()
ones(2).long().requires_grad_()
T([1], requires_grad=True)
torch.cat([])
torch.cat([ones(2), ones(1, 2)])
torch.cat([ones(2, 3), ones(2, 2)])
torch.stack([])
torch.stack([ones(2), ones(3)])
torch.cat(ones(2))
torch.zeros(-1)
torch.ones(2, -1)
torch.eye(-1)
torch.arange(0, 1, 0)
torch.arange(0, 5, -1)
torch.linspace(0, 1, -1)
torch.tensor([[1, 2], [3]])
torch.tensor("a")
torch.from_numpy([1.0])
ones(2).backward()
ones(2, requires_grad=True).backward()
ones(2, requires_grad=True).numpy()
(ones(2, requires_grad=True) * 2).requires_grad_(False)
ones(2, requires_grad=True).add_(1)
ones(2, requires_grad=True)[0].add_(1)
ones(2).long().add_(1.5)
ones(2).add_(ones(3, 2))
ones(1).expand(3).add_(1)
ones(2).clamp()
ones(2).clamp_()
torch.maximum(ones(2), 1)
torch.logical_and(ones(2), True)
torch.sqrt(2.0)
torch.sum([1, 2])
torch.isnan([1.0])
torch.where(ones(2), ones(2), ones(2))
torch.where(ones(3) > 0, ones(2), ones(2))
-T([True])
T([True]) - T([True])
T([True]) - 1
1 - T([True])
~ones(2)
ones(2) & ones(2)
ones(2) << 1
T([2]) ** -1
T([1]) // 0
T([1]) % 0
torch.bmm(ones(2, 2), ones(2, 2))
torch.mm(ones(2), ones(2, 2))
torch.mv(ones(2, 2), ones(3))
torch.dot(ones(2), ones(3))
torch.dot(ones(2, 2), ones(2))
ones(2, 2) @ ones(2, 2).double()
ones(()) @ ones(2)
torch.addmm(ones(3), ones(2, 2), ones(2, 2))
torch.outer(ones(2, 2), ones(2))
T([True]).argmax()
ones(2).long().softmax(0)
ones(0).max()
ones(0).amax()
ones(0).argmax()
ones(2, 0).amax(1)
ones(2).flip(1)
ones(2).movedim(0, 1)
ones(2).to(torch.device("cpu:-1"))
torch.broadcast_to(ones(2), (3,))
torch.broadcast_tensors(ones(2), ones(3))
ones(2).type("torch.NoTensor")
ones(2).register_hook(print)
ones(2).retain_grad()
torch.autograd.grad(ones(2).sum(), ones(2))
ones(2).fill_(ones(2))
ones(2).copy_(ones(3))
ones(2).copy_(ones(1, 2))
torch.isclose(ones(2), ones(2).double())
"""
"""What PyTorch refuses, with the first line of its text."""


@pytest.mark.parametrize("source", ARGUMENTS.strip().splitlines())
def test_arguments(source: str) -> None:
    check(source)


@pytest.mark.parametrize("source", REFUSED.strip().splitlines())
def test_refused(source: str) -> None:
    check(source)
