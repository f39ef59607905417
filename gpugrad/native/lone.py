"""A reduction that shares its loops with no other op."""

from __future__ import annotations

from .members import Access, Member
from .text import JOINED, LONGEST_ROW, START, Text, wide_type
from .values import C_TYPES, UnsupportedError


def write_reduction(text: Text, m: Member) -> None:
    """Kept dimensions outside, the others inside; a kept last one is gone through innermost."""
    if m.op.kind != "reduce" or m.op.name == "pick":
        raise UnsupportedError(f"{m.op.name} alone")
    a, out, shape = m.ins[0], m.out, m.shape
    wide, kind = wide_type(m), C_TYPES[out.value.dtype.name]
    kept = [d for d, s in enumerate(out.strides) if s]
    gone = [d for d, s in enumerate(out.strides) if not s]
    last = len(shape) - 1
    along = last in kept
    for d in kept:
        if not (along and d == last):
            _open(text, d, shape)
    size = each = ""
    total, inner = "t", f"i{last}"
    if along:
        n, step = shape[last], min(shape[last], LONGEST_ROW)
        text.open(f"for (long b = 0; b < {n}; b += {step})")
        text.line(f"const long e = {n} - b < {step} ? {n} : b + {step};")
        size, each = f"[{step}]", f"for (long {inner} = b; {inner} < e; {inner}++) "
        total = f"t[{inner} - b]"
    text.line(f"{wide} t{size};")
    text.line(f"{each}{total} = {_first(text, m, gone)};")
    in_run = not along and a.strides[last] == a.value.dtype.itemsize
    for d in gone[:-1] if in_run else gone:
        _open(text, d, shape)
    if in_run:
        kind_in = C_TYPES[a.value.dtype.name]
        text.line(f"const {wide} s = {m.op.name}_{kind_in}(&{text.place(a, '0')}, {shape[last]});")
        value = "s"
    else:
        value = f"({wide}){text.place(a, inner)}"
    text.line(f"{each}{total} = {JOINED[m.op.name].format(total, value)};")
    text.close(len(gone) - in_run)
    text.line(f"{each}{text.place(out, inner)} = ({kind}){total};")
    text.close()


def _open(text: Text, d: int, shape: tuple[int, ...]) -> None:
    text.open(f"for (long i{d} = 0; i{d} < {shape[d]}; i{d}++)")


def _first(text: Text, m: Member, gone: list[int]) -> str:
    """What the totals begin with."""
    if m.op.name in START:
        return START[m.op.name]
    a = m.ins[0]
    strides = tuple(0 if d in gone else s for d, s in enumerate(a.strides))
    return text.place(Access(a.value, strides, False), f"i{len(m.shape) - 1}")
