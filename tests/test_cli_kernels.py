"""``gpugrad kernels``: what it lists, what it says of compiled kernels, and what it deletes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from gpugrad.backend import kernel_source, nvrtc
from gpugrad.backend.kernel_report import ARCHITECTURES, Report, Usage
from gpugrad.cli import kernels, main


def run(*arguments: str) -> int:
    return main(["kernels", *arguments])


def one_error_line(capsys: pytest.CaptureFixture[str]) -> str:
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert error.startswith("gpugrad: error: ")
    return error


def test_list_shows_every_kernel_below_its_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "# T is each of float32, float64, float16, bfloat16"
    files = [Path(line).name for line in lines if line.endswith(".cu")]
    assert files == [f"{stem}.cu" for stem in kernel_source.stems()]
    at = next(i for i, line in enumerate(lines) if line.endswith("/relu.cu"))
    assert lines[at + 1] == "    relu_forward(const T* x, T* y, long long n)"
    assert len(lines) == 1 + len(files) + len(kernel_source.entries())


# --- compile --------------------------------------------------------------------------------------


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Report]:
    """A compiler that knows three architectures; tests change what it says."""
    reports = [
        Report("relu", a, "", (Usage("relu_forward_float32", a, 30 + i, 0, 100 * i),))
        for i, a in enumerate(("75", "90"))
    ]

    def compile_sources(stems: Sequence[str], architectures: Sequence[str]) -> list[Report]:
        return [r for r in reports if r.stem in stems and r.architecture in architectures]

    monkeypatch.setattr(kernels, "compile_sources", compile_sources)
    monkeypatch.setattr(nvrtc, "architectures", lambda: ARCHITECTURES)
    monkeypatch.setattr(nvrtc, "version", lambda: (13, 5))
    pytest.importorskip("rich")
    return reports


def cells(output: str) -> list[list[str]]:
    """The table's heading and rows."""
    rows = [re.split(r"[│┃]", line) for line in output.splitlines() if re.match(r"[│┃]", line)]
    return [[cell.strip() for cell in row[1:-1]] for row in rows]


def test_compile_prints_a_table(compiled: list[Report], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compile", "relu", "--arch", "75", "90") == 0
    assert cells(capsys.readouterr().out) == [
        ["kernel", "sm_75", "sm_90", "stack", "shared"],
        ["relu_forward_float32", "30", "31", "0", "100"],
    ]


def test_a_table_of_all_architectures_is_not_cut(
    compiled: list[Report], capsys: pytest.CaptureFixture[str]
) -> None:
    name = "layer_norm_backward_affine_bfloat16"
    compiled[:] = [Report("relu", a, "", (Usage(name, a, 255, 0, 0),)) for a in ARCHITECTURES]
    assert run("compile") == 0
    assert cells(capsys.readouterr().out)[1] == [name, *["255"] * 7, "0", "0"]


def test_a_warning_is_shown_and_fails(
    compiled: list[Report], capsys: pytest.CaptureFixture[str]
) -> None:
    compiled[0] = Report("relu", "75", "relu.cu(3): warning: odd", compiled[0].kernels)
    assert run("compile", "--arch", "90") == 0
    assert run("compile", "--arch", "75", "90") == 1
    assert capsys.readouterr().err == "relu.cu for sm_75:\nrelu.cu(3): warning: odd\n"


def test_a_spill_is_shown_and_fails(
    compiled: list[Report], capsys: pytest.CaptureFixture[str]
) -> None:
    spilling = Usage("relu_forward_float32", "90", 255, 48, 0)
    compiled[1] = Report("relu", "90", "", (spilling,))
    assert run("compile", "--arch", "75", "90") == 1
    output = capsys.readouterr()
    assert cells(output.out)[1][3] == "48"
    assert output.err == (
        "relu_forward_float32 for sm_90: 48 bytes for each thread do not fit into registers\n"
    )


def test_a_source_that_does_not_compile_fails(
    compiled: list[Report], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*arguments: object) -> list[Report]:
        raise RuntimeError("relu.cu for sm_75: NVRTC_ERROR_COMPILATION\nline 3\nline 4")

    monkeypatch.setattr(kernels, "compile_sources", refuse)
    assert run("compile", "--arch", "75") == 1
    assert capsys.readouterr().err.splitlines()[1:] == ["line 3", "line 4"]


def test_native_is_the_device_of_this_machine(
    compiled: list[Report], host: object, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("compile", "--arch", "native", "75") == 0
    assert cells(capsys.readouterr().out)[0][1:3] == ["sm_90", "sm_75"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["compile", "relux"], "no kernel source 'relux'; there are adam, "),
        (["compile", "--arch", "75", "relu"], "(CUDA 13.5) knows no architecture 'relu' but 75, "),
        (["compile", "--arch"], "expected at least one argument"),
        (["drop"], "'drop'"),
        ([], "{list,compile,clear}"),
    ],
)
def test_a_bad_argument_is_one_line(
    compiled: list[Report],
    arguments: list[str],
    reason: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(*arguments) == 2
    assert reason in one_error_line(capsys)


def test_native_without_a_device_is_one_line(
    compiled: list[Report], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("gpugrad.cuda.unavailable_reason", lambda: "no driver")
    assert run("compile", "--arch", "native") == 2
    assert "device cuda is not usable: no driver" in one_error_line(capsys)


def test_without_the_compiler_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing() -> None:
        raise nvrtc.NvrtcMissingError("needs NVRTC: pip install 'gpugrad[nvrtc]'")

    monkeypatch.setattr(nvrtc, "_library", missing)
    assert run("compile", "relu") == 2
    assert "pip install 'gpugrad[nvrtc]'" in one_error_line(capsys)


def test_compiles_for_a_real_architecture(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("rich")
    try:
        nvrtc.version()
    except nvrtc.NvrtcMissingError as missing:
        pytest.skip(str(missing))
    assert run("compile", "relu", "--arch", "90") == 0
    heading, *rows = cells(capsys.readouterr().out)
    assert heading == ["kernel", "sm_90", "stack", "shared"]
    assert [row[0] for row in rows[:2]] == ["relu_backward_bfloat16", "relu_backward_float16"]
    assert all(16 <= int(row[1]) <= 255 and row[2] == "0" for row in rows)


# --- clear ----------------------------------------------------------------------------------------


def test_clear_deletes_our_kernels_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CUPY_CACHE_DIR", str(tmp_path))
    (tmp_path / "ours.cubin").write_bytes(b"\x7fELF\0relu_forward_float16\0")
    (tmp_path / "other.cubin").write_bytes(b"\x7fELF\0cupy_add\0")
    assert run("clear") == 0
    assert capsys.readouterr().out == f"deleted 1 file of kernels in {tmp_path}\n"
    assert [p.name for p in tmp_path.iterdir()] == ["other.cubin"]
    assert run("clear") == 0
    assert "deleted 0 files" in capsys.readouterr().out
