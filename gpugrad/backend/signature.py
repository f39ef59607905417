"""What a kernel in the user's source takes: read from its declaration, and checked before a launch.

A kernel gets its arguments as raw bytes: a Python number must become a number of exactly the
declared type, and an array must hold what the pointer is declared to point to.
"""

from __future__ import annotations

import ctypes
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_QUALIFIERS = frozenset(["const", "volatile", "__restrict__", "__restrict", "restrict"])
_WHOLE_WORDS = frozenset(["unsigned", "signed", "int", "long", "short", "char"])
_LONG = 8 * ctypes.sizeof(ctypes.c_long)
_NAMED = {
    "float": "float32",
    "double": "float64",
    "bool": "bool",
    "half": "float16",
    "__half": "float16",
    "float16": "float16",
    "__nv_bfloat16": "bfloat16",
    "nv_bfloat16": "bfloat16",
    "bfloat16": "bfloat16",
    "size_t": "uint64",
    "float2": "float32",
    "float4": "float32",
    "double2": "float64",
    **{f"{kind}{bits}_t": f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)},
}
_VECTORS = frozenset(["float2", "float4", "double2"])


@dataclass(frozen=True)
class Argument:
    """One argument of a kernel.

    Attributes:
        name: as declared.
        type: the C type, without qualifiers, of the number or of what the pointer points to.
        pointer: whether it is a pointer.
        written: whether the kernel may write there: the pointer is not to const.
    """

    name: str
    type: str
    pointer: bool
    written: bool

    @property
    def dtype(self) -> str | None:
        """NumPy's name of the type; None for types that it does not have."""
        words = self.type.split()
        if words and _WHOLE_WORDS.issuperset(words):
            longs = words.count("long")
            bits = 8 if "char" in words else 16 if "short" in words else (32, _LONG, 64)[longs]
            return f"{'u' if 'unsigned' in words else ''}int{bits}"
        return _NAMED.get(self.type)

    def allows(self, dtype: str) -> bool:
        """Whether the pointer may be to an array of this type.

        Tensors of unsigned types wider than a byte do not exist: signed ones of the width serve.
        """
        wanted = self.dtype
        return wanted in (None, dtype) or (wanted != "uint8" and wanted == f"u{dtype}")

    def number(self, value: Any, kernel: str) -> Any:
        """A number as the kernel reads it.

        Raises:
            TypeError: it is of another kind.
            OverflowError: it is outside the type's range.
        """
        dtype = None if self.type in _VECTORS else self.dtype
        if dtype is None or dtype == "bfloat16":
            if isinstance(value, np.generic):
                return value
            raise TypeError(
                f"[{kernel}] {self.name} is of type {self.type}, which no Python number becomes: "
                "give a NumPy scalar with the same bytes"
            )
        kind = np.dtype(dtype)
        accepted: dict[str, Any] = {"b": (bool, np.bool_), "f": (int, float, np.number)}
        if not isinstance(value, accepted.get(kind.kind, (int, np.integer))):
            got = repr(value) if isinstance(value, (int, float)) else type(value).__name__
            raise TypeError(f"[{kernel}] {self.name} must be of type {self.type}, got {got}")
        if kind.kind in "iu" and not np.iinfo(kind).min <= int(value) <= np.iinfo(kind).max:
            raise OverflowError(f"[{kernel}] {self.name} of type {self.type} cannot be {value}")
        return kind.type(value)


def arguments_of(code: str, kernel: str) -> tuple[Argument, ...]:
    """The arguments of a kernel that some source defines.

    Raises:
        ValueError: it defines none of this name, or not in a way that can be called.
    """
    text = _COMMENT.sub(" ", code)
    for match in re.finditer(rf"\b{re.escape(kernel)}\s*\(", text):
        inside = _until_closed(text, match.end())
        before = re.split(r"[;}]", text[: match.start()])[-1]
        if inside is None or not re.match(r"\)\s*\{", text[match.end() + len(inside) :]):
            continue
        if not re.search(r"\b(__global__|KERNEL)\b", before):
            continue
        if 'extern "C"' not in text and "KERNEL" not in before:
            raise ValueError(f'[{kernel}] declare the kernel as extern "C" __global__ void')
        return tuple(_argument(part, kernel) for part in _parts(inside))
    raise ValueError(f"[{kernel}] the source defines no kernel `__global__ void {kernel}(...)`")


def _until_closed(text: str, start: int) -> str | None:
    """What stands before the bracket that closes one opened just before ``start``."""
    depth = 1
    for i in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[i], 0)
        if depth == 0:
            return text[start:i]
    return None


def _parts(text: str) -> list[str]:
    """Arguments separated by commas, but for those within brackets."""
    parts, depth = [""], 0
    for sign in text:
        depth += {"<": 1, "(": 1, "[": 1, ">": -1, ")": -1, "]": -1}.get(sign, 0)
        if sign == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return [p for p in map(str.strip, parts) if p not in ("", "void")]


def _argument(text: str, kernel: str) -> Argument:
    match = re.fullmatch(r"(.*?)(\w+)\s*(\[\s*\w*\s*\])?", " ".join(text.split()))
    if match is None or not match[1].strip():
        raise ValueError(f"[{kernel}] cannot read the argument `{text}`: give it a type and a name")
    before, star, after = match[1].partition("*")
    words = before.split()
    pointer = bool(star or match[3])
    type_ = " ".join(w for w in words if w not in _QUALIFIERS)
    if "*" in after or (star and match[3]):
        type_ = "void*"  # pointers to pointers: an array of addresses, which is not checked
    return Argument(match[2], type_, pointer, pointer and "const" not in words)
