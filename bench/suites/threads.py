"""``python -m bench threads``: what a second thread gives to matrix products and large arrays.

NumPy's BLAS decides by itself from which size on it uses all threads it may. Whether it decides
well shows where ``speedup`` is below 1; whether the machine was quiet, where the median is far from
the fastest round.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

import gpugrad

from .. import report
from ..contest import BenchError, Step, take_turns
from ..options import Options

PRODUCTS = (
    (32, 32, 32),
    (64, 64, 64),
    (64, 64, 128),
    (64, 128, 128),
    (128, 128, 128),
    (512, 64, 64),
    (128, 512, 512),
    (512, 512, 512),
)
"""Rows, inner dimension and columns, from toy models to where arithmetic is all that counts."""

QUICK = PRODUCTS[:3]

PRODUCTS_A_STEP = 20


def run(options: Options) -> None:
    """Measure, print and write.

    Raises:
        BenchError: not on the CPU, or threads cannot be chosen here.
    """
    if options.device != "cpu":
        raise BenchError("threads are the CPU's")
    most = max(2, options.threads)
    before = gpugrad.get_num_threads()
    try:
        rows = [row(shape, most, options) for shape in (QUICK if options.quick else PRODUCTS)]
    finally:
        gpugrad.set_num_threads(before)
    show(rows, most)
    if options.output is not None:
        report.write(options.output, "threads", "cpu", {"threads": most, "products": rows})


def row(shape: tuple[int, int, int], most: int, options: Options) -> dict[str, Any]:
    """Microseconds of one product with one thread and with ``most``."""
    rows, inner, columns = shape
    x, y = gpugrad.rand(rows, inner), gpugrad.rand(inner, columns)
    steps = {
        str(number): Step(_with_threads(number, lambda: x @ y), lambda: x.numpy())
        for number in (1, most)
    }
    times = take_turns(steps, options.rounds, options.round_seconds)
    found = {
        number: {
            "min": round(min(t) / PRODUCTS_A_STEP, 3),
            "median": round(statistics.median(t) / PRODUCTS_A_STEP, 3),
        }
        for number, t in times.items()
    }
    return {"shape": list(shape), "microseconds": found}


def _with_threads(number: int, product: Callable[[], Any]) -> Callable[[int], Any]:
    """A step of so many products that choosing the threads is no part of what is measured."""

    def run(i: int) -> None:
        gpugrad.set_num_threads(number)
        for _ in range(PRODUCTS_A_STEP):
            product()

    return run


def show(rows: list[dict[str, Any]], most: int) -> None:
    """A line for each product."""
    kinds = [(number, kind) for number in ("1", str(most)) for kind in ("min", "median")]
    report.table(
        "microseconds a product: the fastest of the rounds, and their median",
        ["product", "multiplications", *(f"{n} threads, {kind}" for n, kind in kinds), "speedup"],
        [
            [
                "x".join(map(str, row["shape"])),
                f"{math.prod(row['shape']):,}",
                *(report.number(row["microseconds"][n][kind]) for n, kind in kinds),
                report.number(
                    row["microseconds"]["1"]["min"] / row["microseconds"][str(most)]["min"]
                ),
            ]
            for row in rows
        ],
    )
