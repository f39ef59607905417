"""``gpugrad.compile``: a function that is traced and then replayed."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
import types
import warnings
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..autograd import anomaly, autocast_mode
from ..autograd.engine import TensorBase
from ..autograd.grad_mode import mode
from ..autograd.observers import OBSERVERS
from ..autograd.packing import active_hooks
from ..backend import BACKENDS, cpu, recording
from ..backend.noted_steps import CaptureError
from ..backend.recorder import Recorder
from ..native import toolchain
from .comparison import compare
from .program import Program
from .quick import MISS, quick_call
from .structure import flat, identified, key_of, shared
from .surroundings import watch_names
from .trace import Trace, leave_out_leaves_of_one_call, trace
from .verify import Verification

MOST_PLANS = 32
"""So many kinds of arguments get a plan before a warning says that something varies."""
MOST_RETRACES = 8
"""So often a plan is made anew for the same arguments before it is given up."""


class Entry:
    """What is known for one kind of arguments."""

    __slots__ = (
        *("attached", "backend", "calls", "eager", "first", "forgiving", "kept", "program"),
        *("quick", "stale"),
    )

    def __init__(self, kept: list[Any]) -> None:
        self.backend: Any = cpu
        self.calls = 0
        self.stale = 0
        self.forgiving = True
        """Whether a trace may still differ from the one before: it is compared with a third one
        then. An optimizer makes the state of a parameter when that first has a gradient."""
        self.first: Trace | None = None
        self.program: Program | None = None
        self.quick: Callable[[tuple[Any, ...]], Any] | None = None
        self.attached = -1
        """What the program's number was when ``quick`` was made."""
        self.eager = False
        self.kept = kept
        """Objects whose identity is part of the key: so nobody else can have it."""

    def expects(self, first: Trace, found: Trace) -> bool:
        """Whether the second trace can be compared with the first; raises where they differ."""
        try:
            compare(first, found)
        except CaptureError:
            if not self.forgiving:
                raise
            self.forgiving = False
            return False
        return True


class CompiledFunction:
    """A function that is carried out by replaying an earlier call; see :func:`compile`."""

    def __init__(self, function: Callable[..., Any], fallback: bool, verify: bool) -> None:
        functools.update_wrapper(self, function)
        self._function = function
        self._fallback = fallback
        self._verify = verify
        self._entries: dict[Any, Entry] = {}
        self._leaves: list[TensorBase] = []
        self._quick: Callable[[tuple[Any, ...]], Any] | None = None
        """For calls like the last one."""
        self._lock = threading.RLock()  # memory of a replay belongs to one thread at a time
        self._off = os.environ.get("GPUGRAD_COMPILE") == "0"
        _everyone.add(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._off or recording.listener is not None or watched():
            return self._function(*args, **kwargs)
        with self._lock:
            if autocast_mode.THREADS and (casting := autocast_mode.key()):
                # A parameter cast before would be taken for granted, and one cast here be kept.
                with autocast_mode.restored(autocast_mode.snapshot()):
                    return self._call(args, kwargs, casting)
            if self._quick is not None and not kwargs:
                result = self._quick(args)
                if result is not MISS:
                    return result
            return self._call(args, kwargs)

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any], casting: Any = None) -> Any:
        tensors = flat(args, kwargs)
        kind = (
            mode.enabled if casting is None else (mode.enabled, casting),
            tuple(map(key_of, args)),
            key_of(kwargs) if kwargs else None,
            shared(tensors) if len(tensors) > 1 else None,
        )
        key = (kind, tuple([leaf.gradient is None for leaf in self._leaves]))
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries.pop((kind, ()), None)
            if entry is None:
                entry = self._new_entry((args, kwargs))
            self._entries[key] = entry
        if entry.program is not None:
            tensors = entry.program.trace.tensors(tensors)
            fits = entry.program.fits(tensors)
            if not fits and (other := entry.program.fitting(tensors)) is not None:
                entry.program, entry.attached, fits = other, -1, True
            if fits:
                self._prepare_quick_call(entry, args, kwargs, casting)
                result = entry.program.replay(tensors, (self._function, args, kwargs))
                self._quick = entry.quick if entry.attached == entry.program.attached else None
                return result
            self._forget(entry)
        if entry.eager:
            return self._function(*args, **kwargs)
        entry.calls += 1
        if entry.calls == 1:
            # What is made at the first call only, such as an optimizer's state, is no step.
            return self._first_call(entry, args, kwargs)
        with _may_hold_gradients():
            return self._trace(entry, args, kwargs)

    def programs(self) -> list[Program]:
        """What has been traced so far, for each kind of arguments that is replayed."""
        return [e.program for e in self._entries.values() if e.program is not None]

    def forget_last_call(self) -> None:
        """Let the next call take the general way, which looks up what is to be carried out."""
        self._quick = None

    def _prepare_quick_call(
        self, entry: Entry, args: tuple[Any, ...], kwargs: dict[str, Any], casting: Any
    ) -> None:
        """Make ready what is tried first after a call like this one, which is about to be made."""
        program = entry.program
        assert program is not None
        if entry.attached == program.attached:
            return
        entry.quick = self._quick = None
        entry.attached = program.attached
        if not kwargs and casting is None and program.backend is cpu:
            before = program.references()
            entry.quick = quick_call(program, args, self._leaves)
            program.let_hold(before)

    def _first_call(self, entry: Entry, args: Any, kwargs: Any) -> Any:
        """Run eagerly, and see which backend works."""
        for tensor in flat(args, kwargs):
            entry.backend = BACKENDS[type(tensor.array)]
            return self._function(*args, **kwargs)
        for backend in _accelerators():
            recorder = Recorder(backend, strict=False)
            with recorder.listen():
                result = self._function(*args, **kwargs)
            entry.backend = backend if recorder.steps else cpu
            return result
        return self._function(*args, **kwargs)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """A method, where the function belongs to a class."""
        return self if instance is None else types.MethodType(self, instance)

    def _forget(self, entry: Entry) -> None:
        """Something that the program took for granted has changed."""
        entry.program, entry.first, entry.calls, entry.stale = None, None, 0, entry.stale + 1
        entry.forgiving = True
        entry.quick, entry.attached, self._quick = None, -1, None
        if entry.stale > MOST_RETRACES:
            entry.eager = True
            warnings.warn(
                f"{self._name()} runs eagerly: something that it takes for granted has changed "
                f"{entry.stale} times, such as a tensor, module or number in its surroundings",
                stacklevel=3,
            )

    def _new_entry(self, arguments: Any) -> Entry:
        if len(self._entries) + 1 == MOST_PLANS:
            warnings.warn(
                f"{self._name()} has been called with {MOST_PLANS} kinds of arguments and is "
                "traced anew for each: pass what changes from call to call as a tensor",
                stacklevel=3,
            )
        entry = Entry([*identified(arguments)])
        if any(isinstance(thing, np.ndarray) for thing in entry.kept):
            self._refuse(entry, "a NumPy array among its arguments would be frozen: pass a tensor")
            entry.kept.clear()
        return entry

    def _refuse(self, entry: Entry, reason: object) -> None:
        """Raise, or let the function run as usual."""
        if not self._fallback:
            raise CaptureError(f"{self._name()} cannot be compiled: {reason}") from None
        entry.eager = True
        warnings.warn(f"{self._name()} runs eagerly: {reason}", stacklevel=5)

    def _trace(self, entry: Entry, args: Any, kwargs: Any) -> Any:
        first, verification = entry.first, None
        if first is not None and not first.recorder.guards.test()():
            self._forget(entry)
            entry.calls = 1
            return self._function(*args, **kwargs)
        if first is not None and self._verify:
            verification = Verification(first, first.tensors(flat(args, kwargs)))
        entry.first = None
        recorder = Recorder(entry.backend, strict=not self._fallback)
        try:
            found, result = trace(self._function, args, kwargs, recorder)
            watch_names(recorder.guards, self._function, (*args, *kwargs.values()))
            if recorder.failure is not None:
                raise CaptureError(recorder.failure)
            if first is not None:
                self._know_no_longer(leave_out_leaves_of_one_call(first, found))
            if first is None or self._know(found) or not entry.expects(first, found):
                entry.first = found
                self._know(found)
                return result
            program = _verified(found, verification, found.tensors_then(flat(args, kwargs)), result)
        except CaptureError as error:
            self._refuse(entry, error)
            return result
        entry.program = program
        return result

    def _know(self, found: Trace) -> bool:
        """Take note of the leaves in a trace that are no inputs; whether there were new ones."""
        known = {id(leaf) for leaf in self._leaves}
        leaves = [entry.leaf for entry in found.leaves if entry.number is None]
        new = [leaf for leaf in leaves if id(leaf) not in known]
        self._leaves += new
        self._quick = None
        for entry in self._entries.values():
            entry.attached = -1
        return bool(new)

    def _know_no_longer(self, leaves: list[TensorBase]) -> None:
        gone = {id(leaf) for leaf in leaves}
        numbers = [n for n, leaf in enumerate(self._leaves) if id(leaf) in gone]
        self._leaves = [leaf for leaf in self._leaves if id(leaf) not in gone]
        self._entries = {
            (kind, tuple([one for n, one in enumerate(without) if n not in numbers])): entry
            for (kind, without), entry in self._entries.items()
        }

    def _name(self) -> str:
        return getattr(self._function, "__qualname__", type(self._function).__name__)


_everyone: weakref.WeakSet[CompiledFunction] = weakref.WeakSet()


@contextlib.contextmanager
def _may_hold_gradients() -> Iterator[None]:
    """A context for traces, which add to the gradients that replays have left, or take them.

    What holds them afterwards has no need of the numbers of the last replay. Functions that another
    thread is in are left out: there, gradients move to other memory once more.
    """
    held = [f for f in list(_everyone) if f._lock.acquire(blocking=False)]
    try:
        programs = [program for function in held for program in function.programs()]
        before = [program.references() for program in programs]
        yield
        for program, counts in zip(programs, before, strict=True):
            program.let_hold(counts)
    finally:
        for function in held:
            function._lock.release()


def _verified(
    found: Trace, verification: Verification | None, tensors: Sequence[TensorBase], result: Any
) -> Program:
    """The program of a trace, compared with its result if that is wanted.

    Where generated code gives something else, NumPy replays: Adam, for example, makes large steps
    of gradients in which nothing but rounding is left.
    """
    program = Program(found)
    if verification is None:
        return program
    try:
        verification.finish(program, tensors, result)
    except CaptureError:
        if program.backend is not cpu or not toolchain.available():
            raise
        program = Program(found, rewrite=False)
        verification.finish(program, tensors, result)
    return program


def _accelerators() -> list[Any]:
    """The backends in use besides the CPU's; namespaces for derivatives have no device."""
    found = {id(b): b for b in BACKENDS.values() if b is not cpu}
    return [b for b in found.values() if isinstance(getattr(b, "device_type", None), str)]


def watched() -> bool:
    """Whether this thread wants to see the operations: then they must take place."""
    return bool(anomaly.state.enabled or (OBSERVERS and active_hooks() is not None))
