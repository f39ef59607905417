"""Compiled C code is kept, made anew when anything changes or is damaged, and done without."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gpugrad.backend import kernel_source
from gpugrad.native import toolchain

SOURCE = '#include "native_math.h"\nint answer(void) { return 42; }\n'

pytestmark = pytest.mark.skipif(
    toolchain.compiler() is None, reason="needs a C compiler; none was found"
)


def forget() -> None:
    """What a new process does not know."""
    toolchain.available.cache_clear()
    toolchain.compiler.cache_clear()
    toolchain._version.cache_clear()
    toolchain._loaded.clear()
    toolchain._warned = False


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(toolchain.FOLDER, str(tmp_path / "cache"))
    monkeypatch.delenv(toolchain.SWITCH, raising=False)
    kept = dict(toolchain._loaded)
    forget()
    yield
    monkeypatch.undo()
    forget()
    toolchain._loaded.update(kept)


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that the compiler gets."""
    texts: list[str] = []
    compile_it: Callable[..., bytes | None] = toolchain._compiled

    def noted(text: str, command: tuple[str, ...]) -> bytes | None:
        texts.append(text)
        return compile_it(text, command)

    monkeypatch.setattr(toolchain, "_compiled", noted)
    return texts


def load() -> ctypes.CDLL:
    library = toolchain.load(SOURCE)
    assert library is not None
    return library


def the_file() -> Path:
    (path,) = toolchain.folder().glob("*.so")
    return path


def test_code_is_compiled_once(compilations: list[str]) -> None:
    assert load().answer() == 42
    assert load().answer() == 42
    forget()  # another process
    assert load().answer() == 42
    assert len(compilations) == 1


def test_a_changed_header_makes_new_code(
    compilations: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    load()
    other = tmp_path / "kernels"
    other.mkdir()
    headers = "native_math.h", "native_exponentials.h", "native_numbers.h"
    for name in ("common.cuh", *headers):
        (other / name).write_text((kernel_source.folder() / name).read_text())
    with (other / headers[-1]).open("a") as header:
        header.write("/* changed */\n")
    monkeypatch.setattr(kernel_source, "folder", lambda: other)
    forget()
    load()
    assert len(compilations) == 2


@pytest.mark.parametrize("change", ["flags", "processor", "compiler"])
def test_other_circumstances_make_new_code(
    change: str, compilations: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    load()
    forget()
    if change == "flags":
        monkeypatch.setattr(toolchain, "FLAGS", (*toolchain.FLAGS, "-g"))
    elif change == "processor":
        monkeypatch.setattr(toolchain, "processor", lambda: "another")
    else:
        monkeypatch.setenv("CC", "cc -g")
    load()
    assert len(compilations) == 2


@pytest.mark.parametrize("damage", ["cut", "changed", "empty"])
def test_a_damaged_file_is_compiled_anew(damage: str, compilations: list[str]) -> None:
    load()
    data = the_file().read_bytes()
    spoilt = {
        "cut": data[: len(data) // 2],
        "changed": data[:100] + bytes([data[100] ^ 1]) + data[101:],
        "empty": b"",
    }
    # A new file: the old one stays mapped into this process.
    path = the_file()
    path.unlink()
    path.write_bytes(spoilt[damage])
    forget()
    assert load().answer() == 42
    assert len(compilations) == 2
    assert the_file().read_bytes() == data


def test_a_source_that_does_not_compile_warns_once() -> None:
    with pytest.warns(UserWarning, match=r"the C compiler failed.*generated.c:1"):
        assert toolchain.load("nonsense") is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert toolchain.load("nonsense") is None
        assert toolchain.load("more nonsense") is None
    assert load().answer() == 42


def test_a_compiler_that_does_not_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, compilations: list[str]
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho out of order >&2\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("CC", str(broken))
    forget()
    with pytest.warns(UserWarning, match="out of order"):
        assert toolchain.load(SOURCE) is None
    assert toolchain.load(SOURCE) is None
    assert len(compilations) == 1


def test_a_folder_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(toolchain.FOLDER, str(tmp_path / "file" / "below"))
    assert load().answer() == 42


def test_the_switch(monkeypatch: pytest.MonkeyPatch, compilations: list[str]) -> None:
    assert toolchain.available()
    assert toolchain.status().startswith("on (")
    forget()
    monkeypatch.setenv(toolchain.SWITCH, "0")
    assert not toolchain.available()
    assert toolchain.load(SOURCE) is None
    assert toolchain.status() == "off (GPUGRAD_NATIVE=0)"
    assert not compilations


def test_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    forget()
    assert not toolchain.available()
    assert toolchain.load(SOURCE) is None
    assert "no C compiler" in toolchain.status()


def test_two_processes_at_once() -> None:
    program = f"from gpugrad.native import toolchain\nprint(toolchain.load({SOURCE!r}).answer())\n"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen([sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    assert [p.communicate(timeout=120)[0] for p in running] == [b"42\n"] * 2
    assert [p.returncode for p in running] == [0, 0]
    assert toolchain._whole(the_file())


def test_importing_the_library_compiles_nothing() -> None:
    program = "import gpugrad; (gpugrad.ones(3) + 1).sum()"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    assert not toolchain.folder().exists()
