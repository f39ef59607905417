"""Rows picked by arrays of integers, and rows added to: C that shares its loops with nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .members import Access, Member, merged
from .values import C_TYPES, Value

if TYPE_CHECKING:
    from .source import Function


def write_indexed(text: Function, m: Member) -> None:
    """A row for each place of the index: copied from where it names, or added to that.

    The operands are the whole array or, for an ``add``, the rows, and then an index for each of
    the first dimensions. An index out of range is told to the caller, and 0 stands in for it.
    """
    gather = m.op.name == "gather"
    first, *places = m.op.ins
    table, rows = (first, m.op.out) if gather else (m.op.out, first)
    size = table.dtype.itemsize
    length = math.prod(table.shape[len(places) :])
    dims = merged([(n, tuple(s)) for n, *s in _dims(places) if n != 1])
    text.line("int failed = 0;")
    text.line("long row = 0;")
    for d, (n, _) in enumerate(dims):
        text.open(f"for (long i{d} = 0; i{d} < {n}; i{d}++)")
    where = []
    for k, place in enumerate(places):
        n = table.shape[k]
        at = Access(place, tuple(s[k] for _, s in dims), False)
        text.line(f"const int64_t a{k} = {text.place(at, f'i{len(dims) - 1}')};")
        text.failures.append((n, k))
        wrong = f"a{k} < -{n} || a{k} >= {n}"
        text.line(f"if ({wrong}) failed = {len(text.failures)}, *failure = a{k};")
        where.append(f"({wrong} ? 0 : a{k} < 0 ? a{k} + {n} : a{k}) * {table.strides[k] // size}L")
    kind = C_TYPES[table.dtype.name]
    named = f"&{_start(text, table)} + {' + '.join(where)}"
    in_turn = f"&{_start(text, rows)} + row++ * {length}L"
    to, source = (in_turn, named) if gather else (named, in_turn)
    text.line(f"{kind} *const to = {to};")
    text.line(f"const {kind} *const from = {source};")
    text.line("#pragma GCC ivdep")
    text.line(f"for (long j = 0; j < {length}; j++) to[j] {'=' if gather else '+='} from[j];")
    text.close()


def _dims(places: list[Value]) -> list[tuple[int, ...]]:
    """Of each dimension the length, and every index's stride."""
    return list(zip(places[0].shape, *(p.strides for p in places), strict=True))


def _start(text: Function, value: Value) -> str:
    return text.place(Access(value, (), False))
