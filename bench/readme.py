"""``python -m bench readme``: the tables of the README's section "Speed", from the result files.

What stands between two markers is replaced. Nothing in there comes from anywhere but the files.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import report
from .peers import OURS, OURS_COMPILED
from .suites.steps import fastest, ratio

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- speed: from the result files -->", "<!-- end of speed -->"

DEVICES = {"cpu": "CPU", "cuda": "GPU"}
NAMES = {"torch": "PyTorch", "jax": "JAX", "mygrad": "MyGrad"}


def section(folder: Path) -> str:
    """The text for the README, of those result files that are there.

    Raises:
        FileNotFoundError: there is none.
    """
    parts = []
    for name, write in (
        ("steps-cpu", _steps),
        ("steps-2-threads-cpu", _steps),
        ("steps-cuda", _steps),
        ("threads-cpu", _threads),
        ("scale-cpu", _scale),
        ("import-cpu", _import),
        ("kernels-cuda", _kernels),
    ):
        path = folder / f"{name}.json"
        if path.exists():
            parts.append(write(report.read(path), path))
    if not parts:
        raise FileNotFoundError(f"no result files in {folder}")
    return "\n\n".join(parts)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def _where(head: dict[str, Any]) -> str:
    versions = head["versions"]
    packages = ["numpy", "torch", "jax", "mygrad", "autograd", "tinygrad", "cupy-cuda13x"]
    used = ", ".join(f"{p} {versions[p]}" for p in packages if p in versions)
    machine = head.get("gpu") or f"{head['processor']}, {head['cores']} cores"
    return f"{machine}; Python {versions['python']}, {used}; {head['date'][:10]}"


def _link(path: Path) -> str:
    return f"`bench/results/{path.name}`"


def _steps(result: dict[str, Any], path: Path) -> str:
    rows = result["steps"]
    taking_part = dict.fromkeys(who for row in rows for who in row["microseconds"])
    ours = [who for who in (OURS, OURS_COMPILED) if who in taking_part]
    everyone = [*ours, *(who for who in taking_part if who not in ours)]
    cells = []
    for row in rows:
        line = [row["step"]]
        for who in everyone:
            text = report.number(fastest(row, who))
            times = ratio(row, who)
            if times is not None and who != OURS:
                text += f" ({report.number(times, 2)}x)"
            line.append(text)
        cells.append(line)
    threads = result["threads"]
    says = (
        f"Microseconds a step on the {DEVICES[result['head']['device']]}, the fastest of the "
        f"rounds, and in brackets how many\ntimes gpugrad's eager time that is; {threads} thread"
        f"{'s' if threads > 1 else ''} each. From {_link(path)}\n({_where(result['head'])}):"
    )
    return f"{says}\n\n{_table(['step', *everyone], cells)}"


def _threads(result: dict[str, Any], path: Path) -> str:
    most = result["threads"]
    cells = []
    for row in result["products"]:
        times = [row["microseconds"][way] for way in ("one", "blas", "gpugrad")]
        said = [f"{report.number(t['min'])} ({report.number(t['median'])})" for t in times]
        cells.append([" x ".join(map(str, row["shape"])), *said])
    says = (
        f"Microseconds of a float32 matrix product with one thread, with {most} of which NumPy's "
        f"BLAS chooses\nhow many it uses, and with {most} where gpugrad does; the fastest of the "
        f"rounds, and their median in\nparentheses, from {_link(path)}:"
    )
    header = ["product", "1 thread", f"{most}, BLAS's choice", f"{most}, gpugrad's choice"]
    return f"{says}\n\n{_table(header, cells)}"


def _scale(result: dict[str, Any], path: Path) -> str:
    rows = result["scale"]
    everyone = list(rows[0]["microseconds_per_node"])
    cells = [
        [
            f"{row['nodes']:,}",
            *(
                report.number(row["microseconds_per_node"][who]["backward"]["min"])
                for who in everyone
            ),
        ]
        for row in rows
    ]
    says = f"Microseconds of backward a node, in a chain of so many nodes, from {_link(path)}:"
    return f"{says}\n\n{_table(['nodes', *everyone], cells)}"


def _import(result: dict[str, Any], path: Path) -> str:
    cells = [
        [
            NAMES.get(row["package"], row["package"]),
            f"{row['milliseconds']['median']:.0f}",
            report.size(row["installed_bytes"]),
        ]
        for row in result["import"]
    ]
    says = (
        "Import in a fresh process (median), and installed files with all requirements, from\n"
        f"{_link(path)}:"
    )
    return f"{says}\n\n{_table(['package', 'ms', 'installed'], cells)}"


def _kernels(result: dict[str, Any], path: Path) -> str:
    from .suites.kernels import FROM_BYTES, goals

    cells = []
    for row in result["kernels"]:
        figures = [report.number(figure) for figure, _ in goals(row).values()]
        cells.append([f"`{row['kernel']}`", *figures])
    says = (
        f"CUDA kernels, the worst over all sizes from 1 KB to 1 GB (share of a copy's bandwidth: "
        f"from\n{report.size(FROM_BYTES)}), from {_link(path)} ({_where(result['head'])}):"
    )
    header = ["kernel", "share of copy", "PyTorch's time", "composed", "host us"]
    return f"{says}\n\n{_table(header, cells)}"


def rewritten(text: str, fresh: str) -> str:
    """The README's text with what is between the markers replaced.

    Raises:
        ValueError: a marker is missing.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the README must have the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n\n{fresh}\n\n{END}{after}"


def main(arguments: Sequence[str]) -> int:
    """Rewrite the README; with ``--check``, 1 if that would change it."""
    parser = argparse.ArgumentParser(prog="python -m bench readme", description=__doc__)
    parser.add_argument("--results", type=Path, default=report.RESULTS)
    parser.add_argument("--readme", type=Path, default=README)
    parser.add_argument("--check", action="store_true", help="change nothing")
    chosen = parser.parse_args(arguments)
    text = chosen.readme.read_text(encoding="utf-8")
    fresh = rewritten(text, section(chosen.results))
    if chosen.check:
        print("up to date" if fresh == text else "the README differs from the result files")
        return int(fresh != text)
    chosen.readme.write_text(fresh, encoding="utf-8")
    print(f"written: {chosen.readme}")
    return 0
