"""L-BFGS: PyTorch's numbers, and how its parts behave alone."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad.optim import LBFGS
from gpugrad.optim.line_search import LineSearch, Point, cubic_minimum
from tests.conftest import DEVICES

NUMBERS: list[tuple[dict[str, Any], list[float], list[float], tuple[int, int, int]]] = [
    (
        {"line_search_fn": "strong_wolfe", "max_iter": 8},
        [24.2, 3.7589117179, 1.1350964233],
        [0.6803460313, 0.4612058002],
        (22, 30, 21),
    ),
    (
        {"lr": 0.001, "max_iter": 5, "history_size": 2},
        [24.2, 23.8786996792, 23.6994590297, 23.520105589],
        [-1.1969093575, 1.002308266],
        (20, 20, 2),
    ),
    (
        {"line_search_fn": "strong_wolfe", "max_eval": 6},
        [24.2, 4.1118164518, 3.4231654623],
        [-0.2560895769, 0.0372619816],
        (13, 19, 12),
    ),
]


class Rosenbrock:
    """The function of two variables with a curved valley, and an optimizer in it."""

    set_to_none = True

    def __init__(self, device: str = "cpu", **options: Any) -> None:
        self.w = gpugrad.tensor([-1.2, 1.0], dtype=gpugrad.float64, device=device)
        self.w.requires_grad_()
        self.optimizer = LBFGS([self.w], **options)
        self.evaluations = 0

    def closure(self) -> Any:
        self.evaluations += 1
        self.optimizer.zero_grad(self.set_to_none)
        x, y = self.w
        loss = (1 - x) ** 2 + 100 * (y - x**2) ** 2
        loss.backward()
        return loss

    def steps(self, number: int) -> list[float]:
        return [self.optimizer.step(self.closure).item() for _ in range(number)]


@pytest.mark.parametrize("device", DEVICES, indirect=True)
@pytest.mark.parametrize(("options", "losses", "place", "counts"), NUMBERS)
def test_numbers(
    device: str,
    options: dict[str, Any],
    losses: list[float],
    place: list[float],
    counts: tuple[int, int, int],
) -> None:
    run = Rosenbrock(device, **options)
    assert run.steps(len(losses)) == pytest.approx(losses, rel=1e-8)
    assert run.w.tolist() == pytest.approx(place, rel=1e-8)
    state = run.optimizer.state[run.w]
    assert (state["n_iter"], state["func_evals"], len(state["ro"])) == counts
    assert run.evaluations == state["func_evals"]


def test_a_saved_run_goes_on() -> None:
    options: dict[str, Any] = {"line_search_fn": "strong_wolfe", "max_iter": 4}
    whole, begun = (Rosenbrock(**options) for _ in range(2))
    wanted = whole.steps(4)
    begun.steps(2)
    again = Rosenbrock()
    again.optimizer.load_state_dict(begun.optimizer.state_dict())
    with gpugrad.no_grad():
        again.w.copy_(begun.w)
    assert again.steps(2) == wanted[2:]


def test_the_state_is_that_of_the_first_parameter() -> None:
    run = Rosenbrock()
    run.steps(1)
    (state,) = run.optimizer.state_dict()["state"].values()
    names = {"func_evals", "n_iter", "d", "t", "old_dirs", "old_stps", "ro", "H_diag", "al"}
    assert set(state) == names | {"prev_flat_grad", "prev_loss"}


def test_nothing_moves_at_the_minimum() -> None:
    w = gpugrad.zeros(3, requires_grad=True)
    optimizer = LBFGS([w])
    calls = []

    def closure() -> Any:
        calls.append(gpugrad.is_grad_enabled())
        loss = w.square().sum()
        loss.backward()
        return loss

    with gpugrad.no_grad():
        optimizer.step(closure)
    assert calls == [True]
    assert w.tolist() == [0.0, 0.0, 0.0]
    assert w._version == 0


def test_gradients_that_are_filled_anew_in_place() -> None:
    """What is remembered must not be the gradient itself, which the closure writes over."""
    results = []
    for set_to_none in (True, False):
        run = Rosenbrock(lr=0.001)
        run.set_to_none = set_to_none
        results.append(run.steps(2))
    assert results[0] == results[1]


def test_several_groups_are_refused() -> None:
    groups = [{"params": [gpugrad.zeros(1, requires_grad=True)]} for _ in range(2)]
    with pytest.raises(ValueError, match="parameter groups"):
        LBFGS(groups)


# --- the line search -----------------------------------------------------------------------------


def point(t: float, value: float, slope: float) -> Point:
    return Point(t, value, gpugrad.zeros(1), slope)


def test_the_minimum_of_a_cubic() -> None:
    """Of t**3 - 3 t, which is lowest at 1."""
    a, b = point(0.0, 0.0, -3.0), point(2.0, 2.0, 9.0)
    assert cubic_minimum(a, b, (0.0, 2.0)) == pytest.approx(1.0)
    assert cubic_minimum(b, a, (0.0, 2.0)) == pytest.approx(1.0)
    assert cubic_minimum(a, b, (1.5, 2.0)) == 1.5
    assert cubic_minimum(a, b, (0.0, 0.5)) == 0.5


def test_a_cubic_without_minimum_gives_the_middle() -> None:
    """Of t**3 + t, and of a straight line."""
    rising = point(-1.0, -2.0, 4.0), point(1.0, 2.0, 4.0)
    assert cubic_minimum(*rising, (-1.0, 1.0)) == 0.0
    straight = point(0.0, 0.0, -1.0), point(1.0, -1.0, -1.0)
    assert cubic_minimum(*straight, (2.0, 4.0)) == 3.0


@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 30.0])
def test_a_search_ends_low_and_flat(first: float) -> None:
    def evaluate(t: float) -> tuple[float, Any]:
        value, slope = t**4 - 4 * t, 4 * t**3 - 4
        return value, gpugrad.tensor([slope], dtype=gpugrad.float64)

    direction = gpugrad.ones(1, dtype=gpugrad.float64)
    start = Point(0.0, 0.0, evaluate(0.0)[1], -4.0)
    search = LineSearch(evaluate, direction, start, 25)
    found = search.run(first)
    assert found.value <= 1e-4 * found.t * start.slope
    assert abs(found.slope) <= 0.9 * 4
    assert search.evaluations <= 12


def test_a_search_without_end_gives_the_lowest_point() -> None:
    """A function that falls for ever, and steeply."""

    def evaluate(t: float) -> tuple[float, Any]:
        return -t, gpugrad.tensor([-1.0])

    start = Point(0.0, 0.0, gpugrad.tensor([-1.0]), -1.0)
    search = LineSearch(evaluate, gpugrad.ones(1), start, 5)
    assert search.run(1.0).value < -1
    assert search.evaluations == 6


def test_a_second_try_may_be_higher_than_the_first() -> None:
    """It is taken if it is flat enough; only later ones must fall from try to try."""
    answers = iter([(-0.5, -0.95), (-0.4, -0.5)])

    def evaluate(_: float) -> tuple[float, Any]:
        value, slope = next(answers)
        return value, gpugrad.tensor([slope])

    start = Point(0.0, 0.0, gpugrad.tensor([-1.0]), -1.0)
    assert LineSearch(evaluate, gpugrad.ones(1), start, 25).run(1.0).value == -0.4
