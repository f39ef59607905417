"""A list of what a backend computes, written down while it computes.

While a :class:`Recorder` is active, every primitive of its backend that the recording thread calls
is carried out as always and noted: which function, which arrays, which static arguments. An array
is noted as a view of a piece of memory, its *root*: by which step of the program that memory was
made, and where in it the array lies. So views need no steps of their own, and a step that writes
into a view of another array's memory is noted as just that.

Only the outermost primitive is noted, not those of which it is composed.
"""

from __future__ import annotations

import contextlib
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import recording
from .guards import Guards
from .host_arrays import HostArrays
from .noted_steps import CaptureError, Ref, Root, Step, refs_in, same_kind
from .primitive_effects import (
    ALSO_WRITTEN,
    INDEXED,
    QUESTIONS,
    READS,
    VIEWS,
    picks_by_mask,
    without_out,
)
from .primitives import Array
from .recording import frames, user_line

_lock = threading.RLock()


class Recorder:
    """Notes what a backend computes in one thread, between entering and leaving.

    Args:
        backend: the primitives to watch.
        strict: whether to raise where something cannot be noted; else it is kept as ``failure``.

    Attributes:
        steps: what was noted.
        roots: all memory that was met, by the identity of its owner.
        guards: what the recording takes for granted.
        host_arrays: NumPy arrays that were copied to a device.
        updated: the parameters that optimizers had, each with its gradient then, or None.
        at_end: functions to call when all has been noted, which may call :meth:`fail`.
        constants: what Python may look at; None if nothing.
        for_replays: whether anybody will replay what is noted, and so has to know when not to.
    """

    for_replays = True
    constants: Any = None

    def __init__(self, backend: Any, strict: bool = True) -> None:
        self.backend = backend
        self.failure: str | None = None
        self._strict = strict
        self.steps: list[Step] = []
        self.roots: dict[int, Root] = {}
        self.guards = Guards()
        self.updated: list[tuple[Any, Any]] = []
        self.at_end: list[Callable[[], None]] = []
        self.host_arrays = HostArrays()
        self.array_type = backend.module.ndarray
        self._thread = threading.get_ident()
        self._inside = False

    # --- noting -----------------------------------------------------------------------------------

    @property
    def listening(self) -> bool:
        """Whether a call made now is to be noted."""
        return not self._inside and threading.get_ident() == self._thread

    def run(
        self,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        effect: bool = False,
    ) -> Any:
        """Call ``function`` and note it."""
        if name in READS:
            if name != "move" and self._constant((args, kwargs)):
                return self.constants.read(name, function, args, kwargs)
            self.fail(f"{READS[name]}{_inside()} at {user_line()}")
        elif name in INDEXED and picks_by_mask(args[1]):
            if self._constant(args[1]) and not picks_by_mask(args[1], dims=0):
                args = (args[0], self.constants.places(args[1]), *args[2:])
            elif name == "getitem":
                self.fail(f"a mask as index: {READS['nonzero']} at {user_line()}")
        with self.paused():
            result = function(*args, **kwargs)
        if isinstance(result, np.generic):
            result = np.asarray(result)  # a scalar has no memory of its own
        elif isinstance(result, tuple) and any(isinstance(r, np.generic) for r in result):
            result = tuple(np.asarray(r) if isinstance(r, np.generic) else r for r in result)
        elif isinstance(result, bool) and not self._constant((args, kwargs)):
            self.fail(f"{READS['to_host']}{_inside()} at {user_line()}")
        self._note(name, function, args, kwargs, result, effect)
        return result

    def _note(
        self,
        name: str,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        result: Any,
        effect: bool,
    ) -> None:
        args, kwargs, out = without_out(name, function, args, kwargs)
        noted = [self.translate(a) for a in args]
        named = {key: self.translate(value) for key, value in kwargs.items()}
        several = isinstance(result, tuple)
        arrays = [
            array
            for array in (result if several else (result,))
            if isinstance(array, self.array_type)
        ]
        if not arrays and result is not None:
            return  # a question about types or shapes
        known = [id(self.backend.memory(array)[0]) in self.roots for array in arrays]
        results = []
        for array, old in zip(arrays, known, strict=True):
            if out is not None:  # memory not met before, such as a part's, was there before
                results.append(self.ref(array))
            elif not old:
                results.append(self.ref(array, step=len(self.steps)))
        also = [ref for n in ALSO_WRITTEN.get(name, ()) for ref in refs_in(noted[n])]
        if kwargs.get("grad_scale") is not None:
            also += refs_in(noted[1])  # gradients, which are divided by it
        if name.endswith(".at"):
            also = [noted[0]]
        elif arrays and not results:
            # Either a view, or what was written into, which is given back.
            also = [self.ref(a) for a in arrays if any(a is arg for arg in args)]
            if not also or name in VIEWS:
                return
        missing = [n for n, item in enumerate(result) if item is None] if several else []
        if name != "empty":
            place = user_line()
            self.steps.append(
                Step(name, function, noted, named, results, several, effect, place, also, missing)
            )

    def translate(self, value: Any) -> Any:
        """An argument, with refs in the place of arrays."""
        if isinstance(value, self.array_type):
            return self.ref(value)
        if isinstance(value, np.ndarray):
            return self.host_arrays.as_now(value)
        if isinstance(value, list):
            return [self.translate(item) for item in value]
        if isinstance(value, tuple):
            return same_kind(value, [self.translate(item) for item in value])
        return value

    def ref(self, array: Array, step: int = -1) -> Ref:
        """Where an array lies. Memory not met before was made by ``step``, or was there before."""
        owner, address, nbytes = self.backend.memory(array)
        root = self.roots.get(id(owner))
        if root is None:
            root = self.roots[id(owner)] = Root(owner, address, nbytes, step)
        offset = self.backend.address(array) - root.address
        return Ref(root, offset, array.shape, array.strides, array.dtype, array)

    def constant(self, array: Array, where: Any) -> Array:
        """Numbers that Python has made, on a device: a copy, which replays make anew.

        If nothing writes into it, they do not need to: then it is computed while planning, with all
        that follows from it alone.
        """
        with self.paused():
            there = self.backend.from_host(array, where)
        self.ref(there).root.frozen = True
        copied: Array = self.backend.copy(there)
        return copied

    def _constant(self, value: Any) -> bool:
        """Whether arrays are known to be the same in every replay."""
        return self.constants is not None and self.constants.holds(value)

    def fail(self, reason: str) -> None:
        """What is going on cannot be noted."""
        if self._strict:
            raise CaptureError(reason)
        self.failure = self.failure or reason

    # --- what the floors above tell ---------------------------------------------------------------

    def require(self, term: str, *objects: Any) -> None:
        """Let replays stand only as long as an expression holds; see :meth:`Guards.require`."""
        self.guards.require(term, *objects)

    def before_replay(self, action: Callable[[], None]) -> None:
        """Call ``action`` before each replay."""
        self.guards.before.append(action)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """A context in which nothing is noted."""
        before, self._inside = self._inside, True
        try:
            yield
        finally:
            self._inside = before

    # --- switching on and off ---------------------------------------------------------------------

    @contextlib.contextmanager
    def listen(self) -> Iterator[Recorder]:
        """Note everything in this context. One recorder can listen at a time."""
        with _lock:
            recording.listener = self
            restore = self._intercept()
            try:
                yield self
            finally:
                restore()
                recording.listener = None

    def _intercept(self) -> Callable[[], None]:
        """Put a noting function before each primitive; returns what takes them away again."""
        backend = self.backend
        own = dict(vars(backend))
        names = {n for n in (*own, *dir(type(backend))) if not n.startswith("_")}
        for name in names - QUESTIONS - backend.noted_in_parts:
            function = getattr(backend, name)
            if callable(function):
                setattr(backend, name, self._noting(name, function))
        backend.module = _Module(self, backend.module)
        backend.large = backend  # else what large arrays need would pass unnoted

        def restore() -> None:
            # Name by name: other threads go on computing.
            vars(backend).update(own)
            for name in vars(backend).keys() - own:
                delattr(backend, name)

        return restore

    def _noting(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        if hasattr(function, "nin"):
            return _Ufunc(self, name, function)

        def note(*args: Any, **kwargs: Any) -> Any:
            if not self.listening:
                return function(*args, **kwargs)
            return self.run(name, function, args, kwargs)

        return note


class _Module:
    """The array module, for ops that use its functions directly."""

    def __init__(self, recorder: Recorder, module: Any) -> None:
        self._recorder = recorder
        self._module = module

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._module, name)
        if not self._recorder.listening or isinstance(found, type):
            return found
        if isinstance(found, types.ModuleType):
            return _Module(self._recorder, found)
        return self._recorder._noting(name, found) if callable(found) else found


class _Ufunc:
    """A function of the array module that works element by element, and its methods."""

    def __init__(self, recorder: Recorder, name: str, function: Any) -> None:
        self._recorder = recorder
        self._name = name
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self._recorder.listening:
            return self._function(*args, **kwargs)
        return self._recorder.run(self._name, self._function, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._function, name)
        if not callable(found):
            return found
        return self._recorder._noting(f"{self._name}.{name}", found)


def _inside() -> str:
    """The class of this package that the program is in, if it is one whose methods it called."""
    own = frames()[1].f_locals.get("self")
    is_layer = own is not None and not hasattr(own, "array")
    return f" inside of {type(own).__name__}" if is_layer else ""
