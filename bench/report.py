"""What a run leaves behind: a table on the terminal, a result file, and how it is read again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import machine

WIDTH = 160
"""Of tables, at least."""

RESULTS = Path(__file__).parent / "results"

DASH = "-"
"""In a table, where a contestant has no number."""


def table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: the first column to the left, numbers to the right."""
    try:
        from rich.box import SIMPLE
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        _plain(title, header, rows)
        return
    drawn = Table(
        box=SIMPLE, title=title, title_justify="left", header_style="bold", pad_edge=False
    )
    for i, name in enumerate(header):
        drawn.add_column(name.replace(" ", "\n"), justify="right" if i else "left", no_wrap=True)
    for row in rows:
        drawn.add_row(*row)
    # A narrow terminal breaks lines; a table that leaves digits out would be worse.
    Console(width=max(Console().width, WIDTH), markup=False).print(drawn)


def _plain(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    print(title)
    for row in (header, *rows):
        first, *others = (cell for cell in row)
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        print("  ".join(cells))


def number(value: float | None, digits: int = 3) -> str:
    """A number with so many digits that matter, or a dash."""
    if value is None:
        return DASH
    if value == 0:
        return "0"
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    text = f"{value:.{digits}g}"
    return text if "e" not in text else f"{value:.1e}"


def size(count: float | None) -> str:
    """Bytes in the unit that suits, or a dash."""
    if count is None:
        return DASH
    for unit in ("B", "KB", "MB"):
        if abs(count) < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.0f} GB" if count >= 10 else f"{count:.1f} GB"


def write(folder: Path, suite: str, device: str, content: dict[str, Any]) -> Path:
    """Write ``<suite>-<device>.json``: the machine, versions, commit and date, then the content."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{suite}-{device}.json"
    head = {"suite": suite, "device": device, **machine.describe(device)}
    path.write_text(_compact({"head": head, **content}) + "\n", encoding="utf-8")
    print(f"written: {path}")
    return path


def read(path: Path) -> dict[str, Any]:
    """A result file."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _compact(value: Any, indent: int = 0) -> str:
    """JSON with what fits on a line on one line: files that can be read and compared."""
    line = json.dumps(value)
    if len(line) + indent <= 100 or not isinstance(value, (dict, list)) or not value:
        return line
    inner = "\n" + " " * (indent + 1)
    if isinstance(value, dict):
        items = [f"{json.dumps(k)}: {_compact(v, indent + 1)}" for k, v in value.items()]
        return "{" + inner + ("," + inner).join(items) + "\n" + " " * indent + "}"
    parts = [_compact(v, indent + 1) for v in value]
    return "[" + inner + ("," + inner).join(parts) + "\n" + " " * indent + "]"
