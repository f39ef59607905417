"""A look into a replay: its calls carried out one by one, with the time of each."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from ..capture.compiled import CompiledFunction
from .clocks import Clock, DeviceClock
from .watch import Call
from .work import arrays_in, held


def timeline(
    function: CompiledFunction, clock: Clock, call: Callable[[], Any]
) -> tuple[list[Any], list[Call]]:
    """Replay a step with a look at the clock between its calls.

    Args:
        function: which is called by ``call()``, and has been replayed before.

    Returns:
        The plans that were carried out, and their calls; both empty if nothing was replayed.
    """
    looks: list[tuple[Any, ...]] = []
    used: list[Any] = []

    def slowly(plan: Any) -> Callable[[], None]:
        def execute() -> None:
            used.append(plan)
            for function, args in plan.calls:
                begin, start = perf_counter_ns(), clock.now()
                function(*args)
                looks.append((function, args, begin, start, clock.now()))

        return execute

    plans: list[Any] = [plan for program in function.programs() for plan in program.plans()]
    before = [plan.execute for plan in plans]
    for plan in plans:
        plan.execute = slowly(plan)
    function.forget_last_call()
    try:
        call()
    finally:
        for plan, execute in zip(plans, before, strict=True):
            plan.execute = execute
    clock.wait()
    return used, [_seen(look, looks[0], clock) for look in looks]


def _seen(look: tuple[Any, ...], first: tuple[Any, ...], clock: Clock) -> Call:
    function, args, begin, start, end = look
    since = (begin - first[2]) * 1e-9
    if isinstance(clock, DeviceClock):
        since = clock.seconds(first[3], start)
    arrays = [*arrays_in(args)]
    largest = max(arrays, key=lambda a: int(a.size), default=None)
    return Call(
        name=_name(function),
        op="",
        phase="replay",
        place="",
        start=since,
        seconds=clock.seconds(start, end),
        bytes=sum(held(array) for array in arrays),
        flops=0,
        shape=() if largest is None else tuple(largest.shape),
        dtype="" if largest is None else str(largest.dtype),
    )


def _name(function: Any) -> str:
    while hasattr(function, "func"):  # functools.partial
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def device_seconds(clock: Clock, call: Callable[[], Any]) -> float | None:
    """Seconds between two events around a call on a CUDA device; None on the CPU."""
    if not isinstance(clock, DeviceClock):
        return None
    found = []
    for _ in range(5):
        clock.wait()
        start = clock.now()
        call()
        end = clock.now()
        clock.wait()
        found.append(clock.seconds(start, end))
    return min(found)


def launches(plans: list[Any]) -> int:
    """What the host starts on the device: graphs, and copies of what they are given."""
    return sum(1 + sum(i.copy is not None for i in plan.inputs) for plan in plans)
