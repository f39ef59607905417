"""A file is never half written: saves that fail, are interrupted or killed, or fill the disk."""

from __future__ import annotations

import os
import random
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import gpugrad

ROOT = Path(__file__).resolve().parent.parent


class Interruption(BaseException):
    """Like KeyboardInterrupt, but nobody else's."""


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_interrupted_save_leaves_the_old_file_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def interrupt(*args: object) -> None:
        raise Interruption

    path = tmp_path / "model.safetensors"
    gpugrad.save({"version": 1}, path)
    monkeypatch.setattr(os, step, interrupt)
    with pytest.raises(Interruption):
        gpugrad.save({"version": 2}, path)
    monkeypatch.undo()
    assert gpugrad.load(path) == {"version": 1}
    assert files_in(tmp_path) == ["model.safetensors"]


def test_data_reach_the_disk_before_the_name_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    fsync, replace = os.fsync, os.replace

    def record_fsync(descriptor: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        calls.append("folder" if is_folder else f"{os.fstat(descriptor).st_size} bytes")
        fsync(descriptor)

    def record_replace(source: str, target: str) -> None:
        calls.append("replace")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "replace", record_replace)
    path = tmp_path / "model.safetensors"
    gpugrad.save({"w": gpugrad.ones(100)}, path)
    assert calls == [f"{path.stat().st_size} bytes", "replace", "folder"]


def test_an_object_that_cannot_be_stored_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    gpugrad.save({"version": 1}, path)
    with pytest.raises(TypeError):
        gpugrad.save({"version": object()}, path)
    assert gpugrad.load(path) == {"version": 1}


def test_links_modes_and_special_files_stay_what_they_are(tmp_path: Path) -> None:
    path, link = tmp_path / "real", tmp_path / "link"
    path.touch(mode=0o600)
    link.symlink_to(path)
    gpugrad.save({"version": 1}, link)
    assert link.is_symlink()
    assert gpugrad.load(path) == {"version": 1}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    gpugrad.save({}, os.devnull)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    path, usual = tmp_path / "model", tmp_path / "usual"
    usual.touch()
    gpugrad.save({}, path)
    assert path.stat().st_mode == usual.stat().st_mode


SAVE_FOREVER = """
    import sys
    import gpugrad

    path, version = sys.argv[1], int(sys.argv[2])
    while True:
        version += 1
        weights = {"a": gpugrad.full((50_000,), version), "b": gpugrad.full((999,), version)}
        gpugrad.save({"version": version, "weights": weights}, path)
        print(version, flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_a_kill_at_any_moment_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    generator = random.Random(0)
    last = 0
    for _ in range(12):
        command = [sys.executable, "-c", textwrap.dedent(SAVE_FOREVER), str(path), str(last)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(generator.uniform(0, 0.05))
            process.kill()
            reported = last + 1 + len(process.stdout.read().splitlines())
        loaded = gpugrad.load(path)
        version = loaded["version"]
        assert reported <= version <= reported + 1
        for tensor in loaded["weights"].values():
            assert (tensor == version).all()
        last = version
    strays = [name for name in files_in(tmp_path) if name != "model.safetensors"]
    assert all(name.startswith(".gpugrad-") for name in strays)


FULL_DISK = """
    import resource, signal, sys
    import gpugrad

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        gpugrad.save({"w": gpugrad.ones(10_000)}, sys.argv[1])
    except OSError as error:
        print(type(error).__name__)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files")
def test_a_full_disk_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    gpugrad.save({"version": 1}, path)
    command = [sys.executable, "-c", textwrap.dedent(FULL_DISK), str(path)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "OSError\n"
    assert gpugrad.load(path) == {"version": 1}
    assert files_in(tmp_path) == ["model.safetensors"]
