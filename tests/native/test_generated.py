"""Programs in C: what they compute, what they leave to NumPy, and how they fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.capture.plan import Plan
from gpugrad.native import toolchain
from gpugrad.native.executor import Native
from gpugrad.nn import functional as F
from tests.capture.training import drawn

CALLS = 6

pytestmark = pytest.mark.usefixtures("generated")


def plan_of(function: Any) -> Plan:
    (program,) = function.programs()
    plan: Plan = program.first_run().plan
    return plan


def steps_of(function: Any) -> list[str]:
    return [step.name for step in plan_of(function)._steps]


def check(function: Callable[..., Any], *shapes: Any, names: tuple[str, ...] = ("native",)) -> Any:
    """Eager and compiled agree, and the program has those steps."""
    compiled = gpugrad.compile(function)
    for turn in range(CALLS):
        arguments = [drawn(turn * 10 + n, *shape) for n, shape in enumerate(shapes)]
        wanted, found = function(*arguments), compiled(*arguments)
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=2e-6, atol=1e-6)
        assert found.dtype == wanted.dtype
    assert tuple(steps_of(compiled)) == names
    return compiled


def softmax_by_hand(x: Tensor) -> Tensor:
    e = (x - x.amax(-1, keepdim=True)).exp()
    result: Tensor = e / e.sum(-1, keepdim=True)
    return result


def accumulate(x: Tensor) -> Tensor:
    x = x * 1
    x[1:3] += 5
    x[:, 0].mul_(2)
    result: Tensor = x.cumsum(0) + x
    return result


FUNCTIONS: dict[str, tuple[Any, ...]] = {
    "chain": (lambda x, y: (x * y + 1).tanh() - y.exp(), (5, 7), (5, 7)),
    "broadcast": (lambda x, y: (x + y).relu() * 3, (6, 40), (40,)),
    "column": (lambda x, y: (x - y) / (y.abs() + 1), (6, 40), (6, 1)),
    "transposed": (lambda x, y: x.t() * y + x.t(), (6, 4), (4, 6)),
    "softmax": (softmax_by_hand, (33, 65)),
    "long rows": (lambda x: softmax_by_hand(x) * 2, (3, 5000)),
    "columns": (lambda x: (x * x).sum(0) - x.mean(0), (130, 17)),
    "middle": (lambda x: (x + 1).sum(1) * 2, (4, 5, 6)),
    "first and last": (lambda x: (x + 1).sum((0, 2)) * 2, (4, 5, 6)),
    "many columns": (lambda x: (x + 1).sum(0) * 2 - x.mean(0), (7, 9000)),
    "columns of a stack": (lambda x: (x + 1).sum(1) * 2, (3, 7, 5000)),
    "everything": (lambda x: (x * 2).sum() + x.amax(), (70, 31)),
    "long": (lambda x: ((x * 2).exp() - x).mean() * 3, (5000,)),
    "small product": (lambda x, y: (x @ y).sigmoid(), (3, 4), (4, 5)),
    "product": (lambda x, y: (x @ y + 1).sigmoid(), (40, 30), (30, 50)),
    "transposed product": (lambda x, y: (x.t() @ y.t() + 1).exp(), (30, 40), (50, 30)),
    "stack of products": (lambda x, y: (x @ y + 1) * 2, (3, 2, 20, 30), (2, 30, 40)),
    "vectors": (lambda x, y: (x @ y).exp() + x.sum(), (30,), (30,)),
    "matrix and vector": (lambda x, y: (x @ y).exp() + y.sum(), (20, 30), (30,)),
    "pieces": (lambda x: gpugrad.cat([x[:, 3:], x[:, :3] * 2], 1) + 1, (4, 8)),
    "reversed": (lambda x: x.flip(0) * x, (7, 3)),
    "chunks": (lambda x: (lambda a, b: a.sigmoid() * b.tanh())(*x.chunk(2, 1)), (5, 12)),
    "choice": (lambda x, y: gpugrad.where(x > y, x, y * 2).clamp(-0.5, 1), (9, 9), (9, 9)),
    "integers": (lambda x: ((x > 0).long() * 3 - 1).float() + x, (9, 9)),
    "double": (lambda x: (x.double().exp().sum(1) * 2).float() + 1, (9, 9)),
    "one number": (lambda x: (x * 2 + 1).sqrt(), ()),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name: str) -> None:
    function, *shapes = FUNCTIONS[name]
    with gpugrad.no_grad():
        check(lambda *a: function(*(x.abs() if name == "one number" else x for x in a)), *shapes)


def test_numpy_in_between() -> None:
    """What cannot be generated stays a step of its own, between two programs."""
    names = ("native", "cumsum", "native")
    with gpugrad.no_grad():
        check(lambda x: (x.exp() + 1).cumsum(0).tanh() * 2 + 1, (5, 7), names=names)


def test_writing_in_place() -> None:
    with gpugrad.no_grad():
        check(accumulate, (5, 7), names=("native", "cumsum", "native"))


def test_arithmetic_is_exact() -> None:
    """Nothing is contracted or reordered: the same bits as NumPy's."""

    def function(x: Tensor, y: Tensor) -> Tensor:
        result: Tensor = ((x * y + x) / (y * y + 1) - x).sqrt() * 3 + (x > y) * y
        return result

    compiled = gpugrad.compile(function)
    with gpugrad.no_grad():
        for turn in range(CALLS):
            x, y = drawn(turn, 50, 9).abs() * 9, drawn(turn + 50, 50, 9)
            np.testing.assert_array_equal(compiled(x, y).numpy(), function(x, y).numpy())
    assert steps_of(compiled) == ["native"]


@pytest.mark.parametrize("size", [31, 5000, 100_003])
def test_sums_are_exact(size: int) -> None:
    """At least as exact as NumPy's, which adds pairwise."""
    compiled = gpugrad.compile(lambda x: (x * 1).sum() * 1)
    x = drawn(1, size) + 100
    with gpugrad.no_grad():
        for _ in range(4):
            found = compiled(x).item()
    exact = float(x.numpy().astype(np.float64).sum())
    assert abs(found - exact) <= 4 * np.finfo(np.float32).eps * abs(exact)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, -0.0])
def test_special_values(value: float) -> None:
    def function(x: Tensor) -> Tensor:
        rows = x.amax(1) + x.amin(1) + (x + 1).relu().sum(1)
        parts = [rows, x.maximum(x * 0 + 0.5).reshape(-1), x.sign().reshape(-1)]
        result: Tensor = gpugrad.cat(parts)
        return result

    compiled = gpugrad.compile(function)
    x = drawn(0, 4, 40)
    x[1, 17] = value
    with gpugrad.no_grad():
        for _ in range(4):
            found = compiled(x)
        np.testing.assert_allclose(found.numpy(), function(x).numpy(), rtol=2e-6)


def test_an_index_out_of_range() -> None:
    """It is refused, as NumPy refuses it, and the next call is right again."""
    compiled = gpugrad.compile(lambda x, y: F.cross_entropy(x, y, reduction="none") * 2)
    x, y = drawn(0, 8, 5), gpugrad.tensor([0, 1, 2, 3, 4, 0, 1, 2])
    with gpugrad.no_grad():
        for _ in range(4):
            wanted = compiled(x, y).numpy()
        assert "native" in steps_of(compiled)
        wrong = y.clone()
        wrong[3] = 7
        with pytest.raises(IndexError, match="index 7 is out of bounds for axis 1 with size 5"):
            compiled(x, wrong)
        np.testing.assert_array_equal(compiled(x, y).numpy(), wanted)


def test_other_layouts_of_an_argument() -> None:
    compiled = gpugrad.compile(lambda x: (x * 2 + 1).sum(0) * 3)
    for turn in range(5):
        x = drawn(turn, 4, 4)
        for view in (x, x.t(), x[:, ::2], x[1:3], x[:1].expand(4, 4)):
            wanted = ((view * 2 + 1).sum(0) * 3).numpy()
            np.testing.assert_allclose(compiled(view).numpy(), wanted, rtol=1e-6)


def test_results_do_not_share_memory() -> None:
    compiled = gpugrad.compile(lambda x: ((x + 1) * 2, x * 3))
    x = drawn(0, 6)
    for _ in range(4):
        first = compiled(x)
    before = [t.numpy().copy() for t in first]
    compiled(x + 1)
    for t, values in zip(first, before, strict=True):
        np.testing.assert_array_equal(t.numpy(), values)


def test_many_parameters_share_a_function() -> None:
    """The source of an optimizer's step does not grow with their number."""
    parameters = [nn.Parameter(drawn(n, 3 + n % 7)) for n in range(60)]
    for p in parameters:
        p.grad = drawn(99, *p.shape)
    step = gpugrad.compile(gpugrad.optim.Adam(parameters, lr=0.01).step)
    for _ in range(4):
        step()
    (native,) = (s.function for s in plan_of(step)._steps)
    assert isinstance(native, Native)
    assert native.program.source.count("static int k") <= 4


def test_a_failing_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy replays, with the same results."""
    monkeypatch.setattr(toolchain, "load", lambda source: None)
    compiled = gpugrad.compile(lambda x: (x * 2).exp() + 1)
    x = drawn(0, 6)
    for _ in range(4):
        found = compiled(x)
    np.testing.assert_array_equal(found.numpy(), ((x * 2).exp() + 1).numpy())
    assert "native" not in steps_of(compiled)


def test_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(toolchain.SWITCH, "0")
    toolchain.available.cache_clear()
    compiled = gpugrad.compile(lambda x: (x * 2).exp() + 1)
    for _ in range(4):
        compiled(drawn(0, 6))
    assert "native" not in steps_of(compiled)


def test_a_wrong_program_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first replay is compared with the eager call; NumPy takes over from a wrong program."""
    load = toolchain.load
    monkeypatch.setattr(toolchain, "load", lambda s: load(s.replace("nm_exp_", "nm_expm1_")))
    compiled = gpugrad.compile(lambda x: (x * 2).exp() + 1)
    x = drawn(0, 6)
    for _ in range(4):
        found = compiled(x)
    np.testing.assert_array_equal(found.numpy(), ((x * 2).exp() + 1).numpy())
    assert "native" not in steps_of(compiled)


def test_addresses_are_read_anew() -> None:
    """Every call may bring another array."""
    compiled = gpugrad.compile(lambda x: x * 2 + 1)
    for turn in range(8):
        x = drawn(turn, 6)
        np.testing.assert_array_equal(compiled(x).numpy(), (x * 2 + 1).numpy())
