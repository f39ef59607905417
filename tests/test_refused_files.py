"""Files that loading refuses: those that would run code, damaged ones, and later formats."""

from __future__ import annotations

import io
import pickle
import random
from pathlib import Path

import numpy as np
import pytest

import gpugrad
from tests.saved_objects import Named, described, safetensors_numpy, small_model
from tests.torch_files import Bomb


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_is_refused_and_not_run(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "model.pt"
    path.write_bytes(pickle.dumps({"weights": Bomb(tmp_path / "ran")}, protocol))
    with pytest.raises(RuntimeError, match=r"model\.pt' is not a safetensors file") as caught:
        gpugrad.load(path)
    assert ("torch.save(torch.load(path)" in str(caught.value)) == (protocol >= 2)
    assert not (tmp_path / "ran").exists()


def test_cut_off_and_garbled_files_are_refused() -> None:
    file = Named()
    gpugrad.save({"model": small_model().state_dict(), "epoch": 1}, file)
    whole = file.getvalue()
    generator = random.Random(0)
    cuts = [0, 1, 7, 8, 9, 100, len(whole) - 1, *generator.sample(range(len(whole)), 30)]
    samples = [whole[:cut] for cut in cuts]
    samples += [whole + b"x", b"garbage " * 20, b"\xff" * 64, bytes(64), generator.randbytes(999)]
    for data in samples:
        with pytest.raises(RuntimeError, match=r"^\[load\] the file object is not a safetensors"):
            gpugrad.load(io.BytesIO(data))


@pytest.mark.parametrize(
    "content",
    [
        {"tensor": ["y", "cpu"]},
        {"tensor": ["x"]},
        {"tensor": 1},
        {"tuple": 1},
        {"dict": {"a": 1}},
        {"dict": [["a"]]},
        {"dict": [5]},
        {"dict": [[["list"], 1]]},
        {"float": "1"},
        {"set": []},
        [{"dict": [["a", {}]]}],
    ],
)
def test_a_damaged_description_is_refused(content: object) -> None:
    with pytest.raises(RuntimeError, match=r"^\[load\] the file object is damaged: "):
        gpugrad.load(described(content))


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", "[" * 100_000])
def test_an_unreadable_description_is_refused(text: str) -> None:
    file = io.BytesIO(safetensors_numpy.save({}, {"gpugrad": text}))
    with pytest.raises(RuntimeError, match="its description cannot be read"):
        gpugrad.load(file)


def test_a_later_version_of_the_format_is_refused() -> None:
    with pytest.raises(RuntimeError, match="has version 2 of the format; this release reads"):
        gpugrad.load(described([], version=2))


def test_arrays_of_unknown_type_are_refused() -> None:
    file = io.BytesIO(safetensors_numpy.save({"odd": np.ones(2, np.uint32)}))
    with pytest.raises(RuntimeError, match="the file object holds 'odd' of type U32"):
        gpugrad.load(file)
