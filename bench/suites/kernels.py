"""``python -m bench kernels --device cuda``: every CUDA kernel against the bandwidth of a copy.

For each size: the device's time from a cold cache, as a share of the rate at which a copy of as
many bytes runs in the same run; the host's time for a launch; and both for PyTorch's function and
for the same calculation out of CuPy's functions. Before that, results are compared.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gpugrad import dtypes
from gpugrad.backend import get_backend
from gpugrad.backend.probe import probe
from gpugrad.device import device as Device

from .. import plots, report
from ..contest import BenchError, chosen
from ..device_clock import Call, DeviceClock
from ..kernel_cases import CASES, missing
from ..kernel_cases.work import Case, Work, arrays_of
from ..options import Options

SIZES = (2**10, 2**14, 2**17, 2**20, 2**22, 2**24, 2**26, 2**28, 2**30)
"""Bytes of a kernel's largest operand."""

QUICK_SIZES = (2**10, 2**20, 2**26)

RUNS, QUICK_RUNS, HOST_ROUNDS = 40, 10, 5
DTYPE = "float32"
TOLERANCE = {"float64": 1e-9, "float32": 2e-4, "float16": 2e-2, "bfloat16": 1e-1}

LEAST_SHARE, FROM_BYTES = 0.92, 2**26
"""The goals: this share of a copy's bandwidth from this size up,"""
LEAST_OVER_TORCH, LEAST_OVER_COMPOSED, MOST_HOST = 1.0, 2.0, 6.0
"""never slower than PyTorch, twice as fast as composed functions, so many microseconds of host."""

DRAWN_FROM = 2**24

SPARE = 0.8
"""The share of the device's free memory that a case may fill, with its peers' results."""

TIMES_OPERAND = 24
"""How many times the memory of its largest operand a case takes, with everybody's results."""


class UnavailableError(BenchError):
    """What is missing to run this suite."""


class MismatchError(BenchError):
    """A kernel does not do what its case says."""


def require() -> Any:
    """The CUDA backend.

    Raises:
        UnavailableError: there is none, or a kernel has no case.
    """
    state = probe()
    if state.module is None:
        raise UnavailableError(f"the suite 'kernels' needs a CUDA device: {state.reason}")
    if wrong := missing():
        raise UnavailableError("kernels and cases do not match: " + ", ".join(wrong))
    return get_backend(Device("cuda"))


def run(options: Options) -> None:
    """Measure, print and write."""
    xp = require()
    torch = _torch() if "torch" in options.peers else None
    rows = []
    sizes = QUICK_SIZES if options.quick else SIZES
    clock = DeviceClock(xp.module)
    for name in chosen(options.only, CASES):
        rows.append(measure(name, xp, clock, sizes, torch, QUICK_RUNS if options.quick else RUNS))
        print(line(rows[-1]), flush=True)
    show(rows)
    if options.output is not None:
        path = report.write(options.output, "kernels", "cuda", {"kernels": rows})
        if options.plot:
            draw(path.with_suffix(".png"), rows)


def _torch() -> Any:
    torch = importlib.import_module("torch")
    if torch.cuda.is_available():
        return torch
    print("without PyTorch: this build has no CUDA")
    return None


def measure(
    name: str,
    xp: Any,
    clock: DeviceClock,
    sizes: tuple[int, ...],
    torch: Any = None,
    runs: int = RUNS,
    dtype: str = DTYPE,
) -> dict[str, Any]:
    """All sizes of one kernel, in columns: one number for each size.

    Raises:
        MismatchError: another kernel is launched, or its result is wrong.
    """
    columns: dict[str, list[float | None]] = {}
    done = []
    for size, case in _cases(name, xp, sizes, dtype):
        check(name, xp, case, dtype)
        done.append(size)
        for column, value in _times(xp, clock, case, torch, runs).items():
            columns.setdefault(column, []).append(value)
    return {"kernel": name, "dtype": dtype, "bytes": done, **columns}


def _cases(name: str, xp: Any, sizes: tuple[int, ...], dtype: str) -> Iterator[tuple[int, Case]]:
    kind = dtypes.bfloat16.numpy if dtype == "bfloat16" else np.dtype(dtype)
    pool = xp.module.get_default_memory_pool()
    for size in sizes:
        pool.free_all_blocks()
        free = xp.module.cuda.Device().mem_info[0]
        if size * TIMES_OPERAND > SPARE * free:
            print(f"{name}: no memory for operands of {report.size(size)} and more")
            return
        case = CASES[name](Work(xp, kind, size // kind.itemsize))
        if case is not None:
            yield size, case


def check(name: str, xp: Any, case: Case, dtype: str) -> None:
    """Whether the case launches its kernel, once, and gets what the composed form gets."""
    launched: list[str] = []
    found = arrays_of(recorded(xp, case.ours, launched))
    if launched != [name]:
        raise MismatchError(f"the case of {name} launches {', '.join(launched) or 'nothing'}")
    expected = arrays_of(case.composed())
    for ours, composed in zip(found, expected, strict=True):
        one, other = (xp.to_host(a.ravel()[:100_000]).astype(np.float64) for a in (ours, composed))
        apart = np.abs(one - other) / (1 + np.abs(other))
        if not apart.max(initial=0.0) <= TOLERANCE[dtype]:
            raise MismatchError(f"{name}: off by {apart.max():.1e} from its composed form")


def recorded(xp: Any, call: Call, launched: list[str]) -> Any:
    """The call's result; the names of the kernels that it asks for are added to a list."""
    kernels = xp.kernels

    class Recorder:
        def get(self, name: str, suffix: str) -> Any:
            launched.append(name)
            return kernels.get(name, suffix)

    xp.kernels = Recorder()
    try:
        return call()
    finally:
        xp.kernels = kernels


def _times(
    xp: Any, clock: DeviceClock, case: Case, torch: Any, runs: int
) -> dict[str, float | None]:
    moved = case.moved
    if moved is None:
        moved = sum(a.nbytes for a in [*case.arrays, *arrays_of(case.ours())])
    half = max(1, moved // 2)
    source, target = xp.empty((half,), "uint8"), xp.empty((half,), "uint8")
    calls: dict[str, Call] = {
        "copy": lambda: xp.module.copyto(target, source),
        "ours": case.ours,
        "composed": case.composed,
    }
    if torch is not None and case.torch is not None:
        calls["torch"] = case.torch(torch, *(torch.from_dlpack(a) for a in case.arrays))
    for call in calls.values():
        call()  # compiles, and fills the memory pools
    device, host = clock.device(calls, runs), clock.host(calls, HOST_ROUNDS)
    columns: dict[str, float | None] = {"moved": moved, "copy_us": _short(device["copy"])}
    for who in ("ours", "composed", "torch"):
        columns[f"{who}_us"] = _short(device[who]) if who in calls else None
        columns[f"{who}_host_us"] = _short(host[who]) if who in calls else None
    return columns


def _short(microseconds: float) -> float:
    return float(f"{microseconds:.4g}")


# --- what the columns say -------------------------------------------------------------------------


def shares(row: dict[str, Any]) -> list[float]:
    """For each size the bytes moved in a second as a share of what a copy moves."""
    return [
        copy / ours if ours else 0.0
        for copy, ours in zip(row["copy_us"], row["ours_us"], strict=True)
    ]


def worst_over(row: dict[str, Any], who: str) -> float | None:
    """The smallest ratio of a peer's time to ours over all sizes; None without that peer.

    Of host and device, the slower decides how many calls run in a second.
    """
    ratios = []
    for i in range(len(row["bytes"])):
        if row[f"{who}_us"][i] is not None:
            theirs = max(row[f"{who}_us"][i], row[f"{who}_host_us"][i])
            ratios.append(theirs / max(row["ours_us"][i], row["ours_host_us"][i]))
    return min(ratios, default=None)


def least_share(row: dict[str, Any]) -> float | None:
    """The smallest share of a copy's bandwidth among the sizes of the goal."""
    return min(
        (share for n, share in zip(row["bytes"], shares(row), strict=True) if n >= FROM_BYTES),
        default=None,
    )


def goals(row: dict[str, Any]) -> dict[str, tuple[float | None, bool]]:
    """Each goal's figure, and whether it is reached; what was not measured is not reached."""
    share, torch, composed = least_share(row), worst_over(row, "torch"), worst_over(row, "composed")
    host = max(row["ours_host_us"])
    return {
        "share": (share, share is not None and share >= LEAST_SHARE),
        "torch": (torch, torch is not None and torch >= LEAST_OVER_TORCH),
        "composed": (composed, composed is not None and composed >= LEAST_OVER_COMPOSED),
        "host": (host, host < MOST_HOST),
    }


def line(row: dict[str, Any]) -> str:
    """A row's progress report."""
    last = f"{report.size(row['bytes'][-1])} in {report.number(row['ours_us'][-1])} us"
    return f"{row['kernel']}: {last}, {shares(row)[-1]:.0%} of a copy's bandwidth"


def show(rows: list[dict[str, Any]]) -> None:
    """Each kernel's figures beside the goals."""
    lines = []
    for row in rows:
        cells = [row["kernel"]]
        for figure, reached in goals(row).values():
            mark = "" if figure is None else " ok" if reached else " no"
            cells.append(report.number(figure) + mark)
        lines.append(cells)
    report.table(
        f"worst over all sizes. Goals: share of a copy's bandwidth from {report.size(FROM_BYTES)} "
        f">= {LEAST_SHARE}, PyTorch's time over ours >= {LEAST_OVER_TORCH:g}, composed functions' "
        f">= {LEAST_OVER_COMPOSED:g}, host time < {MOST_HOST:g} us",
        ["kernel", "share", "PyTorch", "composed", "host us"],
        lines,
    )


def draw(path: Path, rows: list[dict[str, Any]]) -> None:
    """Share of a copy's bandwidth of every kernel at the sizes where bandwidth decides."""
    sizes = sorted({size for row in rows for size in row["bytes"] if size >= DRAWN_FROM})
    series: dict[str, list[float | None]] = {}
    for size in sizes:
        found = (dict(zip(row["bytes"], shares(row), strict=True)) for row in rows)
        series[report.size(size)] = [of_row.get(size) for of_row in found]
    plots.bars(
        path,
        f"CUDA kernels, {DTYPE}, cold cache",
        "share of the bandwidth of a copy of as many bytes",
        [row["kernel"] for row in rows],
        series,
        goal=LEAST_SHARE,
        log=False,
    )
