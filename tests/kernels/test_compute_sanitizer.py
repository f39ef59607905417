"""All kernels' tests on a GPU once more, under NVIDIA's compute-sanitizer where it is installed.

``memcheck`` sees accesses out of bounds and misaligned ones, ``racecheck`` threads of a block that
use shared memory without a barrier between them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels.test_sanitized import FILES

HERE = Path(__file__).resolve().parent
SEEN = 86  # the exit code that is asked for if something is found

pytestmark = pytest.mark.cuda

LAUNCH = """
import sys
import cupy
import numpy as np
from tests.kernels.on_device import Machine
x, y = np.zeros(1000, np.float32), np.zeros(1000, np.float32)
Machine(cupy).launch("relu_forward", "float32", 1, (x, y, int(sys.argv[1])))
"""

RACE = """
extern "C" __global__ void race(int* x) {
    __shared__ int shared[256];
    shared[threadIdx.x] = threadIdx.x;
    x[threadIdx.x] = shared[255 - threadIdx.x];
}
"""
RACING = f"""
import cupy
x = cupy.zeros(256, "int32")
cupy.RawModule(code={RACE!r}).get_function("race")((1,), (256,), (x,))
x.get()
"""


def checked(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A process of Python whose kernels a tool watches, with arrays in allocations of their own."""
    program = shutil.which("compute-sanitizer")
    if program is None:
        pytest.skip("compute-sanitizer is not on the PATH")
    how = ("--tool", tool, "--error-exitcode", str(SEEN), "--target-processes", "all")
    return subprocess.run(
        [program, *how, sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"EMULATION_SANITIZE": "1", "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=HERE.parents[1],
        check=False,
    )


@pytest.fixture(params=["memcheck", "racecheck"])
def tool(request: pytest.FixtureRequest) -> str:
    """A tool that can watch this machine's GPU."""
    done = checked(request.param, "-c", LAUNCH, "1000")
    if "Device not supported" in done.stdout + done.stderr:
        pytest.skip("compute-sanitizer does not support this device")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return str(request.param)


def test_kernels_under_the_sanitizer(tool: str) -> None:
    files = [str(HERE / file) for file in FILES]
    options = ("-q", "-x", "-p", "no:cacheprovider", "-m", "cuda", "--require-gpu")
    done = checked(tool, "-m", "pytest", *options, *files)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert " passed" in done.stdout


@pytest.mark.parametrize("tool", ["memcheck"], indirect=True)
def test_it_sees_an_access_out_of_bounds(tool: str) -> None:
    done = checked(tool, "-c", LAUNCH, "1001")
    assert done.returncode == SEEN
    assert "Invalid __global__" in done.stdout and "relu_forward_float32" in done.stdout


@pytest.mark.parametrize("tool", ["racecheck"], indirect=True)
def test_it_sees_a_missing_barrier(tool: str) -> None:
    done = checked(tool, "-c", RACING)
    assert done.returncode == SEEN
    assert "hazard" in done.stdout
