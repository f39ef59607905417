"""What is there already and need not be computed or copied: reads go to the first of its kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from dataclasses import replace
from typing import Any

from ..noted_steps import Ref, Root, Step, refs_in
from .flow import Flow, alike, plain


def copies(flow: Flow, backend: Any) -> list[Step]:
    """Without copies of what does not change as long as the copy is read."""
    instead: dict[Root, tuple[Ref, Ref]] = {}
    dropped: set[int] = set()
    for number, step in enumerate(flow.steps):
        if step.name != "copy" or not plain(step) or not alike(*step.args, *step.results):
            continue
        (source,), (copy,) = step.args, step.results
        if source.root not in instead and _goes_to(flow, number, source, copy):
            dropped.add(number)
            instead[copy.root] = source, copy
    return _without(flow, dropped, instead, backend)


def repeats(flow: Flow, backend: Any) -> list[Step]:
    """Without steps that compute the same as an earlier one."""
    instead: dict[Root, tuple[Ref, Ref]] = {}
    dropped: set[int] = set()
    known: dict[Hashable, int] = {}
    written: Counter[int] = Counter()
    for number, step in enumerate(flow.steps):
        key = _key(flow, step, written, instead)
        earlier = None if key is None else known.setdefault(key, number)
        if earlier is not None and earlier != number:
            first, again = flow.steps[earlier].results[0], step.results[0]
            if (first.shape, first.strides) == (again.shape, again.strides) and (
                flow.maker(first) == earlier and _goes_to(flow, number, first, again)
            ):
                dropped.add(number)
                instead[again.root] = first, again
        written.update(flow.writes[number])
    return _without(flow, dropped, instead, backend)


def _goes_to(flow: Flow, number: int, source: Ref, result: Ref) -> bool:
    """Whether what reads the result of a step may as well read ``source``."""
    if flow.maker(result) != number or flow.place(source) is None:
        return False
    readers = flow.read_by(result)
    if readers is None:
        return False
    last = max(readers, default=number)
    # Nor in the last step, which could write before it has read everything.
    return flow.unchanged(source, number, last + 1)


def _key(
    flow: Flow, step: Step, written: Counter[int], instead: dict[Root, tuple[Ref, Ref]]
) -> Hashable | None:
    """What two steps have in common that compute the same; None for those that cannot be told."""
    if not plain(step) or flow.maker(step.results[0]) is None or not list(refs_in(step.args)):
        return None

    def part(value: Any) -> Hashable:
        if isinstance(value, Ref):
            root, start = value.root, value.root.address + value.offset
            if root in instead:
                first, again = instead[root]
                root = first.root
                start += first.root.address + first.offset - again.root.address - again.offset
            region = flow.region(root)
            return region, written[region], start, value.shape, value.strides, value.dtype
        if isinstance(value, (list, tuple)):
            return type(value), *map(part, value)
        return type(value), repr(value) if isinstance(value, float) else value

    found = step.name, part(step.args), step.results[0].dtype
    try:
        hash(found)
    except TypeError:
        return None
    return found


def _without(
    flow: Flow, dropped: set[int], instead: dict[Root, tuple[Ref, Ref]], backend: Any
) -> list[Step]:
    """The steps without some, and with other memory in the place of what those made."""
    if not dropped:
        return flow.steps

    def moved(value: Any) -> Any:
        if isinstance(value, Ref):
            return _moved(value, instead, backend)
        if isinstance(value, list):
            return [moved(item) for item in value]
        if type(value) is tuple:
            return tuple(map(moved, value))
        return value

    return [
        replace(step, args=moved(step.args), kwargs={k: moved(v) for k, v in step.kwargs.items()})
        for number, step in enumerate(flow.steps)
        if number not in dropped
    ]


def _moved(ref: Ref, instead: dict[Root, tuple[Ref, Ref]], backend: Any) -> Ref:
    """A view of one array as the same view of the array that stands for it."""
    if ref.root not in instead:
        return ref
    source, array = instead[ref.root]
    offset = ref.offset - array.offset
    view = backend.view_of(source.array, offset, ref.shape, ref.strides, ref.dtype)
    return Ref(source.root, source.offset + offset, ref.shape, ref.strides, ref.dtype, view)
