"""The command line: training, resuming, stopping, and what is installed."""

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
from gpugrad.cli import info, main
from gpugrad.cli.tasks import OPTIMIZERS, TASKS
from gpugrad.cli.train import deferred_interrupt

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
    run = ["train", "xor", "--device", "cpu", "--epochs", "20"]
    command = [sys.executable, "-m", "gpugrad", *run]
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


@pytest.mark.skipif(sys.platform == "win32", reason="raises the signal of Ctrl-C")
def test_a_second_ctrl_c_does_not_wait_for_the_epoch() -> None:
    before = signal.getsignal(signal.SIGINT)
    with deferred_interrupt() as interrupted:
        assert not interrupted()
        signal.raise_signal(signal.SIGINT)
        assert interrupted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_outside_of_training_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(info, "run", interrupted)
    assert main(["info"]) == 130
    assert capsys.readouterr().err == "gpugrad: interrupted\n"


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


def test_trains_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert train("moons", "--device", "cpu", "--steps", 2) == 0
    assert "step 2/2" in capsys.readouterr().out
    assert train("moons", "--batch-size", 2) == 2
    assert "unrecognized arguments: --batch-size 2" in capsys.readouterr().err
    assert train("--device", "cpu", "moons") == 2
    assert "gpugrad train moons ..." in capsys.readouterr().err
