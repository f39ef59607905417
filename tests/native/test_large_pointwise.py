"""Elementwise functions of large arrays that broadcast, in C, against NumPy's way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import cpu
from gpugrad.backend.cpu_large import OF_ONE, OF_THREE, OF_TWO
from gpugrad.native import pointwise
from gpugrad.native.families import Family
from gpugrad.native.threads import THREADS
from tests.native_switch import needs_compiler, switched

pytestmark = needs_compiler

Array = Any

PART = 16384
SIZES = (1, 15, 700, PART - 1, PART, PART + 1, 3 * PART + 77)
NUMBERS: dict[str, tuple[float, ...]] = {
    "add_scaled": (0.3,),
    "huber": (0.7, 1.5),
    "elu_grad": (1.3,),
    "addcmul": (0.3,),
    "addcdiv": (0.3,),
    "huber_grad": (0.7, 1.5),
}
ARITHMETIC = ("add", "sub", "mul", "div", "maximum", "minimum")
EXACT = (
    *ARITHMETIC,
    *("neg", "abs", "square", "cube", "sgn", "reciprocal", "sqrt", "hardsigmoid", "hardswish"),
    *("add_scaled", "huber", "hardsigmoid_grad", "addcmul", "addcdiv"),
    *("div_grad", "huber_grad"),
)
"""The same operations in the same order: the same bits."""

SPECIAL = (0.0, -0.0, math.inf, -math.inf, math.nan, 1e-40, -1e-40, 88.8, -88.8, 104.0, -104.0)
COUNTS = {**dict.fromkeys(OF_ONE, 1), **dict.fromkeys(OF_TWO, 2), **dict.fromkeys(OF_THREE, 3)}
KINDS = pytest.mark.parametrize("kind", ["float32", "float64"])
SHAPES = (
    ((300, 200), (200,)),
    ((300, 200), (300, 1)),
    ((300, 200), (1, 1)),
    ((300, 200), ()),
    ((200,), (300, 200)),
    ((300, 1), (1, 200)),
    ((7, 1, 11, 40), (9, 1, 40)),
    ((5, 40001), (5, 1)),
    ((2, 3, 4, 5, 6, 70), (3, 1, 5, 1, 70)),
    ((40000, 2), (2,)),
)


@pytest.fixture(autouse=True)
def two_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one, NumPy does what it does as quickly."""
    monkeypatch.setattr(THREADS, "number", 2)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    with np.errstate(all="ignore"):
        yield


def drawn(shape: tuple[int, ...], kind: str, seed: int, count: int) -> list[Array]:
    draw = np.random.default_rng(seed)
    return [draw.standard_normal(shape).astype(kind) for _ in range(count)]


def in_c(name: str, arrays: list[Array]) -> Array:
    forms: Any = (pointwise.one, pointwise.two, pointwise.three)
    function = forms[len(arrays) - 1]
    return function(name, *arrays, None, *NUMBERS.get(name, ()))


def by_numpy(name: str, arrays: list[Array]) -> Array:
    return getattr(cpu, name)(*arrays, *NUMBERS.get(name, ()))


def compare(name: str, found: Array, expected: Array) -> None:
    assert found.dtype == expected.dtype
    if name in EXACT:
        np.testing.assert_array_equal(found, expected)
        return
    digits = 4e-6 if expected.dtype == np.float32 else 1e-14
    np.testing.assert_allclose(found, expected, digits, digits / 10)


@KINDS
@pytest.mark.parametrize("name", COUNTS)
def test_values(name: str, kind: str) -> None:
    for size in SIZES:
        arrays = drawn((size,), kind, size, COUNTS[name])
        compare(name, in_c(name, arrays), by_numpy(name, arrays))


@KINDS
@pytest.mark.parametrize("name", COUNTS)
def test_special_values(name: str, kind: str) -> None:
    """Every pair of them, also where vector code handles the last elements."""
    numbers = np.array(SPECIAL, kind)
    grid = np.meshgrid(numbers, numbers, numbers, indexing="ij")
    arrays = [np.ascontiguousarray(a.reshape(-1)) for a in grid][: COUNTS[name]]
    found, expected = in_c(name, arrays), by_numpy(name, arrays)
    if name in ("mish_grad", "bce_with_logits", "log_sigmoid_grad", "elu_grad"):
        finite = np.isfinite(expected)  # products of 0 and infinity
        found, expected = found[finite], expected[finite]
    compare(name, found, expected)


@KINDS
@pytest.mark.parametrize(("left", "right"), SHAPES)
@pytest.mark.parametrize("name", ["sub", "div", "maximum"])
def test_broadcasting(name: str, left: tuple[int, ...], right: tuple[int, ...], kind: str) -> None:
    x, y = drawn(left, kind, 0, 1)[0], drawn(right, kind, 1, 1)[0]
    np.testing.assert_array_equal(in_c(name, [x, y]), by_numpy(name, [x, y]))
    np.testing.assert_array_equal(in_c(name, [y, x]), by_numpy(name, [y, x]))


def test_views() -> None:
    """Halves of rows, every other row, expanded and permuted arrays."""
    x = drawn((60, 90, 80), "float32", 0, 1)[0]
    for a, b in (
        (x[:, :, :40], x[:, :, 40:]),
        (x[::2], x[1::2]),
        (x[:, ::-1], x),
        (x, np.broadcast_to(x[:1, :1], x.shape)),
        (x, np.broadcast_to(np.float32(3), x.shape)),
        (x.transpose(1, 0, 2), x[:, 0]),
    ):
        np.testing.assert_array_equal(in_c("sub", [a, b]), a - b)
    assert in_c("sub", [x.transpose(2, 1, 0), x.transpose(2, 1, 0)]) is None
    assert in_c("sub", [x[..., ::2], x[..., ::2]]) is None


@pytest.mark.parametrize("name", ["sub", "div"])
def test_numbers(name: str) -> None:
    x = drawn((300, 200), "float32", 0, 1)[0]
    for operands in ([x, 0.3], [2, x]):
        np.testing.assert_array_equal(in_c(name, operands), by_numpy(name, operands))


def test_results_into_an_operand_and_into_overlapping_memory() -> None:
    memory = drawn((60000,), "float32", 0, 1)[0]
    x, y = memory[:50000], memory[100:50100]
    for out in (x, y, memory[50:50050], memory[3:50003]):
        kept, a, b = memory.copy(), x.copy(), y.copy()
        assert pointwise.two("sub", x, y, out) is out
        np.testing.assert_array_equal(out, a - b)
        memory[...] = kept


def test_shapes_that_do_not_broadcast_are_numpys_to_refuse() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        pointwise.two("add", np.ones((100, 200), "float32"), np.ones((3, 200), "float32"), None)


@KINDS
def test_where(kind: str) -> None:
    x, y = drawn((300, 200), kind, 0, 2)
    mask = x > y
    for condition in (mask, mask[:1], mask[:, :1], mask[0], np.asarray(True)):
        sources = ((x, y), (x, y[:1]), (x[:, :1], y), (x, 0.5), (0.0, y), (x, np.asarray(y[0, 0])))
        for a, b in sources:
            found: Any = pointwise.where(condition, a, b, None)
            np.testing.assert_array_equal(found, np.where(condition, a, b))
            assert found.dtype == x.dtype
    assert pointwise.where(mask, x, y.astype("float16"), None) is None


def test_clamp() -> None:
    x = drawn((300, 200), "float32", 0, 1)[0]
    x[0, :3] = math.nan, math.inf, -math.inf
    bounds: tuple[tuple[Any, Any], ...] = ((-0.5, 0.7), (None, 0), (0.1, None), (1, 1))
    for low, high in bounds:
        np.testing.assert_array_equal(cpu.clamp(x, low, high), np.clip(x, low, high))
    assert pointwise.bounds_of(1.0, -1.0) is None and pointwise.bounds_of(math.nan, 1) is None


def test_threads_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.abs(drawn((700, 300), "float32", 0, 1)[0])
    row = x[0].copy()
    steps: Any = (
        lambda t: (t + row) * t / row,
        lambda t: gpugrad.exp(t) - gpugrad.erf(t) + t.rsqrt(),
        lambda t: gpugrad.nn.functional.mish(t) + t.clamp(0.2, 0.7),
    )
    for step in steps:
        found = []
        for number in (1, 2, 3):
            monkeypatch.setattr(THREADS, "number", number)
            t = gpugrad.tensor(x, requires_grad=True)
            result = step(t)
            result.sum().backward()
            found.append((result.detach().numpy(), t.grad.numpy()))
        for value, grad in found[1:]:
            np.testing.assert_array_equal(value, found[0][0])
            np.testing.assert_array_equal(grad, found[0][1])


def test_ops_on_large_tensors_use_c(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[str] = []
    plain = Family.of

    def watched(self: Family, name: str, x: Any) -> Any:
        called.append(name)
        return plain(self, name, x)

    monkeypatch.setattr(Family, "of", watched)
    x = gpugrad.rand(100, 200, requires_grad=True)
    small = gpugrad.rand(3, 4, requires_grad=True)
    for t in (small, x):
        before = len(called)
        loss = gpugrad.nn.functional.huber_loss(gpugrad.where(t > 0.5, t / t[0], t), t * 2.0)
        loss.backward()
        assert (len(called) > before) is (t is x)
    assert {"where", "huber_grad"} <= set(called)


def test_in_place_writes_no_copy() -> None:
    x, y = (gpugrad.tensor(a) for a in drawn((200, 300), "float32", 0, 2))
    before = x.numpy().copy()
    address = x.data_ptr()
    changes: Any = (
        (lambda: x.add_(y, alpha=-0.1), lambda b, o: b + o * np.float32(-0.1)),
        (lambda: x.addcmul_(y, y, value=0.1), lambda b, o: b + o * o * np.float32(0.1)),
        (lambda: x.lerp_(y, 0.1), lambda b, o: b + (o - b) * np.float32(0.1)),
        (lambda: x.clamp_(-0.5, 0.5), lambda b, o: np.clip(b, -0.5, 0.5)),
        (lambda: x.exp_(), lambda b, o: np.exp(b)),
    )
    for change, expected in changes:
        version = x._version
        change()
        assert x.data_ptr() == address and x._version == version + 1
        before = expected(before, y.numpy())
        np.testing.assert_allclose(x.numpy(), before, 1e-5, 1e-6)
        before = x.numpy().copy()
    leaf = gpugrad.ones(200, 300, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        leaf.add_(y, alpha=0.5)
    made = leaf * 1
    made.addcmul_(y, leaf, value=2.0)
    made.sum().backward()
    np.testing.assert_allclose(leaf.grad.numpy(), 1 + 2 * y.numpy(), 1e-5)


def test_without_c_all_goes_on() -> None:
    x = drawn((300, 200), "float32", 0, 1)[0]
    found = []
    for on in (True, False):
        with switched(on):
            t = gpugrad.tensor(x, requires_grad=True)
            (gpugrad.nn.functional.hardswish(t + t[0]) / 3).sum().backward()
            found.append(t.grad.numpy())
    np.testing.assert_allclose(found[1], found[0], 1e-5, 1e-4)
