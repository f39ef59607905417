"""From noted steps to calls over planned memory: nothing unused, nothing allocated, no views made.

Steps that nobody needs are dropped. All memory that the remaining steps make lies in one arena, in
which two arrays share a place if one is dead before the other is made: greedily, largest first
(Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020). What must
outlive a replay, such as gradients, has memory of its own.
"""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..backend.arena import arrange
from ..backend.noted_steps import Ref, Root, Step, refs_in, same_kind
from ..backend.primitive_effects import ONLY_SHAPE, out_position
from ..backend.primitives import Array

Call = tuple[Callable[..., Any], list[Any]]


@dataclass(eq=False)
class Input:
    """An array that differs from replay to replay.

    Attributes:
        array: what stood in its place while recording.
        places: argument lists that hold it, and where.
        copy: memory of the plan's own into which it is copied, where a view of it is needed.
    """

    array: Array
    places: list[tuple[list[Any], int]]
    copy: Array | None = None


class Plan:
    """Calls that carry steps out again.

    Args:
        backend: the primitives that noted the steps.
        steps: all of them.
        inputs: the arrays that replays give anew.
        kept: arrays of which the values are wanted after a replay.
        given: memory that another plan has for some roots.
        copy_inputs: whether all inputs are copied, so that they are there after a replay.
        copied: the numbers of further inputs to be copied: replays give them in another layout.
        rewrite: whether the backend may put others in the place of steps.
    """

    def __init__(
        self,
        backend: Any,
        steps: Sequence[Step],
        inputs: Sequence[Array],
        kept: Sequence[Ref],
        given: Mapping[Root, Array] | None = None,
        copy_inputs: bool = False,
        copied: Collection[int] = (),
        rewrite: bool = True,
    ) -> None:
        self._backend = backend
        self._kept = {ref.root for ref in kept if not ref.root.external}
        self._looked_at = {ref.root for ref in kept if ref.root.external}
        self._steps = needed(steps, self._kept)
        if rewrite:
            self._steps = backend.rewritten(self._steps, self._kept, inputs)
        self._steps = needed(self._steps, self._kept)
        self._constant = constant(self._steps)
        self._kept.update(ref.root for step in self._constant for ref in step.results)
        self._arrays = list(inputs)
        self._copy_inputs = copy_inputs or backend.copies_inputs
        self._copied = copied
        self.memory: dict[Root, Array] = dict(given or {})
        self.arena_bytes = 0
        self._place()
        self._bind()

    def run(self, arrays: Sequence[Array]) -> None:
        """Carry the steps out with these inputs."""
        if self._places is not None:
            arguments, positions = self._places
            for position, array in zip(positions, arrays, strict=True):
                if position is not None:
                    arguments[position] = array
            self.execute()
            return
        for place, array in zip(self.inputs, arrays, strict=True):
            if place.copy is not None:
                self._backend.copy(array, place.copy)
            for args, position in place.places:
                args[position] = array
        self.execute()

    def places(self) -> tuple[list[Any], list[int | None]] | None:
        """The one list that the calls take the inputs from, and the place of each input.

        None if there is more to a replay than to put inputs into their places and to
        :attr:`execute`.
        """
        lists = {id(args): args for i in self.inputs for args, _ in i.places}
        if len(lists) > 1 or any(i.copy is not None or len(i.places) > 1 for i in self.inputs):
            return None
        arguments: list[Any] = next(iter(lists.values()), [])
        return arguments, [i.places[0][1] if i.places else None for i in self.inputs]

    # --- memory -----------------------------------------------------------------------------------

    def _place(self) -> None:
        """Give every root that a step makes its memory."""
        own = {r: life for r, life in lifetimes(self._steps).items() if r not in self.memory}
        places, self.arena_bytes = arrange({r: own[r] for r in own if r not in self._kept})
        arena = self._new_memory(self.arena_bytes)
        for root, offset in places.items():
            self.memory[root] = self._backend.view_of(
                arena, offset, (max(root.nbytes, 1),), (1,), "uint8"
            )
        for root in self._kept:
            if root not in self.memory:
                self.memory[root] = self._new_memory(root.nbytes)

    def _new_memory(self, nbytes: int) -> Array:
        backend = self._backend
        met = next((ref.array for step in self._steps for ref in step.refs()), None)
        with contextlib.nullcontext() if met is None else backend.on(backend.device(met)):
            memory: Array = backend.empty((max(nbytes, 1),), "uint8")
        return memory

    def renew(self, root: Root) -> None:
        """Move a root that outlives replays elsewhere: somebody else has what is there now."""
        self.memory[root] = self._new_memory(root.nbytes)
        self._bind()

    def array(self, ref: Ref) -> Array:
        """The array that a ref stands for in replays."""
        memory = self.memory.get(ref.root)
        if memory is None:
            return ref.array
        if 0 in ref.shape:
            return self._backend.empty(ref.shape, ref.dtype)
        return self._backend.view_of(memory, ref.offset, ref.shape, ref.strides, ref.dtype)

    # --- calls ------------------------------------------------------------------------------------

    def _bind(self) -> None:
        self.inputs = [Input(array, []) for array in self._arrays]
        owners = {id(self._backend.memory(i.array)[0]): i for i in self.inputs}
        always = [i for n, i in enumerate(self.inputs) if self._copy_inputs or n in self._copied]
        for step in self._steps:
            for ref in step.refs():
                found = owners.get(id(ref.root.owner))
                if found is not None and (found in always or not _plain(ref, found, step)):
                    self._copy_in(found, ref.root)
        for root in self._looked_at:
            if id(root.owner) in owners:
                self._copy_in(owners[id(root.owner)], root)
        self.calls: list[Call] = []
        for step in self._steps:
            calls = self._calls_of(step)
            if step in self._constant:
                for function, args in calls:
                    function(*args)
            else:
                self.calls += calls
        self.calls = self._backend.in_blocks(self.calls, self._is_own)
        self.execute = self._backend.executor(self.calls)
        by_identity = {id(i.array): i for i in self.inputs if i.copy is None}
        for _, args in self.calls:
            for place, value in enumerate(args):
                found = by_identity.get(id(value))
                if found is not None:
                    found.places.append((args, place))
        self._places = self.places()

    def _is_own(self, array: Array) -> bool:
        """Whether an array lies in the arena, or in memory that a call has for itself."""
        memory = self._backend.memory
        lasting = [self.memory[root] for root in self._kept]
        lasting += [ref.array for step in self._steps for ref in step.refs() if ref.root.external]
        owner = memory(array)[0]
        return all(memory(other)[0] is not owner for other in lasting)

    def _copy_in(self, found: Input, root: Root) -> None:
        if found.copy is None:
            array = found.array
            if root not in self.memory:
                self.memory[root] = self._new_memory(root.nbytes)
            offset = self._backend.address(array) - root.address
            found.copy = self._backend.view_of(
                self.memory[root], offset, array.shape, array.strides, array.dtype
            )

    def _calls_of(self, step: Step) -> list[Call]:
        if step.name == "native":
            bound = step.function.bound(self.array)  # type: ignore[attr-defined]
            return [(bound, bound.given)]
        args = [self._filled(a) for a in step.args]
        kwargs = {key: self._filled(value) for key, value in step.kwargs.items()}
        outs: list[Any] = [self.array(ref) for ref in step.results]
        for place in step.missing:
            outs.insert(place, None)
        out: Any = tuple(outs) if step.several else outs[0] if outs else None
        lowered = self._backend.lowered(step.name, args, kwargs, out)
        if lowered is not None and not self._loses_input(args, lowered):
            return list(lowered)
        if out is None:
            function = functools.partial(step.function, **kwargs) if kwargs else step.function
            return [(function, args)]
        position = out_position(step.name, step.function)
        if position is None:
            return [(functools.partial(store, self._backend, step.function, kwargs, out), args)]
        if position == len(args) and not kwargs:
            return [(step.function, [*args, out])]
        return [(functools.partial(step.function, **kwargs, out=out), args)]

    def _loses_input(self, args: list[Any], lowered: list[Call]) -> bool:
        """Whether calls have views of an input, which could not be put in another's place."""
        given = {id(i.array) for i in self.inputs if i.copy is None}
        mine = [a for a in args if id(a) in given]
        if not mine:
            return False
        memory = self._backend.memory
        owners = {id(memory(a)[0]) for a in mine}
        arrays = [a for _, found in lowered for a in found if type(a) is type(mine[0])]
        return any(id(memory(a)[0]) in owners and id(a) not in given for a in arrays)

    def _filled(self, value: Any) -> Any:
        """An argument with arrays in the place of refs."""
        if isinstance(value, Ref):
            return self.array(value)
        if isinstance(value, list):
            return [self._filled(item) for item in value]
        if isinstance(value, tuple):
            return same_kind(value, [self._filled(item) for item in value])
        return value


def _plain(ref: Ref, found: Input, step: Step) -> bool:
    """Whether an input is used as it is, and as an argument of its own."""
    return ref.array is found.array and any(a is ref for a in step.args)


def store(backend: Any, function: Any, kwargs: dict[str, Any], out: Any, *args: Any) -> None:
    """Call a function that cannot be told where its results go, and put them there."""
    found = function(*args, **kwargs)
    if type(out) is not tuple:
        found, out = (found,), (out,)
    for value, target in zip(found, out, strict=True):
        if target is not None:
            backend.copy(value, target)


def needed(steps: Sequence[Step], kept: Iterable[Root]) -> list[Step]:
    """The steps without those whose results nobody reads."""
    live = set(kept)
    found = []
    for step in reversed(steps):
        written = {ref.root for ref in step.written()}
        if step.effect or any(root.external or root in live for root in written):
            found.append(step)
            live.update(ref.root for ref in step.refs())
    return found[::-1]


def constant(steps: Sequence[Step]) -> set[Step]:
    """The steps that give the same in every replay: they are carried out once, while planning."""
    writers = Counter(root for step in steps for root in {ref.root for ref in step.written()})
    made: set[Root] = set()
    found = set()
    for step in steps:
        results = {ref.root for ref in step.results}
        if step.effect or not results or any(r.external or writers[r] > 1 for r in results):
            continue
        only_shape = step.name in ONLY_SHAPE
        given = refs_in((step.args, step.kwargs))
        if only_shape or all(r.root in made or r.root.frozen for r in given):
            found.add(step)
            made |= results
    return found


def lifetimes(steps: Sequence[Step]) -> dict[Root, tuple[int, int]]:
    """First and last step that use each root made by a step."""
    found: dict[Root, tuple[int, int]] = {}
    for number, step in enumerate(steps):
        for ref in step.refs():
            if not ref.root.external:
                first = found.get(ref.root, (number, number))[0]
                found[ref.root] = (first, number)
    return found


def external_written(steps: Sequence[Step]) -> list[Root]:
    """The roots that were there before and that the steps may change."""
    found = {ref.root: None for step in steps for ref in step.written() if ref.root.external}
    return list(found)
