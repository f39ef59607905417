"""``python -m bench scale``: whether backward costs the same per node however large the graph.

The graph is a chain: each node is the only input of the next, the worst case for a traversal that
recurses and for one that sorts.
"""

from __future__ import annotations

import gc
import importlib
import statistics
import time
from typing import Any

from .. import plots, report
from ..options import Options

NODES = (1_000, 10_000, 100_000, 1_000_000)
QUICK = (1_000, 10_000)
REPEATS = 5
LARGEST_REPEATS = 2


def chain(library: Any, nodes: int, device: str) -> tuple[Any, Any]:
    """A scalar and what a million small steps make of it."""
    x = library.ones((), device=device, requires_grad=True)
    y = x
    for _ in range(nodes):
        y = y * 1.0
    return x, y


def once(library: Any, nodes: int, device: str) -> dict[str, float]:
    """Microseconds a node to build the graph, to go through it, and to let it go."""
    wait = library.cuda.synchronize if device == "cuda" else lambda: None
    clock = time.perf_counter
    start = clock()
    x, y = chain(library, nodes, device)
    wait()
    built = clock()
    y.backward()
    wait()
    done = clock()
    if x.grad.item() != 1.0:
        raise RuntimeError(f"the gradient through {nodes} nodes is {x.grad.item()}, not 1")
    released = clock()
    del y
    freed = clock()
    each = 1e6 / nodes
    return {
        "forward": (built - start) * each,
        "backward": (done - built) * each,
        "free": (freed - released) * each,
    }


def run(options: Options) -> None:
    """Measure, print and write."""
    libraries = {"gpugrad": importlib.import_module("gpugrad")}
    if "torch" in options.peers:
        libraries["PyTorch"] = importlib.import_module("torch")
        libraries["PyTorch"].set_num_threads(options.threads)
    for library in libraries.values():
        once(library, 1_000, options.device)
    rows = []
    for nodes in QUICK if options.quick else NODES:
        found: dict[str, list[dict[str, float]]] = {who: [] for who in libraries}
        for _ in range(REPEATS if nodes < NODES[-1] else LARGEST_REPEATS):
            for who, library in libraries.items():
                gc.collect()
                found[who].append(once(library, nodes, options.device))
        rows.append({"nodes": nodes, "microseconds_per_node": _summaries(found)})
    show(rows, list(libraries))
    if options.output is not None:
        path = report.write(options.output, "scale", options.device, {"scale": rows})
        if options.plot:
            draw(path.with_suffix(".png"), rows, list(libraries), options.device)


def _summaries(found: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    return {
        who: {
            part: {
                "min": round(min(run[part] for run in runs), 4),
                "median": round(statistics.median(run[part] for run in runs), 4),
            }
            for part in runs[0]
        }
        for who, runs in found.items()
    }


def show(rows: list[dict[str, Any]], everyone: list[str]) -> None:
    """A line for each number of nodes."""
    parts = ("forward", "backward", "free")
    report.table(
        "microseconds a node, fastest of a few runs",
        ["nodes", *(f"{who} {part}" for who in everyone for part in parts)],
        [
            [
                f"{row['nodes']:,}",
                *(
                    report.number(row["microseconds_per_node"][who][part]["min"])
                    for who in everyone
                    for part in parts
                ),
            ]
            for row in rows
        ],
    )


def draw(path: Any, rows: list[dict[str, Any]], everyone: list[str], device: str) -> None:
    """Backward's time per node over the number of nodes."""
    plots.lines(
        path,
        f"Backward through a chain on {device}",
        ("nodes", "microseconds a node"),
        {
            who: [(r["nodes"], r["microseconds_per_node"][who]["backward"]["min"]) for r in rows]
            for who in everyone
        },
    )
