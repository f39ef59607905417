"""Noted steps as generated programs, as far as they can be; the others stay as they are."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from ..backend.noted_steps import Ref, Root, Step, refs_in, same_kind
from ..backend.step_scratch import Scratch
from ..backend.ufuncs import UFUNCS
from .executor import Native, offsets
from .notes import Notes
from .products import suits
from .segments import program
from .values import NOTING, Buffer, Op, UnsupportedError, Value

_UFUNC_NAMES = {getattr(np, theirs): ours for ours, theirs in UFUNCS.items()}

ALONE = frozenset(["matmul", "dot", "copy", "fill", "reshape", "sum"])
"""A single step of these takes no less time as generated code."""


def translated(
    backend: Any, steps: Sequence[Step], kept: Collection[Root], inputs: Sequence[Any]
) -> Sequence[Step]:
    """Steps with programs in the place of those that can be generated.

    Args:
        kept: memory that is looked at when all has been done.
        inputs: the arrays of which others come in each replay.
    """
    if _overlapping(steps):
        return steps
    owners = {id(backend.memory(a)[0]): a for a in inputs}
    last = {ref.root: number for number, step in enumerate(steps) for ref in step.refs()}
    last |= dict.fromkeys(kept, len(steps))
    found: list[Step] = []
    translation = Translation(backend)
    for number, step in enumerate(steps):
        if translation.take(step):
            continue
        found += translation.finished(number, last, owners)
        translation.skip(step)
        found.append(step)
    return found + translation.finished(len(steps), last, owners)


class Translation:
    """Takes steps until there is one that it cannot take; then it is asked for its program."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self._met: set[Root] = set()
        self._buffers: dict[Root, Buffer] = {}
        self._numbers: dict[Root, Value] = {}
        self._begin()

    def _begin(self) -> None:
        self._notes = Notes()
        self._steps: list[Step] = []

    def take(self, step: Step) -> bool:
        """Note what a step does; whether that can be generated."""
        name = _name(self._backend, step)
        if name is None or step.effect:
            return False
        count, buffers, numbers = len(self._notes.ops), dict(self._buffers), dict(self._numbers)
        NOTING.notes = self._notes
        try:
            self._note(name, step)
        except (UnsupportedError, TypeError, ValueError):
            # TypeError: operators that values do not have.
            del self._notes.ops[count:]
            self._buffers, self._numbers = buffers, numbers
            return False
        finally:
            NOTING.notes = None
        self._steps.append(step)
        self._met.update(ref.root for ref in step.refs())
        return True

    def skip(self, step: Step) -> None:
        """A step that is carried out by others."""
        self._met.update(ref.root for ref in step.refs())
        for ref in step.written():
            self._numbers.pop(ref.root, None)

    def _note(self, name: str, step: Step) -> None:
        changed = {ref.root for ref in step.written()} - {ref.root for ref in step.results}
        changed.update(ref.root for ref in step.results if ref.root in self._met)
        for root in changed:  # what is written to is memory
            self._numbers.pop(root, None)
        args = [self._value(a) for a in step.args]
        if any(isinstance(a, Scratch) for a in args):
            scratch = self._notes.step_scratch(args[0])
            args = [scratch if isinstance(a, Scratch) else a for a in args]
        kwargs = {key: self._value(value) for key, value in step.kwargs.items()}
        made = getattr(self._notes, name)(*args, **kwargs)
        if step.results:
            values = [v for v in made if v is not None] if step.several else [made]
            for ref, value in zip(step.results, values, strict=True):
                self._bind(ref, value)

    def _value(self, value: Any) -> Any:
        """An argument with values in the place of refs."""
        if isinstance(value, Ref):
            return self._read(value)
        if isinstance(value, list):
            return [self._value(item) for item in value]
        if isinstance(value, tuple):
            return same_kind(value, [self._value(item) for item in value])
        return value

    def _read(self, ref: Ref) -> Value:
        if 0 in ref.shape:
            raise UnsupportedError("nothing")
        number = self._numbers.get(ref.root)
        if number is not None and number.dtype == ref.dtype:
            return self._notes.number(number.number, ref.dtype, ref.shape)
        return Value(self._buffer(ref.root), ref.shape, ref.dtype, ref.offset, ref.strides)

    def _buffer(self, root: Root) -> Buffer:
        if root not in self._buffers:
            self._buffers[root] = Buffer(root, root.nbytes)
        return self._buffers[root]

    def _bind(self, ref: Ref, value: Value) -> None:
        """Let a value be what the step's result is from now on."""
        root, fresh = ref.root, ref.root not in self._met and ref.root not in self._buffers
        self._numbers.pop(root, None)
        whole = ref.offset == 0 and math.prod(ref.shape) * ref.dtype.itemsize == root.nbytes
        if value.shape != ref.shape:
            raise UnsupportedError("a result of another shape")
        if value.number is not None:
            self._fill(ref, value)
            if fresh and (whole or not any(ref.strides)) and value.dtype == ref.dtype:
                self._numbers[root] = value
            return
        buffer = value.buffer
        if fresh and whole and not root.external and self._is_own(buffer) and value.offset == 0:
            assert buffer is not None
            if value.dtype == ref.dtype and buffer.nbytes == root.nbytes and _takes(value, ref):
                value.strides = ref.strides
                buffer.root = root
                self._buffers[root] = buffer
                return
        self._fill(ref, value)

    def _is_own(self, buffer: Buffer | None) -> bool:
        return buffer is not None and buffer.root is None

    def _fill(self, ref: Ref, value: Value) -> None:
        """Copy a value to where the result is."""
        target = Value(self._buffer(ref.root), ref.shape, ref.dtype, ref.offset, ref.strides)
        once = tuple(
            slice(0, 1) if s == 0 and n > 1 else slice(None)
            for n, s in zip(ref.shape, ref.strides, strict=True)
        )
        if any(part.stop for part in once):
            target, value = target[once], value[once]
        self._notes.copy(value, target)

    # --- programs ---------------------------------------------------------------------------------

    def finished(self, number: int, last: Mapping[Root, int], owners: dict[int, Any]) -> list[Step]:
        """What stands for the steps taken so far.

        Args:
            number: that of the step that comes next.
            last: the number of the last step that each root is needed for.
            owners: the arrays of which others come in each replay.
        """
        steps, ops = self._steps, self._notes.ops
        self._begin()
        if not steps or (len(steps) == 1 and steps[0].name in ALONE):
            return steps
        made = _begun(steps)

        def lasting(buffer: Buffer) -> bool:
            root = buffer.root
            return root is not None and (
                root.external or last.get(root, -1) >= number or root not in made
            )

        try:
            return [self._step(steps, ops, lasting, owners, made)]
        except UnsupportedError:
            return steps

    def _step(
        self,
        steps: Sequence[Step],
        ops: Sequence[Op],
        lasting: Callable[[Buffer], bool],
        owners: dict[int, Any],
        made: Collection[Root],
    ) -> Step:
        refs: dict[Root, Ref] = {}
        for step in steps:
            for ref in step.refs():
                known = refs.get(ref.root)
                original = owners.get(id(ref.root.owner))
                if known is None or (original is not None and ref.array is original):
                    refs[ref.root] = ref
        buffers = {
            b.root: b for op in ops for v in (*op.ins, op.out) if (b := v.buffer) is not None
        }
        inputs = {
            buffers[root]: ref
            for root, ref in refs.items()
            if root in buffers and id(root.owner) in owners
        }
        starts = {b: ref.offset for b, ref in inputs.items()}
        generated = program(ops, lasting, starts, offsets())
        outside = [b for b in generated.buffers if b not in generated.scratch]
        before = [refs[b.root] for b in outside if b.root not in made]
        results = [refs[b.root] for b in outside if b.root in made]
        written = [refs[b.root] for b in generated.written if b.root not in made]
        native = Native(generated, [refs[b.root] for b in outside])
        return Step("native", native, before, {}, results, True, False, steps[0].place, written)


def _begun(steps: Sequence[Step]) -> set[Root]:
    """The memory that is made by these steps, and not only changed."""
    read: set[Root] = set()
    begun: set[Root] = set()
    for step in steps:
        read.update(r.root for r in refs_in((step.args, step.kwargs)) if r.root not in begun)
        begun.update(r.root for r in step.results if r.root not in read and not r.root.external)
    return begun


def _takes(value: Value, ref: Ref) -> bool:
    """Whether a value may get the strides of a ref."""
    same = all(
        n == 1 or a == b for n, a, b in zip(value.shape, value.strides, ref.strides, strict=True)
    )
    if same:
        return True
    if value.maker is None or value.maker.out is not value or 0 in ref.strides:
        return False
    if value.maker.kind == "product":
        return suits(Value(value.buffer, ref.shape, ref.dtype, 0, ref.strides))
    return value.maker.kind == "map"


def _name(backend: Any, step: Step) -> str | None:
    """The primitive that a step is; None for other functions, which may mean something else."""
    function = step.function
    if isinstance(function, np.ufunc):
        return _UFUNC_NAMES.get(function)
    if getattr(function, "__self__", None) is backend or function is backend.dot:
        return step.name if hasattr(Notes, step.name) else None
    return None


def _overlapping(steps: Sequence[Step]) -> bool:
    """Whether pieces of memory from outside overlap."""
    roots = {ref.root for step in steps for ref in step.refs() if ref.root.external}
    spans = sorted((r.address, r.address + r.nbytes) for r in roots if r.nbytes)
    return any(b[0] < a[1] for a, b in pairwise(spans))
