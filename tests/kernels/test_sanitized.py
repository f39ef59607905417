"""All kernels' tests once more under the address and undefined-behaviour sanitizers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.kernels import emulation

HERE = Path(__file__).resolve().parent
FILES = (
    "test_bias_activation.py",
    "test_clip_grad_norm.py",
    "test_dropout.py",
    "test_elementwise.py",
    "test_embedding.py",
    "test_mse.py",
    "test_outputs.py",
    "test_rows.py",
    "test_sigmoid_mse.py",
    "test_steps.py",
    "test_unscale.py",
)


def sanitized(*arguments: str) -> subprocess.CompletedProcess[str]:
    """A process of Python in which the kernels are sanitized."""
    asked = [emulation.compiler(), "-print-file-name=libasan.so"]
    library = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    if not Path(library).is_absolute():
        pytest.skip("g++ comes without the address sanitizer's library")
    environment = os.environ | {
        "EMULATION_SANITIZE": "1",
        "LD_PRELOAD": library,
        # Python and NumPy do not free everything at exit.
        "ASAN_OPTIONS": "detect_leaks=0:abort_on_error=0",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        env=environment,
        cwd=HERE.parents[1],
        check=False,
    )


def test_kernels_under_the_sanitizers() -> None:
    emulation.build_all(sanitize=True)  # here: the compiler is slow with the library preloaded
    files = [str(HERE / file) for file in FILES]
    done = sanitized("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *files)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


READ_TOO_MUCH = """
import numpy as np
from tests.kernels.emulation import launch
x = np.zeros(1001, np.float32)
launch("relu_forward", "float32", 1, (x, np.zeros(1000, np.float32), 1001))
"""

MISALIGNED = """
import ctypes
import numpy as np
from tests.kernels import emulation
text = emulation.inlined("relu")
wrong = text.replace("(misalignment(others) == off)", "(misalignment(others) < 16)")
assert wrong != text
code = emulation.host_source("relu", wrong)
library = ctypes.CDLL(str(emulation.finish_build(emulation.start_build(code))))
x = np.zeros(1001, np.float32)
args = (x[1:], np.zeros(1000, np.float32), 1000)
emulation.launch("relu_forward", "float32", 1, args, library=library)
"""


def test_the_sanitizer_sees_a_misaligned_access() -> None:
    done = sanitized("-c", MISALIGNED)
    assert done.returncode != 0
    assert "misaligned address" in done.stderr, done.stderr


def test_the_sanitizer_sees_an_access_out_of_bounds() -> None:
    emulation.build_all(sanitize=True)
    done = sanitized("-c", READ_TOO_MUCH)
    assert done.returncode != 0
    assert "heap-buffer-overflow" in done.stderr and "relu" in done.stderr
