"""Pooling in generated code: planes that are gone through window by window."""

from __future__ import annotations

from itertools import product

from .members import Access, Member
from .text import Text
from .values import C_TYPES, Op, Value


def write_windows(text: Text, m: Member) -> None:
    """Where each window's largest element is in its plane; those elements; or adding to them.

    All operands are rows: one for each plane.
    """
    {"place": _place, "take": _take, "give back": _give_back}[m.op.name](text, m.op)


def _place(text: Text, op: Op) -> None:
    """nan is the largest, and the last of them counts; of other equal numbers the first."""
    (x,), out = op.ins, op.out
    size, count, kernel, stride, dilation = (
        op.options[name] for name in ("size", "count", "kernel", "stride", "dilation")
    )
    kind, line = C_TYPES[x.dtype.name], size[1]
    text.open(f"for (long p = 0; p < {x.shape[0]}; p++)")
    text.open(f"for (long i = 0; i < {count[0]}; i++)")
    text.line("#pragma GCC ivdep")
    text.open(f"for (long j = 0; j < {count[1]}; j++)")
    text.line(f"const int start = i * {stride[0] * line} + j * {stride[1]};")
    text.line(f"const {kind} *const w = {_row(text, x)} + start;")
    text.line(f"{kind} best = w[0];")
    text.line("int at = 0, more;")
    for k, n in list(product(*map(range, kernel)))[1:]:
        here = k * dilation[0] * line + n * dilation[1]
        text.line(f"more = (w[{here}] > best) | (w[{here}] != w[{here}]);")
        text.line(f"best = more ? w[{here}] : best;")
        text.line(f"at = more ? {here} : at;")
    text.line(f"{_row(text, out)}[i * {count[1]} + j] = start + at;")
    text.close()


def _take(text: Text, op: Op) -> None:
    (x, index), out = op.ins, op.out
    _each_window(text, index)
    text.line(f"{_row(text, out)}[j] = {_row(text, x)}[{_row(text, index)}[j]];")
    text.close()


def _give_back(text: Text, op: Op) -> None:
    (grad, index), out = op.ins, op.out
    _each_window(text, index)
    text.line(f"{_row(text, out)}[{_row(text, index)}[j]] += {_row(text, grad)}[j];")
    text.close()


def _each_window(text: Text, index: Value) -> None:
    text.open(f"for (long p = 0; p < {index.shape[0]}; p++)")
    text.open(f"for (long j = 0; j < {index.shape[1]}; j++)")


def _row(text: Text, value: Value) -> str:
    """The start of the row of plane p."""
    return f"(&{text.place(Access(value, (), False))} + p * {value.shape[1]}L)"
