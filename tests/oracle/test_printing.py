"""The printed form against PyTorch's own, over random shapes, values, dtypes and options."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import dtypes
from gpugrad.printing import get_printoptions, set_printoptions

torch = pytest.importorskip("torch")

SEEDS = range(8)
CASES_PER_SEED = 250
FLOATS = ("float16", "float32", "float64")
INTEGERS = ("uint8", "int8", "int16", "int32", "int64")
SPECIAL = (0.0, -0.0, np.nan, np.inf, -np.inf, 1e-4, 1e8, 99999.5, 0.00005, 1000.0, 1e-8, 0.99995)
GRAPHS = ("leaf", "add", "mul", "sum", "view", "matmul", "relu", "mean", "transpose", "select")


@pytest.fixture(autouse=True)
def same_options() -> Iterator[None]:
    set_both(profile="default")
    yield
    set_both(profile="default")
    torch.set_default_dtype(torch.float32)
    dtypes.set_default_dtype(dtypes.float32)


def set_both(**options: Any) -> None:
    set_printoptions(**options)
    torch.set_printoptions(**options)


def random_shape(draw: random.Random) -> tuple[int, ...]:
    dims = draw.choice((0, 1, 1, 1, 2, 2, 3, 4))
    longest = (0, 60, 13, 7, 4)[dims]
    shape = [draw.randint(1, longest) for _ in range(dims)]
    if dims and draw.random() < 0.04:
        shape[draw.randrange(dims)] = 0
    return tuple(shape)


def random_floats(draw: random.Random, numbers: np.random.Generator, size: int) -> Any:
    values: Any
    scale = 10.0 ** draw.choice((0, 0, 0, 1, 2, 3, 4, 5, 7, 8, 9, 20, 40, 300, -1, -3, -4, -5, -9))
    kind = draw.choice(("normal", "normal", "whole", "spread", "zero"))
    if kind == "normal":
        values = numbers.standard_normal(size) * scale
    elif kind == "whole":
        values = numbers.integers(-1000, 1000, size) * float(round(min(scale, 1e6)) or 1)
    elif kind == "spread":
        values = 10.0 ** numbers.uniform(*draw.choice(((-5, 5), (-1, 2), (-300, 300))), size)
    else:
        values = np.zeros(size)
    if draw.random() < 0.3:
        values[numbers.random(size) < 0.2] = draw.choice(SPECIAL)
        values[numbers.random(size) < 0.1] = draw.choice(SPECIAL)
    return values


def random_array(draw: random.Random, numbers: np.random.Generator) -> Any:
    """An array of a random dtype and shape, in a third of all cases not contiguous."""
    shape = random_shape(draw)
    size = int(np.prod(shape))
    group = draw.choice(("float", "float", "float", "integer", "bool"))
    if group == "float":
        with np.errstate(over="ignore"):
            array = random_floats(draw, numbers, size).astype(draw.choice(FLOATS))
    elif group == "integer":
        limits = np.iinfo(draw.choice(INTEGERS))
        bound = draw.choice((10, 1000, limits.max))
        low, high = max(limits.min, -bound), min(limits.max, bound)
        array = numbers.integers(low, high, size, dtype=limits.dtype, endpoint=True)
    else:
        array = numbers.random(size) < 0.5
    array = array.reshape(shape)
    layout = draw.randrange(9)
    if layout == 0:
        array = array.T
    elif layout == 1 and shape:
        array = array[::2]
    elif layout == 2 and array.flags.writeable and shape:
        array = np.repeat(array, 2, axis=-1)[..., 1::2]
    return array


def random_options(draw: random.Random) -> dict[str, Any]:
    if draw.random() < 0.5:
        return {"profile": draw.choice(("default", "short", "full"))}
    return {
        "precision": draw.choice((0, 1, 2, 4, 8)),
        "threshold": draw.choice((0, 5, 50, 1000)),
        "edgeitems": draw.choice((0, 1, 2, 3, 30)),
        "linewidth": draw.choice((1, 20, 40, 80, 120)),
        "sci_mode": draw.choice((None, None, True, False)),
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_random_tensors(seed: int) -> None:
    draw, numbers = random.Random(seed), np.random.default_rng(seed)
    for _ in range(CASES_PER_SEED):
        array = random_array(draw, numbers)
        set_both(**random_options(draw))
        default = draw.choice(("float32", "float32", "float32", "float64"))
        torch.set_default_dtype(getattr(torch, default))
        dtypes.set_default_dtype(getattr(dtypes, default))
        theirs, ours = torch.from_numpy(array), gpugrad.from_numpy(array)
        if theirs.is_floating_point() and draw.random() < 0.3:
            theirs.requires_grad_()
            ours.requires_grad_()
        assert repr(ours) == repr(theirs), (array, get_printoptions())


@pytest.mark.parametrize(
    "shape", [(1001,), (40, 40), (2, 600), (600, 2), (9, 9, 9, 9), (1, 7, 200)]
)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "bool"])
def test_summaries(shape: tuple[int, ...], dtype: str) -> None:
    array = (np.random.default_rng(0).standard_normal(shape) * 50).astype(dtype)
    assert repr(gpugrad.from_numpy(array)) == repr(torch.from_numpy(array))
    # What a summary leaves out has no say in how the rest is written.
    array[tuple(size // 2 for size in shape)] *= 100
    assert repr(gpugrad.from_numpy(array)) == repr(torch.from_numpy(array))


def test_bfloat16() -> None:
    pytest.importorskip("ml_dtypes")
    numbers = np.random.default_rng(0)
    for scale in (1e-6, 1.0, 100.0, 1e10):
        for size in (1, 40, 1500):
            array = (numbers.standard_normal(size) * scale).astype(np.float32)
            ours = gpugrad.from_numpy(array).to(gpugrad.bfloat16)
            assert repr(ours) == repr(torch.from_numpy(array).to(torch.bfloat16))


def build(library: Any, graph: str, array: Any) -> Any:
    leaf = library.from_numpy(array.copy()).requires_grad_()
    results = {
        "leaf": lambda: leaf,
        "add": lambda: leaf + 1,
        "mul": lambda: leaf * leaf,
        "sum": lambda: leaf.sum(),
        "view": lambda: leaf.reshape(-1),
        "matmul": lambda: leaf @ leaf.T,
        "relu": lambda: leaf.relu(),
        "mean": lambda: leaf.mean(0),
        "transpose": lambda: leaf.t(),
        "select": lambda: leaf[0],
    }
    return results[graph]()


@pytest.mark.parametrize("graph", GRAPHS)
def test_results_with_a_graph(graph: str) -> None:
    for columns in range(1, 12):
        for dtype in (np.float32, np.float64):
            # Quarters: their sums and products are exact in whatever order they are added.
            array = (np.arange(3 * columns) / 4 - 2).astype(dtype).reshape(3, columns)
            assert repr(build(gpugrad, graph, array)) == repr(build(torch, graph, array))


@pytest.mark.parametrize("spec", ["", ".3f", ">12.2e", "d", "05.1f", "g", ",", "x", "!"])
@pytest.mark.parametrize("value", [3.14159, -0.0, float("nan"), 7, True, [1.0, 2.0], [[1]]])
def test_format(value: Any, spec: str) -> None:
    ours, theirs = [attempt(library.tensor(value), spec) for library in (gpugrad, torch)]
    assert ours == theirs


def attempt(tensor: Any, spec: str) -> Any:
    try:
        return format(tensor, spec)
    except (TypeError, ValueError) as error:
        return type(error), str(error)
