"""Elementwise functions of tensors: types, shapes, numbers, gradients, on every device."""

from __future__ import annotations

import copy
import pickle
import weakref
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.autograd import gradcheck, gradgradcheck
from gpugrad.autograd.gradcheck import GradcheckError
from gpugrad.backend import get_backend
from gpugrad.elementwise import elementwise
from gpugrad.elementwise.derivative import RULES
from tests import host_cupy
from tests.conftest import DEVICES
from tests.tolerances import assert_close, tolerance

on_every_device = pytest.mark.parametrize("device", DEVICES, indirect=True)
on_cuda = pytest.mark.parametrize("device", DEVICES[1:], indirect=True)

blend = elementwise("x, y, k", "t = tanh(k * x); t * y + x * x / (1 + y * y)", name="blend")


def by_ops(x: Any, y: Any, k: Any) -> Any:
    """:data:`blend` by tensors' own operations."""
    t = (x * k).tanh()
    return t * y + x * x / (1 + y * y)


def drawn(*shape: int, dtype: str = "float64", device: str = "cpu", seed: int = 0) -> Any:
    values = np.random.default_rng(seed).normal(size=shape)
    tensor = gpugrad.tensor(values).to(getattr(gpugrad, dtype)).to(device)
    return tensor.detach().requires_grad_()


def numbers(x: Any) -> Any:
    return x.detach().cpu().to(gpugrad.float64).numpy()


def compare(dtype: str, operands: tuple[Any, ...]) -> None:
    """Value and gradients against the same by tensors' own operations in float64."""
    wide = [
        o.detach().cpu().to(gpugrad.float64).requires_grad_()
        if isinstance(o, gpugrad.Tensor)
        else o
        for o in operands
    ]
    found, expected = blend(*operands), by_ops(*wide)
    assert str(found.dtype) == f"torch.{dtype}" and found.device == operands[0].device
    assert_close(numbers(found), expected.detach().numpy(), tolerance(dtype))
    weights = np.cos(np.arange(expected.numel())).reshape(expected.shape)
    weights = gpugrad.tensor(weights).to(found.dtype)
    found.backward(weights.to(found.device))
    expected.backward(weights.to(gpugrad.float64))
    for own, reference in zip(operands, wide, strict=True):
        if isinstance(own, gpugrad.Tensor):
            assert own.grad is not None and reference.grad is not None
            assert own.grad.shape == own.shape and own.grad.dtype == own.dtype
            close = tolerance(dtype, terms=expected.numel() // max(own.numel(), 1))
            assert_close(numbers(own.grad), reference.grad.numpy(), close)


@on_every_device
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
def test_types(device: str, dtype: str) -> None:
    compare(dtype, tuple(drawn(3, 37, dtype=dtype, device=device, seed=i) for i in range(3)))


@on_every_device
@pytest.mark.parametrize(
    "shapes",
    [
        ((4, 5), (4, 5), None),
        ((4, 5), (5,), None),
        ((4, 1), (1, 5), ()),
        ((4, 5), (), (1, 1)),
        ((), (), ()),
        ((1,), (), None),
        ((0, 3), (3,), None),
        ((2, 3, 4), (3, 1), None),
    ],
)
def test_shapes(device: str, shapes: Any) -> None:
    operands = tuple(
        1.5 if shape is None else drawn(*shape, dtype="float32", device=device, seed=i)
        for i, shape in enumerate(shapes)
    )
    compare("float32", operands)


@on_every_device
def test_operands_that_are_not_contiguous(device: str) -> None:
    x, y = drawn(6, 8, device=device), drawn(8, 6, device=device, seed=1)
    found = blend(x[::2, 1:], y.t()[::2, 1:], 0.5)
    expected = by_ops(x[::2, 1:], y.t()[::2, 1:], 0.5)
    assert_close(numbers(found), numbers(expected), tolerance("float64"))
    shifted = drawn(33, dtype="float32", device=device)
    assert_close(
        numbers(blend(shifted[1:], shifted[:-1], 1)),
        numbers(by_ops(shifted[1:], shifted[:-1], 1)),
        tolerance("float32"),
    )


@on_every_device
def test_first_and_second_gradients(device: str) -> None:
    x, y, k = drawn(2, 3, device=device), drawn(3, device=device, seed=1), drawn(device=device)
    assert gradcheck(blend, (x, y, k))
    assert gradgradcheck(blend, (x, y, k))
    assert gradgradcheck(lambda x: blend(x, x, 2), (x,))
    assert blend.gradcheck(device=device)
    assert blend.gradcheck(x.to(gpugrad.float32), 0.5 * y, 2.0)


def test_gradcheck_finds_a_wrong_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(RULES, "tanh", lambda y, x, dx: (1 + y * y) * dx)
    wrong = elementwise("x", "tanh(x)")
    with pytest.raises(GradcheckError):
        wrong.gradcheck()
    assert not wrong.gradcheck(raise_exception=False)


@on_every_device
def test_promotion(device: str) -> None:
    whole = gpugrad.arange(3, device=device)
    half = gpugrad.ones(3, dtype=gpugrad.float16, device=device)
    single = gpugrad.ones((), device=device)
    product = elementwise("x, y", "x * y")
    assert product(whole, 2).dtype == gpugrad.float32
    assert product(whole, whole > 1).tolist() == [0.0, 0.0, 2.0]
    assert product(half, whole).dtype == gpugrad.float16
    assert product(half, single).dtype == gpugrad.float16
    assert product(half, gpugrad.ones(3, device=device)).dtype == gpugrad.float32
    assert product(half, 2.5).dtype == gpugrad.float16
    assert product(single.double(), whole).dtype == gpugrad.float64


@on_every_device
def test_16_bit_types_compute_in_32(device: str) -> None:
    x = gpugrad.full((3,), 300.0, dtype=gpugrad.float16, device=device)
    assert elementwise("x", "x * x / 300")(x).tolist() == [300.0] * 3


@on_every_device
def test_conditions_count_as_numbers(device: str) -> None:
    x = gpugrad.tensor([-1.0, 0.0, 2.0, float("nan")], device=device)
    assert elementwise("x", "x > 0")(x).tolist() == [0.0, 0.0, 1.0, 0.0]
    assert elementwise("x", "(x > 0) + !x + isnan(x)")(x).tolist() == [0.0, 1.0, 1.0, 1.0]
    assert elementwise("x", "isnan(x) ? -1 : INFINITY")(x).tolist()[2:] == [float("inf"), -1.0]


@on_every_device
def test_what_does_not_depend_on_inputs(device: str) -> None:
    x, y = drawn(2, 1, device=device), drawn(3, device=device, seed=1)
    three = elementwise("x, y", "3")(x, y)
    assert three.tolist() == [[3.0] * 3] * 2
    same = elementwise("x, y", "x")(x, y)
    assert same.shape == (2, 3)
    (three + same).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[3.0], [3.0]]
    assert y.grad is not None and y.grad.tolist() == [0.0] * 3


@on_every_device
def test_results_share_no_memory(device: str) -> None:
    x, y = drawn(4, device=device), drawn(4, device=device, seed=1)
    same = elementwise("x", "x")(x.detach())
    same.add_(1)
    assert same.tolist() != x.tolist()
    # Both gradients are equal: each leaf must get its own.
    elementwise("x, y", "2 * (x + y)")(x, y).sum().backward()
    elementwise("x, y", "x + y")(x, y).sum().backward()
    assert x.grad is not None and y.grad is not None
    x.grad.mul_(0)
    assert y.grad.tolist() == [3.0] * 4


@on_every_device
def test_results_into_given_arrays(device: str) -> None:
    x, y = drawn(2, 3, dtype="float16", device=device), drawn(3, dtype="float16", device=device)
    xp = get_backend(x.device)
    program = blend._form((True, True, False)).gradient((True, True))
    arrays = (gpugrad.ones_like(x).array, x.array, y.array)
    plain = xp.generated(*arrays, program=program, numbers=(2.0,))
    outs = tuple(xp.full((2, 3), 9, x.array.dtype) for _ in plain)
    given = xp.generated(*arrays, program=program, numbers=(2.0,), out=outs)
    for expected, out, found in zip(plain, outs, given, strict=True):
        assert found is out and xp.to_host(out).tolist() == xp.to_host(expected).tolist()


@on_every_device
def test_derivative_as_a_function(device: str) -> None:
    x, y = drawn(3, device=device), drawn(3, device=device, seed=1)
    slope = blend.derivative("y")
    assert slope.inputs == blend.inputs and slope.name == "blend_dy"
    (expected,) = gpugrad.autograd.grad(blend(x, y, 2).sum(), y)
    assert_close(numbers(slope(x, y, 2)), numbers(expected), tolerance("float64"))


def test_graph() -> None:
    x, y = drawn(3), drawn(3, seed=1)
    result = blend(x, y, k=2)
    assert repr(result.grad_fn).startswith("<BlendBackward0 object at")
    assert not blend(x.detach(), y.detach(), 2).requires_grad
    with gpugrad.no_grad():
        assert not blend(x, y, 2).requires_grad
    x.detach().mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        result.sum().backward()
    # Only what a gradient needs is kept.
    total = elementwise("x, y", "x + 2 * y")(x, y)
    total.sum().backward(retain_graph=True)
    x.detach().mul_(2)
    total.sum().backward()


def test_saved_tensors_are_freed() -> None:
    x = drawn(3)
    result = blend(x * 1, x, 2)
    node = weakref.ref(result.grad_fn)
    result.sum().backward()
    with pytest.raises(RuntimeError, match="a second time"):
        result.sum().backward()
    del result
    assert node() is None


def test_in_a_compiled_step() -> None:
    def step(x: Any, k: Any) -> Any:
        return blend(blend(x, k, 0.5), x, k).sum()

    compiled = gpugrad.compile(step)
    for seed in range(3):
        x, k = drawn(4, seed=seed), drawn(1, seed=seed + 1)
        found, expected = compiled(x, k), step(x, k)
        assert found.item() == expected.item()
        ours, theirs = (gpugrad.autograd.grad(r, (x, k)) for r in (found, expected))
        assert [g.tolist() for g in ours] == [g.tolist() for g in theirs]


def test_copied_and_pickled() -> None:
    assert copy.deepcopy(blend) is blend
    again = pickle.loads(pickle.dumps(blend))
    assert again.expression is blend.expression
    assert (again.name, again.inputs) == (blend.name, blend.inputs)


def test_wrong_operands() -> None:
    x = drawn(3)
    with pytest.raises(TypeError, match=r"blend\(\) takes 3 operands \(x, y, k\), got 2"):
        blend(x, x)
    with pytest.raises(TypeError, match=r"blend\(\) takes 3 operands \(x, y, k\), got 2, q"):
        blend(x, x, q=1)
    with pytest.raises(
        TypeError, match=r"argument 'k' \(position 3\) must be Tensor or number, not str"
    ):
        blend(x, x, "1")
    with pytest.raises(TypeError, match="at least one operand must be a Tensor"):
        blend(1, 2, 3)
    with pytest.raises(
        RuntimeError, match=r"The size of tensor a \(3\) must match the size of tensor b \(2\)"
    ):
        blend(x, drawn(2), 1)


@on_cuda
def test_a_0d_cpu_tensor_counts_as_a_number(device: str) -> None:
    x = drawn(3, device=device)
    k = gpugrad.tensor(2.0)
    assert numbers(blend(x, x, k)).tolist() == numbers(blend(x, x, 2.0)).tolist()
    k.requires_grad_()
    blend(x, x, k).sum().backward()
    assert k.grad is not None and k.grad.device.type == "cpu"
    with pytest.raises(RuntimeError, match="to be on the same device, but found at least two"):
        blend(x, drawn(3), 1)


def test_one_launch_each_way(host: host_cupy.Copies) -> None:
    x, y = drawn(3, device="cuda"), drawn(1, device="cuda", seed=1)
    host_cupy.kernels.launches.clear()
    host.reset()
    result = blend(x, y, 0.5)
    assert host_cupy.kernels.launches == ["blend_forward_float64"]
    result.backward(gpugrad.ones_like(result))
    assert host_cupy.kernels.launches == ["blend_forward_float64", "blend_backward_float64"]
    assert host.to_host == host.to_device == 0


def test_a_kernel_is_compiled_once(host: host_cupy.Copies) -> None:
    backend: Any = get_backend(gpugrad.device("cuda"))
    x = drawn(3, device="cuda")
    for _ in range(2):
        elementwise("x, y, k", "t = tanh(k * x); t * y + x * x / (1 + y * y)", name="blend")(
            x, x, 1
        )
        blend(x, x, 2.5)
    assert len(backend._handles) == 1


def test_on_the_second_device(two_devices: host_cupy.Copies) -> None:
    x = drawn(3, device="cuda:1")
    result = blend(x, x, 2)
    result.sum().backward()
    assert str(result.device) == "cuda:1" and x.grad is not None
    with pytest.raises(RuntimeError, match="cuda:1 and cuda:0"):
        blend(x, drawn(3, device="cuda:0"), 1)
