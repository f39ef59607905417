"""The folder of compiled code does not grow without end."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpugrad.native import pruning, toolchain
from gpugrad.native.pruning import prune
from tests.native_switch import needs_compiler

SIZE = 1000


def filled(folder: Path, count: int) -> list[Path]:
    """Libraries, each used an hour before the next."""
    paths = [folder / f"{n:02}.so" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_bytes(b"x" * SIZE)
        used(path, hours=count - n)
    return paths


def used(path: Path, hours: float) -> None:
    then = time.time() - 3600 * hours
    os.utime(path, (then, then))


def test_nothing_is_deleted_as_long_as_there_is_room(tmp_path: Path) -> None:
    paths = filled(tmp_path, 10)
    assert prune(tmp_path, 10 * SIZE) == 0
    assert all(path.is_file() for path in paths)


def test_what_was_not_used_for_longest_is_deleted(tmp_path: Path) -> None:
    paths = filled(tmp_path, 10)
    pruning.mark_used(paths[1])
    assert prune(tmp_path, 8 * SIZE) == 4  # down to three quarters of that
    assert [path.is_file() for path in paths] == [False, True, False, False, False] + [True] * 5


def test_other_files_stay(tmp_path: Path) -> None:
    filled(tmp_path, 3)
    other = tmp_path / "notes.txt"
    other.write_bytes(b"x" * SIZE)
    used(other, hours=1000)
    assert prune(tmp_path, 0) == 3
    assert other.is_file()


def test_files_that_nobody_goes_on_writing(tmp_path: Path) -> None:
    left, now = tmp_path / ".gpugrad-0123.tmp", tmp_path / ".gpugrad-4567.tmp"
    for path in (left, now):
        path.write_bytes(b"x")
    used(left, hours=30)
    assert prune(tmp_path) == 1
    assert now.is_file() and not left.exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert prune(tmp_path / "none") == 0


def test_several_processes_at_once(tmp_path: Path) -> None:
    filled(tmp_path, 400)
    code = (
        "import pathlib, sys; from gpugrad.native.pruning import prune; "
        f"print(prune(pathlib.Path(sys.argv[1]), {100 * SIZE}))"
    )
    call = [sys.executable, "-c", code, str(tmp_path)]
    running = [subprocess.Popen(call, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    deleted = [int(process.communicate(timeout=60)[0]) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0]
    assert sum(deleted) == 325
    assert len(list(tmp_path.iterdir())) == 75


# --- with a compiler -----------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv(toolchain.FOLDER, str(tmp_path))
    kept = dict(toolchain._loaded)
    toolchain._loaded.clear()
    yield tmp_path
    toolchain._loaded.clear()
    toolchain._loaded.update(kept)


def load(number: int) -> ctypes.CDLL:
    library = toolchain.load(f"int answer(void) {{ return {number}; }}\n")
    assert library is not None
    return library


@needs_compiler
def test_new_code_takes_the_place_of_old(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load(1)
    (oldest,) = cache.iterdir()
    used(oldest, hours=1)
    monkeypatch.setattr(pruning.prune, "__defaults__", (1.5 * oldest.stat().st_size,))
    assert load(2).answer() == 2
    assert not oldest.exists() and len(list(cache.iterdir())) == 1
    assert first.answer() == 1  # it is in memory


@needs_compiler
def test_loading_is_using(cache: Path) -> None:
    load(1)
    (path,) = cache.iterdir()
    used(path, hours=1)
    toolchain._loaded.clear()  # another process
    load(1)
    assert path.stat().st_mtime > time.time() - 600


@needs_compiler
def test_a_library_deleted_while_it_is_being_loaded(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(1)
    (made,) = cache.iterdir()
    path = cache / "another folder" / made.name  # from here it has not been loaded
    path.parent.mkdir()
    made.rename(path)
    monkeypatch.setenv(toolchain.FOLDER, str(path.parent))
    toolchain._loaded.clear()
    monkeypatch.setattr(toolchain, "mark_used", os.unlink)
    assert load(1).answer() == 1
    assert not path.exists()
