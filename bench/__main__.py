"""``python -m bench``: time training steps of gpugrad and PyTorch in one run.

The libraries take turns in short rounds, so a busy moment of the machine hits both; the fastest
and the median round count. Parameters after the same number of steps must agree.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gpugrad

from . import machine
from .steps import STEPS

RESULTS = Path(__file__).parent / "results"
TOLERANCE = 1e-3


def libraries() -> dict[str, Any]:
    """The libraries to compare: gpugrad, and PyTorch where installed."""
    found: dict[str, Any] = {"gpugrad": gpugrad}
    try:
        import torch
    except ImportError:
        return found
    torch.set_num_threads(1)  # toy steps lose from a second thread; both sides get one
    found["torch"] = torch
    return found


def measure(name: str, peers: dict[str, Any], rounds: int, round_seconds: float) -> dict[str, Any]:
    """Microseconds a step for each library, and how far their parameters are apart."""
    built = {peer: STEPS[name](module) for peer, module in peers.items()}
    for step, _ in built.values():
        for i in range(20):
            step(i)
    parameters = {peer: values() for peer, (_, values) in built.items()}
    reference = parameters["gpugrad"]
    apart = max(
        abs(a - b) / (1 + abs(b))
        for values in parameters.values()
        for a, b in zip(values, reference, strict=True)
    )
    if apart > TOLERANCE:
        raise RuntimeError(f"{name}: parameters differ by {apart:.2e} after 20 steps")
    count = max(1, int(round_seconds / _time(built["gpugrad"][0], 5)))
    times: dict[str, list[float]] = {peer: [] for peer in built}
    for _ in range(rounds):
        for peer, (step, _) in built.items():
            times[peer].append(_time(step, count) * 1e6)
    return {
        "step": name,
        "parameters_apart": apart,
        "microseconds": {
            peer: {"min": min(t), "median": statistics.median(t)} for peer, t in times.items()
        },
    }


def _time(step: Callable[[int], Any], count: int) -> float:
    start = time.perf_counter()
    for i in range(count):
        step(i)
    return (time.perf_counter() - start) / count


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("steps", nargs="*", help=f"of {', '.join(STEPS)}; default: all")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--round-seconds", type=float, default=0.05)
    parser.add_argument("--no-file", action="store_true", help="print only, write no result file")
    options = parser.parse_args()
    unknown = sorted(set(options.steps) - set(STEPS))
    if unknown:
        parser.error(f"no such step: {', '.join(unknown)}")
    peers = libraries()
    rows = []
    print(f"{'step':12}" + "".join(f"{p + ' us':>14}" for p in peers) + f"{'ratio':>9}")
    for name in options.steps or STEPS:
        row = measure(name, peers, options.rounds, options.round_seconds)
        best = {peer: t["min"] for peer, t in row["microseconds"].items()}
        if "torch" in best:
            row["torch_over_gpugrad"] = best["torch"] / best["gpugrad"]
        rows.append(row)
        ratio = f"{row['torch_over_gpugrad']:8.2f}x" if "torch" in best else ""
        print(f"{name:12}" + "".join(f"{t:14.1f}" for t in best.values()) + ratio, flush=True)
    if not options.no_file:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / "steps-cpu.json"
        path.write_text(json.dumps({"machine": machine.describe(), "steps": rows}, indent=2) + "\n")
        print(f"written: {path}")


if __name__ == "__main__":
    main()
