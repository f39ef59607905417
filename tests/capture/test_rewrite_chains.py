"""Recorded chains of elementwise steps: what becomes one kernel, and what separates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu
from gpugrad.backend.expressions.expression import name
from gpugrad.backend.expressions.program import Program
from gpugrad.backend.fusion.symbols import ELEMENTWISE, computes
from tests import host_cupy
from tests.capture.rewriting import Array, array, replayed
from tests.host_cupy.runtime import Memory, MemoryPointer

pytestmark = pytest.mark.usefixtures("host")


def test_a_chain_is_one_kernel() -> None:
    def chain(xp: Any, x: Array, y: Array, s: Array) -> Any:
        t = xp.mul(xp.exp(xp.neg(x)), s)
        return xp.where(xp.gt(t, 0.5), xp.sub(y, t), xp.maximum(xp.div(t, 4.0), y))

    assert replayed(chain, array(5, 7), array(5, 7, seed=1), array()) == ["generated"]


def test_what_is_wanted_in_between_is_a_second_result() -> None:
    def chain(xp: Any, x: Array) -> Any:
        t = xp.exp(x)
        return t, xp.add(t, 1)

    assert replayed(chain, array(9)) == ["generated"]


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_chains_of_other_types(dtype: str) -> None:
    def chain(xp: Any, x: Array) -> Any:
        return xp.sqrt(xp.add(xp.square(x), 0.1))

    assert replayed(chain, array(33, dtype=dtype)) == ["generated"]


def test_shapes_do_not_matter() -> None:
    def chain(xp: Any, x: Array) -> Any:
        return xp.neg(xp.reshape(xp.exp(x), (8, 3)))

    assert replayed(chain, array(2, 3, 4)) == ["generated"]


def test_a_parameter_is_written_in_the_chain() -> None:
    def chain(xp: Any, p: Array, grad: Array, m: Array) -> Any:
        xp.mul(m, 0.9, out=m)
        xp.add(m, grad, out=m)
        xp.sub(p, xp.mul(m, 0.1), out=p)
        return xp.abs(p)

    arrays = [array(6, seed=s) for s in range(3)]
    assert replayed(chain, *arrays) == ["generated"]


def test_a_sum_of_one_element_belongs_to_the_chain() -> None:
    def chain(xp: Any, x: Array) -> Any:
        return xp.mul(xp.sum(xp.square(x)), 2)

    assert replayed(chain, array(1)) == ["generated"]


def test_steps_of_other_kinds_are_done_before_or_after() -> None:
    def chain(xp: Any, x: Array, w: Array) -> Any:
        a = xp.exp(x)
        total = xp.sum(a, 0)
        b = xp.matmul(w, w)
        return xp.add(a, b), total

    steps = replayed(chain, array(3, 3), array(3, 3))
    assert sorted(steps) == ["generated", "matmul", "sum"]
    assert steps.index("matmul") < steps.index("generated") < steps.index("sum")


def test_a_way_through_another_step_separates() -> None:
    def chain(xp: Any, x: Array) -> Any:
        a = xp.exp(x)
        return xp.add(xp.matmul(a, a), a)

    assert replayed(chain, array(3, 3)) == ["exp", "matmul", "add"]


def test_a_change_of_an_operand_separates() -> None:
    def chain(xp: Any, x: Array) -> Any:
        a = xp.exp(x)
        xp.fill(x, 2)
        return xp.add(a, x)

    assert replayed(chain, array(5)) == ["exp", "fill", "add"]


def test_another_type_separates() -> None:
    def chain(xp: Any, x: Array) -> Any:
        return xp.neg(xp.cast(xp.exp(x), "float64"))

    assert replayed(chain, array(5)) == ["exp", "cast", "neg"]


def test_two_types_in_one_step_separate() -> None:
    def chain(xp: Any, x: Array, y: Array) -> Any:
        return xp.neg(xp.add(xp.exp(x), y))

    assert replayed(chain, array(5), array(5, dtype="float64")) == ["exp", "add", "neg"]


def test_numbers_have_the_type_of_the_array() -> None:
    def chain(xp: Any, x: Array) -> Any:
        return xp.sub(xp.add(x, 2049.0), 2048.0)  # float16 knows no 2049

    assert replayed(chain, host_cupy.module.zeros(3, "float16")) == ["generated"]


def test_another_size_separates() -> None:
    def chain(xp: Any, x: Array, y: Array) -> Any:
        return xp.add(xp.exp(x), y)

    assert replayed(chain, array(4), array(3, 4)) == ["exp", "add"]


def test_a_transposed_array_separates() -> None:
    def chain(xp: Any, x: Array) -> Any:
        return xp.add(xp.exp(x).T, x)

    assert replayed(chain, array(4, 4)) == ["exp", "add"]


def test_a_part_of_an_array_separates() -> None:
    def chain(xp: Any, x: Array) -> Any:
        return xp.neg(xp.exp(x)[:2])

    assert replayed(chain, array(4)) == ["exp", "neg"]


def test_what_is_written_in_parts_separates() -> None:
    def chain(xp: Any, x: Array) -> Any:
        whole = xp.exp(x)
        xp.neg(x[:2], out=whole[:2])
        return xp.mul(whole, 2)

    assert "generated" not in replayed(chain, array(4))


def test_overlapping_parts_separate() -> None:
    def chain(xp: Any, x: Array) -> Any:
        xp.mul(x[1:], 2, out=x[1:])
        return xp.add(x[:-1], 1)

    assert "generated" not in replayed(chain, array(5))


def test_two_owners_of_one_memory_separate() -> None:
    x = array(5)
    memory = Memory(x.nbytes)
    memory.host, memory.ptr = x.host, x.data.ptr
    alias = host_cupy.ndarray((5,), "float32", MemoryPointer(memory, x.data.ptr))

    def chain(xp: Any, x: Array, alias: Array) -> Any:
        a = xp.exp(x)
        xp.fill(alias, 2)
        return xp.add(a, x)

    assert replayed(chain, x, alias) == ["exp", "fill", "add"]


def test_a_condition_that_is_wanted_separates() -> None:
    def chain(xp: Any, x: Array) -> Any:
        positive = xp.gt(x, 0)
        return positive, xp.where(positive, x, xp.neg(x))

    steps = replayed(chain, array(5))
    assert "gt" in steps


def test_integers_stay() -> None:
    def chain(xp: Any, x: Array) -> Any:
        return xp.neg(xp.add(x, 1))

    x = host_cupy.module.array(np.arange(4))
    assert replayed(chain, x) == ["add", "neg"]


def test_a_clamp_is_one_kernel() -> None:
    assert replayed(lambda xp, x: xp.clamp(x, -0.5, 0.5), array(9)) == ["generated"]


CONDITIONS = {"logical_and", "logical_or", "logical_not"}

STATIC: dict[str, tuple[Any, ...]] = {
    "clamp": (-0.5, 0.75),
    "hardtanh_grad": (-0.5, 0.75),
    "leaky_relu": (0.1,),
    "leaky_relu_grad": (0.1,),
    "elu": (0.5,),
    "softplus": (1.5, 2.0),
    "softplus_grad": (1.5, 2.0),
    "gelu": ("tanh",),
    "gelu_grad": ("none",),
    "mse": ("none",),
    "mse_grad": (0.25,),
}

OPERANDS = {
    **dict.fromkeys(("add", "sub", "mul", "div", "pow", "atan2", "hypot", "fmin", "fmax"), 2),
    **dict.fromkeys(("fmod", "copysign", "lt", "le", "gt", "ge", "eq", "ne", "mse"), 2),
    **dict.fromkeys(("maximum", "minimum", "logical_and", "logical_or"), 2),
    **dict.fromkeys(("where", "mse_grad"), 3),
}

SAMPLES = np.array([-math.inf, -2.5, -1.0, -0.3, -0.0, 0.0, 0.4, 1.0, 1.7, math.inf, math.nan])


@pytest.mark.parametrize("primitive", sorted(ELEMENTWISE))
def test_every_primitive_as_an_expression(primitive: str) -> None:
    count = OPERANDS.get(primitive, 2 if primitive.endswith("_grad") else 1)
    grids = np.meshgrid(*[SAMPLES] * count)
    operands: list[Any] = [np.ascontiguousarray(g.reshape(-1)) for g in grids]
    static = STATIC.get(primitive, ())
    symbols = [name(f"x{i}") for i in range(count)]
    found = computes(primitive)(*symbols, *static)
    program = Program("fused", [f"x{i}" for i in range(count)], (), {"out0": found})
    given = list(operands)
    if primitive in CONDITIONS:
        given = [a != 0 for a in operands]
    elif primitive == "where":
        given[0] = operands[0] != 0
    with np.errstate(all="ignore"):
        expected = getattr(cpu, primitive)(*given, *static)
        read = [operands[i] for i in program.arrays]
        (have,) = program.compute(cpu, read, np.dtype("float64"), operands[0].shape)
    finite = np.isfinite(expected.astype(float))
    np.testing.assert_allclose(
        np.where(finite, have, 0), np.where(finite, expected, 0), rtol=1e-12, atol=1e-15
    )
    if "_grad" not in primitive and "lu" not in primitive:
        np.testing.assert_array_equal(have[~finite], expected[~finite])
