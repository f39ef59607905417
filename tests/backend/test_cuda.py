"""The primitives over CuPy: where they are not NumPy's, and what CuPy must have for the rest."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.backend import BACKENDS, backend_of, cpu, get_backend, optimizer_steps, primitives
from gpugrad.backend import cuda as cuda_backend
from gpugrad.backend.ufuncs import UFUNCS
from tests import host_cupy

CUDA0 = gpugrad.device("cuda", 0)


@pytest.fixture(params=["host", pytest.param("cuda", marks=pytest.mark.cuda)])
def xp(request: pytest.FixtureRequest) -> Any:
    """The CUDA backend, over the stand-in and over CuPy."""
    if request.param == "host":
        request.getfixturevalue("host")
    return get_backend(gpugrad.device("cuda"))


def put(xp: Any, values: Any, dtype: Any = None) -> Any:
    return xp.from_host(np.array(values, dtype), CUDA0)


def random(xp: Any, *shape: int, dtype: Any = "float32") -> tuple[Any, Any]:
    """The same numbers on the host and on the device."""
    values = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    return values, put(xp, values)


# --- names ----------------------------------------------------------------------------------------


def names_used() -> set[str]:
    """What the backend's source takes from its array module."""
    found = set(UFUNCS.values())
    for module in (primitives, cuda_backend, optimizer_steps):
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Attribute)
                and node.value.attr == "module"
            ):
                found.add(node.attr)
    return found


def test_cupy_has_every_name_that_is_used() -> None:
    cupy = pytest.importorskip("cupy")
    assert len(names_used()) > len(UFUNCS) + 10
    assert [name for name in sorted(names_used()) if not hasattr(cupy, name)] == []


def test_cupy_has_every_name_of_the_stand_in() -> None:
    cupy = pytest.importorskip("cupy")
    made_up = {"host", "check_device"}
    pairs = [
        (host_cupy.module, cupy),
        (host_cupy.module.ndarray, cupy.ndarray),
        (host_cupy.module.cuda, cupy.cuda),
        (host_cupy.Stream, cupy.cuda.Stream),
        (host_cupy.Event, cupy.cuda.Event),
        (host_cupy.Device, cupy.cuda.Device),
        (host_cupy.MemoryHook, cupy.cuda.MemoryHook),
        (host_cupy.MemoryPool, cupy.cuda.MemoryPool),
        (host_cupy.RawKernel, cupy.RawKernel),
        (host_cupy.Runtime, cupy.cuda.runtime),
    ]
    settings = {"devices", "driver", "built_for"}
    for ours, theirs in pairs:
        names = {n for n in vars(ours) if not n.startswith("_")} - made_up - settings
        names -= {"cublas"}  # a library that is loaded when asked for
        assert [n for n in sorted(names) if not hasattr(theirs, n)] == []


def test_only_the_backend_imports_cupy() -> None:
    package = Path(gpugrad.__file__).parent
    for path in package.rglob("*.py"):
        if path.parent.name == "backend":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [str(node.module)]
            assert not [n for n in names if n.split(".")[0].startswith("cupy")], path


# --- devices and copies ---------------------------------------------------------------------------


def test_the_backend_is_found_by_the_type_of_an_array(xp: Any) -> None:
    x = xp.zeros((2,), "float32")
    assert backend_of(x) is xp
    assert BACKENDS[type(x)] is get_backend(CUDA0)
    assert xp.device(x) == CUDA0
    assert xp.address(x[1:]) == xp.address(x) + 4


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int64", "uint8", "bool"])
def test_there_and_back(xp: Any, dtype: str) -> None:
    values = np.arange(6).reshape(2, 3).astype(dtype)
    for source in (values, values.T, values[:, ::2], values[0, 0:0], np.array(1, dtype)):
        there = xp.from_host(source, CUDA0)
        back = xp.to_host(there)
        assert type(there) is not np.ndarray
        assert type(back) is np.ndarray
        assert back.dtype == there.dtype == dtype
        assert (back == source).all()
        assert back.shape == source.shape
    assert xp.to_host(xp.from_host(values.T, CUDA0)).flags.f_contiguous


def test_there_and_back_is_a_copy(xp: Any) -> None:
    values = np.ones(2, "float32")
    there = xp.from_host(values, CUDA0)
    values[0] = 5
    back = xp.to_host(there)
    back[1] = 7
    assert xp.to_host(there).tolist() == [1, 1]


def test_bfloat16_crosses(xp: Any) -> None:
    pytest.importorskip("ml_dtypes")
    kind = gpugrad.bfloat16.numpy
    there = xp.from_host(np.array([1.5, -2.0]).astype(kind), CUDA0)
    assert there.dtype == kind
    assert xp.to_host(there).astype("float32").tolist() == [1.5, -2.0]


def test_move(xp: Any) -> None:
    x = put(xp, [1.0, 2.0])
    on_host = xp.move(x, gpugrad.device("cpu"))
    assert type(on_host) is np.ndarray
    assert xp.to_host(cpu.move(on_host, CUDA0)).tolist() == [1.0, 2.0]
    again = xp.move(x, CUDA0)
    assert xp.address(again) != xp.address(x)


def test_writable(xp: Any) -> None:
    x = xp.zeros((3, 1), "float32")
    assert xp.writable(x)
    assert xp.writable(x.T)
    assert xp.writable(xp.broadcast_to(x, (1, 3, 1)))
    assert not xp.writable(xp.broadcast_to(x, (3, 2)))


def test_numpy_arrays_are_refused(xp: Any) -> None:
    x = put(xp, [1.0, 2.0])
    for operation in (
        lambda: xp.add(x, np.ones(2)),
        lambda: xp.where(x, np.ones(2), x),
        lambda: np.asarray(x),
        lambda: np.add(x, np.ones(2)),
    ):
        with pytest.raises(TypeError):
            operation()


# --- where CuPy differs ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "float16", "int64", "int32", "int16", "int8"]
)
def test_index_add_adds_up_repeated_indices(xp: Any, dtype: str) -> None:
    x = xp.zeros((3, 2), dtype)
    index = put(xp, [0, 2, 0, 0], "int64")
    xp.index_add(x, (index,), put(xp, [[1, 2], [3, 4], [5, 6], [7, 8]], dtype))
    assert xp.to_host(x).tolist() == [[13, 16], [0, 0], [3, 4]]
    assert x.dtype == dtype


def test_index_add_does_not_round_to_16_bits_in_between(xp: Any) -> None:
    x = xp.zeros((1,), "float16")
    xp.index_add(x, (xp.zeros((4096,), "int64"),), xp.full((4096,), 1, "float16"))
    assert xp.to_host(x).tolist() == [4096]


def test_the_mean_of_a_16_bit_type_does_not_overflow(xp: Any) -> None:
    assert xp.mean(xp.full((1000,), 1000, "float16")).item() == 1000
    x = xp.full((2, 3), 2, "float32")
    assert xp.mean(x, 1, True).shape == (2, 1)
    assert xp.mean(x, (0, 1)).shape == ()
    assert xp.mean(x).item() == 2
    assert np.isnan(xp.mean(xp.zeros((0,), "float32")).item())


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 4)),
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3, 4)),
        ((6, 5, 2, 3), (3, 4)),
        ((5, 2, 3), (5, 3, 4)),
        ((2, 3), (5, 3, 4)),
        ((6, 1, 2, 3), (5, 3, 4)),
        ((5, 2, 3), (3,)),
        ((0, 2, 3), (3, 4)),
        ((2, 0), (0, 4)),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_matmul(xp: Any, a: tuple[int, ...], b: tuple[int, ...], dtype: str) -> None:
    if dtype == "bfloat16":
        pytest.importorskip("ml_dtypes")
    kind = getattr(gpugrad, dtype).numpy
    x, there_x = random(xp, *a, dtype=kind)
    y, there_y = random(xp, *b, dtype=kind)
    expected = np.matmul(x.astype("float64"), y.astype("float64"))
    found = xp.matmul(there_x, there_y)
    assert found.dtype == kind
    assert found.shape == expected.shape
    tolerance = {"float32": 1e-6, "float16": 2e-3, "bfloat16": 2e-2}[dtype]
    np.testing.assert_allclose(
        xp.to_host(found).astype("float64"), expected, rtol=tolerance, atol=4 * tolerance
    )
    if found.ndim > 2 or dtype == "float32":
        out = xp.empty(found.shape, kind)
        assert xp.matmul(there_x, there_y, out=out) is out
        assert (xp.to_host(out).astype("float64") == xp.to_host(found).astype("float64")).all()


@pytest.mark.parametrize("shape", [(2, 3), (5, 2, 3), (3,), (0, 3)])
def test_linear(xp: Any, shape: tuple[int, ...]) -> None:
    x, there_x = random(xp, *shape)
    w, there_w = random(xp, 4, 3)
    b, there_b = random(xp, 4)
    found = xp.to_host(xp.linear(there_x, there_w, there_b))
    np.testing.assert_allclose(found, x @ w.T + b, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        xp.to_host(xp.linear(there_x, there_w, None)), x @ w.T, rtol=1e-5, atol=1e-6
    )


def test_where_keeps_bfloat16(xp: Any) -> None:
    pytest.importorskip("ml_dtypes")
    x = xp.full((2,), 1.5, gpugrad.bfloat16.numpy)
    chosen = xp.where(put(xp, [True, False]), x, xp.zeros_like(x))
    assert chosen.dtype == x.dtype
    assert xp.to_host(chosen).astype("float32").tolist() == [1.5, 0.0]
    assert xp.to_host(xp.where(put(xp, [True, False]), put(xp, 2.0), 0.5)).tolist() == [2.0, 0.5]


def test_the_error_function(xp: Any) -> None:
    values, there = random(xp, 5)
    erf = np.vectorize(__import__("math").erf)(values)
    np.testing.assert_allclose(xp.to_host(xp.erf(there)), erf, rtol=1e-6)
    np.testing.assert_allclose(xp.to_host(xp.erfc(there)), 1 - erf, rtol=1e-5)
    out = xp.empty((5,), "float32")
    assert xp.erf(there, out=out) is out
    assert xp.erf(there).dtype == "float32"


def test_constants_have_a_type_of_their_own(xp: Any) -> None:
    """A Python number would take the narrower type of the array beside it."""
    step = xp.full((), 3, "float32")
    out = xp.empty((), "float64")
    xp.pow(xp.constant(0.999, "float64"), step, out)
    assert out.item() == 0.999**3
    half = xp.full((2,), 1, "float16")
    wide = xp.empty((2,), "float32")
    xp.mul(half, xp.constant(0.1, "float32"), wide)
    assert xp.to_host(wide).tolist() == [np.float32(0.1)] * 2


# --- copies that nobody asked for -----------------------------------------------------------------


def test_writing_one_number_under_a_mask_copies_nothing(host: host_cupy.Copies) -> None:
    xp: Any = get_backend(CUDA0)
    x = put(xp, [[1.0, -2.0], [-3.0, 4.0]])
    zero = xp.zeros((), x.dtype)
    rows = put(xp, [True, False])
    mask = xp.lt(x, 0)
    host.reset()
    xp.setitem(x, (mask, ...), zero)
    xp.setitem(x, (rows, ...), xp.add(zero, 7))
    assert (host.to_host, host.to_device) == (0, 0)
    assert xp.to_host(x).tolist() == [[7, 7], [0, 4]]
    host.reset()
    xp.setitem(x, (xp.gt(x, 5), ...), put(xp, [8.0, 9.0]))
    assert host.to_host == 1  # how many elements the mask has
    assert xp.to_host(x).tolist() == [[8, 9], [0, 4]]


def test_indices_that_are_no_masks(host: host_cupy.Copies) -> None:
    xp: Any = get_backend(CUDA0)
    x = xp.zeros((3, 2), "float32")
    xp.setitem(x, (0, ...), put(xp, 1.0))
    xp.setitem(x, (put(xp, [2], "int64"), slice(1)), put(xp, 2.0))
    xp.setitem(x, (slice(2, 3), put(xp, [1], "int64")), put(xp, 5.0))
    xp.setitem(x, (put(xp, [False, True, False]), 1), put(xp, 3.0))
    assert xp.to_host(x).tolist() == [[1, 1], [0, 3], [2, 5]]


# --- several devices ------------------------------------------------------------------------------


def test_primitives_follow_their_operands(two_devices: host_cupy.Copies) -> None:
    xp: Any = get_backend(CUDA0)
    second = gpugrad.device("cuda", 1)
    x = xp.from_host(np.ones((2, 2), "float32"), second)
    assert xp.device(x) == second
    for y in (
        xp.add(x, 1),
        xp.matmul(x, x),
        xp.sum(x, 0),
        xp.concatenate([x, x], 0),
        xp.zeros_like(x),
        xp.copy(x),
        xp.where(xp.gt(x, 0), x, xp.full((), 0, "float32")),
        xp.softmax(x, 1),
        xp.erf(x),
    ):
        assert xp.device(y) == second
    assert xp.module.cuda.runtime.getDevice() == 0
    assert xp.to_host(xp.add(x, x)).tolist() == [[2, 2], [2, 2]]
    with xp.on(second):
        assert xp.device(xp.zeros((1,), "float32")) == second
    assert xp.device(xp.move(x, CUDA0)) == CUDA0


def test_operands_of_two_devices_are_refused(two_devices: host_cupy.Copies) -> None:
    xp: Any = get_backend(CUDA0)
    x = xp.from_host(np.ones(2), CUDA0)
    y = xp.from_host(np.ones(2), gpugrad.device("cuda", 1))
    operations: list[Callable[[], Any]] = [
        lambda: xp.add(x, y),
        lambda: xp.concatenate([x, y], 0),
    ]
    for operation in operations:
        with pytest.raises(
            RuntimeError,
            match=r"^Expected all tensors to be on the same device, but found at least two "
            "devices, cuda:0 and cuda:1!$",
        ):
            operation()
