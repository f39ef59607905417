"""Settings of ``python -m pytest bench``: one BLAS thread, and result files that stay small."""

from __future__ import annotations

import os
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

KEPT = ("min", "median", "stddev", "rounds", "iterations")


def pytest_benchmark_update_json(config: Any, benchmarks: Any, output_json: Any) -> None:
    """Of what ``--benchmark-json`` writes, keep what a comparison needs."""
    from bench import machine

    output_json["machine_info"] = machine.describe()
    output_json.pop("commit_info", None)
    output_json["benchmarks"] = [
        {
            "fullname": row["fullname"],
            "stats": {name: float(f"{row['stats'][name]:.6g}") for name in KEPT},
        }
        for row in output_json["benchmarks"]
    ]
