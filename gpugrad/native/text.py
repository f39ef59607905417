"""The text of a C function as it is being written."""

from __future__ import annotations

from collections.abc import Iterable

from .members import Access, Member
from .values import C_TYPES, Buffer, UnsupportedError

LONGEST_ROW = 4096
"""So many elements may have a copy on the stack."""

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


class Text:
    """The parameters and lines of a function.

    Args:
        accesses: all that it may write down.

    Attributes:
        buffers: those whose addresses it takes, in order.
        starts: for each of them how many bytes behind its beginning that address is, so that
            functions that differ in nothing else are the same.
        lines: of its body.
        depth: how far the next line is indented.
    """

    def __init__(self, accesses: Iterable[Access]) -> None:
        self.buffers: list[Buffer] = []
        self.starts: list[int] = []
        self.lines: list[str] = []
        self.depth = 1
        self._types: dict[int, str] = {}
        self._number = 0
        self._first: dict[int, int] = {}
        for a in accesses:
            key, offset = id(a.buffer), a.value.offset
            self._first[key] = min(self._first.get(key, offset), offset)

    def parameters(self) -> list[str]:
        """Of the buffers. No two of them have memory in common."""
        return [f"{self._types[id(b)]} *restrict p{n}" for n, b in enumerate(self.buffers)]

    def open(self, head: str) -> None:
        """Begin a block."""
        self.line(head + " {")
        self.depth += 1

    def close(self, blocks: int | None = None) -> None:
        """End so many blocks, or all."""
        for _ in range(self.depth - 1 if blocks is None else blocks):
            self.depth -= 1
            self.line("}")

    def line(self, text: str) -> None:
        """Write a line."""
        self.lines.append("  " * self.depth + text)

    def name(self) -> str:
        """A name for another variable."""
        self._number += 1
        return f"v{self._number}"

    def _pointer(self, a: Access) -> str:
        buffer, kind = a.value.buffer, C_TYPES[a.value.dtype.name]
        assert buffer is not None
        if buffer not in self.buffers:
            self.buffers.append(buffer)
            self.starts.append(self._first[id(buffer)])
            self._types[id(buffer)] = kind
        if self._types[id(buffer)] != kind:
            raise UnsupportedError("memory in two types")
        return f"p{self.buffers.index(buffer)}"

    def place(self, a: Access, inner: str | None = "j") -> str:
        """The element of an access at the place that the loops are at."""
        size = a.value.dtype.itemsize
        if a.value.offset % size or any(s % size for s in a.strides):
            raise UnsupportedError("elements across the steps of their type")
        offset = a.value.offset - self._first[id(a.buffer)]
        terms = [f"{offset // size}"] if offset else []
        strides = [s // size for s in a.strides]
        names = [f"i{d}" for d in range(len(strides))]
        if strides:
            names[-1] = inner or "0"
        for name, s in zip(names, strides, strict=True):
            if s and name != "0":
                terms.append(name if s == 1 else f"{name} * {s}L")
        return f"{self._pointer(a)}[{' + '.join(terms) or '0'}]"


def wide_type(m: Member) -> str:
    """The type in which numbers are added up."""
    kind = C_TYPES[m.op.out.dtype.name]
    return "double" if kind == "float" and m.op.name == "sum" else kind
