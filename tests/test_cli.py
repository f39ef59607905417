"""The command line: training, resuming, stopping, and what it says when something is wrong."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import gpugrad
from gpugrad.cli import main
from gpugrad.cli.tasks import OPTIMIZERS, TASKS

pytest.importorskip("rich")

ON_DEVICES = pytest.mark.parametrize(
    "device", ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)]
)


def train(*arguments: object) -> int:
    return main(["train", *map(str, arguments)])


def saved_state(path: Path) -> Any:
    """What a run has saved, with lists for tensors so that two runs can be compared."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        return (value.dtype, value.tolist()) if isinstance(value, gpugrad.Tensor) else value

    return plain(gpugrad.load(path, map_location="cpu"))


def one_error_line(capsys: pytest.CaptureFixture[str]) -> str:
    """The error just printed, which has to be a single line and no traceback."""
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("gpugrad: error: ")
    return error


@ON_DEVICES
@pytest.mark.parametrize("task", ["xor", "not-gate"])
def test_learns_a_truth_table(task: str, device: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(task, "--device", device) == 0
    summary = capsys.readouterr().out.splitlines()[-1]
    assert "training accuracy 100.00%" in summary
    assert re.search(r"[\d,]+ samples/s", summary)


@ON_DEVICES
def test_learns_a_line(device: str, tmp_path: Path) -> None:
    path = tmp_path / "line.safetensors"
    assert train("regression", "--device", device, "--save", path) == 0
    state = gpugrad.load(path, map_location="cpu")
    # The noise of 0.3 leaves a mean squared error of 0.09.
    assert state["history"]["losses"][-1].item() == pytest.approx(0.09, abs=0.01)
    assert state["model"]["weight"].item() == pytest.approx(0.5, abs=0.05)
    assert state["model"]["bias"].item() == pytest.approx(2.0, abs=0.05)


@ON_DEVICES
def test_reads_handwritten_digits(device: str, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("sklearn")
    assert train("digits", "--device", device) == 0
    summary = capsys.readouterr().out.splitlines()[-1]
    found = re.search(r"in ([\d.]+) s,.* test accuracy ([\d.]+)%", summary)
    assert found is not None
    assert float(found[1]) < 30
    assert float(found[2]) >= 97


@ON_DEVICES
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_resumed_run_is_the_uninterrupted_one(
    optimizer: str, device: str, tmp_path: Path
) -> None:
    half, resumed, whole = (tmp_path / name for name in ("half", "resumed", "whole"))
    how = ("regression", "--device", device)
    new = ("--optimizer", optimizer, "--batch-size", 300, "--seed", 7)
    assert train(*how, *new, "--epochs", 2, "--save", half) == 0
    assert train(*how, "--epochs", 4, "--resume", half, "--save", resumed) == 0
    assert train(*how, *new, "--epochs", 4, "--save", whole) == 0
    assert saved_state(resumed) == saved_state(whole)
    assert saved_state(resumed)["model"] != saved_state(half)["model"]


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_lowers_the_loss_of_every_task(
    task: str, optimizer: str, tmp_path: Path
) -> None:
    if task == "digits":
        pytest.importorskip("sklearn")
    saved = tmp_path / "model.safetensors"
    epochs = {"digits": 2, "regression": 5}.get(task, 30)
    assert train(task, "--optimizer", optimizer, "--epochs", epochs, "--save", saved) == 0
    losses = gpugrad.load(saved, map_location="cpu")["history"]["losses"].tolist()
    assert len(losses) == epochs
    assert losses[-1] < 0.9 * losses[0]


def test_the_learning_rate_of_a_resumed_run_can_change(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "model.safetensors"
    assert train("xor", "--epochs", 2, "--save", saved) == 0
    assert train("xor", "--epochs", 3, "--resume", saved, "--save", saved, "--lr", 0.01) == 0
    state = gpugrad.load(saved)
    assert state["settings"]["lr"] == 0.01
    assert float(state["optimizer"]["param_groups"][0]["lr"]) == pytest.approx(0.01)
    assert "epochs 3 to 3" in capsys.readouterr().out


def test_another_seed_is_another_run(capsys: pytest.CaptureFixture[str]) -> None:
    runs = []
    for seed in (0, 0, 1):
        assert train("xor", "--epochs", 1, "--seed", seed) == 0
        runs.append(re.findall(r"loss ([\d.]+)", capsys.readouterr().out)[0])
    assert runs[0] == runs[1] != runs[2]


def test_plots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    for task in ("xor", "regression"):
        picture = tmp_path / f"{task}.png"
        assert train(task, "--epochs", 2, "--plot", picture) == 0
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert f"plotted to {picture}" in capsys.readouterr().out


def test_prints_no_control_codes_into_a_pipe() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gpugrad", "train", "xor", "--epochs", "20"],
        capture_output=True,
        env=os.environ | {"FORCE_COLOR": "1"},
        check=True,
    )
    assert b"\x1b" not in done.stdout
    assert b"\r" not in done.stdout
    assert len(done.stdout.splitlines()) == 12


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_shows_a_bar_on_a_terminal() -> None:
    import pty

    parent, child = pty.openpty()
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "120"}
    command = [sys.executable, "-m", "gpugrad", "train", "xor", "--epochs", "20"]
    with subprocess.Popen(command, stdout=child, env=environment) as process:
        os.close(child)
        output = b""
        try:
            while chunk := os.read(parent, 4096):
                output += chunk
        except OSError:
            pass  # how Linux reports that the other end was closed
        os.close(parent)
    assert process.returncode == 0
    assert b"\x1b[" in output
    text = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", output.decode())
    assert re.search(r"xor\s.*20/20.*loss.*accuracy.*samples/s", text)
    assert "xor on cpu: 20 epochs" in text.splitlines()[-1]


@contextmanager
def endless_run(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A run that has begun its loop, and has ended when the block does."""
    with subprocess.Popen(
        [sys.executable, "-m", "gpugrad", "train", "xor", "--epochs", "100000000", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A shell starts background jobs, and so perhaps these tests, with Ctrl-C ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("training xor")
            time.sleep(0.3)
            yield process
        finally:
            process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="sends the signal of Ctrl-C")
def test_ctrl_c_saves_and_can_be_resumed(tmp_path: Path) -> None:
    saved = tmp_path / "model.safetensors"
    with endless_run("--device", "cpu", "--save", str(saved)) as process:
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error == ""
    summary = output.splitlines()[-1]
    epochs = int(re.findall(r"interrupted after epoch (\d+) of 100000000", summary)[0])
    assert f"saved to {saved}" in summary
    assert epochs > 0

    again, whole = tmp_path / "again.safetensors", tmp_path / "whole.safetensors"
    more = ("xor", "--device", "cpu", "--epochs", epochs + 1)
    assert train(*more, "--resume", saved, "--save", again) == 0
    assert train(*more, "--save", whole) == 0
    assert saved_state(again) == saved_state(whole)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["perceptron"], "perceptron"),
        (["xor", "--epochs", "0"], "not a whole number above zero"),
        (["xor", "--epochs", "1.5"], "1.5"),
        (["xor", "--batch-size", "-1"], "not a whole number above zero"),
        (["xor", "--lr", "nan"], "not a finite number above zero"),
        (["xor", "--seed", "-1"], "not between"),
        (["xor", "--optimizer", "lion"], "lion"),
        (["xor", "--device", "tpu"], "tpu"),
        (["xor", "--colour"], "--colour"),
        (["xor", "--resume", "missing.safetensors"], "No such file"),
        (["xor", "--save", "missing/model.safetensors"], "no folder missing"),
        (["xor", "--save", "."], "cannot write ."),
    ],
)
def test_a_bad_argument_is_one_line(
    arguments: list[str],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert train(*arguments) == 2
    assert reason in one_error_line(capsys)


def test_no_command_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "train" in one_error_line(capsys)


def test_a_plot_of_unknown_kind_is_refused_before_training(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("matplotlib")
    assert train("xor", "--plot", "loss.docx") == 2
    assert "png" in one_error_line(capsys)


def test_what_cannot_be_resumed_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved, other, damaged = (tmp_path / name for name in ("saved", "other", "damaged"))
    assert train("xor", "--epochs", 2, "--save", saved) == 0
    gpugrad.save({"weight": gpugrad.ones(2)}, other)
    damaged.write_bytes(saved.read_bytes()[:-40])
    capsys.readouterr()
    for arguments, reason in [
        (("xor", "--resume", saved, "--epochs", 2), "2 epochs behind it"),
        (("xor", "--resume", saved, "--optimizer", "sgd"), "the state of --optimizer adam"),
        (("xor", "--resume", saved, "--seed", 3), "exclude each other"),
        (("not-gate", "--resume", saved), "a run of the task xor"),
        (("xor", "--resume", other), "was not saved by gpugrad train"),
        (("xor", "--resume", damaged), "damaged"),
    ]:
        assert train(*arguments) == 2
        assert reason in one_error_line(capsys)


def test_a_file_of_another_model_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "saved"
    assert train("not-gate", "--epochs", 1, "--save", saved) == 0
    state = gpugrad.load(saved)
    state["model"]["weight"] = gpugrad.ones(3, 3)
    gpugrad.save(state, saved)
    capsys.readouterr()
    assert train("not-gate", "--resume", saved) == 2
    assert "does not fit the task not-gate" in one_error_line(capsys)


def test_a_loss_that_explodes_ends_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saved = tmp_path / "model.safetensors"
    assert train("regression", "--lr", 1e10, "--save", saved) == 1
    assert "try a smaller --lr" in one_error_line(capsys)
    assert not saved.exists()


def test_cuda_that_is_missing_is_explained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gpugrad.cuda, "unavailable_reason", lambda: "no driver\nwas found")
    assert train("xor", "--device", "cuda") == 2
    assert "no driver was found" in one_error_line(capsys)
    assert train("xor", "--device", "auto", "--epochs", 1) == 0
    assert "training xor on cpu" in capsys.readouterr().out
    assert main(["info"]) == 0
    assert "not usable: no driver was found" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("rich", ["xor", "--epochs", "1"]),
        ("matplotlib", ["xor", "--epochs", "1", "--plot", "loss.png"]),
        ("sklearn", ["digits", "--epochs", "1"]),
    ],
)
def test_a_missing_package_is_named_with_its_install_line(
    module: str,
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    assert train(*arguments) == 2
    error = one_error_line(capsys)
    assert {"sklearn": "scikit-learn"}.get(module, module) in error
    assert "pip install 'gpugrad[train]'" in error


def test_version() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "gpugrad", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"gpugrad {gpugrad.__version__}\n"


def test_info_names_versions_and_devices(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info"]) == 0
    facts = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert facts["gpugrad"] == gpugrad.__version__
    assert {"python", "numpy", "cupy", "safetensors", "blas", "cpu"} < facts.keys()
    assert "threads" in facts["cpu"]
    assert ("cuda:0" in facts) == gpugrad.cuda.is_available()


def test_needs_no_optional_package_to_start() -> None:
    """Numbers, help and errors come without waiting for packages that only training uses."""
    check = (
        "import sys; from gpugrad.cli import main; main(['info'])\n"
        "assert not {'rich', 'matplotlib', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", check], check=True, capture_output=True)
