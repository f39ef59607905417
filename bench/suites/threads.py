"""``python -m bench threads``: what a second thread gives to products of matrices.

NumPy's BLAS decides by itself from which size on it uses all threads it may;
:mod:`gpugrad.native.product_threads` gives it one below a larger size. Whether the machine was
quiet shows where the median is far from the fastest round.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np

import gpugrad
from gpugrad.native import product_threads

from .. import report
from ..contest import BenchError, Step, take_turns
from ..options import Options

PRODUCTS = (
    (32, 32, 32),
    (64, 64, 64),
    (64, 64, 128),
    (64, 128, 128),
    (64, 128, 192),
    (128, 128, 128),
    (512, 64, 64),
    (128, 512, 512),
    (512, 512, 512),
)
"""Rows, inner dimension and columns, from toy models to where arithmetic is all that counts."""

QUICK = PRODUCTS[:3]

PRODUCTS_A_STEP = 20

KINDS = ("min", "median")


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
    """Microseconds of one product: with one thread, as BLAS chooses, and as gpugrad does."""
    rows, inner, columns = shape
    x, y = gpugrad.rand(rows, inner).numpy(), gpugrad.rand(inner, columns).numpy()
    out = np.empty((rows, columns), x.dtype)
    ways: dict[str, tuple[int, Any]] = {
        "one": (1, np.ndarray.dot),
        "blas": (most, np.ndarray.dot),
        "gpugrad": (most, product_threads.dot),
    }
    steps = {
        name: Step(_with_threads(number, dot, x, y, out), lambda: out)
        for name, (number, dot) in ways.items()
    }
    times = take_turns(steps, options.rounds, options.round_seconds)
    found = {
        name: {
            "min": round(min(t) / PRODUCTS_A_STEP, 3),
            "median": round(statistics.median(t) / PRODUCTS_A_STEP, 3),
        }
        for name, t in times.items()
    }
    return {"shape": list(shape), "microseconds": found}


def _with_threads(number: int, dot: Callable[..., Any], *arrays: Any) -> Callable[[int], Any]:
    """A step of so many products that choosing the threads is no part of what is measured."""

    def run(i: int) -> None:
        gpugrad.set_num_threads(number)
        for _ in range(PRODUCTS_A_STEP):
            dot(*arrays)

    return run


def show(rows: list[dict[str, Any]], most: int) -> None:
    """A line for each product."""
    ways = {"one": "1 thread", "blas": f"{most}, BLAS's choice", "gpugrad": f"{most}, gpugrad's"}
    report.table(
        "microseconds a product: the fastest of the rounds, and their median",
        ["product", "multiplications", *(f"{w}, {k}" for w in ways.values() for k in KINDS)],
        [
            [
                "x".join(map(str, row["shape"])),
                f"{math.prod(row['shape']):,}",
                *(report.number(row["microseconds"][way][k]) for way in ways for k in KINDS),
            ]
            for row in rows
        ],
    )
