"""Ops as one C program: what is needed of them, in clusters, over planned memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from ..backend.arena import arrange
from . import products
from .clusters import Cluster, clusters_of
from .source import Function
from .values import C_TYPES, Buffer, Op, UnsupportedError

MANY = 64
"""More calls than that are a list of numbers."""

SEVERAL = 24
"""With more clusters than that, those of one run of memory share functions for any length."""

BLAS = {("gemm", "float"): 0, ("gemm", "double"): 1, ("gemv", "float"): 2, ("gemv", "double"): 3}
"""Where a program's table has functions of BLAS."""

FIRST = 5
"""Where its buffers begin: behind them, and the place for an index that is out of range."""

HEAD = """\
#define LIST_ITEMS {}
#define ARRAY_DATA {}
#include "native_loops.h"
"""


@dataclass
class Program:
    """A C program and what its table of addresses has to hold.

    Attributes:
        source: with the function ``run(table, list)``, which gives 0, or the number of a failure.
        buffers: in the order in which the table has their addresses; first those of the list.
        inputs: how many of them the program takes from the list.
        scratch: the offset of each buffer that the program has for itself.
        scratch_bytes: the memory for them.
        written: the buffers from outside that it changes.
        failures: for each failure the length and the number of the dimension.
    """

    source: str = ""
    buffers: list[Buffer] = field(default_factory=list)
    inputs: int = 0
    scratch: dict[Buffer, int] = field(default_factory=dict)
    scratch_bytes: int = 0
    written: list[Buffer] = field(default_factory=list)
    failures: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class Call:
    """A call of a function with the addresses of buffers, and what comes before them.

    ``starts``: for each buffer how many bytes behind its beginning the address is.
    """

    name: str
    buffers: list[Buffer]
    starts: list[int]
    before: str = ""
    size: int | None = None
    failures: list[tuple[int, int]] = field(default_factory=list)


def needed(ops: Sequence[Op], lasting: Callable[[Buffer], bool]) -> list[Op]:
    """The ops without those whose results nobody reads."""
    live: set[int] = set()
    found = []
    for op in reversed(ops):
        buffer = op.out.buffer
        assert buffer is not None
        if id(buffer) in live or lasting(buffer):
            found.append(op)
            live.update(id(v.buffer) for v in op.ins if v.buffer is not None)
    return found[::-1]


def program(
    ops: Sequence[Op],
    lasting: Callable[[Buffer], bool],
    inputs: dict[Buffer, int],
    offsets: tuple[int, int],
) -> Program:
    """The program of some ops.

    Args:
        lasting: whether somebody looks at a buffer afterwards.
        inputs: buffers whose addresses are taken from the items of the list, in order, and how many
            bytes before an item's first element they begin.
        offsets: where lists have the address of their items, and arrays that of their data.

    Raises:
        UnsupportedError: the ops are beyond what can be generated.
    """
    clusters = clusters_of(needed(ops, lasting))
    users: dict[int, set[int]] = {}
    for number, cluster in enumerate(clusters):
        for key in cluster.loops.buffers:
            users.setdefault(key, set()).add(number)

    def is_local(buffer: Buffer) -> bool:
        return not lasting(buffer) and len(users[id(buffer)]) == 1

    made = Program(buffers=list(inputs), inputs=len(inputs))
    functions: dict[str, str] = {}
    calls: list[Call] = []
    lives: dict[Buffer, tuple[int, int]] = {}
    met = set(made.buffers)
    for number, cluster in enumerate(clusters):
        text, call = _function(cluster, is_local, len(clusters) > SEVERAL)
        call.name = functions.setdefault(text, f"k{len(functions)}")
        calls.append(call)
        made.failures += call.failures
        for buffer in call.buffers:
            if buffer not in met:
                met.add(buffer)
                made.buffers.append(buffer)
            if not lasting(buffer) and buffer not in inputs:
                lives[buffer] = (lives.get(buffer, (number, number))[0], number)
    outs = {op.out.buffer: None for op in ops if op.out.buffer is not None}
    made.written = [b for b in outs if lasting(b)]
    made.scratch, made.scratch_bytes = arrange(lives)
    lines = [HEAD.format(*offsets)]
    lines += [
        f"__attribute__((noinline)) static int {name}{text}\n" for text, name in functions.items()
    ]
    lines += _run(calls, made, list(inputs.values()))
    made.source = "\n".join(lines) + "\n"
    return made


def _function(
    cluster: Cluster, is_local: Callable[[Buffer], bool], any_size: bool
) -> tuple[str, Call]:
    """Parameters and body of a cluster's function, and its call without a name."""
    first = cluster.members[0]
    if first.op.kind != "product":
        function = Function(cluster, is_local, any_size)
        before = f"(int64_t *)t[{FIRST - 1}]" if function.failures else ""
        call = Call("", function.buffers, function.starts, before, function.size, function.failures)
        return function.text, call
    kind = C_TYPES[first.op.dtype.name]
    buffers: list[Buffer] = []
    for a in first.accesses:
        if a.buffer is None:
            raise UnsupportedError("a product of a number")
        buffers.append(a.buffer)
    starts = [a.value.offset for a in first.accesses]
    name = products.function(first.op)
    head = f"{name}_{kind} *{name}, {kind} *a, {kind} *b, {kind} *out"
    body = "\n".join("  " + line for line in products.source(first))
    text = f"({head}) {{\n{body}\n  return 0;\n}}"
    return text, Call("", buffers, starts, f"({name}_{kind} *)t[{BLAS[name, kind]}]")


def _run(calls: Sequence[Call], made: Program, starts: Sequence[int]) -> list[str]:
    """The function that calls all others."""
    slot = {b: n + FIRST for n, b in enumerate(made.buffers)}
    lines = ["int run(char **t, const char *list) {", "  int failed = 0;"]
    if starts and not any(starts):
        lines.append(
            f"  for (long n = 0; n < {len(starts)}; n++) t[n + {FIRST}] = data_of(list, n);"
        )
    else:
        lines += [
            f"  t[{n + FIRST}] = data_of(list, {n}) - {start};" for n, start in enumerate(starts)
        ]
    failures = 0
    before = []
    for call in calls:
        before.append(failures)
        failures += len(call.failures)
    if len(calls) > MANY:
        return [*lines, *_interpreted(calls, slot, before), "}"]
    for call, known in zip(calls, before, strict=True):
        given = [
            f"{slot[b]}] + {start}" if start else f"{slot[b]}]"
            for b, start in zip(call.buffers, call.starts, strict=True)
        ]
        addresses = [f"(void *)(t[{address})" for address in given]
        lines.append("  " + _call(call, str(call.size), addresses, str(known)))
    return [*lines, "  return failed;", "}"]


def _call(call: Call, size: str, addresses: list[str], failures: str) -> str:
    """A statement."""
    sized = [size] * (call.size is not None)
    text = f"{call.name}({', '.join(sized + [call.before] * bool(call.before) + addresses)})"
    return f"if ((failed = {text})) return {failures} + failed;" if call.failures else f"{text};"


def _interpreted(calls: Sequence[Call], slot: dict[Buffer, int], before: list[int]) -> list[str]:
    """Calls as a list of numbers, and a loop that carries them out: compilers take long for
    thousands of statements, and a list has those of one function only once."""
    numbers = {name: n for n, name in enumerate(dict.fromkeys(call.name for call in calls))}
    rows, cases = [], {}
    for call, known in zip(calls, before, strict=True):
        row = [numbers[call.name], *(() if call.size is None else (call.size,))]
        addresses = []
        for buffer, start in zip(call.buffers, call.starts, strict=True):
            addresses.append(f"(void *)(t[p[{len(row)}]] + p[{len(row) + 1}])")
            row += [slot[buffer], start]
        statement = _call(call, "p[1]", addresses, f"p[{len(row)}]")
        if call.failures:
            row.append(known)
        cases[call.name] = f"      case {row[0]}: {statement} p += {len(row)}; break;"
        rows.append(", ".join(map(str, row)) + ",")
    return [
        "  static const long program[] = {",
        *("    " + row for row in rows),
        "    -1};",
        "  const long *p = program;",
        "  for (;;)",
        "    switch (*p) {",
        *cases.values(),
        "      default: return failed;",
        "    }",
    ]
