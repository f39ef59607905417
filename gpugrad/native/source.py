"""A cluster as a C function of the addresses of its buffers."""

from __future__ import annotations

from collections.abc import Callable, Collection

from .clusters import Cluster
from .functions import expression, literal
from .indexed import write_indexed
from .lone import write_reduction
from .members import Access, Key, Member
from .storage import copies_of_rows, without_memory
from .text import JOINED, START, Text, wide_type
from .values import C_TYPES, Buffer
from .windowed import write_windows

BLOCK = 1024
"""So many elements of a long run of memory are done before the next ones."""


class Function(Text):
    """The C function of a cluster.

    Args:
        cluster: what it does.
        is_local: whether nothing outside of the cluster needs a buffer.
        any_size: whether a function of one run of memory takes its length as an argument, so that
            others can have the same.

    Attributes:
        text: its parameters and body.
        local: those that need no memory.
        size: the length that it takes, if it does.
        failures: the length and the number of the dimension of each index that may be out of range.
    """

    def __init__(
        self, cluster: Cluster, is_local: Callable[[Buffer], bool], any_size: bool = False
    ) -> None:
        super().__init__(a for m in cluster.members for a in m.accesses)
        self._cluster = cluster
        self._any_size = any_size
        self.size: int | None = None
        self._shape = cluster.shape
        self.failures: list[tuple[int, int]] = []
        self.local: Collection[int] = without_memory(cluster, is_local)
        self._row_copies = copies_of_rows(cluster, self.local)
        self._row: dict[Key, str] = {}
        if cluster.alone:
            only = cluster.members[0]
            {"indexed": write_indexed, "window": write_windows}.get(only.op.kind, write_reduction)(
                self, only
            )
        else:
            self._loops()
        names = self.parameters()
        if self.failures:
            names.insert(0, "int64_t *failure")
        if self.size is not None:
            names.insert(0, "const long n")
        head = ", ".join(names) or "void"
        body = "\n".join(self.lines)
        self.text = f"({head}) {{\n{body}\n  return {'failed' if self.failures else '0'};\n}}"

    # --- loops ------------------------------------------------------------------------------------

    def _loops(self) -> None:
        cluster = self._cluster
        late = [m for m in cluster.members if m.late]
        totals = {id(m): f"t{n}" for n, m in enumerate(late)}
        self._totals = totals
        cols = self._shape[-1] if self._shape else 1
        if any(m.op.name in ("onehot", "pick") for m in cluster.members):
            self.line("int failed = 0;")
        for m in late:
            self._begin(m, totals[id(m)], cols)
        rows = self._shape[:-1]
        blocked = (
            len(self._shape) == 1
            and cols > BLOCK
            and (any(m.way == "full" for m in late) or bool(self._row_copies))
        )
        self._count = str(cols)
        if self._any_size and len(self._shape) == 1 and not late and not self._row_copies:
            self._count, self.size = "n", cols
        if blocked:
            self.line(f"for (long b = 0; b < {cols}; b += {BLOCK}) {{")
            self.depth += 1
            self.line(f"const long n = {cols} - b < {BLOCK} ? {cols} - b : {BLOCK};")
            self._count = "n"
        self._base = "b + " if blocked else ""
        for d, n in enumerate(rows):
            self.line(f"for (long i{d} = 0; i{d} < {n}; i{d}++) {{")
            self.depth += 1
        for key, (name, kind) in self._row_copies.items():
            del key
            self.line(f"{kind} {name}[{min(cols, BLOCK) if blocked else cols}];")
        self._row = {}
        self._rows_after(-1)
        phases = [m.phase for m in cluster.members if m.level == "element"]
        for phase in range(max(phases, default=-1) + 1):
            self._columns(phase)
            self._rows_after(phase)
        while self.depth > 1:
            self.depth -= 1
            self.line("}")
        for m in late:
            self._finish(m, totals[id(m)], cols)

    def _begin(self, m: Member, name: str, cols: int) -> None:
        kind = wide_type(m)
        if m.way == "column":
            self.line(f"{kind} {name}[{cols}];")
            self.line(f"for (long j = 0; j < {cols}; j++) {name}[j] = 0;")
        elif m.op.name in START:
            self.line(f"{kind} {name} = {START[m.op.name]};")
        else:
            self.line(f"{kind} {name} = 0;")
            self.line(f"int {name}_begun = 0;")

    def _finish(self, m: Member, name: str, cols: int) -> None:
        kind = C_TYPES[m.out.value.dtype.name]
        if m.way == "column":
            self.line(f"for (long j = 0; j < {cols}; j++) {self.place(m.out)} = ({kind}){name}[j];")
        else:
            self.line(f"{self.place(m.out, None)} = ({kind}){name};")

    def _take_in(self, m: Member, value: str) -> None:
        """One number more for a total."""
        name = self._totals[id(m)]
        kind = wide_type(m)
        if m.op.name in START:
            self.line(f"{name} = {JOINED[m.op.name].format(name, f'({kind}){value}')};")
            return
        fresh = self.name()
        self.line(f"const {kind} {fresh} = {value};")
        joined = JOINED[m.op.name].format(name, fresh)
        self.line(f"{name} = {name}_begun ? {joined} : {fresh};")
        self.line(f"{name}_begun = 1;")

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
            self.line("#pragma GCC ivdep")
            self.line(f"for (long j = 0; j < {self._count}; j++) {{")
            self.depth += 1
        begun = len(self.lines)
        for m in members:
            if m.op.kind == "map":
                inside[m.out.key()] = self._mapped(m, inside)
                changed[m.out.key()] = m.out
            elif m.way == "column":
                name = self._totals[id(m)]
                value = self._read(m.ins[0], inside)
                self.line(f"{name}[j] += ({wide_type(m)}){value};")
            else:
                value = self._read(m.ins[0], inside)
                if m.ins[0].key() in self._row_copies:
                    changed.setdefault(m.ins[0].key(), m.ins[0])
        for key, a in changed.items():
            if key in self._row_copies:
                self.line(f"{self._row_copies[key][0]}[j] = {inside[key]};")
            if key[0] not in self.local and a.written:
                self.line(f"{self._column_place(a)} = {inside[key]};")
        empty = len(self.lines) == begun
        if whole:
            self.depth -= 1
            self.line("}")
            if empty:
                del self.lines[-3:]
        for m in members:
            if m.way == "full":
                self._take_in(m, self._helped(m))

    def _column_place(self, a: Access) -> str:
        return self.place(a, f"({self._base}j)" if self._base else "j")

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
        name = self.name()
        if m.op.dtype != m.out.value.dtype and m.out.value.dtype == bool and m.op.kind == "map":
            text = f"({text}) != 0" if m.op.name == "copy" else text
        if m.out.value.dtype == bool:  # as wide as what it chooses from, a loop is vector code
            self.line(f"const int {name} = ({text});")
        else:
            self.line(f"const {result} {name} = ({result})({text});")
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
            name = self.name()
            self.line(f"const {C_TYPES[a.value.dtype.name]} {name} = {place};")
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
                self.line(f"{self.place(m.out, '0')} = {name};")

    def _row_value(self, a: Access) -> str:
        """A number that is the same along a row."""
        if a.buffer is None:
            return literal(a.value.number, a.value.dtype)
        key = a.key()
        if key not in self._row:
            name = self.name()
            self.line(f"const {C_TYPES[a.value.dtype.name]} {name} = {self.place(a, '0')};")
            self._row[key] = name
        return self._row[key]

    def _reduced_row(self, m: Member) -> str:
        name, kind = self.name(), C_TYPES[m.out.value.dtype.name]
        if m.op.name == "pick":
            self._check(m, m.ins[1])
            at = self._wrapped(self._row_value(m.ins[1]), m)
            self.line(f"const {kind} {name} = {self._element(m.ins[0], at)};")
            return name
        self.line(f"const {kind} {name} = ({kind}){self._helped(m)};")
        return name

    def _element(self, a: Access, at: str) -> str:
        copy = self._row_copies.get(a.key())
        return f"{copy[0]}[{at}]" if copy else self.place(a, f"({at})")

    def _helped(self, m: Member) -> str:
        """A row reduced by a function of native_loops.h."""
        a = m.ins[0]
        kind = C_TYPES[a.value.dtype.name]
        copy = self._row_copies.get(a.key())
        if copy:
            return f"{m.op.name}_{kind}({copy[0]}, {self._count})"
        if a.strides[-1] == a.value.dtype.itemsize:
            start = self.place(a, self._base[:1] or "0")
            return f"{m.op.name}_{kind}(&{start}, {self._count})"
        name, wide = self.name(), wide_type(m)
        first = START.get(m.op.name) or self.place(a, "0")
        self.line(f"{wide} {name} = {first};")
        joined = JOINED[m.op.name].format(name, f"({wide}){self._column_place(a)}")
        self.line(f"for (long j = 0; j < {self._count}; j++) {name} = {joined};")
        return name

    def _check(self, m: Member, index: Access) -> None:
        """An index out of range is told to the caller, and none is used."""
        at, cols = self._row_value(index), self._shape[-1]
        self.failures.append((cols, m.op.out.ndim - 1))
        wrong = f"{at} < -{cols} || {at} >= {cols}"
        self.line(f"if ({wrong}) failed = {len(self.failures)}, *failure = {at};")

    def _wrapped(self, at: str, m: Member) -> str:
        cols = self._shape[-1]
        return f"({at} < -{cols} || {at} >= {cols} ? 0 : {at} < 0 ? {at} + {cols} : {at})"
