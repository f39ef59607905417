"""``gpugrad.profile``: what a step costs, why, and what compiling makes of it."""

from __future__ import annotations

import tracemalloc
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import cuda
from ..backend import BACKENDS, cpu
from ..capture.compiled import CompiledFunction
from ..capture.structure import flat
from ..compiler import OptimizedModule
from ..compiler import compile as compiled_form
from ..nn import Module
from . import replayed
from .clocks import Clock, DeviceClock, clock_of, fastest
from .rates import keep_busy, measure
from .report import Replayed, Report, judge, rows_of
from .watch import Call, Watch, best_of, scaled

WATCHED = 10
"""So many steps are watched. Of each primitive, the fastest of its calls counts."""
WATCHED_SLOWER = 5
"""About so many times longer a step takes on the host while it is watched."""


def profile(step: Callable[..., Any], *args: Any, compile: bool = True, **kwargs: Any) -> Report:
    """Find out what a call of ``step(*args, **kwargs)`` costs, and what bounds it.

    The step is **really taken**, some tens of times to some thousands: to warm up, for its time,
    with a watch on each primitive, for its memory, and compiled. What it changes, such as
    parameters, the optimizer's state or random numbers, stays changed: profile a copy of what must
    not change. A step that raises ends the profile with its error; nothing of the profile stays.

    Bytes and operations follow from the shapes of the arrays, as if no cache helped. The floor is
    the time in which the device could move those bytes or do those operations, by the speed of a
    copy and of a product of matrices that are measured in the same run.

    Args:
        step: a function, a module or something compiled; a whole training step, or a forward pass.
        compile: whether to compile it, too.
        args, kwargs: the step's arguments.

    Returns:
        A :class:`Report`: ``print`` shows it, ``save_timeline("x.png")`` draws it.

    >>> import gpugrad
    >>> x = gpugrad.ones(4, 4)
    >>> report = gpugrad.profile(lambda: (x * 2).sum(), compile=False)
    >>> report.primitives, report.bytes, report.flops
    (2, 196, 32)
    """
    taken = 0
    eager = _eager_form(step)

    def call(function: Callable[..., Any] = eager) -> None:
        nonlocal taken
        taken += 1
        function(*args, **kwargs)

    backend = _backend(step, (args, kwargs), call)
    clock = clock_of(backend)
    device, stand_in = _device(backend)
    call()
    seconds = fastest(call, clock, 0.05 if stand_in else 0.2)
    peak = _peak_bytes(call, clock)
    rates = measure(backend, clock, _usual_type(_watched(backend, clock, call)), small=stand_in)

    runs = []
    for _ in range(WATCHED):
        if clock.on_device:
            keep_busy(backend, rates, WATCHED_SLOWER * seconds, small=stand_in)
        runs.append(_watched(backend, clock, call))
    watched = best_of(runs)
    if not clock.on_device:
        watched = scaled(watched, seconds)
    found: Replayed | None = None
    reason = "not asked for"
    if compile:
        found, reason = _compiled(step, call, clock)
    busy = sum(c.seconds for c in watched) if clock.on_device else None
    verdict, explanation = judge(watched, seconds, rates, clock.on_device)
    return Report(
        name=getattr(eager, "__qualname__", type(eager).__name__),
        device=device,
        stand_in=stand_in,
        seconds=seconds,
        device_seconds=busy,
        primitives=len(watched),
        bytes=sum(c.bytes for c in watched),
        flops=sum(c.flops for c in watched),
        rows=rows_of(watched),
        timeline=watched,
        rates=rates,
        verdict=verdict,
        explanation=explanation,
        peak_bytes=peak,
        compiled=found,
        not_compiled=reason,
        steps_taken=taken,
    )


def _eager_form(step: Any) -> Any:
    """What was compiled, if it was."""
    if isinstance(step, OptimizedModule):
        return step._orig_mod
    return vars(step)["__wrapped__"] if isinstance(step, CompiledFunction) else step


def _backend(step: Any, arguments: Any, call: Callable[[], None]) -> Any:
    """The primitives of the device that the step works on: its arguments' or parameters'."""
    tensors = flat(*arguments)
    if isinstance(step, Module):
        tensors += list(step.parameters())
    for tensor in tensors:
        return BACKENDS[type(tensor.array)]
    found = {id(b): b for b in BACKENDS.values() if getattr(b, "device_type", None) == "cuda"}
    for backend in found.values():
        if _watched(backend, DeviceClock(backend.module), call):
            return backend
    return cpu


def _device(backend: Any) -> tuple[str, bool]:
    """The device's name, and whether it is but an emulation."""
    if backend.device_type == "cpu":
        return "cpu", False
    runtime = backend.module.cuda.runtime
    name = runtime.getDeviceProperties(runtime.getDevice())["name"]
    text = name.decode() if isinstance(name, bytes) else str(name)
    return f"cuda ({text})", text.startswith("Stand-in")


def _watched(backend: Any, clock: Clock, call: Callable[[], None]) -> list[Call]:
    """The primitives of one step."""
    watch = Watch(backend, clock)
    with watch.listen():
        call()
    return watch.calls()


def _usual_type(calls: list[Call]) -> str:
    """The type in which most of the arithmetic is done."""
    work: dict[str, int] = {}
    for call in calls:
        work[call.dtype] = work.get(call.dtype, 0) + call.flops
    found = max(work, key=lambda name: work[name], default="float32")
    return found if found in ("float16", "float64") else np.dtype(np.float32).name


def _peak_bytes(call: Callable[[], None], clock: Clock) -> int:
    """The most memory that a step takes besides what was there before.

    On the CPU of all that Python and NumPy allocate, on CUDA of what tensors hold.
    """
    if clock.on_device:
        clock.wait()
        before = cuda.memory_allocated()
        cuda.reset_peak_memory_stats()
        call()
        clock.wait()
        return max(cuda.max_memory_allocated() - before, 0)
    running = tracemalloc.is_tracing()
    if not running:
        tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        call()
        return max(tracemalloc.get_traced_memory()[1] - before, 0)
    finally:
        if not running:
            tracemalloc.stop()


def _compiled(step: Any, call: Callable[[Any], None], clock: Clock) -> tuple[Replayed | None, str]:
    """The compiled step measured, or why it cannot be compiled."""
    function = step
    if not isinstance(step, (CompiledFunction, OptimizedModule)):
        function = compiled_form(step, fullgraph=False)
    inner = function.__dict__["_compiled"] if isinstance(function, OptimizedModule) else function
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(6):
            call(function)
    plans, timeline = replayed.timeline(inner, clock, lambda: call(function))
    if not plans:
        reasons = [str(w.message) for w in caught if "runs eagerly" in str(w.message)]
        return None, reasons[0] if reasons else "no call of it is like the one before"
    seconds = fastest(lambda: call(function), clock, 0.1)
    return (
        Replayed(
            seconds=seconds,
            device_seconds=replayed.device_seconds(clock, lambda: call(function)),
            calls=len(timeline),
            launches=replayed.launches(plans) if clock.on_device else None,
            peak_bytes=_peak_bytes(lambda: call(function), clock),
            timeline=timeline,
        ),
        "",
    )
