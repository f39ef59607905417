"""Generated programs: indices, windows, products with vectors, and programs of many ops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.native import clusters, loops
from gpugrad.native.executor import Native
from gpugrad.nn import functional as F
from tests.capture.training import drawn
from tests.native.test_generated import CALLS, plan_of, steps_of

pytestmark = pytest.mark.usefixtures("generated")

ROWS = gpugrad.tensor([3, 0, 3, -1, 2])
INSIDE = gpugrad.tensor([3, 0, 3, 1, 2])
COLUMNS = gpugrad.tensor([0, 1, -2, 1, 0])


def gradients(
    function: Callable[..., Tensor], *arguments: Tensor, names: tuple[str, ...] = ("native",)
) -> None:
    """Results and gradients of a step agree with the eager ones, and the step is one program."""

    def step(*tensors: Tensor) -> tuple[Tensor, ...]:
        leaves = [t.detach().requires_grad_() for t in tensors]
        result = function(*leaves)
        ((result * (result.detach() + 1)).sum()).backward()
        return result.detach(), *[leaf.grad for leaf in leaves if leaf.grad is not None]

    compiled = gpugrad.compile(step)
    for turn in range(CALLS):
        tensors = [t * (turn + 1) for t in arguments]
        for found, wanted in zip(compiled(*tensors), step(*tensors), strict=True):
            np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=2e-5, atol=1e-5)
    assert tuple(steps_of(compiled)) == names


def native_of(function: Any) -> Native:
    (native,) = (s.function for s in plan_of(function)._steps)
    assert isinstance(native, Native)
    return native


INDEXED: dict[str, tuple[Callable[..., Tensor], tuple[int, ...]]] = {
    "rows": (lambda x: x[ROWS] * 2, (4, 6)),
    "rows of a stack": (lambda x: x[ROWS] * 2, (4, 3, 2)),
    "a matrix of rows": (lambda x: x[ROWS.reshape(1, 5).expand(2, 5)] * 2, (4, 3)),
    "elements": (lambda x: x[ROWS, COLUMNS] * 2, (4, 2)),
    "rows of two dimensions": (lambda x: x[ROWS, COLUMNS, :] * 2, (4, 2, 3)),
    "a turned table": (lambda x: x.t()[ROWS] * 2, (6, 4)),
    "a column": (lambda x: x[:, 1] * 2, (4, 3)),
    "a part": (lambda x: x[1:, ::2] * 2, (4, 5)),
    "an embedding": (lambda x: F.embedding(INSIDE, x) * 2, (4, 6)),
    "padding": (lambda x: F.embedding(INSIDE, x, padding_idx=2) * 2, (4, 6)),
}


@pytest.mark.parametrize("name", INDEXED)
def test_indices(name: str) -> None:
    """What comes twice gets both gradients; a negative index counts from the end."""
    function, shape = INDEXED[name]
    gradients(function, drawn(0, *shape))


@pytest.mark.parametrize("many", [0, 90])
def test_a_row_out_of_range(many: int) -> None:
    """It is refused, in a long program, too, and the next call is right again."""

    def function(x: Tensor, rows: Tensor) -> Tensor:
        for _ in range(many):
            x = (x @ x).tanh()
        result: Tensor = x[rows] * 2
        return result

    compiled, x = gpugrad.compile(function), drawn(0, 5, 5)
    with gpugrad.no_grad():
        for _ in range(4):
            found = compiled(x, ROWS)
        assert steps_of(compiled) == ["native"]
        np.testing.assert_allclose(found.numpy(), function(x, ROWS).numpy(), rtol=1e-4, atol=1e-6)
        for wrong in (7, -6):
            with pytest.raises(IndexError, match=f"index {wrong} is out of bounds for axis 0 with"):
                compiled(x, gpugrad.tensor([0, 1, wrong, 2, 3]))
        np.testing.assert_array_equal(compiled(x, ROWS).numpy(), found.numpy())


@pytest.mark.parametrize("shape", [(1, 7), (1, 1, 7), (6, 7)])
def test_one_row_of_scores(shape: tuple[int, ...]) -> None:
    target = gpugrad.tensor([3, 0, 6, 2, 1, 5][: shape[-2]])
    gradients(lambda x: F.cross_entropy(x.reshape(-1, 7), target), drawn(0, *shape))


PRODUCTS: dict[str, tuple[Callable[..., Tensor], tuple[tuple[int, ...], ...]]] = {
    "a vector": (lambda x, y: x @ y + 1, ((300, 40), (40,))),
    "a vector first": (lambda x, y: x @ y + 1, ((300,), (300, 40))),
    "a turned matrix": (lambda x, y: x.t() @ y + 1, ((40, 300), (40,))),
    "a column of a matrix": (lambda x, y: x @ y[:, 1:2] + 1, ((300, 40), (40, 3))),
    "one row": (lambda x, y: x @ y + 1, ((1, 300), (300, 40))),
    "a stack": (lambda x, y: x @ y + 1, ((2, 300, 40), (2, 40, 1))),
}


@pytest.mark.parametrize("name", PRODUCTS)
def test_products_with_vectors(name: str) -> None:
    function, shapes = PRODUCTS[name]
    gradients(function, *(drawn(n, *shape) / 9 for n, shape in enumerate(shapes)))


POOLS: dict[str, tuple[Callable[..., Tensor], tuple[int, ...]]] = {
    "pairs": (lambda x: F.max_pool2d(x * 2, 2), (2, 3, 8, 6)),
    "a rest": (lambda x: F.max_pool2d(x * 2, 2), (2, 3, 7, 5)),
    "overlapping": (lambda x: F.max_pool2d(x * 2, 3, stride=2), (2, 3, 9, 8)),
    "with gaps": (lambda x: F.max_pool2d(x * 2, 2, stride=1, dilation=2), (1, 2, 6, 7)),
    "one dimension": (lambda x: F.max_pool1d(x * 2, 3), (4, 2, 17)),
}


@pytest.mark.parametrize("name", POOLS)
def test_pools(name: str) -> None:
    function, shape = POOLS[name]
    gradients(function, drawn(0, *shape).round(decimals=1))


def test_a_pool_of_special_values() -> None:
    """nan is the largest; of equal ones the first counts."""
    x = drawn(0, 1, 1, 4, 8)
    x[0, 0, 0, 1] = np.nan
    x[0, 0, :2, 2:4] = -np.inf
    x[0, 0, :2, 4:6] = 0
    with gpugrad.no_grad():
        compiled = gpugrad.compile(lambda x: F.max_pool2d(x, 2, return_indices=True))
        for _ in range(4):
            found = compiled(x)
        for one, other in zip(found, F.max_pool2d(x, 2, return_indices=True), strict=True):
            np.testing.assert_array_equal(one.numpy(), other.numpy())
        assert steps_of(compiled) == ["native"]


def test_bits_turned() -> None:
    compiled = gpugrad.compile(lambda x, n: ((~(x > 0)) * x, ~n))
    x, n = drawn(0, 6, 5), gpugrad.tensor([0, 5, -3])
    for _ in range(4):
        masked, turned = compiled(x, n)
    np.testing.assert_array_equal(masked.numpy(), np.minimum(x.numpy(), 0))
    assert turned.tolist() == [-1, -6, 2]
    assert steps_of(compiled) == ["native"]


def test_a_sum_over_outer_dimensions() -> None:
    """Runs of memory are added in many lanes, in an exact order of their totals."""
    x = drawn(0, 40, 3, 50) + 100
    compiled = gpugrad.compile(lambda x: x.sum((0, 2)) * 1)
    for _ in range(4):
        found = compiled(x)
    exact = x.numpy().astype(np.float64).sum((0, 2))
    np.testing.assert_allclose(found.numpy(), exact, rtol=3e-7)


# --- many ops -------------------------------------------------------------------------------------


def chain(x: Tensor, y: Tensor, length: int) -> Tensor:
    for _ in range(length):
        x = (x * y).tanh() + y
    return x


def test_a_long_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bodies stay small, and the work of planning them grows as the number of ops does."""
    met = []
    placed = loops.Loops._placed

    def counted(self: Any, member: Any) -> Any:
        met.append(len(self.members))
        return placed(self, member)

    monkeypatch.setattr(loops.Loops, "_placed", counted)
    work = []
    for length in (100, 200):
        met.clear()
        compiled = gpugrad.compile(lambda x, y, n=length: chain(x, y, n))
        x, y = drawn(0, 40, 3), drawn(1, 40, 3) / 4
        with gpugrad.no_grad():
            for _ in range(4):
                found = compiled(x, y)
        np.testing.assert_allclose(found.numpy(), chain(x, y, length).numpy(), rtol=2e-5)
        work.append(len(met))
        assert max(met) < clusters.LARGEST
        assert steps_of(compiled) == ["native"]
    assert work[1] < 2.5 * work[0]


def test_steps_of_a_recurrence_share_functions() -> None:
    """They differ in where they read and write only."""
    cell = nn.RNNCell(4, 16)

    def function(x: Tensor) -> Tensor:
        h = gpugrad.zeros(8, 16)
        for t in range(60):
            h = cell(x[:, t], h)
        assert isinstance(h, Tensor)
        return h

    compiled = gpugrad.compile(function)
    x = drawn(0, 8, 60, 4)
    with gpugrad.no_grad():
        for _ in range(4):
            found = compiled(x)
        np.testing.assert_allclose(found.numpy(), function(x).numpy(), rtol=2e-5, atol=1e-6)
    assert native_of(compiled).program.source.count("static int k") < 12


def test_leaves_made_by_a_step() -> None:
    """A step may make tensors that require gradients: it is replayed all the same."""
    layer, calls = nn.Linear(2, 1), list[None]()

    def step(x: Tensor) -> Tensor:
        calls.append(None)
        layer.zero_grad()
        x = x.detach().requires_grad_()
        (slope,) = gpugrad.autograd.grad(layer(x).tanh().sum(), [x], create_graph=True)
        loss: Tensor = (slope**2).mean()
        loss.backward()
        return loss.detach()

    compiled = gpugrad.compile(step)
    x = drawn(0, 5, 2)
    for _ in range(8):
        found = compiled(x)
    assert len(calls) <= 4
    assert found.item() == pytest.approx(step(x).item(), rel=1e-5)
