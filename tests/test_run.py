"""``gpugrad run``: programs that say ``import torch`` run here as they are."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gpugrad.cli import main

ROOT = Path(__file__).resolve().parent.parent
TUTORIALS = sorted((ROOT / "tests" / "oracle" / "tutorials").glob("*.py"))

Result = subprocess.CompletedProcess[str]


def python(*arguments: object, cwd: Path | None = None) -> Result:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONSAFEPATH", None)
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=cwd)


def gpugrad_run(*arguments: object, cwd: Path | None = None) -> Result:
    return python("-m", "gpugrad", "run", *arguments, cwd=cwd)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


NAMES = """
import torch
import torch.nn as nn, torch.nn.functional as F
import torch.optim.lr_scheduler as schedulers
from torch import Tensor, optim
from torch.nn.modules.loss import MSELoss
from torch.utils.data import DataLoader
from torch.utils.data.dataloader import DataLoader as TheSame
from torch.nn.modules.utils import _pair
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.loss import TripletMarginLoss
from torch.nn.modules.upsampling import Upsample
from torch.nn.common_types import _size_2_t
from torch.distributions.normal import Normal
from torch.types import Number
from torch.utils.hooks import RemovableHandle
import torch._dynamo
import gpugrad

assert torch.__name__ == "torch" and torch.__version__.endswith("+gpugrad")
assert torch.nn is nn and torch.nn.functional is F is nn.functional
assert torch.optim.lr_scheduler is schedulers is optim.lr_scheduler
assert MSELoss is nn.MSELoss is gpugrad.nn.MSELoss
assert DataLoader is TheSame is gpugrad.utils.data.DataLoader
assert Tensor is torch.Tensor is gpugrad.Tensor
assert {"nn", "relu", "float32"} <= set(dir(torch))

torch.backends.cudnn.benchmark = True
assert gpugrad.backends.cudnn.benchmark is True
F.relu = lambda x: "changed"
assert gpugrad.nn.functional.relu(1) == F.relu(1) == "changed"
gpugrad.backends.cudnn.benchmark = "here"
assert torch.backends.cudnn.benchmark == "here"
"""


def test_every_module_is_found_by_pytorchs_name(tmp_path: Path) -> None:
    done = gpugrad_run(write(tmp_path / "names.py", NAMES))
    assert (done.returncode, done.stderr) == (0, "")


MISSING = '''
def attempt(source):
    try:
        exec(source, {"torch": torch})
    except (AttributeError, ImportError) as error:
        print(f"{type(error).__name__}: {error}")
    else:
        print(source, "did not fail")

import torch
for source in """torch.strange
import torch.strange
from torch import strange
from torch.nn import Strange
from torch.linalg import strange
import torch.nn.functional.strange
import torch.strange.deeper as d
torch.nn.functional.strange
torch.float32x""".splitlines():
    attempt(source)
assert not hasattr(torch, "strange")
'''


def test_what_is_missing_is_named_as_in_pytorch(tmp_path: Path) -> None:
    done = gpugrad_run(write(tmp_path / "missing.py", MISSING))
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "AttributeError: torch.strange is not in gpugrad",
        "ModuleNotFoundError: torch.strange is not in gpugrad",
        "ModuleNotFoundError: torch.strange is not in gpugrad",
        "ModuleNotFoundError: torch.nn.Strange is not in gpugrad",
        "ModuleNotFoundError: torch.linalg.strange is not in gpugrad",
        "ModuleNotFoundError: torch.nn.functional.strange is not in gpugrad",
        "ModuleNotFoundError: torch.strange is not in gpugrad",
        "AttributeError: torch.nn.functional.strange is not in gpugrad",
        "AttributeError: torch.float32x is not in gpugrad",
    ]


BROKEN_GRAPH = """
import torch

@torch.compile
def halves(x):
    if x.sum() < 0:
        x = -x
    return x / 2

for number in (1.0, -2.0, 3.0):
    print(halves(torch.tensor([number])).item())
torch.compiler.reset()
"""


def test_a_compiled_function_that_reads_values_runs_as_usual(tmp_path: Path) -> None:
    done = gpugrad_run(write(tmp_path / "program.py", BROKEN_GRAPH))
    assert done.stdout.split() == ["0.5", "1.0", "1.5"]
    assert "runs eagerly" in done.stderr


def test_a_missing_import_ends_at_the_line_of_the_program(tmp_path: Path) -> None:
    program = write(tmp_path / "program.py", "x = 1\nfrom torch import strange\n")
    done = gpugrad_run(program)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Traceback (most recent call last):",
        f'  File "{program}", line 2, in <module>',
        "    from torch import strange",
        "ModuleNotFoundError: torch.strange is not in gpugrad",
    ]


ABOUT_ITSELF = """
import sys, pickle, inspect, neighbour

class Point:
    pass

print(sys.argv, __name__, __file__, __package__, __spec__, sys.path[0])
print(sys.modules["__main__"].Point is Point, type(pickle.loads(pickle.dumps(Point()))) is Point)
print(inspect.getsource(Point), neighbour.found)
"""


@pytest.mark.parametrize("arguments", [(), ("--epochs", "3", "-h"), ("--", "a b", "--version")])
def test_a_program_finds_what_it_would_find_without(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "inner").mkdir()
    write(tmp_path / "inner" / "program.py", ABOUT_ITSELF)
    write(tmp_path / "inner" / "neighbour.py", "found = True")
    program = Path("inner", "program.py")
    here = gpugrad_run(program, *arguments, cwd=tmp_path)
    plain = python(program, *arguments, cwd=tmp_path)
    assert here.stderr == ""
    assert here.stdout == plain.stdout


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    raise ValueError('inside')\nf()",
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e",
        "x = (\n",
        "import broken",
        "raise KeyboardInterrupt",
        "raise SystemExit(7)",
        "raise SystemExit('a reason')",
        "import sys; sys.exit()",
        "import sys; sys.excepthook = lambda *error: print('hook', *error[:2]); 1 / 0",
        "import atexit; atexit.register(print, 'the end'); print('first')",
    ],
)
def test_a_program_ends_as_it_would_without(text: str, tmp_path: Path) -> None:
    program = write(tmp_path / "program.py", text)
    write(tmp_path / "broken.py", "def f(:\n    pass\n")
    here, plain = gpugrad_run(program), python(program)
    assert here.stdout == plain.stdout
    assert here.stderr == plain.stderr
    # The interpreter ends by the signal itself, which a shell shows as 130.
    assert here.returncode == (130 if plain.returncode == -signal.SIGINT else plain.returncode)


def test_a_file_that_cannot_be_read_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, reason in (
        ([tmp_path / "nowhere.py"], "No such file"),
        ([tmp_path], "directory"),
        ([], "required: script"),
        (["--fast", "x.py"], "--fast"),
    ):
        assert main(["run", *map(str, arguments)]) == 2
        error = capsys.readouterr().err
        assert error.startswith("gpugrad: error: ")
        assert error.count("\n") == 1
        assert reason in error


def test_pytorch_that_is_there_already_is_not_replaced() -> None:
    code = (
        "import sys, types; sys.modules['torch'] = types.ModuleType('torch')\n"
        "import gpugrad.as_torch; gpugrad.as_torch.install()"
    )
    done = python("-c", code)
    assert done.stderr.splitlines()[-1] == (
        "RuntimeError: torch has been imported already and cannot be replaced"
    )


def test_star_imports_bind_what_is_public() -> None:
    code = (
        "import random, gpugrad.as_torch\n"
        "gpugrad.as_torch.install()\n"
        "from torch import *\n"
        "from torch.nn import *\n"
        "from torch.nn.functional import *\n"
        "from torch.distributions.constraint_registry import transform_to\n"
        "from torch.optim.adamw import AdamW\n"
        "from torch.functional import F, einsum\n"
        "from torch.utils.data._utils.collate import default_collate\n"
        "print(softmax(zeros(2), 0), Linear(1, 1), functional.relu is relu, F.relu is relu)\n"
        "print(random.random() < 1)\n"
    )
    done = python("-c", code)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "tensor([0.5000, 0.5000]) Linear(in_features=1, out_features=1, bias=True) True True",
        "True",
    ]


def test_ctrl_c_ends_a_program(tmp_path: Path) -> None:
    program = write(
        tmp_path / "program.py", "import time\nprint('begun', flush=True)\ntime.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "gpugrad", "run", str(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert process.returncode == 130
    assert error.splitlines()[-1] == "KeyboardInterrupt"
    assert "gpugrad" not in error


# --- the corpus under both names ------------------------------------------------------------------

IMPORT = re.compile(r"^(\s*)(import|from) torch\b", re.MULTILINE)

BY_PYTORCHS_FILES = ("graph_convolution.py", "script_and_compile.py", "soft_actor_critic.py")
"""Programs that import from files of PyTorch's own, which are found under its name only."""

RUN_CORPUS = """
import contextlib, io, json, random, runpy, sys, traceback, warnings
import numpy
import gpugrad.as_torch
if sys.argv[1] == "torch":
    gpugrad.as_torch.install()
warnings.simplefilter("ignore")
outputs = []
for program in sys.argv[2:]:
    gpugrad.manual_seed(0); random.seed(0); numpy.random.seed(0)
    gpugrad.set_default_dtype(gpugrad.float32); gpugrad.set_printoptions(profile="default")
    gpugrad.set_grad_enabled(True)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            runpy.run_path(program, run_name="__main__")
        except BaseException:
            print(traceback.format_exc())
    outputs.append(printed.getvalue())
print(json.dumps(outputs))
"""


def under_own_name(source: str) -> str:
    """The program with ``import gpugrad as torch`` and submodules by their names here."""
    lines = []
    for line in source.splitlines():
        if line.strip() == "import torch":
            line = line.replace("import torch", "import gpugrad as torch")
        elif line.strip().startswith(("import torch.", "import torch as ", "from torch")):
            line = line.replace("torch", "gpugrad", 1)
        lines.append(line)
    return "\n".join(lines) + "\n"


def test_the_corpus_runs_the_same_under_both_names(tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    import json

    theirs = [path for path in TUTORIALS if path.name not in BY_PYTORCHS_FILES]
    own = [write(tmp_path / path.name, under_own_name(path.read_text())) for path in theirs]
    assert not any(IMPORT.search(path.read_text()) for path in own)
    outputs = []
    for name, programs in (("torch", theirs), ("gpugrad", own)):
        done = python("-c", RUN_CORPUS, name, *programs, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        outputs.append(json.loads(done.stdout))
    for path, as_torch, as_gpugrad in zip(theirs, *outputs, strict=True):
        assert "Traceback (most recent call last)" not in as_torch, f"{path.name}\n{as_torch}"
        assert plain(as_torch) == plain(as_gpugrad), path.name


def plain(text: str) -> list[str]:
    """The lines without addresses of objects."""
    return [re.sub(r"0x[0-9a-f]+", "0x", line) for line in text.splitlines()]
