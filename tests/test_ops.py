"""What holds for every op, tested over the op table.

Values against NumPy, memory layouts, types, in-place forms, methods, and that nothing is
overwritten that should not be.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor, functions, selection_methods
from tests.op_table import BY_NAME, OPS, UNSAMPLED
from tests.op_table.model import FLOATS, LAYOUTS, Data, Op, Sample, flat, host, tensor, weights
from tests.tolerances import assert_close, tolerance

EVERY_OP = pytest.mark.parametrize("op", OPS, ids=repr)
WITH_REFERENCE = pytest.mark.parametrize("op", [o for o in OPS if o.reference], ids=repr)
WITH_METHOD = pytest.mark.parametrize("op", [o for o in OPS if o.method_name], ids=repr)
WITH_INPLACE = pytest.mark.parametrize("op", [o for o in OPS if o.inplace], ids=repr)


def make(
    sample: Sample, dtype: str, layout: str = "contiguous", grad: bool = False
) -> tuple[list[Tensor], tuple[Any, ...], dict[str, Any]]:
    """The sample's tensors, and its arguments with them in place."""
    tensors = [
        tensor(gpugrad, array, data.dtype or dtype, layout, grad=grad and data.has_grad(dtype))
        for data, array in zip(sample.data(), sample.arrays(dtype), strict=True)
    ]
    return tensors, *sample.filled(tensors, gpugrad)


def run(op: Op, sample: Sample, dtype: str, layout: str = "contiguous") -> list[Any]:
    _, args, kwargs = make(sample, dtype, layout)
    return flat(op.function(gpugrad)(*args, **kwargs))


def usable(op: Op, dtypes: tuple[str, ...] = ("float64", "int64", "bool")) -> str:
    """The first of the types that the op takes."""
    return next(d for d in (*dtypes, *op.dtypes) if d in op.dtypes)


def samples_for(op: Op, dtype: str) -> Iterator[Sample]:
    return (s for s in op.samples if s.only is None or dtype in s.only)


# --- the table itself ----------------------------------------------------------------------------


def test_every_public_function_has_samples() -> None:
    public = {**functions.FUNCTIONS, **selection_methods.FUNCTIONS}
    names = {n for n in public if not n.endswith("_")} - set(functions.ALIASES) - set(UNSAMPLED)
    assert names <= set(BY_NAME), f"no row for {sorted(names - set(BY_NAME))}"
    assert not set(UNSAMPLED) & set(BY_NAME)


def test_every_inplace_method_belongs_to_a_row() -> None:
    known = {op.inplace for op in OPS} | {f"{name}_" for name in functions.ALIASES}
    known |= {"copy_", "fill_", "zero_", "detach_", "requires_grad_"}
    known |= {"bernoulli_", "exponential_", "normal_", "random_", "uniform_"}  # draws
    known |= {"cauchy_", "geometric_", "log_normal_"}
    known |= {"conj_physical_"}  # changes nothing
    known |= {"polygamma_", "resize_", "resize_as_"}  # in tests/ops/test_rarer.py
    known |= {"as_strided_", "fill_diagonal_"}  # tested with views
    known |= {"float_power_"}  # takes float64 only
    known |= {"apply_", "map_", "set_"}  # in tests/test_older_programs.py
    found = {n for n in dir(Tensor) if n.endswith("_") and not n.startswith("_")}
    assert found <= known, f"no row for {sorted(found - known)}"


# --- values --------------------------------------------------------------------------------------


@WITH_REFERENCE
def test_values(op: Op) -> None:
    """In every type, the values of the NumPy reference; the other rows have PyTorch for that."""
    assert op.reference is not None
    for dtype in op.dtypes:
        if dtype != "bfloat16":  # which NumPy lacks
            for sample in samples_for(op, dtype):
                compare_with_numpy(op, op.reference, sample, dtype)


def compare_with_numpy(op: Op, reference: Any, sample: Sample, dtype: str) -> None:
    arrays = sample.arrays(dtype)
    wide = [
        a.astype(np.float64) if a.dtype.kind == "f" or widened(op, data) else a
        for data, a in zip(sample.data(), arrays, strict=True)
    ]
    args, kwargs = sample.filled(wide, np)
    with np.errstate(all="ignore"):
        expected = flat(reference(*args, **kwargs))
    for mine, theirs in zip(run(op, sample, dtype), expected, strict=True):
        length = max((a.size for a in arrays), default=1)
        precision = str(mine.dtype)[6:] if isinstance(mine, Tensor) else dtype
        coarsest = max(tolerance(d, op.roundings, length) for d in (precision, dtype))
        with np.errstate(all="ignore"):
            rounded = np.asarray(theirs).astype(host(mine).dtype)  # float16 overflows early
        assert_close(host(mine), rounded, coarsest, f"{dtype} {sample}")


def widened(op: Op, data: Data) -> bool:
    """Whether the op computes with integers as floating-point numbers."""
    return op.result == "float" and data.dtype is None


@EVERY_OP
def test_result_type(op: Op) -> None:
    for dtype in op.dtypes:
        for sample in samples_for(op, dtype):
            if op.result == "any" or sample.decides_type(dtype):
                continue
            for result in run(op, sample, dtype):
                if isinstance(result, Tensor):
                    assert str(result.dtype) == f"torch.{expected_type(op, dtype)}", sample
                    break


def expected_type(op: Op, dtype: str) -> str:
    floating = dtype in FLOATS
    if op.result == "same":
        return dtype
    if op.result == "float":
        return dtype if floating else "float32"
    if op.result == "sum":
        return dtype if floating else "int64"
    if op.result == "truth":
        return "uint8" if dtype == "uint8" else "bool"
    return op.result


@EVERY_OP
def test_inputs_unchanged(op: Op) -> None:
    dtype = usable(op)
    for sample in samples_for(op, dtype):
        tensors, args, kwargs = make(sample, dtype, grad=True)
        before = [host(t).copy() for t in tensors]
        results = flat(op.function(gpugrad)(*args, **kwargs))
        backward(results)
        for t, array in zip(tensors, before, strict=True):
            np.testing.assert_array_equal(host(t), array)
            assert t._version == 0


def backward(results: list[Any]) -> None:
    outputs = [r for r in results if isinstance(r, Tensor) and r.requires_grad]
    if outputs and not refuses_gradients(outputs):
        gpugrad.autograd.backward(outputs, [weights(gpugrad, r) for r in outputs])


def refuses_gradients(outputs: list[Tensor]) -> bool:
    names = [r.grad_fn.name() for r in outputs if r.grad_fn is not None]
    return any(name.endswith("NotImplemented") for name in names)


# --- memory --------------------------------------------------------------------------------------


@EVERY_OP
def test_layouts(op: Op) -> None:
    """Strides make no difference to values and gradients."""
    dtype = usable(op)
    for sample in samples_for(op, dtype):
        expected = None
        for layout in LAYOUTS:
            if op.needs_contiguous and layout != "contiguous":
                continue
            tensors, args, kwargs = make(sample, dtype, layout, grad=True)
            results = flat(op.function(gpugrad)(*args, **kwargs))
            backward(results)
            found = [host(r) for r in results if isinstance(r, Tensor)]
            found += [host(t.grad) for t in tensors if t.grad is not None]
            expected = expected or found
            rtol = tolerance("float64", op.roundings, 64)
            for a, b in zip(found, expected, strict=True):
                assert_close(a, b, rtol, f"{layout} {sample}")


@EVERY_OP
def test_gradients_do_not_share_memory(op: Op) -> None:
    """Each leaf owns its gradient: it shares memory with no other, nor with what was passed in."""
    dtype = usable(op)
    for sample in samples_for(op, dtype):
        tensors, args, kwargs = make(sample, dtype, grad=True)
        outputs = [
            r
            for r in flat(op.function(gpugrad)(*args, **kwargs))
            if isinstance(r, Tensor) and r.requires_grad
        ]
        if not outputs or refuses_gradients(outputs):
            continue
        given = [weights(gpugrad, r) for r in outputs]
        gpugrad.autograd.backward(outputs, given)
        owned = [t.grad for t in tensors if t.grad is not None]
        for a, b in combinations([*owned, *given], 2):
            assert not np.shares_memory(host(a), host(b)), sample
        for gradient in owned:
            assert gradient.array.flags.writeable, sample


@EVERY_OP
def test_node_returns_one_array_per_input(op: Op) -> None:
    """No two gradients that a node returns are one array, unless it is the incoming one."""
    dtype = usable(op)
    for sample in samples_for(op, dtype):
        _, args, kwargs = make(sample, dtype, grad=True)
        result = flat(op.function(gpugrad)(*args, **kwargs))[0]
        node = result.grad_fn if isinstance(result, Tensor) else None
        if node is None or result.node is not node or refuses_gradients([result]):
            continue
        incoming = weights(gpugrad, result).array
        backend = gpugrad.backend.backend_of(incoming)
        grads = [g for g in node.backward(backend, incoming) if g is not None]
        for a, b in combinations([g for g in grads if g is not incoming], 2):
            assert not np.shares_memory(a, b) or np.shares_memory(a, incoming), sample


# --- other spellings -----------------------------------------------------------------------------


@WITH_METHOD
def test_method(op: Op) -> None:
    assert op.method_name is not None
    dtype = usable(op)
    for sample in samples_for(op, dtype):
        _, args, kwargs = make(sample, dtype)
        if not isinstance(args[0], Tensor):
            continue
        expected = flat(op.function(gpugrad)(*args, **kwargs))
        found = flat(getattr(args[0], op.method_name)(*args[1:], **kwargs))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(host(a), host(b))


@WITH_INPLACE
def test_inplace(op: Op) -> None:
    """The in-place form gives the function's values and gradients, in the tensor's own memory."""
    assert op.inplace is not None
    dtype = usable(op)
    compared = 0
    for sample in samples_for(op, dtype):
        tensors, args, kwargs = make(sample, dtype, grad=True)
        if not isinstance(args[0], Tensor):
            continue
        expected = op.function(gpugrad)(*args, **kwargs)
        if not op.reshapes and expected.shape != args[0].shape:
            continue
        copies, args, kwargs = make(sample, dtype, grad=True)
        target = args[0].clone()
        array, version = target.array, target._version
        result = getattr(target, op.inplace)(*args[1:], **kwargs)
        assert result is target
        assert np.shares_memory(target.array, array) or not array.size
        assert target._version > version or op.reshapes
        np.testing.assert_array_equal(host(target), host(expected))
        compared += 1
        if not op.differentiable:
            continue
        backward([expected])
        backward([target])
        for a, b in zip(copies, tensors, strict=True):
            assert (a.grad is None) == (b.grad is None), sample
            if a.grad is not None:
                assert_close(host(a.grad), host(b.grad), tolerance("float64", 64), str(sample))
    assert compared


@EVERY_OP
def test_refused(op: Op) -> None:
    for refused in op.refused:
        _, args, kwargs = make(refused.sample, refused.dtype)
        with pytest.raises(refused.error, match=refused.text):
            op.function(gpugrad)(*args, **kwargs)
