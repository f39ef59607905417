"""A cluster as a C function of the addresses of its buffers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from .clusters import Access, Cluster, Key, Member
from .functions import expression, literal
from .values import C_TYPES, Buffer, UnsupportedError

BLOCK = 1024
"""So many elements of a long run of memory are done before the next ones."""

LONGEST_ROW = 4096
"""Rows up to this length may have copies on the stack."""

START = {"sum": "0", "prod": "1", "any": "0", "all": "1"}
"""What a reduction begins with; the others with what they meet first."""

JOINED = {
    "sum": "{0} + {1}",
    "prod": "{0} * {1}",
    "any": "{0} | ({1} != 0)",
    "all": "{0} & ({1} != 0)",
    "amax": "({1} > {0} || {1} != {1} ? {1} : {0})",
    "amin": "({1} < {0} || {1} != {1} ? {1} : {0})",
}
"""How one more element is taken in."""


class Function:
    """The C function of a cluster.

    Args:
        cluster: what it does.
        is_local: whether nothing outside of the cluster needs a buffer.
        any_size: whether a function of one run of memory takes its length as an argument, so that
            others can have the same.

    Attributes:
        text: its parameters and body.
        buffers: those whose addresses it takes, in order.
        local: those that need no memory.
        size: the length that it takes, if it does.
        failures: the length and the number of the dimension of each index that may be out of range.
    """

    def __init__(
        self, cluster: Cluster, is_local: Callable[[Buffer], bool], any_size: bool = False
    ) -> None:
        self._cluster = cluster
        self._any_size = any_size
        self.size: int | None = None
        self._shape = cluster.shape
        self._number = 0
        self.buffers: list[Buffer] = []
        self._types: dict[int, str] = {}
        self._lines: list[str] = []
        self._depth = 1
        self.failures: list[tuple[int, int]] = []
        self.local: Collection[int] = _without_memory(cluster, is_local)
        self._row_copies = self._copies()
        self._row: dict[Key, str] = {}
        if cluster.alone:
            self._reduce_alone(cluster.members[0])
        else:
            self._loops()
        names = [f"{self._types[id(b)]} *restrict p{n}" for n, b in enumerate(self.buffers)]
        if self.failures:
            names.insert(0, "int64_t *failure")
        if self.size is not None:
            names.insert(0, "const long n")
        head = ", ".join(names) or "void"
        body = "\n".join(self._lines)
        self.text = f"({head}) {{\n{body}\n  return {'failed' if self.failures else '0'};\n}}"

    # --- text -------------------------------------------------------------------------------------

    def _line(self, text: str) -> None:
        self._lines.append("  " * self._depth + text)

    def _name(self) -> str:
        self._number += 1
        return f"v{self._number}"

    def _pointer(self, a: Access) -> str:
        buffer, kind = a.value.buffer, C_TYPES[a.value.dtype.name]
        assert buffer is not None
        if buffer not in self.buffers:
            self.buffers.append(buffer)
            self._types[id(buffer)] = kind
        if self._types[id(buffer)] != kind:
            raise UnsupportedError("memory in two types")
        return f"p{self.buffers.index(buffer)}"

    def _place(self, a: Access, inner: str | None = "j") -> str:
        """The element of an access at the place that the loops are at."""
        size = a.value.dtype.itemsize
        if a.value.offset % size or any(s % size for s in a.strides):
            raise UnsupportedError("elements across the steps of their type")
        terms = [f"{a.value.offset // size}"] if a.value.offset else []
        strides = [s // size for s in a.strides]
        names = [f"i{d}" for d in range(len(strides))]
        if strides:
            names[-1] = inner or "0"
        for name, s in zip(names, strides, strict=True):
            if s and name != "0":
                terms.append(name if s == 1 else f"{name} * {s}L")
        return f"{self._pointer(a)}[{' + '.join(terms) or '0'}]"

    # --- loops ------------------------------------------------------------------------------------

    def _loops(self) -> None:
        cluster = self._cluster
        late = [m for m in cluster.members if m.late]
        totals = {id(m): f"t{n}" for n, m in enumerate(late)}
        self._totals = totals
        cols = self._shape[-1] if self._shape else 1
        if any(m.op.name in ("onehot", "pick") for m in cluster.members):
            self._line("int failed = 0;")
        for m in late:
            self._begin(m, totals[id(m)], cols)
        rows = self._shape[:-1]
        blocked = len(self._shape) == 1 and cols > BLOCK and (
            any(m.way == "full" for m in late) or bool(self._row_copies)
        )
        self._count = str(cols)
        if self._any_size and len(self._shape) == 1 and not late and not self._row_copies:
            self._count, self.size = "n", cols
        if blocked:
            self._line(f"for (long b = 0; b < {cols}; b += {BLOCK}) {{")
            self._depth += 1
            self._line(f"const long n = {cols} - b < {BLOCK} ? {cols} - b : {BLOCK};")
            self._count = "n"
        self._base = "b + " if blocked else ""
        for d, n in enumerate(rows):
            self._line(f"for (long i{d} = 0; i{d} < {n}; i{d}++) {{")
            self._depth += 1
        for key, (name, kind) in self._row_copies.items():
            del key
            self._line(f"{kind} {name}[{min(cols, BLOCK) if blocked else cols}];")
        self._row = {}
        self._rows_after(-1)
        phases = [m.phase for m in cluster.members if m.level == "element"]
        for phase in range(max(phases, default=-1) + 1):
            self._columns(phase)
            self._rows_after(phase)
        while self._depth > 1:
            self._depth -= 1
            self._line("}")
        for m in late:
            self._finish(m, totals[id(m)], cols)

    def _begin(self, m: Member, name: str, cols: int) -> None:
        kind = _wide(m)
        if m.way == "column":
            self._line(f"{kind} {name}[{cols}];")
            self._line(f"for (long j = 0; j < {cols}; j++) {name}[j] = 0;")
        elif m.op.name in START:
            self._line(f"{kind} {name} = {START[m.op.name]};")
        else:
            self._line(f"{kind} {name} = 0;")
            self._line(f"int {name}_begun = 0;")

    def _finish(self, m: Member, name: str, cols: int) -> None:
        kind = C_TYPES[m.out.value.dtype.name]
        if m.way == "column":
            self._line(f"for (long j = 0; j < {cols}; j++) {self._place(m.out)} = ({kind}){name}[j];")
        else:
            self._line(f"{self._place(m.out, None)} = ({kind}){name};")

    def _take_in(self, m: Member, value: str) -> None:
        """One number more for a total."""
        name = self._totals[id(m)]
        kind = _wide(m)
        if m.op.name in START:
            self._line(f"{name} = {JOINED[m.op.name].format(name, f'({kind}){value}')};")
            return
        fresh = self._name()
        self._line(f"const {kind} {fresh} = {value};")
        joined = JOINED[m.op.name].format(name, fresh)
        self._line(f"{name} = {name}_begun ? {joined} : {fresh};")
        self._line(f"{name}_begun = 1;")

    # --- the columns of one row -------------------------------------------------------------------

    def _columns(self, phase: int) -> None:
        """A loop over the columns."""
        members = [m for m in self._cluster.members if m.level == "element" and m.phase == phase]
        for m in members:
            for a in m.ins:
                if a.buffer is not None and a.strides and not a.strides[-1]:
                    self._row_value(a)
        for m in members:
            if m.op.name == "onehot":
                self._check(m, m.ins[1])
        inside: dict[Key, str] = {}
        changed: dict[Key, Access] = {}
        whole = bool(self._shape)
        if whole:
            self._line("#pragma GCC ivdep")
            self._line(f"for (long j = 0; j < {self._count}; j++) {{")
            self._depth += 1
        begun = len(self._lines)
        for m in members:
            if m.op.kind == "map":
                inside[m.out.key()] = self._mapped(m, inside)
                changed[m.out.key()] = m.out
            elif m.way == "column":
                name = self._totals[id(m)]
                value = self._read(m.ins[0], inside)
                self._line(f"{name}[j] += ({_wide(m)}){value};")
            else:
                value = self._read(m.ins[0], inside)
                if m.ins[0].key() in self._row_copies:
                    changed.setdefault(m.ins[0].key(), m.ins[0])
        for key, a in changed.items():
            if key in self._row_copies:
                self._line(f"{self._row_copies[key][0]}[j] = {inside[key]};")
            if key[0] not in self.local and a.written:
                self._line(f"{self._column_place(a)} = {inside[key]};")
        empty = len(self._lines) == begun
        if whole:
            self._depth -= 1
            self._line("}")
            if empty:
                del self._lines[-3:]
        for m in members:
            if m.way == "full":
                self._take_in(m, self._helped(m))

    def _column_place(self, a: Access) -> str:
        return self._place(a, f"({self._base}j)" if self._base else "j")

    def _mapped(self, m: Member, inside: dict[Key, str]) -> str:
        """A variable with the result of a function of one element."""
        kind = C_TYPES[m.op.dtype.name]
        result = C_TYPES[m.out.value.dtype.name]
        if m.op.name == "onehot":
            at, value = self._row_value(m.ins[1]), self._read(m.ins[0], inside)
            text = f"(j == {self._wrapped(at, m)} ? {value} : 0)"
        else:
            operands = []
            for n, a in enumerate(m.ins):
                value = self._read(a, inside)
                own = C_TYPES[a.value.dtype.name]
                condition = m.op.name == "where" and n == 0
                copied = m.op.name == "copy" and m.op.dtype == bool
                if own != kind and not condition and not copied:
                    value = f"({kind}){value}"
                operands.append(value)
            if m.op.name == "copy" and m.op.dtype == bool and m.ins[0].value.dtype != bool:
                operands = [f"({operands[0]} != 0)"]
            numbers = [a.value.number for a in m.ins]
            text = expression(m.op.name, m.op.dtype, operands, numbers)
        name = self._name()
        if m.op.dtype != m.out.value.dtype and m.out.value.dtype == bool and m.op.kind == "map":
            text = f"({text}) != 0" if m.op.name == "copy" else text
        self._line(f"const {result} {name} = ({result})({text});")
        return name

    def _read(self, a: Access, inside: dict[Key, str]) -> str:
        """An operand at the place that the loops are at."""
        if a.buffer is None:
            return literal(a.value.number, a.value.dtype)
        key = a.key()
        if key not in inside:
            if a.strides and not a.strides[-1]:
                return self._row_value(a)
            if key in self._row_copies and self._is_made(key):
                place = f"{self._row_copies[key][0]}[j]"
            else:
                place = self._column_place(a)
            name = self._name()
            self._line(f"const {C_TYPES[a.value.dtype.name]} {name} = {place};")
            inside[key] = name
        return inside[key]

    def _is_made(self, key: Key) -> bool:
        """Whether a copy of a row has been filled: what it holds is computed here."""
        return key[0] in self.local

    # --- numbers of one row -----------------------------------------------------------------------

    def _rows_after(self, phase: int) -> None:
        for m in self._cluster.members:
            if m.level != "row" or m.phase != phase:
                continue
            if m.way == "rows":
                self._take_in(m, self._row_value(m.ins[0]))
                continue
            if m.op.kind == "reduce":
                name = self._reduced_row(m)
            else:
                for a in m.ins:
                    if a.buffer is not None:
                        self._row_value(a)
                name = self._mapped(m, self._row)
            self._row[m.out.key()] = name
            if id(m.out.buffer) not in self.local:
                self._line(f"{self._place(m.out, '0')} = {name};")

    def _row_value(self, a: Access) -> str:
        """A number that is the same along a row."""
        if a.buffer is None:
            return literal(a.value.number, a.value.dtype)
        key = a.key()
        if key not in self._row:
            name = self._name()
            self._line(f"const {C_TYPES[a.value.dtype.name]} {name} = {self._place(a, '0')};")
            self._row[key] = name
        return self._row[key]

    def _reduced_row(self, m: Member) -> str:
        name, kind = self._name(), C_TYPES[m.out.value.dtype.name]
        if m.op.name == "pick":
            self._check(m, m.ins[1])
            at = self._wrapped(self._row_value(m.ins[1]), m)
            self._line(f"const {kind} {name} = {self._element(m.ins[0], at)};")
            return name
        self._line(f"const {kind} {name} = ({kind}){self._helped(m)};")
        return name

    def _element(self, a: Access, at: str) -> str:
        copy = self._row_copies.get(a.key())
        return f"{copy[0]}[{at}]" if copy else self._place(a, f"({at})")

    def _helped(self, m: Member) -> str:
        """A row reduced by a function of native_loops.h."""
        a = m.ins[0]
        kind = C_TYPES[a.value.dtype.name]
        copy = self._row_copies.get(a.key())
        if copy:
            return f"{m.op.name}_{kind}({copy[0]}, {self._count})"
        if a.strides[-1] == a.value.dtype.itemsize:
            start = self._place(a, self._base[:1] or "0")
            return f"{m.op.name}_{kind}(&{start}, {self._count})"
        name, wide = self._name(), _wide(m)
        first = START.get(m.op.name) or self._place(a, "0")
        self._line(f"{wide} {name} = {first};")
        joined = JOINED[m.op.name].format(name, f"({wide}){self._column_place(a)}")
        self._line(f"for (long j = 0; j < {self._count}; j++) {name} = {joined};")
        return name

    def _check(self, m: Member, index: Access) -> None:
        """An index out of range is told to the caller, and none is used."""
        at, cols = self._row_value(index), self._shape[-1]
        self.failures.append((cols, m.op.out.ndim - 1))
        wrong = f"{at} < -{cols} || {at} >= {cols}"
        self._line(f"if ({wrong}) failed = {len(self.failures)}, *failure = {at};")

    def _wrapped(self, at: str, m: Member) -> str:
        cols = self._shape[-1]
        return f"({at} < -{cols} || {at} >= {cols} ? 0 : {at} < 0 ? {at} + {cols} : {at})"

    # --- where a row needs a copy -----------------------------------------------------------------

    def _copies(self) -> dict[Key, tuple[str, str]]:
        """The rows that are computed here and gone through again, and arrays for them."""
        found: dict[Key, tuple[str, str]] = {}
        if self._cluster.alone or not self._shape:
            return found
        phases: dict[Key, set[int]] = {}
        whole: dict[Key, Access] = {}
        made = {m.out.key() for m in self._cluster.members if m.op.kind == "map"}
        for m in self._cluster.members:
            for a in m.accesses:
                if a.buffer is None or (a.strides and not a.strides[-1]):
                    continue
                helped = m.op.kind == "reduce" and m.way in ("row", "full") and a is m.ins[0]
                if m.level == "element" and not helped:
                    phases.setdefault(a.key(), set()).add(m.phase)
                if helped and a.strides[-1] != a.value.dtype.itemsize and a.key() in made:
                    whole[a.key()] = a
                if helped and id(a.buffer) in self.local:
                    whole[a.key()] = a
                if id(a.buffer) in self.local and len(phases.get(a.key(), ())) > 1:
                    whole[a.key()] = a
        for n, (key, a) in enumerate(whole.items()):
            found[key] = (f"c{n}", C_TYPES[a.value.dtype.name])
        return found

    # --- a reduction that fits no cluster ---------------------------------------------------------

    def _reduce_alone(self, m: Member) -> None:
        """Kept dimensions outside, the others inside; the last one is gone through innermost."""
        if m.op.kind != "reduce" or m.op.name == "pick":
            raise UnsupportedError(f"{m.op.name} alone")
        a, out, shape = m.ins[0], m.out, m.shape
        self._shape = shape
        wide = _wide(m)
        kept = [d for d, s in enumerate(out.strides) if s]
        gone = [d for d, s in enumerate(out.strides) if not s]
        last = len(shape) - 1
        along = last in kept and shape[last] <= LONGEST_ROW
        for d in kept:
            if not (along and d == last):
                self._open(d, shape)
        name, size = "t", f"[{shape[last]}]" if along else ""
        first = self._first(m, gone)
        each = f"for (long i{last} = 0; i{last} < {shape[last]}; i{last}++) " if along else ""
        element = f"{name}[i{last}]" if along else name
        self._line(f"{wide} {name}{size};")
        self._line(f"{each}{element} = {first};")
        for d in gone:
            self._open(d, shape)
        value = f"({wide}){self._place(a, f'i{last}')}"
        self._line(f"{each}{element} = {JOINED[m.op.name].format(element, value)};")
        for _ in gone:
            self._depth -= 1
            self._line("}")
        kind = C_TYPES[out.value.dtype.name]
        self._line(f"{each}{self._place(out, f'i{last}')} = ({kind}){element};")
        while self._depth > 1:
            self._depth -= 1
            self._line("}")

    def _open(self, d: int, shape: tuple[int, ...]) -> None:
        self._line(f"for (long i{d} = 0; i{d} < {shape[d]}; i{d}++) {{")
        self._depth += 1

    def _first(self, m: Member, gone: list[int]) -> str:
        if m.op.name in START:
            return START[m.op.name]
        a = m.ins[0]
        strides = tuple(0 if d in gone else s for d, s in enumerate(a.strides))
        return self._place(Access(a.value, strides, False), f"i{len(m.shape) - 1}")


def _wide(m: Member) -> str:
    """The type in which numbers are added up."""
    kind = C_TYPES[m.op.out.dtype.name]
    return "double" if kind == "float" and m.op.name == "sum" else kind


def _without_memory(cluster: Cluster, is_local: Callable[[Buffer], bool]) -> set[int]:
    """The buffers that only this cluster uses, and every element only where it has made it."""
    if cluster.alone:
        return set()
    made: set[Key] = set()
    never: set[int] = set()
    found: dict[int, Buffer] = {}
    long = bool(cluster.shape) and len(cluster.shape) > 1 and cluster.shape[-1] > LONGEST_ROW
    again: dict[int, set[Any]] = {}
    for m in cluster.members:
        for a in m.ins:
            if a.buffer is not None and a.key() not in made:
                never.add(id(a.buffer))
        for a in m.accesses:
            if a.buffer is not None:
                found[id(a.buffer)] = a.buffer
                if m.level == "element" or m.way == "row" and a is m.ins[0]:
                    again.setdefault(id(a.buffer), set()).add(
                        "whole" if m.op.kind == "reduce" and m.way != "column" else m.phase
                    )
        made.add(m.out.key())
        if m.late:
            never.add(id(m.out.buffer))
    if long:  # copies of rows would be large
        never |= {b for b, phases in again.items() if len(phases) > 1}
    return {b for b, buffer in found.items() if b not in never and is_local(buffer)}
