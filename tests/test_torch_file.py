"""Files of ``torch.save`` and of NumPy: what is read, and that hostile ones run nothing.

The files are put together here, without PyTorch: archives of storages and a pickle whose
instructions are written one by one, or made by Python's pickler from stand-ins.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpugrad
from tests.torch_files import HOOKS, Bomb, Called, Named, Storage, load, tensor


def test_a_state_dict() -> None:
    loaded = load(
        {
            "weight": tensor(),
            "turned": tensor((3, 2), (1, 3)),
            "last": tensor((2,), (1,), 4),
            "number": tensor((), (), 2),
            "none": tensor((0, 3), (3, 1)),
            "same": tensor((2, 6), (0, 1)),
            "lr": 0.5,
            "steps": [1, (2, None), True, "x"],
        }
    )
    assert loaded["weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert loaded["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert loaded["last"].tolist() == [4, 5]
    assert loaded["number"].item() == 2
    assert loaded["none"].shape == (0, 3)
    assert loaded["same"].tolist() == [[0, 1, 2, 3, 4, 5]] * 2
    assert loaded["lr"] == 0.5
    assert loaded["steps"] == [1, (2, None), True, "x"]
    loaded["last"].zero_()
    assert loaded["weight"].tolist() == [[0, 1, 2], [3, 0, 0]]  # one storage


def test_parameters_sizes_devices_and_types() -> None:
    parameter = Called(Named("torch._utils", "_rebuild_parameter"), tensor(), True, HOOKS)
    loaded = load(
        [
            parameter,
            tensor(requires_grad=True),
            Called(Named("torch", "Size"), (1, 2)),
            Called(Named("torch", "device"), "cpu"),
            Named("torch", "float16"),
            (Named("torch", "int64"), 1),
        ]
    )
    assert isinstance(loaded[0], gpugrad.nn.Parameter)
    assert loaded[1].requires_grad
    assert loaded[2:] == [
        gpugrad.Size((1, 2)),
        gpugrad.device("cpu"),
        gpugrad.float16,
        (gpugrad.int64, 1),
    ]


def test_an_ordered_dict_loses_the_attributes_of_its_modules() -> None:
    made = Called(Named("collections", "OrderedDict"), state={"_metadata": {"": 1}})
    loaded = load(made)
    assert type(loaded) is OrderedDict
    assert not vars(loaded)


@pytest.mark.parametrize(
    ("kind", "array"),
    [
        ("DoubleStorage", np.arange(3.0)),
        ("LongStorage", np.arange(3)),
        ("CharStorage", np.arange(3, dtype=np.int8)),
        ("HalfStorage", np.arange(3, dtype=np.float16)),
        ("BoolStorage", np.array([True, False, True])),
    ],
)
def test_types(kind: str, array: np.ndarray[Any, Any]) -> None:
    value = tensor((3,), (1,), storage=Storage(3, kind))
    loaded = load(value, storages={"0": array.tobytes()})
    np.testing.assert_array_equal(loaded.numpy(), array)
    assert loaded.numpy().dtype == array.dtype


def test_bools_are_zero_or_one() -> None:
    value = tensor((3,), (1,), storage=Storage(3, "BoolStorage"))
    loaded = load(value, storages={"0": b"\x00\x07\xff"})
    assert loaded.numpy().view(np.uint8).tolist() == [0, 1, 1]


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_arrays_of_numpy(save: Any, tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    save(path, w=np.arange(6.0).reshape(2, 3), n=np.asfortranarray(np.ones((2, 2), np.int32)))
    loaded = gpugrad.load(path)
    assert loaded["w"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert loaded["n"].dtype is gpugrad.int32
    loaded["w"].zero_()


def test_arrays_of_objects_are_refused_and_not_run(tmp_path: Path) -> None:
    path = tmp_path / "arrays.npz"
    np.savez(path, w=np.array([Bomb(tmp_path / "ran")], dtype=object))
    with pytest.raises(RuntimeError, match="cannot be read as arrays"):
        gpugrad.load(path)
    assert not (tmp_path / "ran").exists()
    np.savez(path, w=np.array(["text"]))
    with pytest.raises(RuntimeError, match="cannot be read as arrays"):
        gpugrad.load(path)
