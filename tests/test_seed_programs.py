"""Short programs written for PyTorch run unchanged with gpugrad in its place.

Each program of `seed_programs/` says ``import torch`` and follows a tutorial; the text file beside
it is what the tutorial shows as its output. Where the tutorial draws numbers without a seed the
text has a ``#``. PyTorch 2.13 prints the same texts within the tolerance of `printed`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.printed import assert_same_lines

PROGRAMS = Path(__file__).parent / "seed_programs"

# Every module of gpugrad under PyTorch's name for it, so that `from torch.autograd import ...`
# and `import torch.nn as nn` find it.
RUN_AS_TORCH = """
import runpy, sys
import gpugrad
for name in [name for name in sys.modules if name.partition(".")[0] == "gpugrad"]:
    sys.modules["torch" + name.removeprefix("gpugrad")] = sys.modules[name]
runpy.run_path(sys.argv[1], run_name="__main__")
"""

NEEDS = {
    "autograd_basics": [],
    "gradient_computation": ["matplotlib"],
    "not_gate": ["matplotlib"],
    "regression": ["matplotlib", "sklearn"],
    "xor": [],
}


def test_every_program_is_run() -> None:
    assert sorted(NEEDS) == sorted(path.stem for path in PROGRAMS.glob("*.py"))


@pytest.mark.parametrize("name", NEEDS)
def test_prints_what_the_tutorial_shows(name: str) -> None:
    for module in NEEDS[name]:
        pytest.importorskip(module)
    program = PROGRAMS / f"{name}.py"
    done = subprocess.run(
        [sys.executable, "-c", RUN_AS_TORCH, str(program)],
        env=os.environ | {"MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert_same_lines(program.with_suffix(".txt").read_text(), done.stdout)
