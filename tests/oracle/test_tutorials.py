"""Tutorial-size programs print the same under PyTorch and under this library.

Each program of `tutorials/` says ``import torch``, which is once PyTorch and once this library in
its place, and prints as it goes: tensors, shapes, losses, messages of errors it catches. Both
outputs are compared line by line and token by token. Numbers may differ by what the order of a sum
leaves: one unit in the last place where up to four decimals are printed, one part in 100,000 where
there are more. Everything else is equal, spaces that align numbers aside.
"""

from __future__ import annotations

import functools
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("sklearn")

PROGRAMS = Path(__file__).parent / "tutorials"
NAMES = sorted(path.stem for path in PROGRAMS.glob("*.py"))

# All programs in one process, since importing PyTorch takes longer than most of them run. What one
# could leave behind for the next is put back.
RUN_ALL = """
import contextlib, importlib, io, json, os, random, runpy, sys, traceback, warnings
library, programs = sys.argv[1], sys.argv[2:]
if library != "torch":
    importlib.import_module(library + ".as_torch").install()
import numpy, torch as lib
warnings.simplefilter("ignore")
outputs = {}
for program in programs:
    lib.manual_seed(0); random.seed(0); numpy.random.seed(0)
    lib.set_default_dtype(lib.float32); lib.set_printoptions(profile="default")
    lib.set_grad_enabled(True)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            runpy.run_path(program, run_name="__main__")
        except BaseException:
            print(traceback.format_exc())
    outputs[program] = printed.getvalue()
print(json.dumps(outputs))
"""

NUMBER = re.compile(r"(?<![\w.])-?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?(?!\w)")
ADDRESS = re.compile(r"0x[0-9a-f]+")
TOKEN = re.compile(NUMBER.pattern + r"|[^\W\d]\w*|\S")
LONG = 1e-5
"""Relative error of numbers with more than four decimals, whose last digits nobody relies on."""


@functools.cache
def printed_by(library: str) -> dict[str, str]:
    """What each program prints under one library."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", RUN_ALL, library, *(str(PROGRAMS / f"{n}.py") for n in NAMES)],
            env=os.environ | {"PYTHONPATH": str(PROGRAMS.parents[2]), "OMP_NUM_THREADS": "1"},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
        )
    assert done.returncode == 0, done.stderr
    outputs: dict[str, str] = json.loads(done.stdout)
    return {Path(program).stem: text for program, text in outputs.items()}


def decimals(number: str) -> int:
    """Decimals behind the point of a number as written; ``1.5e-3`` has four."""
    mantissa, _, exponent = number.lower().partition("e")
    return len(mantissa.partition(".")[2]) - int(exponent or 0)


def same_token(want: str, got: str) -> bool:
    if want == got:
        return True
    if not (NUMBER.fullmatch(want) and NUMBER.fullmatch(got)):
        return False
    places = decimals(want)
    if "e" not in want and places <= 4:
        unit = 10.0**-places if places else 0.0
        return decimals(got) == places and abs(float(want) - float(got)) < 1.5 * unit
    return abs(float(want) - float(got)) <= LONG * abs(float(want))


def same_line(want: str, got: str) -> bool:
    if want == got:
        return True
    indents = (line[: len(line) - len(line.lstrip())] for line in (want, got))
    return len(set(indents)) == 1 and all(
        a is not None and b is not None and same_token(a, b)
        for a, b in itertools.zip_longest(TOKEN.findall(want), TOKEN.findall(got))
    )


def differences(want: str, got: str) -> list[str]:
    """The lines that differ, each with its number and as both libraries print it."""
    pairs = itertools.zip_longest(
        ADDRESS.sub("0x", want).splitlines(), ADDRESS.sub("0x", got).splitlines()
    )
    return [
        f"line {number}:\n  torch   {a!r}\n  gpugrad {b!r}"
        for number, (a, b) in enumerate(pairs, start=1)
        if a is None or b is None or not same_line(a, b)
    ]


@pytest.mark.parametrize("name", NAMES)
def test_prints_the_same(name: str) -> None:
    want = printed_by("torch")[name]
    assert "Traceback (most recent call last)" not in want, want
    found = differences(want, printed_by("gpugrad")[name])
    assert not found, "\n".join(found[:20])


@pytest.mark.parametrize(
    ("want", "got", "same"),
    [
        ("loss 0.1234", "loss 0.1235", True),
        ("loss 0.1234", "loss 0.1236", False),
        ("loss 0.1234", "loss 0.123", False),
        ("tensor([ 0.1000, -0.0000])", "tensor([0.1000, 0.0000])", True),
        ("0.12345678", "0.12346678", False),
        ("0.12345678", "0.12345680", True),
        ("7", "8", False),
        ("tensor(7)", "tensor(7.)", False),
        ("    (0): Linear", "  (0): Linear", False),
        ("1.0000e-05", "1.0000e-05", True),
        ("1.0000e-05", "1.1000e-05", False),
        ("float32", "float64", False),
        ("a b", "a", False),
    ],
)
def test_comparison(want: str, got: str, same: bool) -> None:
    assert same_line(want, got) is same
