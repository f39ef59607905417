"""Chains of elementwise steps as one generated kernel.

Steps go together that work on arrays of as many elements and of one floating-point type, whatever
their shapes, if one reads what another made, or both read the same. What only they read is never
stored. Operands may also be numbers, and arrays of one element. Steps of other kinds in between are
done before or after, where that changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..expressions.expression import Expression, Name, literal, name, order
from ..expressions.program import Program
from ..kernels import suffix_of
from ..noted_steps import Ref, Step
from .clusters import Clusters
from .flow import ONLY_SHAPES, Flow, Place, contiguous, flattened, plain
from .symbols import BASIC, ELEMENTWISE, SEVERAL_LAUNCHES, computes

MOST_ARRAYS = 14
"""Operands and results of a kernel."""
MOST_STEPS = 32
MOST_PARTS = 160
"""Of the expressions, as a tree that shares equal parts: more would need too many registers."""

NUMBERS = (bool, int, float, np.number, np.bool_)
OF_ONE_ELEMENT = frozenset(["sum", "mean", "amax", "amin", "prod", "reshape", "column_sum"])
"""What changes nothing about an array of one element."""
BOOL = np.dtype(bool)


@dataclass(frozen=True)
class Member:
    """A step that may be a part of a kernel.

    Attributes:
        size: the number of elements.
        dtype: of the numbers; None where there are only conditions.
        operands: the arrays that it reads, without those of which the value is known.
        result: the array that it makes.
    """

    size: int
    dtype: Any
    operands: tuple[Place, ...]
    result: Place


def elementwise(flow: Flow, backend: Any) -> list[Step]:
    """The rule; see the module."""
    members = {n: m for n, s in enumerate(flow.steps) if (m := _member(flow, s)) is not None}
    if not members:
        return flow.steps
    clusters = Clusters(flow)
    readers: dict[Place, list[int]] = {}
    for number, member in members.items():
        near = [n for place in member.operands for n in _near(flow, place, readers)]
        for other in dict.fromkeys(n for n in near if n in members and n < number):
            one, two = clusters.of[other], clusters.of[number]
            both = sorted({*clusters.members[one], *clusters.members[two]})
            if one != two and _fit([members[n] for n in both]):
                clusters.merge(one, two)
        for place in member.operands:
            readers.setdefault(place, []).append(number)
    instead = {}
    for cluster, steps in clusters.members.items():
        alone = steps[0] in members and flow.steps[steps[0]].name in SEVERAL_LAUNCHES
        if len(steps) > 1 or alone:
            found = _kernel(flow, backend, steps, members)
            if found is not None:
                instead[cluster] = [found]
    return clusters.ordered(instead) if instead else flow.steps


def _near(flow: Flow, place: Place, readers: dict[Place, list[int]]) -> Iterable[int]:
    """The steps with which one that reads these elements could go together."""
    yield from reversed(flow.writers[place.region])
    if place.size > 1:
        yield from readers.get(place, ())


def _member(flow: Flow, step: Step) -> Member | None:
    if not plain(step) or (result := flow.place(step.results[0])) is None:
        return None
    size = result.size
    one = size == 1 and step.name in OF_ONE_ELEMENT
    reduced = step.name == "mse" and step.args[2] != "none"
    if not one and (step.name not in ELEMENTWISE or reduced):
        return None
    places = []
    for value in step.args:
        if isinstance(value, Ref):
            place = flow.place(value)
            if place is None or place.size not in (1, size):
                return None
            if _known(flow, value) is None:
                places.append(place)
        elif isinstance(value, (list, tuple)) and not one:
            return None
    if all(place.size != size for place in places):
        return None
    kinds = {place.dtype for place in (*places, result) if place.dtype != BOOL}
    if len(kinds) > 1 or any(suffix_of(kind) is None for kind in kinds):
        return None
    return Member(size, next(iter(kinds), None), tuple(places), result)


def _known(flow: Flow, value: Ref) -> Expression | None:
    """What all elements of an array are, if that is known."""
    region = flow.region(value.root)
    writers = flow.writers[region]
    if value.root.external or len(writers) != 1:
        return None
    maker = flow.steps[writers[0]]
    if maker.name not in ONLY_SHAPES or not contiguous(maker.results[0]):
        return None
    whole = math.prod(maker.results[0].shape) * value.dtype.itemsize
    if maker.results[0].dtype != value.dtype or whole < value.root.nbytes - 511:
        return None
    return literal(float(maker.name == "ones_like"))


def _fit(members: Sequence[Member]) -> bool:
    """Whether one kernel can do the work of all, as far as their operands tell."""
    if any(m is None for m in members) or len({m.size for m in members}) > 1:
        return False
    if len(members) > MOST_STEPS or len({m.dtype for m in members} - {None}) > 1:
        return False
    places = {p for m in members for p in (*m.operands, m.result)}
    # What one writes, the others must see as the same elements.
    written = {m.result.region for m in members}
    touched = [p for p in places if p.region in written]
    if len({p.region for p in touched}) != len(touched):
        return False
    made = {m.result for m in members}
    return len({p for p in places if p not in made}) < MOST_ARRAYS


def _kernel(
    flow: Flow, backend: Any, steps: Sequence[int], members: dict[int, Member]
) -> Step | None:
    """The step that does what some steps do; None where a kernel cannot."""
    values: dict[Place, Expression] = {}
    arrays: dict[Name, Ref] = {}
    results: dict[Place, Ref] = {}

    def value_of(arg: Any) -> Any:
        if isinstance(arg, Ref):
            known = _known(flow, arg)
            if known is not None:
                return known
            place = flow.place(arg)
            assert place is not None, "members have contiguous operands"
            if place not in values:
                symbol = name(f"x{len(arrays)}")
                values[place], arrays[symbol] = symbol, arg
            return values[place]
        return arg

    dtype = next((members[n].dtype for n in steps if members[n].dtype is not None), None)
    for number in steps:
        step = flow.steps[number]
        args = [value_of(arg) for arg in step.args]
        if step.name in BASIC and dtype is not None:
            # An operand that is a number has the type of the arrays.
            args = [float(dtype.type(a)) if isinstance(a, NUMBERS) else a for a in args]
        one = step.name in OF_ONE_ELEMENT
        found = args[0] if one else computes(step.name)(*args)
        place = members[number].result
        values[place], results[place] = found, step.results[0]
    wanted = {p: r for p, r in results.items() if _wanted(flow, p, set(steps))}
    if not wanted or not arrays or any(p.dtype == BOOL for p in wanted):
        return None
    if any(r.dtype == BOOL for r in arrays.values()):
        return None
    outputs = {f"out{i}": values[place] for i, place in enumerate(wanted)}
    if len(arrays) + len(outputs) > MOST_ARRAYS or len(order(outputs.values())) > MOST_PARTS:
        return None
    program = Program("fused", [symbol.name for symbol in arrays], (), outputs)
    return replace(
        flow.steps[steps[-1]],
        name="generated",
        function=backend.generated,
        args=[flattened(backend, ref) for ref in arrays.values()],
        kwargs={"program": program},
        results=[flattened(backend, ref) for ref in wanted.values()],
        several=True,
    )


def _wanted(flow: Flow, place: Place, own: set[int]) -> bool:
    """Whether anybody besides some steps looks at what they made."""
    return flow.outlives(place.region) or not own.issuperset(flow.readers[place.region])
