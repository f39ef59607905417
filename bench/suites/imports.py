"""``python -m bench import``: how long a program waits for its library, and what it installs.

Import times are of fresh processes that take turns. Sizes are those of the installed files of a
package and of everything it requires, without extras and without compiled Python.
"""

from __future__ import annotations

import atexit
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import contest, report
from ..options import Options
from ..peers import PACKAGES

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import time
start = time.perf_counter()
import {module}
print(time.perf_counter() - start)
"""

REQUIRED = ("numpy", "safetensors")
"""What gpugrad itself installs beside its own files."""

QUICK_ROUNDS, ROUNDS = 3, 11


@functools.cache
def environment() -> dict[str, str]:
    """In which Python finds what it has compiled, as it does of an installed package."""
    folder = tempfile.mkdtemp(prefix="gpugrad-bench-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    own = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return own | {"PYTHONPYCACHEPREFIX": folder}


def seconds(module: str) -> float:
    """The time of one import in a process of its own."""
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(said.stdout.splitlines()[-1])


def own_bytes() -> int:
    """The files of this package: its Python and its kernels."""
    files = [*(ROOT / "gpugrad").rglob("*.py"), *(ROOT / "kernels").glob("*.cu*")]
    return sum(path.stat().st_size for path in files)


def installed_bytes(*packages: str) -> int:
    """The files of distributions and of all that they require."""
    found: set[str] = set()
    waiting = list(packages)
    total = 0
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # required on other systems only
        found.add(name)
        for file in distribution.files or ():
            path = Path(str(distribution.locate_file(file)))
            if path.suffix != ".pyc" and path.is_file():
                total += path.stat().st_size
        for line in distribution.requires or ():
            requirement, _, marker = line.partition(";")
            if "extra" not in marker:
                waiting.append(re.split(r"[^\w.-]", requirement.strip())[0])
    return total


def run(options: Options) -> None:
    """Measure, print and write."""
    modules = {"gpugrad": "gpugrad", "numpy": "numpy"}
    modules.update({peer: PACKAGES[peer] for peer in options.peers})
    times: dict[str, list[float]] = {who: [] for who in modules}
    for module in modules.values():
        seconds(module)  # compiles Python and fills the disk's cache
    for _ in range(QUICK_ROUNDS if options.quick else ROUNDS):
        for who, module in modules.items():
            times[who].append(seconds(module))
    rows: list[dict[str, Any]] = []
    for who, module in modules.items():
        size = (
            own_bytes() + installed_bytes(*REQUIRED)
            if who == "gpugrad"
            else installed_bytes(module)
        )
        summary = contest.summary([t * 1e3 for t in times[who]])
        rows.append({"package": who, "milliseconds": summary, "installed_bytes": size or None})
    report.table(
        "import in a fresh process, and installed files with all requirements",
        ["package", "ms median", "ms min", "installed"],
        [
            [
                row["package"],
                report.number(row["milliseconds"]["median"]),
                report.number(row["milliseconds"]["min"]),
                report.size(row["installed_bytes"]),
            ]
            for row in rows
        ],
    )
    if options.output is not None:
        content: dict[str, Any] = {"own_bytes": own_bytes(), "import": rows}
        report.write(options.output, "import", options.device, content)
