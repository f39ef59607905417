"""The CUDA sources: where they are, their text with headers inlined, and what they declare.

The sources are the single place in which a kernel's arguments are written down; this reads them
from there. It needs neither CuPy nor a GPU.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SUFFIXES = ("float32", "float64", "float16", "bfloat16")
"""The types that every kernel is made for; the last part of an entry point's name."""

THREADS = 256
"""The threads of a block; the sources' constant of the same name."""

WARP_COLUMNS = 1024
"""Up to so many columns, a kernel over rows gives each row to a warp; see ``rows.cuh``."""

ADDRESSES = 448
"""How many addresses a kernel takes by value; the sources' constant of the same name."""

_PACKAGE = Path(__file__).resolve().parents[1]
_INCLUDE = re.compile(r'^#include "([\w.]+)"$')
_ENTRY = re.compile(r"^\s*KERNEL (\w+)_##SUFFIX\(([^)]*)\)", re.MULTILINE)
_PARAMETER = re.compile(r"(NULLABLE )?(const )?([\w<> ]+?) ?(\*?) ?(\w+)")
_ELEMENTS = {
    "T": None,
    "long long": "int64",
    "int": "int32",
    "unsigned int": "uint32",
    "float": "float32",
    "double": "float64",
}
_STRUCT = re.compile(r"BY_VALUE Addresses (\w+)")


@dataclass(frozen=True)
class Parameter:
    """One argument of a kernel.

    Attributes:
        name: as in the source.
        type: the C type of the number, or of the array's elements; T is the kernel's own type.
            Addresses: a :class:`~gpugrad.backend.kernels.ByValue` of so many.
        array: whether it is an array and not a number.
        written: whether the kernel writes to the array.
        nullable: whether None may be given in place of the array.
    """

    name: str
    type: str
    array: bool
    written: bool
    nullable: bool

    def __str__(self) -> str:
        words = ("NULLABLE " * self.nullable, "const " * (self.array and not self.written))
        return f"{''.join(words)}{self.type}{'*' * self.array} {self.name}"

    def dtype(self, suffix: str) -> str:
        """The dtype of the array's elements in the kernel for ``suffix``."""
        if self.type == "Compute<T>":
            return compute_dtype(suffix)
        return _ELEMENTS[self.type] or suffix


@dataclass(frozen=True)
class Entry:
    """A kernel as its source declares it: ``<name>_<suffix>`` for every suffix.

    Attributes:
        stem: the name of the source file without ``.cu``.
        name: the entry point's name without the type.
        parameters: its arguments in order.
    """

    stem: str
    name: str
    parameters: tuple[Parameter, ...]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(p.name for p in self.parameters)})"


def compute_dtype(suffix: str) -> str:
    """The type of the arithmetic: float32 for 16-bit types."""
    return "float64" if suffix == "float64" else "float32"


@functools.cache
def folder() -> Path:
    """The folder of the sources: in the installed package, or beside it in a checkout.

    Raises:
        FileNotFoundError: it is in neither place.
    """
    places = (_PACKAGE / "kernels", _PACKAGE.parent / "kernels")
    for place in places:
        if (place / "common.cuh").is_file():
            return place
    raise FileNotFoundError(
        "the CUDA sources of gpugrad are missing: no common.cuh in "
        + " or ".join(str(place) for place in places)
        + ". Install gpugrad anew, or use a whole checkout."
    )


@functools.cache
def stems() -> tuple[str, ...]:
    """The names of the source files, without ``.cu``, sorted."""
    return tuple(sorted(path.stem for path in folder().glob("*.cu")))


@functools.cache
def source(stem: str) -> str:
    """The text of ``<stem>.cu`` with its headers in it.

    CuPy keeps compiled code under a key made of the source's text: a change in a header that was
    not part of that text would go unnoticed.
    """
    return inline(folder() / f"{stem}.cu")


def inline(path: Path, replaced: Mapping[str, str] | None = None) -> str:
    """The text of a source with each of its own headers in the place where it is first included.

    Args:
        path: the source.
        replaced: other texts for some headers, by name.
    """
    return "\n".join(_lines(path, replaced or {}, set())) + "\n"


def inline_text(name: str, text: str) -> str:
    """A source that is in no file, called ``name``, with the headers of ours that it includes."""
    return inline(folder() / name, {name: text})


def _lines(path: Path, replaced: Mapping[str, str], seen: set[str]) -> list[str]:
    text = replaced.get(path.name)
    if text is None:
        text = path.read_text(encoding="utf-8")
    # Messages of the compiler then name the file and line that the reader knows.
    lines = [f'#line 1 "{path.name}"']
    for number, line in enumerate(text.splitlines(), start=1):
        header = _INCLUDE.match(line)
        if header is None or not path.with_name(header[1]).is_file():
            lines.append(line)  # not ours: the compiler has to find it
        elif header[1] not in seen:
            seen.add(header[1])
            lines += _lines(path.with_name(header[1]), replaced, seen)
            lines.append(f'#line {number + 1} "{path.name}"')
        else:
            lines.append("")
    return lines


@functools.cache
def entries() -> dict[str, Entry]:
    """All kernels by name."""
    return {
        entry.name: entry
        for stem in stems()
        for entry in declared(stem, (folder() / f"{stem}.cu").read_text(encoding="utf-8"))
    }


def declared(stem: str, text: str) -> list[Entry]:
    """The kernels that a source's text declares.

    Raises:
        ValueError: an argument is of a type that cannot be given from Python.
    """
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    # The macro that holds the kernels is one line now; each kernel in it starts another.
    joined = joined.replace(" KERNEL ", "\nKERNEL ")
    return [
        Entry(stem, match[1], tuple(_parameter(p, match[1]) for p in match[2].split(",")))
        for match in _ENTRY.finditer(joined)
    ]


def _parameter(text: str, kernel: str) -> Parameter:
    words = " ".join(text.split())
    struct = _STRUCT.fullmatch(words)
    if struct is not None:
        return Parameter(struct[1], "Addresses", False, False, False)
    match = _PARAMETER.fullmatch(words)
    if match is not None:
        nullable, const, kind, star, name = match.groups()
        if star and (kind in _ELEMENTS or kind == "Compute<T>"):
            return Parameter(name, kind, True, not const, bool(nullable))
        if not star and kind in ("long long", "double"):
            return Parameter(name, kind, False, False, False)
    raise ValueError(f"{kernel}: cannot pass an argument declared as {text.strip()!r}")
