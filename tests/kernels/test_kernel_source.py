"""The sources are found, inlined and read, and arguments that do not fit are refused."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gpugrad.backend import kernel_source, kernels
from gpugrad.backend.kernel_source import entries, inline, source, stems


def test_a_checkout_has_its_sources() -> None:
    assert (kernel_source.folder() / "common.cuh").is_file()
    assert {"sigmoid", "relu", "mse"} < set(stems())


@pytest.mark.parametrize("stem", stems())
def test_a_source_stands_alone(stem: str) -> None:
    text = source(stem)
    assert "#include" not in text
    assert text.count("#define GPUGRAD_COMMON_CUH") == 1


@pytest.mark.parametrize("stem", stems())
def test_every_kernel_is_declared_for_every_type(stem: str) -> None:
    text = source(stem)
    found = [entry for entry in entries().values() if entry.stem == stem]
    own = text[text.rindex(f'"{stem}.cu"') :]
    assert len(found) == len(re.findall(r"\bKERNEL\b", own))
    assert len(re.findall(r"^FOR_EACH_TYPE\(\w+\)$", own, re.MULTILINE)) == 1


def test_lines_keep_their_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.cuh").write_text("A1\nA2\n")
    (tmp_path / "k.cu").write_text('K1\n#include "a.cuh"\n#include "a.cuh"\nK4\n')
    assert inline(tmp_path / "k.cu").splitlines() == [
        '#line 1 "k.cu"',
        "K1",
        '#line 1 "a.cuh"',
        "A1",
        "A2",
        '#line 3 "k.cu"',
        "",
        "K4",
    ]


def test_a_changed_header_changes_the_text(tmp_path: Path) -> None:
    (tmp_path / "k.cu").write_text('#include "a.cuh"\n')
    texts = set()
    for header in ("1", "2"):
        (tmp_path / "a.cuh").write_text(header)
        texts.add(inline(tmp_path / "k.cu"))
    assert len(texts) == 2


def test_constants_are_those_of_the_sources() -> None:
    text = source("softmax")
    assert f"THREADS = {kernel_source.THREADS};" in text
    assert f"WARP_COLUMNS = {kernel_source.WARP_COLUMNS};" in text
    assert f"ADDRESSES = {kernel_source.ADDRESSES};" in source("sgd")


@pytest.mark.parametrize("entry", entries().values(), ids=str)
def test_arguments_fit_into_a_launch(entry: kernel_source.Entry) -> None:
    sizes = [8 * kernel_source.ADDRESSES if p.type == "Addresses" else 8 for p in entry.parameters]
    assert sum(sizes) <= 4096


def test_addresses_by_value() -> None:
    entry = entries()["unscale"]
    assert entry.parameters[0].type == "Addresses"
    found, nowhere = np.zeros((), np.float32), np.zeros((0, 3), np.int64)
    rest = (None, nowhere, 0, found, None)
    kernels.check_arguments(entry, "float32", (kernels.ByValue(), *rest))
    with pytest.raises(TypeError, match="arrays must be ByValue, got an array of int64"):
        kernels.check_arguments(entry, "float32", (np.zeros(448, np.int64), *rest))


def test_a_declaration_that_python_cannot_serve_is_refused() -> None:
    with pytest.raises(ValueError, match="k: cannot pass an argument declared as 'int n'"):
        kernel_source.declared("k", "KERNEL k_##SUFFIX(const T* x, int n) {")


X = np.zeros(4, np.float32)


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((X, X), TypeError, "takes 3 arguments (x, y, n), got 2"),
        ((X, X.astype("f8"), 4), TypeError, "y must be an array of float32, got an array of float"),
        ((X, None, 4), TypeError, "y must be an array of float32, got None"),
        ((X, [0.0], 4), TypeError, "y must be an array of float32, got [0.0]"),
        ((X, X, 4.0), TypeError, "n must be int, got 4.0"),
        ((X, X, True), TypeError, "n must be int, got True"),
        ((X[::2], X, 2), ValueError, "x must be contiguous, got shape (2,) with strides (8,)"),
    ],
)
def test_wrong_arguments(args: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape("[relu_forward_float32] " + message)):
        kernels.check_arguments(entries()["relu_forward"], "float32", args)


def test_an_array_elsewhere_is_refused() -> None:
    there = SimpleNamespace(dtype=X.dtype, flags=X.flags, data=SimpleNamespace(device_id=0))
    with pytest.raises(ValueError, match="x is on device 0, but the kernel runs on device 1"):
        kernels.check_arguments(entries()["relu_forward"], "float32", (there, there, 4), 1)


def test_null_is_only_for_arrays_that_may_be_missing() -> None:
    workspace = (None, None)
    kernels.check_arguments(entries()["mse_reduce"], "float32", (X, X, X[:1], 1.0, *workspace, 4))


@pytest.mark.parametrize(
    ("n", "itemsize", "blocks"), [(0, 4, 1), (1024, 4, 1), (1025, 4, 2), (2**45, 2, 2**31 - 1)]
)
def test_blocks(n: int, itemsize: int, blocks: int) -> None:
    assert kernels.blocks_for(n, itemsize) == blocks


def test_blocks_for_rows() -> None:
    assert kernels.blocks_for_rows(9, 1024) == 2
    assert kernels.blocks_for_rows(9, 1025) == 9
    assert kernels.blocks_for_rows(0, 5) == 1
