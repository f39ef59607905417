"""Every op gives on a CUDA device what it gives on the CPU: values, gradients, in-place forms."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest

import gpugrad
from gpugrad import Tensor
from tests.conftest import DEVICES
from tests.op_table import OPS
from tests.op_table.model import Op, Sample, flat, host, tensor
from tests.test_ops import WITH_INPLACE, backward, samples_for, usable
from tests.tolerances import EPS, assert_close, tolerance

EVERY_OP = pytest.mark.parametrize("op", OPS, ids=repr)
ON_CUDA = pytest.mark.parametrize("device", DEVICES[1:], indirect=True)
WITHOUT_BFLOAT16 = importlib.util.find_spec("ml_dtypes") is None


@ON_CUDA
@EVERY_OP
def test_values_and_gradients(op: Op, device: str) -> None:
    for dtype in op.dtypes:
        if dtype == "bfloat16" and WITHOUT_BFLOAT16:
            continue
        for sample in samples_for(op, dtype):
            found, expected = (results_on(where, op, sample, dtype) for where in (device, "cpu"))
            for a, b in zip(found, expected, strict=True):
                assert_agree(a, b, op, dtype, sample)


def results_on(device: str, op: Op, sample: Sample, dtype: str) -> list[Any]:
    """The op's results and its inputs' gradients as arrays on the host."""
    tensors, args, kwargs = made_on(device, sample, dtype)
    results = flat(op.function(gpugrad)(*args, **kwargs))
    backward(results)
    return arrays_of([*results, *(t.grad for t in tensors)], device)


def made_on(
    device: str, sample: Sample, dtype: str
) -> tuple[list[Tensor], tuple[Any, ...], dict[str, Any]]:
    tensors = [
        tensor(gpugrad, array, data.dtype or dtype, device=device, grad=data.has_grad(dtype))
        for data, array in zip(sample.data(), sample.arrays(dtype), strict=True)
    ]
    return tensors, *sample.filled(tensors, gpugrad)


def arrays_of(results: list[Any], device: str) -> list[Any]:
    made = [r for r in results if isinstance(r, Tensor)]
    assert {t.device.type for t in made} <= {device}
    return [host(t) for t in made]


def assert_agree(a: Any, b: Any, op: Op, dtype: str, sample: Sample) -> None:
    assert a.dtype == b.dtype
    coarsest = max((str(b.dtype), dtype), key=lambda name: EPS.get(name, 0.0))
    assert_close(a, b, tolerance(coarsest, op.roundings, 64), f"{dtype} {sample}")


@ON_CUDA
@WITH_INPLACE
def test_inplace(op: Op, device: str) -> None:
    assert op.inplace is not None
    for dtype in (usable(op, ("float32", "int64", "bool")), "float16"):
        if dtype not in op.dtypes:
            continue
        for sample in samples_for(op, dtype):
            found, expected = (inplace_on(where, op, sample, dtype) for where in (device, "cpu"))
            for a, b in zip(found, expected, strict=True):
                assert_agree(a, b, op, dtype, sample)


def inplace_on(device: str, op: Op, sample: Sample, dtype: str) -> list[Any]:
    """The tensor after the op's in-place form, which stays where it is, and all gradients."""
    assert op.inplace is not None
    tensors, args, kwargs = made_on(device, sample, dtype)
    if not isinstance(args[0], Tensor):
        return []
    if not op.reshapes and op.function(gpugrad)(*args, **kwargs).shape != args[0].shape:
        return []
    target = args[0].clone()
    place = target.data_ptr()
    assert getattr(target, op.inplace)(*args[1:], **kwargs) is target
    assert target.data_ptr() == place or not target.numel()
    if op.differentiable:
        backward([target])
    return arrays_of([target, *(t.grad for t in tensors)], device)
