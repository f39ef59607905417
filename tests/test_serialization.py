"""Saving and loading: what comes back, what is refused, and that a file is never half written."""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import signal
import stat
import subprocess
import sys
import textwrap
import time
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import nn, optim
from gpugrad.tensor import Tensor

safetensors_numpy = pytest.importorskip("safetensors.numpy")

ROOT = Path(__file__).resolve().parent.parent

Point = namedtuple("Point", ["x", "y"])


class Named(io.BytesIO):
    """A file in memory whose name says what format it is to have."""

    name = "file.safetensors"


@pytest.fixture(params=[Named, io.BytesIO], ids=["safetensors", "torch"])
def kind(request: pytest.FixtureRequest) -> Any:
    """Both formats, for the tests that do not ask for one."""
    return request.param


def round_trip(obj: object, kind: type[io.BytesIO] = Named) -> Any:
    file = kind()
    gpugrad.save(obj, file)
    file.seek(0)
    return gpugrad.load(file)


def assert_same(actual: Any, expected: Any) -> None:
    assert type(actual) is type(expected)
    if isinstance(expected, Tensor):
        assert actual.dtype is expected.dtype
        assert actual.shape == expected.shape
        assert actual.tolist() == expected.tolist()
    elif isinstance(expected, dict):
        assert list(actual) == list(expected)
        assert [type(key) for key in actual] == [type(key) for key in expected]
        for key in expected:
            assert_same(actual[key], expected[key])
    elif isinstance(expected, (list, tuple)):
        assert len(actual) == len(expected)
        for left, right in zip(actual, expected, strict=True):
            assert_same(left, right)
    else:
        assert actual == expected


def small_model() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


# What comes back


@pytest.mark.parametrize(
    "obj",
    [
        {},
        [],
        (),
        None,
        "text",
        {"": gpugrad.ones(2)},
        gpugrad.arange(3),
        OrderedDict([("z", gpugrad.ones(1)), ("a", gpugrad.zeros(2, 2))]),
        {"deep": [{"a": (gpugrad.ones(2), 1, [None])}, ()], "after": OrderedDict(x={})},
        {0: "int", "0": "str", -1: "negative", None: "none"},
        {True: "bool", 0: "int"},
        {"i": 2**70, "f": 0.1, "neg": -0.0, "b": False, "s": 'é"\n\ud800', "inf": float("-inf")},
        {"a": {"b": gpugrad.zeros(1)}, "a.b": gpugrad.ones(1), "a[0]": gpugrad.ones(2)},
        {"__metadata__": gpugrad.ones(1), "\ud800": gpugrad.zeros(1)},
    ],
)
def test_round_trip(obj: object, kind: Any) -> None:
    assert_same(round_trip(obj, kind), obj)


def test_nan_comes_back(kind: Any) -> None:
    loaded = round_trip([float("nan"), gpugrad.tensor([float("nan")])], kind)
    assert loaded[0] != loaded[0]
    assert np.isnan(loaded[1].numpy()).all()


DTYPES = ["float16", "float32", "float64", "uint8", "int8", "int16", "int32", "int64", "bool"]


@pytest.mark.parametrize("name", DTYPES)
def test_every_dtype(name: str, kind: Any) -> None:
    tensor = gpugrad.tensor([[0, 1, 1], [1, 0, 100]]).to(getattr(gpugrad, name))
    assert_same(round_trip({"t": tensor}, kind)["t"], tensor)


def test_bfloat16(kind: Any) -> None:
    pytest.importorskip("ml_dtypes")
    tensor = gpugrad.tensor([1.5, -3.0]).to(gpugrad.bfloat16)
    loaded = round_trip(tensor, kind)
    assert loaded.dtype is gpugrad.bfloat16
    assert loaded.float().tolist() == [1.5, -3.0]


@pytest.mark.parametrize(
    "make",
    [
        lambda x: x.t(),
        lambda x: x[:, 1:2],
        lambda x: x[::2, ::2],
        lambda x: x[0, 0],
        lambda x: x[:0],
        lambda x: x[0].expand(5, 4),
    ],
)
def test_every_layout(make: Callable[[Tensor], Tensor], kind: Any) -> None:
    tensor = make(gpugrad.arange(12.0).reshape(3, 4))
    assert_same(round_trip([tensor], kind)[0], tensor)


def test_a_view_is_saved_without_the_rest_of_its_memory(kind: Any) -> None:
    file = kind()
    gpugrad.save({"row": gpugrad.zeros(1000, 1000)[0]}, file)
    assert len(file.getvalue()) < 6000


def test_tensors_that_share_memory_come_back_apart() -> None:
    tensor = gpugrad.ones(3)
    loaded = round_trip({"a": tensor, "b": tensor, "c": tensor[1:]})
    loaded["a"].zero_()
    assert loaded["b"].tolist() == [1, 1, 1]
    assert loaded["c"].tolist() == [1, 1]


def test_loaded_tensors_are_plain_writable_leaves() -> None:
    weight = nn.Parameter(gpugrad.ones(2))
    loaded = round_trip({"parameter": weight, "result": weight * 2})
    for tensor in loaded.values():
        assert type(tensor) is Tensor
        assert tensor.is_leaf
        assert not tensor.requires_grad
        tensor.add_(1)


def test_saving_leaves_the_object_as_it_was(kind: Any) -> None:
    weight = nn.Parameter(gpugrad.ones(2))
    round_trip([weight], kind)
    assert weight.requires_grad
    (weight * weight).sum().backward()
    assert weight.grad is not None


def test_training_goes_on_as_if_it_had_not_been_interrupted(tmp_path: Path) -> None:
    def step(model: nn.Module, optimizer: optim.Optimizer) -> None:
        optimizer.zero_grad()
        (model(inputs) ** 2).mean().backward()
        optimizer.step()

    gpugrad.manual_seed(3)
    inputs = gpugrad.randn(8, 3)
    model = small_model()
    optimizer = optim.Adam(model.parameters(), lr=0.05, amsgrad=True)
    for _ in range(3):
        step(model, optimizer)
    path = tmp_path / "checkpoint.safetensors"
    gpugrad.save(
        {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, path
    )

    checkpoint = gpugrad.load(path, weights_only=True)
    assert checkpoint["epoch"] == 3
    other = small_model()
    other.load_state_dict(checkpoint["model"])
    other_optimizer = optim.Adam(other.parameters(), lr=1.0)
    other_optimizer.load_state_dict(checkpoint["optimizer"])
    for _ in range(3):
        step(model, optimizer)
        step(other, other_optimizer)
    for expected, actual in zip(model.parameters(), other.parameters(), strict=True):
        assert actual.tolist() == expected.tolist()


# Other programs' files


def test_a_state_dict_has_the_usual_keys_for_other_readers(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    model = small_model()
    gpugrad.save(model.state_dict(), str(path))
    arrays = safetensors_numpy.load_file(path)
    assert sorted(arrays) == ["0.bias", "0.weight", "2.bias", "2.weight"]
    np.testing.assert_array_equal(arrays["0.weight"], model.state_dict()["0.weight"].numpy())


def test_nested_tensors_are_named_by_their_path(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.safetensors"
    gpugrad.save({"optimizer": {"state": {0: {"step": gpugrad.ones(())}}, "l": [None]}}, path)
    assert list(safetensors_numpy.load_file(path)) == ["optimizer.state[0].step"]


def test_a_file_from_another_writer(tmp_path: Path) -> None:
    path = tmp_path / "foreign.safetensors"
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    safetensors_numpy.save_file({"w": weight, "b": np.ones((), np.int64)}, path)
    loaded = gpugrad.load(path)
    assert list(loaded) == ["b", "w"]
    assert loaded["w"].tolist() == weight.tolist()
    assert loaded["b"].shape == ()


# What is refused


@pytest.mark.parametrize(
    ("obj", "where"),
    [
        ({1, 2}, "set at the top level"),
        ({"model": {"layers": [1, 2, object()]}}, "object at 'model.layers[2]'"),
        ({"a": {0: (1, lambda: None)}}, "function at 'a[0][1]'"),
        ({"p": Point(1, 2)}, "Point at 'p'"),
        ([np.float64(1.0)], "float64 at '[0]'"),
        ([np.ones(2)], "ndarray at '[0]'"),
        ({"x": 1j}, "complex at 'x'"),
        ({"x": b"raw"}, "bytes at 'x'"),
        ({"model": nn.ReLU()}, "ReLU at 'model'"),
    ],
)
def test_other_objects_are_refused_with_their_place(obj: object, where: str) -> None:
    with pytest.raises(TypeError) as caught:
        gpugrad.save(obj, Named())
    assert str(caught.value).startswith(f"[save] cannot store object of type {where};")


def test_other_keys_are_refused_with_their_place() -> None:
    with pytest.raises(TypeError, match=r"key of type tuple in the dict at 'a\[0\]'"):
        gpugrad.save({"a": [{(1, 2): 3}]}, Named())


def test_a_container_in_itself_is_refused() -> None:
    inner: list[object] = []
    inner.append({"again": inner})
    with pytest.raises(ValueError, match=r"container at 'x\[0\].again' contains itself"):
        gpugrad.save({"x": inner}, Named())
    shared = [1]
    assert round_trip({"a": shared, "b": shared}) == {"a": [1], "b": [1]}


def test_neither_a_path_nor_a_file() -> None:
    descriptor: Any = 3
    with pytest.raises(AttributeError, match="path, or a file-like object with a 'write'"):
        gpugrad.save({}, descriptor)
    with pytest.raises(AttributeError, match="path, or a file-like object with a 'read'"):
        gpugrad.load(descriptor)


def test_a_missing_folder_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"Parent directory .*nowhere does not exist\."):
        gpugrad.save({}, tmp_path / "nowhere" / "x")
    with pytest.raises(FileNotFoundError):
        gpugrad.load(tmp_path / "x")
    with pytest.raises(IsADirectoryError):
        gpugrad.save({}, tmp_path)


class Bomb:
    """Unpickling this creates a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.path),)


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


def described(content: object, version: object = 1) -> io.BytesIO:
    """A file with one array, ``x``, and any description."""
    text = json.dumps({"version": version, "content": content})
    return io.BytesIO(safetensors_numpy.save({"x": np.ones(2)}, {"gpugrad": text}))


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


# Devices


def test_map_location() -> None:
    def saved_on_gpu() -> io.BytesIO:
        return described([{"tensor": ["x", "cuda:0"]}])

    locations: list[Any] = ["cpu", gpugrad.device("cpu"), {"cuda:0": "cpu"}]
    for location in locations:
        loaded = gpugrad.load(saved_on_gpu(), map_location=location)
        assert str(loaded[0].device) == "cpu"
    if not gpugrad.cuda.is_available():
        with pytest.raises(RuntimeError, match="give map_location='cpu' to load them here"):
            gpugrad.load(saved_on_gpu())
        with pytest.raises(RuntimeError):
            gpugrad.load(saved_on_gpu(), map_location="cuda")


@pytest.mark.cuda
def test_tensors_go_back_to_the_gpu() -> None:
    tensor = gpugrad.arange(6.0, device="cuda").reshape(2, 3).t()
    file = io.BytesIO()
    gpugrad.save({"t": tensor, "c": gpugrad.ones(1)}, file)
    for location, expected in ((None, "cuda:0"), ("cuda", "cuda:0"), ("cpu", "cpu")):
        file.seek(0)
        loaded = gpugrad.load(file, map_location=location)
        assert str(loaded["t"].device) == expected
        assert str(loaded["c"].device) == (expected if location else "cpu")
        assert loaded["t"].tolist() == tensor.tolist()


# Whole or not at all


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
