"""Saving and loading: what comes back and what is refused."""

from __future__ import annotations

import io
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad import nn, optim
from gpugrad.tensor import Tensor
from tests.saved_objects import Named, described, safetensors_numpy, small_model

Point = namedtuple("Point", ["x", "y"])


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
