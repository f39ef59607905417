"""The command line of ``python -m bench``.

Nothing here may import NumPy before the number of threads is set: BLAS reads it once.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from .options import Options

SUITES = {
    "steps": "steps",
    "ops": "ops",
    "kernels": "kernels",
    "scale": "scale",
    "threads": "threads",
    "import": "imports",
}
"""The suites, and the module in ``bench.suites`` of each."""

DESCRIPTION = """\
Measure gpugrad and its peers in one run.

  steps     whole training steps (the default)
  ops       single operations, tiny and large, forward and backward
  kernels   the CUDA kernels against the bandwidth of a copy (needs a GPU)
  scale     backward time per node of graphs of 1,000 to 1,000,000 nodes
  threads   matrix products with one thread and with two
  import    time and size of what a program loads

  python -m bench compare OLD.json NEW.json   fails where something has become slower
  python -m bench readme                      writes the README's table from the result files
"""


def parser() -> argparse.ArgumentParser:
    """What is understood."""
    made = argparse.ArgumentParser(
        prog="python -m bench",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("suites", nargs="*", metavar="suite", help=", ".join(SUITES))
    made.add_argument("--peers", help="a comma-separated list, or 'none'; default: all installed")
    made.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    made.add_argument("--only", default="", help="a comma-separated list of cases")
    made.add_argument("--threads", type=int, default=1, help="of every library (default: 1)")
    made.add_argument("--rounds", type=int, help="how often contestants take turns (default: 15)")
    made.add_argument("--quick", action="store_true", help="fewer, shorter rounds, smaller cases")
    made.add_argument("--output", type=Path, help="the folder for results (bench/results)")
    made.add_argument("--no-file", action="store_true", help="print only")
    made.add_argument("--plot", action=argparse.BooleanOptionalAction, default=True)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suites; the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given[:1] == ["compare"]:
        from .compare import main as compare

        return compare(given[1:])
    if given[:1] == ["readme"]:
        from .readme import main as readme

        return readme(given[1:])
    return measure(given)


def measure(given: Sequence[str]) -> int:
    """Run suites; the exit status."""
    made = parser()
    chosen = made.parse_args(given)
    suites = chosen.suites or ["steps"]
    unknown = sorted(set(suites) - set(SUITES))
    if unknown:
        made.error(f"no such suite: {', '.join(unknown)}")
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(chosen.threads)

    from .contest import BenchError
    from .peers import available
    from .report import RESULTS

    if chosen.peers is None:
        peers = available(chosen.device)
    else:
        peers = [p for p in chosen.peers.split(",") if p and p != "none"]
    options = Options(
        device=chosen.device,
        peers=peers,
        threads=chosen.threads,
        rounds=chosen.rounds or (3 if chosen.quick else 15),
        round_seconds=0.01 if chosen.quick else 0.05,
        quick=chosen.quick,
        only=[name for name in chosen.only.split(",") if name],
        output=None if chosen.no_file else chosen.output or RESULTS,
        plot=chosen.plot,
    )
    for suite in suites:
        try:
            importlib.import_module(f"bench.suites.{SUITES[suite]}").run(options)
        except BenchError as error:
            print(f"{suite}: {error}", file=sys.stderr)
            return 1
    return 0
