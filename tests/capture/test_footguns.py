"""What may surprise in compiled functions: an error, a warning, or all as in eager mode."""

from __future__ import annotations

import gc
import threading
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.backend import cpu, recording
from gpugrad.backend.noted_steps import CaptureError
from gpugrad.capture.compiled import MOST_PLANS, MOST_RETRACES
from gpugrad.nn import functional as F
from tests.capture.training import array, classes, drawn, programs


def equal(found: Tensor, expected: Any) -> None:
    np.testing.assert_array_equal(array(found), np.asarray(expected.detach()))


def nothing_is_left() -> bool:
    return recording.listener is None and "add" in vars(cpu) and isinstance(cpu.add, np.ufunc)


# --- values read by Python -----------------------------------------------------------------------

READS: dict[str, Callable[[Tensor], Any]] = {
    "item": lambda x: x.sum().item(),
    "float": lambda x: float(x.sum()),
    "int": lambda x: int(x.sum()),
    "bool": lambda x: bool(x.sum()),
    "if": lambda x: 1 if x.sum() > 0 else 2,
    "tolist": lambda x: x.tolist(),
    "numpy": lambda x: x.detach().numpy(),
    "array": lambda x: np.asarray(x.detach()),
    "print": repr,
    "format": lambda x: f"{x.sum():.3f}",
    "in": lambda x: 1.0 in x,
    "iteration over values": lambda x: [float(v) for v in x],
    "mask": lambda x: x[x > 0],
    "nonzero": lambda x: x.nonzero(),
    "equal": lambda x: x.equal(x),
}


@pytest.mark.parametrize("name", READS)
def test_values_cannot_be_read(name: str) -> None:
    read = READS[name]

    def function(x: Tensor) -> Any:
        read(x * 2)
        return x + 1

    strict = gpugrad.compile(function)
    strict(drawn(0, 3))
    with pytest.raises(CaptureError, match=r"test_footguns.py:\d+"):
        strict(drawn(1, 3))
    assert nothing_is_left()


@pytest.mark.parametrize("name", READS)
def test_or_the_function_runs_eagerly(name: str) -> None:
    read = READS[name]

    def function(x: Tensor) -> Any:
        read(x * 2)
        return x + 1

    lenient = gpugrad.compile(function, fullgraph=False)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for turn in range(6):
            equal(lenient(drawn(turn, 3)), drawn(turn, 3) + 1)
    assert ["runs eagerly" in str(w.message) for w in caught].count(True) == 1


def test_value_read_of_an_argument() -> None:
    """Also where no operation precedes."""
    compiled = gpugrad.compile(lambda x: x * x[0].item())
    compiled(drawn(0, 3))
    with pytest.raises(CaptureError, match="a value is read"):
        compiled(drawn(0, 3))


def test_tensor_of_values_of_tensors() -> None:
    """A tensor made of tensors' values would hold those of the traced call."""
    compiled = gpugrad.compile(lambda x: gpugrad.tensor([x[0] * 2, x[1]]) + 1)
    compiled(drawn(0, 3))
    with pytest.raises(CaptureError, match="a value is read"):
        compiled(drawn(0, 3))


# --- Python is not repeated ----------------------------------------------------------------------


def test_side_effects_happen_while_tracing_only() -> None:
    calls: list[Tensor] = []

    def function(x: Tensor) -> Any:
        calls.append(x)
        return x * 2

    compiled = gpugrad.compile(function)
    for turn in range(8):
        equal(compiled(drawn(turn, 3)), drawn(turn, 3) * 2)
    assert len(calls) == 3  # as usual once, and twice traced


class Counter:
    """A module's or trainer's own count, as users keep it."""

    def __init__(self) -> None:
        self.count = 0

    def step(self, x: Tensor) -> Any:
        self.count += 1
        return x * self.count


def test_number_that_python_counts() -> None:
    """It would be frozen, and this is noticed: all traced calls had another."""
    compiled = gpugrad.compile(Counter().step)
    for turn in range(3):  # one difference is forgiven
        compiled(drawn(turn, 3))
    with pytest.raises(CaptureError, match="change from call to call"):
        compiled(drawn(3, 3))


def test_different_branches() -> None:
    turns = iter(range(100))
    compiled = gpugrad.compile(lambda x: x + 1 if next(turns) % 2 else (x * 2).exp())
    for turn in range(3):
        compiled(drawn(turn, 3))
    with pytest.raises(CaptureError, match="does not do the same in every call"):
        compiled(drawn(3, 3))


def test_number_that_is_returned() -> None:
    """A result that Python computes would be frozen, too."""
    turns = iter(range(100))
    compiled = gpugrad.compile(lambda x: (x + 1, next(turns)))
    for turn in range(3):
        compiled(drawn(turn, 3))
    with pytest.raises(CaptureError, match="result"):
        compiled(drawn(3, 3))


# --- what changes outside ------------------------------------------------------------------------

SCALE = 2.0
TABLE = gpugrad.ones(3)


def uses_globals(x: Tensor) -> Any:
    return x * SCALE + TABLE


def test_changed_globals(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = gpugrad.compile(uses_globals)
    for turn in range(14):
        if turn == 5:
            monkeypatch.setitem(globals(), "SCALE", 3.0)
        if turn == 10:
            monkeypatch.setitem(globals(), "TABLE", gpugrad.zeros(3))
        equal(compiled(drawn(turn, 3)), uses_globals(drawn(turn, 3)))
    assert programs(compiled) == 1


def test_changed_between_the_traced_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is no error: the change is known, and tracing starts again."""
    compiled = gpugrad.compile(uses_globals)
    for turn in range(8):
        if turn == 2:
            monkeypatch.setitem(globals(), "SCALE", 3.0)
        equal(compiled(drawn(turn, 3)), uses_globals(drawn(turn, 3)))
    assert programs(compiled) == 1


def test_changed_free_variables() -> None:
    factor = 2.0
    shift = gpugrad.ones(3)

    def function(x: Tensor) -> Any:
        return x * factor + shift

    compiled = gpugrad.compile(function)
    for turn in range(16):
        if turn == 4:
            factor = 3.0
        if turn == 8:
            shift = gpugrad.zeros(3)
        if turn == 12:
            shift.fill_(7)
        equal(compiled(drawn(turn, 3)), function(drawn(turn, 3)))


class Scaled:
    def __init__(self) -> None:
        self.factor = 2.0
        self.shift = gpugrad.ones(3)

    def forward(self, x: Tensor) -> Any:
        return x * self.factor + self.shift


@pytest.mark.parametrize("how", ["method", "argument", "free variable"])
def test_changed_attributes(how: str) -> None:
    model = Scaled()
    function: Any
    if how == "method":
        function = compiled = gpugrad.compile(model.forward)
    elif how == "argument":
        inner = gpugrad.compile(lambda m, x: x * m.factor + m.shift)
        function, compiled = (lambda x: inner(model, x)), inner
    else:
        function = compiled = gpugrad.compile(lambda x: x * model.factor + model.shift)
    for turn in range(14):
        if turn == 5:
            model.factor = 3.0
        if turn == 10:
            model.shift = gpugrad.zeros(3)
        equal(function(drawn(turn, 3)), model.forward(drawn(turn, 3)))
    assert programs(compiled) == 1


def test_changed_numbers_of_modules() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.LeakyReLU(0.1))
    compiled = gpugrad.compile(model)
    for turn in range(10):
        if turn == 5:
            model[1].negative_slope = 0.5
        equal(compiled(drawn(turn, 2, 3)), model(drawn(turn, 2, 3)))


def test_rebound_parameters_and_layers() -> None:
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))
    compiled = gpugrad.compile(lambda x: model(x))
    for turn in range(24):
        if turn == 4:
            model[0].weight = nn.Parameter(drawn(99, 3, 3))
        if turn == 8:
            model[0].weight.data = drawn(98, 3, 3)
        if turn == 12:
            model[2] = nn.Linear(3, 4)
        if turn == 16:
            model[1] = nn.Sigmoid()
        if turn == 20:
            model[0].bias = None
        equal(compiled(drawn(turn, 2, 3)), model(drawn(turn, 2, 3)))


def test_what_keeps_changing_is_given_up() -> None:
    values = Scaled()
    compiled = gpugrad.compile(values.forward)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for turn in range(5 * MOST_RETRACES):
            if turn % 3 == 0:
                values.factor = float(turn)
            equal(compiled(drawn(turn, 3)), values.forward(drawn(turn, 3)))
    assert len([w for w in caught if "has changed" in str(w.message)]) == 1


def test_default_type() -> None:
    compiled = gpugrad.compile(lambda x: x + gpugrad.ones(3))
    integers = gpugrad.arange(3)
    try:
        for turn in range(8):
            gpugrad.set_default_dtype(gpugrad.float64 if turn > 3 else gpugrad.float32)
            assert compiled(integers).dtype is gpugrad.get_default_dtype()
    finally:
        gpugrad.set_default_dtype(gpugrad.float32)


# --- memory --------------------------------------------------------------------------------------


def test_held_results() -> None:
    compiled = gpugrad.compile(lambda x: (x * 2, x.exp().sum()))
    kept = [compiled(drawn(turn, 4)) for turn in range(10)]
    for turn, (double, total) in enumerate(kept):
        equal(double, drawn(turn, 4) * 2)
        equal(total, drawn(turn, 4).exp().sum())


def step_of(w: Tensor) -> Callable[[Tensor], None]:
    def step(x: Tensor) -> None:
        w.grad = None
        (w * x).sum().backward()

    return step


@pytest.mark.parametrize("what", ["tensor", "NumPy view", "view", "detached"])
def test_held_gradients(what: str) -> None:
    """The gradient of one step stays as it is in the next."""
    w = gpugrad.ones(3, requires_grad=True)
    compiled = gpugrad.compile(step_of(w))
    kept: list[Any] = []
    for turn in range(12):
        compiled(drawn(turn, 3))
        assert w.grad is not None
        if what == "tensor":
            kept.append(w.grad)
        elif what == "NumPy view":
            kept.append(w.grad.numpy()[:])
        elif what == "view":
            kept.append(w.grad[:2])
        else:
            kept.append(w.grad.detach())
    for turn, grad in enumerate(kept):
        np.testing.assert_array_equal(np.asarray(grad), array(drawn(turn, 3))[: len(grad)])


def test_aliased_arguments() -> None:
    """The same tensor twice, and two that share memory, while one is written to."""

    def function(x: Tensor, y: Tensor) -> Any:
        x.add_(1)
        return x * y

    compiled = gpugrad.compile(function)
    for turn in range(12):
        a, b = drawn(turn, 3), drawn(turn + 30, 3)
        c, d = a.clone(), b.clone()
        if turn % 2:
            equal(compiled(a, b), function(c, d))
        else:
            equal(compiled(a, a), function(c, c))
        equal(a, c)
        equal(b, d)


def test_argument_written_to() -> None:
    """A buffer that is passed in; another one is no error."""
    compiled = gpugrad.compile(lambda total, x: total.add_(x))
    for _ in range(3):
        total, expected = gpugrad.zeros(3), gpugrad.zeros(3)
        for turn in range(6):
            result = compiled(total, drawn(turn, 3))
            expected.add_(drawn(turn, 3))
            assert result is total
            equal(total, expected)


def test_version_of_an_argument_written_to() -> None:
    """Autograd notices that a saved tensor was changed by a replay."""
    compiled = gpugrad.compile(lambda x: x.mul_(2))
    buffer = gpugrad.ones(3)
    for _ in range(4):
        compiled(buffer)
    w = gpugrad.ones(3, requires_grad=True)
    result = (w * buffer).sum()
    compiled(buffer)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        result.backward()


def test_argument_that_is_used_under_another_name() -> None:
    """A tensor of the surroundings, passed while tracing: later arguments do not replace it."""
    table = drawn(50, 3)
    compiled = gpugrad.compile(lambda x: x * 2 + table)
    for turn in range(12):
        x = table if turn < 5 else drawn(turn, 3)
        equal(compiled(x), x * 2 + table)


def test_argument_that_is_a_parameter() -> None:
    w = gpugrad.ones(3, requires_grad=True)
    compiled = gpugrad.compile(lambda x: (x * w).sum())
    for turn in range(6):
        w.grad = None
        result = compiled(w)
        result.backward()
        assert w.grad is not None
        equal(w.grad, 2 * w)
        with gpugrad.no_grad():
            w.add_(drawn(turn, 3))


def test_batches_of_a_data_set() -> None:
    """Parts of one large tensor: each lies elsewhere."""
    data = drawn(0, 12, 3)
    compiled = gpugrad.compile(lambda x, y: (x * 2).sum() + y.sum())
    for turn in range(10):
        x, y = data[turn : turn + 2], data[turn + 1 : turn + 3]
        equal(compiled(x, y), (x * 2).sum() + y.sum())


def test_argument_whose_memory_is_used_again() -> None:
    """What a call computed does not depend on what becomes of its arguments."""
    compiled = gpugrad.compile(lambda x: x + 1)
    x = gpugrad.zeros(3)
    results = []
    for turn in range(6):
        x.fill_(turn)
        results.append(compiled(x))
    assert [r[0].item() for r in results] == [1, 2, 3, 4, 5, 6]


def test_numpy_arrays_as_arguments() -> None:
    """They are no tensors, and would be frozen."""
    compiled = gpugrad.compile(lambda x, k: x * gpugrad.from_numpy(k))
    with pytest.raises(CaptureError, match="NumPy array"):
        compiled(drawn(0, 3), np.ones(3, np.float32))
    lenient = gpugrad.compile(lambda x, k: x * gpugrad.from_numpy(k), fullgraph=False)
    with pytest.warns(UserWarning, match="NumPy array"):
        lenient(drawn(0, 3), np.ones(3, np.float32))
    for turn in range(4):
        equal(lenient(drawn(turn, 3), np.full(3, turn, np.float32)), drawn(turn, 3) * turn)


# --- errors --------------------------------------------------------------------------------------


def test_error_in_the_middle() -> None:
    """The user's own error comes through, and everything is as before."""
    broken = False

    def function(x: Tensor) -> Any:
        y = x * 2
        if broken:
            raise ValueError("mine")
        return y + 1

    compiled = gpugrad.compile(function)
    compiled(drawn(0, 3))
    broken = True
    with pytest.raises(ValueError, match="mine"):
        compiled(drawn(1, 3))
    assert nothing_is_left()
    broken = False
    for turn in range(6):
        equal(compiled(drawn(turn, 3)), drawn(turn, 3) * 2 + 1)
    assert programs(compiled) == 1


def test_wrong_shapes() -> None:
    compiled = gpugrad.compile(lambda x, y: x @ y)
    for turn in range(4):
        compiled(drawn(turn, 2, 3), drawn(turn, 3, 2))
    for _ in range(3):
        with pytest.raises(RuntimeError, match="mat1 and mat2"):
            compiled(drawn(0, 2, 3), drawn(0, 2, 3))
    equal(compiled(drawn(0, 2, 3), drawn(0, 3, 2)), drawn(0, 2, 3) @ drawn(0, 3, 2))


def test_class_out_of_range_in_a_replay() -> None:
    compiled = gpugrad.compile(F.cross_entropy)
    x = drawn(0, 4, 3)
    for turn in range(4):
        compiled(x, classes(turn, 4, 3))
    for wrong in (3, -7):
        with pytest.raises(IndexError):
            compiled(x, gpugrad.tensor([0, 1, 2, wrong]))
    y = classes(9, 4, 3)
    equal(compiled(x, y), F.cross_entropy(x, y))


def test_index_out_of_range_in_a_replay() -> None:
    compiled = gpugrad.compile(lambda w, i: w[i])
    w = drawn(0, 4, 3)
    for turn in range(4):
        compiled(w, classes(turn, 4, 3))
    with pytest.raises(IndexError):
        compiled(w, gpugrad.tensor([0, 1, 2, 4]))


def test_backward_beyond_the_arguments() -> None:
    """Inside of the function, a graph ends at its arguments."""
    compiled = gpugrad.compile(lambda x: (x * 2).sum().backward())
    w = gpugrad.ones(3, requires_grad=True)
    compiled(w * 1)
    with pytest.raises(CaptureError, match="belongs to a graph"):
        compiled(w * 1)


# --- leaves made or given ------------------------------------------------------------------------


def test_leaf_made_inside() -> None:
    """A score function: the derivative by an argument, with a leaf of the function's own."""

    def score(x: Tensor) -> Any:
        own = x.detach().requires_grad_()
        (grad,) = gpugrad.autograd.grad((own**3).sum(), own)
        return grad

    compiled = gpugrad.compile(score)
    for turn in range(6):
        equal(compiled(drawn(turn, 3)), score(drawn(turn, 3)))
    assert programs(compiled) == 1


def test_new_leaf_as_an_argument_in_each_call() -> None:
    """It gets its gradient, one plan serves all, and none is kept alive."""

    def backward(x: Tensor) -> None:
        (x**2).sum().backward()

    compiled = gpugrad.compile(backward)
    seen = []
    for turn in range(8):
        x = drawn(turn, 3).requires_grad_()
        compiled(x)
        assert x.grad is not None
        equal(x.grad, 2 * x)
        seen.append(weakref.ref(x))
    del x
    gc.collect()
    assert programs(compiled) == 1
    assert sum(ref() is not None for ref in seen) <= 1  # the one that was traced


# --- other threads, functions and models ---------------------------------------------------------


def in_thread(function: Callable[[], Any]) -> Callable[[], Any]:
    """Run ``function`` in a thread; gives what waits for its result."""
    found: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            found.append(function())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def wait() -> Any:
        thread.join()
        if errors:
            raise errors[0]
        return found[0]

    return wait


def test_other_threads_compute_meanwhile() -> None:
    """What another thread computes while one traces is not noted, and nothing fails."""
    stop = threading.Event()

    def compute() -> int:
        turns = 0
        while not stop.is_set() or turns < 10:
            x = drawn(turns % 5, 3).requires_grad_()
            (x * 2).exp().sum().backward()
            equal(x.grad, 2 * (2 * x).exp())
            turns += 1
        return turns

    wait = in_thread(compute)
    try:
        for _ in range(20):
            compiled = gpugrad.compile(lambda x: (x * 2).tanh().sum(0))
            for turn in range(4):
                equal(compiled(drawn(turn, 3, 2)), (drawn(turn, 3, 2) * 2).tanh().sum(0))
            steps = [e.program.trace.steps for e in compiled._entries.values() if e.program]
            assert all(len(s) <= 4 for s in steps)
    finally:
        stop.set()
        assert wait() >= 10


def test_threads_share_a_compiled_function() -> None:
    compiled = gpugrad.compile(lambda x: (x * 2).tanh() @ x.t())

    def use(first: int) -> None:
        for turn in range(first, first + 25):
            x = drawn(turn, 150, 150)  # large enough that NumPy lets other threads run
            equal(compiled(x), (x * 2).tanh() @ x.t())

    for wait in [in_thread(lambda n=n: use(100 * n)) for n in range(3)]:  # type: ignore[misc]
        wait()
    assert programs(compiled) == 1


def test_model_deleted() -> None:
    """A replay owns what it needs; and a function that is gone keeps nothing alive."""
    model = nn.Linear(3, 2)
    weight = weakref.ref(model.weight)
    compiled = gpugrad.compile(model)
    for turn in range(4):
        expected = model(drawn(turn, 1, 3))
        equal(compiled(drawn(turn, 1, 3)), expected)
    del model, expected
    equal(compiled(drawn(3, 1, 3)), compiled(drawn(3, 1, 3)))
    del compiled
    gc.collect()
    assert weight() is None


def test_compiled_functions_within_one_another() -> None:
    inner = gpugrad.compile(lambda x: x * 2)
    outer = gpugrad.compile(lambda x: inner(x) + 1)
    for turn in range(6):
        equal(outer(drawn(turn, 3)), drawn(turn, 3) * 2 + 1)
        equal(inner(drawn(turn, 3)), drawn(turn, 3) * 2)
    assert programs(inner) == programs(outer) == 1


def test_recursion() -> None:
    @gpugrad.compile
    def power(x: Tensor, n: int) -> Any:
        return x if n == 0 else power(x, n - 1) * x

    for turn in range(6):
        x = drawn(turn, 3)
        equal(power(x, 3), x * x * x * x)


def test_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPUGRAD_COMPILE", "0")
    compiled = gpugrad.compile(lambda x: x * x.sum().item())
    for turn in range(4):
        x = drawn(turn, 3)
        equal(compiled(x), x * x.sum().item())
    assert not compiled._entries


def test_disabled() -> None:
    def function(x: Tensor) -> Any:
        return x * 2

    assert gpugrad.compile(function, disable=True) is function


def test_part_that_is_not_to_be_compiled() -> None:
    hidden = gpugrad.compiler.disable(lambda x: x + 1)
    compiled = gpugrad.compile(lambda x: hidden(x) * 2)
    compiled(drawn(0, 3))
    with pytest.raises(CaptureError, match="is not to be compiled"):
        compiled(drawn(0, 3))


def test_not_a_function() -> None:
    with pytest.raises(TypeError, match="takes a function or a module"):
        gpugrad.compile(3)


def test_too_many_kinds_of_arguments() -> None:
    compiled = gpugrad.compile(lambda x, k: x * k)
    with pytest.warns(UserWarning, match="pass what changes from call to call as a tensor"):
        for number in range(MOST_PLANS + 2):
            equal(compiled(drawn(0, 3), number), drawn(0, 3) * number)


# --- random numbers, modes and hooks -------------------------------------------------------------


def test_random_state() -> None:
    """Replays continue the stream: from a seed or a saved state, with the numbers of eager mode."""
    compiled = gpugrad.compile(lambda x: x + gpugrad.rand(3))
    for _ in range(4):
        compiled(drawn(0, 3))
    for _ in range(2):
        gpugrad.manual_seed(5)
        mine = [compiled(drawn(0, 3)) for _ in range(3)]
        gpugrad.manual_seed(5)
        for result in mine:
            equal(result, drawn(0, 3) + gpugrad.rand(3))
    state = gpugrad.get_rng_state()
    first = compiled(drawn(0, 3))
    gpugrad.set_rng_state(state)
    equal(compiled(drawn(0, 3)), first)


def test_seed_inside() -> None:
    """Would be set by the traced calls only; the comparison with an eager call finds it."""

    def function(x: Tensor) -> Any:
        gpugrad.manual_seed(3)
        return x + gpugrad.rand(3)

    compiled = gpugrad.compile(function)
    compiled(drawn(0, 3))
    compiled(drawn(0, 3))
    with pytest.raises(CaptureError, match="a replay gives another"):
        compiled(drawn(0, 3))


def test_own_generator() -> None:
    mine, theirs = gpugrad.Generator(), gpugrad.Generator()
    mine.manual_seed(1)
    theirs.manual_seed(1)
    compiled = gpugrad.compile(lambda: gpugrad.rand(3, generator=mine))
    for _ in range(6):
        equal(compiled(), gpugrad.rand(3, generator=theirs))


def test_anomaly_detection_runs_eagerly() -> None:
    """It wants to know of each operation."""
    compiled = gpugrad.compile(lambda x: (x * 0 / 0).sum())
    x = drawn(0, 3).requires_grad_()
    for _ in range(4):
        compiled(x)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it is slow, and where the nan came from
        with (
            gpugrad.autograd.detect_anomaly(),
            pytest.raises(RuntimeError, match="returned nan values"),
        ):
            compiled(x).backward()


def test_saved_tensor_hooks_run_eagerly() -> None:
    compiled = gpugrad.compile(lambda x: (x * x).sum())
    x = drawn(0, 3).requires_grad_()
    for _ in range(4):
        compiled(x)
    packed: list[Any] = []

    def pack(t: Tensor) -> Any:
        packed.append(t)
        return t

    with gpugrad.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        compiled(x).backward()
    assert packed


def test_inference_mode() -> None:
    compiled = gpugrad.compile(lambda x: x * 2)
    x = drawn(0, 3).requires_grad_()
    for turn in range(8):
        if turn % 2:
            with gpugrad.inference_mode():
                result = compiled(x)
            assert not result.requires_grad
        else:
            assert compiled(x).requires_grad
        equal(result if turn % 2 else compiled(x), x.detach() * 2)


def test_hooks_of_modules() -> None:
    """Their arithmetic is part of the trace; one that is added or removed is noticed."""
    model = nn.Linear(3, 2)
    compiled = gpugrad.compile(model)
    handles: list[Any] = []
    for turn in range(16):
        if turn in (4, 8):
            handles.append(model.register_forward_hook(lambda m, a, out: out * 2))
        if turn == 12:
            handles[0].remove()
        equal(compiled(drawn(turn, 1, 3)), model(drawn(turn, 1, 3)))


def test_hooks_of_parameters() -> None:
    def run(wrap: Any) -> list[Any]:
        w = gpugrad.ones(3, requires_grad=True)
        handle: Any = None
        step = wrap(step_of(w))
        found = []
        for turn in range(12):
            if turn == 4:
                handle = w.register_hook(lambda g: g * 3)
            if turn == 8:
                handle.remove()
            step(drawn(turn, 3))
            found.append(array(w.grad))
        return found

    np.testing.assert_array_equal(run(gpugrad.compile), run(lambda f: f))


def test_hook_of_a_result() -> None:
    """A hook on a replay's result is the user's own, and is called."""
    compiled = gpugrad.compile(lambda x: x * 2)
    for turn in range(5):
        x = drawn(turn, 3).requires_grad_()
        result = compiled(x)
        result.register_hook(lambda g: g * 10)
        result.sum().backward()
        assert x.grad is not None
        assert (x.grad == 20).all()


def test_verification_can_be_left_out() -> None:
    compiled = gpugrad.compile(lambda x: x * 2, verify=False)
    for turn in range(5):
        equal(compiled(drawn(turn, 3)), drawn(turn, 3) * 2)


def test_derivatives_of_other_kinds_before_a_function_without_arguments() -> None:
    x = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    (first,) = gpugrad.autograd.grad((x**3).sum(), x, create_graph=True)
    gpugrad.autograd.grad(first.sum(), x)
    gpugrad.autograd.functional.jacobian(lambda t: t * 2, gpugrad.ones(3), vectorize=True)
    double = gpugrad.compile(lambda: x.detach() * 2)
    assert [double().tolist() for _ in range(4)] == [[2, 4]] * 4
