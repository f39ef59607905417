"""Recorded steps rewritten for CUDA: what becomes one kernel, and what must not."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import cpu, get_backend
from gpugrad.backend.expressions.expression import name
from gpugrad.backend.expressions.program import Program
from gpugrad.backend.fusion.symbols import ELEMENTWISE, computes
from gpugrad.backend.recording import Recorder
from gpugrad.capture.plan import Plan
from gpugrad.device import device
from tests import host_cupy
from tests.host_cupy.runtime import Memory, MemoryPointer

pytestmark = pytest.mark.usefixtures("host")

Array = Any
TOLERANCE = {"float64": 1e-12, "float32": 2e-6, "float16": 4e-3}


def array(*shape: int, dtype: str = "float32", seed: int = 0) -> Array:
    """Normally distributed numbers in device memory."""
    values = np.random.default_rng(seed + math.prod(shape)).standard_normal(shape).astype(dtype)
    return host_cupy.module.array(values)


def replayed(function: Callable[..., Any], *arrays: Array) -> list[str]:
    """The names of the steps that a replay of a function of primitives and arrays takes.

    Checks that two replays, the first one without a graph, give the results that the function
    gives, and leave the arrays as it does.
    """
    xp = get_backend(device("cuda"))
    before = [a.get() for a in arrays]

    def restore() -> None:
        for a, values in zip(arrays, before, strict=True):
            a[...] = host_cupy.module.array(values)

    recorder = Recorder(xp)
    with recorder.listen():
        for a in arrays:
            recorder.ref(a)
        found = function(xp, *arrays)
        results = [recorder.ref(r) for r in (found if isinstance(found, tuple) else (found,))]
    expected = [r.array.get() for r in results] + [a.get() for a in arrays]
    restore()
    plan = Plan(xp, recorder.steps, [], results)
    for _ in range(2):
        restore()
        plan.run([])
        for have, want in zip([*map(plan.array, results), *arrays], expected, strict=True):
            rtol = TOLERANCE[have.dtype.name] if have.dtype.kind == "f" else 0
            np.testing.assert_allclose(have.get(), want, rtol=rtol, atol=rtol)
    return [step.name for step in plan._steps]


# --- bias and activation --------------------------------------------------------------------------


ACTIVATIONS: dict[str, Callable[[Any, Array], Array]] = {
    "relu": lambda xp, x: xp.relu(x),
    "sigmoid": lambda xp, x: xp.sigmoid(x),
    "tanh": lambda xp, x: xp.tanh(x),
    "gelu": lambda xp, x: xp.gelu(x, "none"),
    "gelu_tanh": lambda xp, x: xp.gelu(x, "tanh"),
}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_linear_layer_and_its_activation(activation: str) -> None:
    act = ACTIVATIONS[activation]
    steps = replayed(
        lambda xp, x, w, b: act(xp, xp.linear(x, w, b)), array(5, 3), array(4, 3), array(4)
    )
    assert steps == ["linear", "bias_activation"]


@pytest.mark.parametrize("turned", [False, True])
def test_a_product_a_sum_and_an_activation(turned: bool) -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Array:
        product = xp.matmul(x, w)
        return xp.relu(xp.add(b, product) if turned else xp.add(product, b))

    assert replayed(layer, array(5, 3), array(3, 4), array(4)) == ["matmul", "bias_activation"]


def test_the_gradient_of_gelu_does_without_the_sum() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array, grad: Array) -> Any:
        total = xp.linear(x, w, b)
        y = xp.gelu(total, "none")
        in_x = xp.gelu_grad(total, grad, "none")
        return y, in_x, xp.column_sum(in_x)

    steps = replayed(layer, array(5, 3), array(4, 3), array(4), array(5, 4))
    assert steps == ["linear", "bias_activation", "bias_activation_grad"]


def test_a_sum_with_another_reader_stays() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Any:
        total = xp.linear(x, w, b)
        return xp.relu(total), xp.sum(total, 0)

    assert "bias_activation" not in replayed(layer, array(5, 3), array(4, 3), array(4))


def test_a_sum_that_is_kept_stays() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Any:
        total = xp.linear(x, w, b)
        return xp.relu(total), total

    assert replayed(layer, array(5, 3), array(4, 3), array(4)) == ["linear", "relu"]


def test_a_sum_of_which_two_functions_are_taken_stays() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array, grad: Array) -> Any:
        total = xp.linear(x, w, b)
        return xp.relu(total), xp.gelu_grad(total, grad, "none")

    steps = replayed(layer, array(5, 3), array(4, 3), array(4), array(5, 4))
    assert "bias_activation" not in steps


def test_a_bias_that_changes_in_between_is_added_before() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Any:
        total = xp.linear(x, w, b)
        xp.fill(b, 0)
        return xp.relu(total)

    assert replayed(layer, array(5, 3), array(4, 3), array(4)) == ["linear", "fill", "relu"]


def test_a_sum_that_is_written_to_stays() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Any:
        total = xp.linear(x, w, b)
        xp.setitem(total, 0, xp.sum(x, 0)[:1])
        return xp.relu(total)

    assert "bias_activation" not in replayed(layer, array(5, 3), array(4, 3), array(4))


def test_an_activation_of_a_part_stays() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Any:
        return xp.relu(xp.linear(x, w, b)[1:3])

    assert replayed(layer, array(5, 3), array(4, 3), array(4)) == ["linear", "relu"]


def test_a_column_is_no_bias() -> None:
    def layer(xp: Any, x: Array, w: Array, b: Array) -> Any:
        return xp.relu(xp.add(xp.matmul(x, w), b))

    assert replayed(layer, array(4, 3), array(3, 4), array(4, 1)) == ["matmul", "add", "relu"]


@pytest.mark.parametrize("name", ["relu", "sigmoid", "tanh"])
def test_the_sum_over_rows_of_a_gradient(name: str) -> None:
    def backward(xp: Any, y: Array, grad: Array) -> Any:
        in_x = getattr(xp, f"{name}_grad")(y, grad)
        return xp.matmul(in_x, in_x.T), xp.column_sum(in_x)

    steps = replayed(backward, array(5, 4), array(5, 4, seed=1))
    assert steps == ["bias_activation_grad", "matmul"]


def test_the_sum_over_rows_of_another_array_stays() -> None:
    def backward(xp: Any, y: Array, grad: Array) -> Any:
        in_x = xp.relu_grad(y, grad)
        return xp.sum(in_x, 1), xp.column_sum(grad)

    steps = replayed(backward, array(5, 4), array(5, 4, seed=1))
    assert steps == ["relu_grad", "sum", "column_sum"]


def test_a_sum_over_rows_that_comes_after_a_change_stays() -> None:
    def backward(xp: Any, y: Array, grad: Array) -> Any:
        in_x = xp.relu_grad(y, grad)
        xp.fill(in_x[0], 1)
        return xp.column_sum(in_x)

    steps = replayed(backward, array(5, 4), array(5, 4, seed=1))
    assert "bias_activation_grad" not in steps


# --- losses ---------------------------------------------------------------------------------------


def loss(xp: Any, x: Array, y: Array, reduction: str = "mean") -> Any:
    p = xp.sigmoid(x)
    error = xp.mse(p, y, reduction)
    grad = xp.mse_grad(p, y, xp.ones_like(error), 2 / x.size)
    return p, error, xp.sigmoid_grad(p, grad)


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_sigmoid_and_squared_error(reduction: str) -> None:
    steps = replayed(lambda xp, x, y: loss(xp, x, y, reduction)[1:], array(7, 3), array(7, 3))
    assert steps == ["sigmoid_mse", "ones_like", "sigmoid_mse_grad"]


def test_a_sigmoid_that_is_kept_is_stored_by_the_loss() -> None:
    steps = replayed(loss, array(7, 3), array(7, 3))
    assert steps == ["sigmoid_mse", "ones_like", "sigmoid_mse_grad"]


def test_a_sigmoid_that_is_read_before_the_loss_stays() -> None:
    def early(xp: Any, x: Array, y: Array) -> Any:
        p = xp.sigmoid(x)
        return xp.sum(p), xp.mse(p, y, "mean")

    assert "sigmoid_mse" not in replayed(early, array(7, 3), array(7, 3))


def test_a_sigmoid_that_is_read_later_is_stored() -> None:
    def later(xp: Any, x: Array, y: Array) -> Any:
        p = xp.sigmoid(x)
        return xp.mse(p, y, "mean"), xp.sum(p, 0)

    assert replayed(later, array(7, 3), array(7, 3)) == ["sigmoid_mse", "sum"]


def test_an_input_that_changes_leaves_the_sigmoid() -> None:
    def changed(xp: Any, x: Array, y: Array) -> Any:
        p = xp.sigmoid(x)
        error = xp.mse(p, y, "mean")
        xp.fill(x, 0)
        return error, xp.sigmoid_grad(p, xp.mse_grad(p, y, error, 0.5))

    steps = replayed(changed, array(7, 3), array(7, 3))
    assert steps == ["sigmoid_mse", "fill", "sigmoid_mse_grad"]


# --- chains of elementwise steps ------------------------------------------------------------------


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


# --- copies and repetitions -----------------------------------------------------------------------


def test_a_copy_of_what_does_not_change_is_not_made() -> None:
    def act(xp: Any, x: Array) -> Any:
        return xp.sum(xp.copy(xp.cumsum(x, 0)), 0)

    assert replayed(act, array(3, 4)) == ["cumsum", "sum"]


def test_a_copy_of_what_changes_is_made() -> None:
    def act(xp: Any, x: Array) -> Any:
        before = xp.copy(x)
        xp.fill(x, 0)
        return xp.sum(before, 0)

    assert replayed(act, array(3, 4)) == ["copy", "fill", "sum"]


def test_a_copy_that_is_kept_is_made() -> None:
    assert replayed(lambda xp, x: xp.copy(x), array(3, 4)) == ["copy"]


def test_a_copy_that_is_written_to_is_made() -> None:
    def act(xp: Any, x: Array) -> Any:
        changed = xp.copy(x)
        xp.fill(changed[0], 0)
        return xp.sum(changed, 0)

    assert replayed(act, array(3, 4)) == ["copy", "fill", "sum"]


def test_a_part_of_a_copy_is_that_part_of_the_array() -> None:
    def act(xp: Any, x: Array) -> Any:
        return xp.sum(xp.copy(xp.cumsum(x, 0))[1:, 1:], 0)

    assert replayed(act, array(3, 4)) == ["cumsum", "sum"]


def test_the_same_is_computed_once() -> None:
    def act(xp: Any, x: Array) -> Any:
        return xp.sum(xp.cumsum(x, 0), 0), xp.sum(xp.cumsum(x, 0), 1), xp.cumsum(x, 1)

    assert replayed(act, array(3, 4)).count("cumsum") == 2


def test_the_same_of_changed_memory_is_computed_again() -> None:
    def act(xp: Any, x: Array) -> Any:
        first = xp.sum(xp.cumsum(x, 0), 0)
        xp.fill(x, 1)
        return first, xp.sum(xp.cumsum(x, 0), 0)

    assert replayed(act, array(3, 4)).count("cumsum") == 2


def test_two_results_that_are_kept_are_two_arrays() -> None:
    assert replayed(lambda xp, x: (xp.exp(x), xp.exp(x)), array(3)) != ["exp"]


# --- updates by hand ------------------------------------------------------------------------------


def descend(xp: Any, pairs: Any, rates: Any) -> None:
    for (p, grad), rate in zip(pairs, rates, strict=True):
        xp.sub(p, xp.mul(grad, rate), out=p)


def test_updates_by_hand_are_one_launch() -> None:
    def act(xp: Any, *arrays: Array) -> Any:
        descend(xp, zip(arrays[::2], arrays[1::2], strict=True), [0.1] * 3)
        return xp.sum(arrays[0])

    arrays = [array(*s, seed=k) for k, s in enumerate([(3, 4), (3, 4), (5,), (5,), (1,), (1,)])]
    assert replayed(act, *arrays) == ["sgd_step", "sum"]


def test_updates_at_different_rates_are_not() -> None:
    def act(xp: Any, p: Array, q: Array, grad: Array) -> Any:
        descend(xp, [(p, grad), (q, grad)], [0.1, 0.2])
        return xp.sum(p)

    arrays = [array(4, seed=k) for k in range(3)]
    assert "sgd_step" not in replayed(act, *arrays)


def test_updates_that_depend_on_one_another_are_not() -> None:
    def act(xp: Any, p: Array, q: Array, grad: Array) -> Any:
        descend(xp, [(p, grad)], [0.1])
        descend(xp, [(q, xp.cumsum(p, 0))], [0.1])
        return xp.sum(q)

    arrays = [array(4, seed=k) for k in range(3)]
    assert "sgd_step" not in replayed(act, *arrays)


def test_a_parameter_that_is_updated_twice_is_not_one_launch() -> None:
    def act(xp: Any, p: Array, grad: Array, other: Array) -> Any:
        descend(xp, [(p, grad), (p, other)], [0.1, 0.1])
        return xp.sum(p)

    assert "sgd_step" not in replayed(act, *(array(4, seed=k) for k in range(3)))


def test_an_updated_parameter_as_gradient_is_not_one_launch() -> None:
    def act(xp: Any, p: Array, q: Array, grad: Array) -> Any:
        descend(xp, [(p, grad), (q, p)], [0.1, 0.1])
        return xp.sum(q)

    assert "sgd_step" not in replayed(act, *(array(4, seed=k) for k in range(3)))


def test_a_product_that_others_read_stays() -> None:
    def act(xp: Any, p: Array, q: Array, grad: Array) -> Any:
        change = xp.mul(grad, 0.1)
        xp.sub(p, change, out=p)
        xp.sub(q, change, out=q)
        return xp.sum(change)

    arrays = [array(4, seed=k) for k in range(3)]
    assert "sgd_step" not in replayed(act, *arrays)
