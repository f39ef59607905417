"""Which steps of a long program are profiled."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from .. import cuda


class ProfilerActivity(Enum):
    """Where work is watched. On the others of PyTorch's kinds of devices there is none here."""

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3
    HPU = 4
    PrivateUse1 = 5


class ProfilerAction(Enum):
    """What happens in a step: nothing, a rehearsal, or a recording, the last of a cycle or not."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def supported_activities() -> set[ProfilerActivity]:
    """What can be watched on this machine.

    >>> import gpugrad
    >>> gpugrad.profiler.ProfilerActivity.CPU in gpugrad.profiler.supported_activities()
    True
    """
    found = {ProfilerActivity.CPU}
    if cuda.is_available():
        found.add(ProfilerActivity.CUDA)
    return found


def schedule(
    *,
    wait: int,
    warmup: int,
    active: int,
    repeat: int = 0,
    skip_first: int = 0,
    skip_first_wait: int = 0,
) -> Callable[[int], ProfilerAction]:
    """A function that tells by the number of a step what to do in it.

    After ``skip_first`` steps come cycles of ``wait`` steps without a watch, ``warmup`` steps with
    one whose results are dropped, and ``active`` steps that are kept; ``repeat`` cycles, or without
    end for 0. With ``skip_first_wait``, the first cycle has no steps without a watch.

    Raises:
        AssertionError: a negative number, or ``active`` is 0.

    >>> import gpugrad
    >>> when = gpugrad.profiler.schedule(wait=1, warmup=1, active=2)
    >>> [when(step).name for step in range(5)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    if min(wait, warmup, repeat, skip_first) < 0 or active <= 0:
        raise AssertionError(
            f"Invalid profiler schedule arguments. Got wait={wait} (need >= 0), warmup={warmup} "
            f"(need >= 0), active={active} (need > 0), repeat={repeat} (need >= 0), "
            f"skip_first={skip_first} (need >= 0)."
        )

    def action(step: int) -> ProfilerAction:
        step -= skip_first
        if step >= 0 and skip_first_wait:
            step += wait
        cycle, place = divmod(step, wait + warmup + active)
        if step < 0 or (0 < repeat <= cycle) or place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        last = place == wait + warmup + active - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD

    return action
