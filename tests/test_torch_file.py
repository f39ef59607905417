"""Files of ``torch.save`` and of NumPy: what is read, and that hostile ones run nothing.

The files are put together here, without PyTorch: archives of storages and a pickle whose
instructions are written one by one, or made by Python's pickler from stand-ins.
"""

from __future__ import annotations

import io
import os
import pickle
import random
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gpugrad

FLOATS = np.arange(6, dtype=np.float32).tobytes()


def archive(pickled: bytes, storages: Mapping[str, bytes] | None = None, **more: Any) -> io.BytesIO:
    """A file like those of torch.save."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", more.get("compression", zipfile.ZIP_STORED)) as entries:
        entries.writestr("archive/data.pkl", pickled)
        entries.writestr("archive/byteorder", more.get("order", "little"))
        for key, data in ({"0": FLOATS} if storages is None else storages).items():
            entries.writestr(f"archive/data/{key}", data)
        entries.writestr("archive/version", "3\n")
    file.seek(0)
    return file


class Named:
    """Pickled as the name of a class or function of PyTorch's."""

    def __init__(self, module: str, name: str) -> None:
        self.module, self.name = module, name


class Called:
    """Pickled as a call."""

    def __init__(self, function: Named, *arguments: Any, state: Any = None) -> None:
        self.function, self.arguments, self.state = function, arguments, state


class Storage:
    """Pickled as a reference to a storage."""

    def __init__(self, count: int = 6, kind: str = "FloatStorage", key: str = "0") -> None:
        self.reference = ("storage", Named("torch", kind), key, "cpu", count)


def instructions(value: Any) -> bytes:
    """The instructions that leave ``value`` on the stack."""
    match value:
        case None:
            return b"N"
        case bool():
            return b"\x88" if value else b"\x89"
        case int():
            return b"J" + struct.pack("<i", value)
        case float():
            return b"G" + struct.pack(">d", value)
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case tuple():
            return b"(" + b"".join(map(instructions, value)) + b"t"
        case list():
            return b"](" + b"".join(map(instructions, value)) + b"e"
        case dict():
            pairs = b"".join(instructions(k) + instructions(v) for k, v in value.items())
            return b"}(" + pairs + b"u"
        case Named():
            return f"c{value.module}\n{value.name}\n".encode()
        case Called():
            made = instructions(value.function) + instructions(value.arguments) + b"R"
            return made if value.state is None else made + instructions(value.state) + b"b"
        case Storage():
            return instructions(value.reference) + b"Q"
    raise AssertionError(value)


def pickled(value: Any) -> bytes:
    return b"\x80\x02" + instructions(value) + b"."


HOOKS = Called(Named("collections", "OrderedDict"))
REBUILD = Named("torch._utils", "_rebuild_tensor_v2")


def tensor(
    size: Any = (2, 3),
    stride: Any = (3, 1),
    offset: Any = 0,
    storage: Any = None,
    requires_grad: bool = False,
) -> Called:
    return Called(REBUILD, storage or Storage(), offset, size, stride, requires_grad, HOOKS)


def load(value: Any, **how: Any) -> Any:
    return gpugrad.load(archive(pickled(value), **how))


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


# --- hostile files --------------------------------------------------------------------------------


class Bomb:
    """Unpickling this creates a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_calls_is_refused_and_not_run(tmp_path: Path, protocol: int) -> None:
    data = pickle.dumps({"weights": Bomb(tmp_path / "ran")}, protocol)
    with pytest.raises(RuntimeError, match="more than tensors and plain containers"):
        gpugrad.load(archive(data))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "value",
    [
        Called(Named("os", "system"), "true"),
        Called(Named("builtins", "eval"), "1"),
        Called(Named("builtins", "getattr"), HOOKS, "__class__"),
        Called(Named("torch", "load"), "x"),
        Called(Named("collections", "OrderedDict"), [("a", 1)]),
        Called(Named("torch.storage", "_load_from_bytes"), "x"),
        Named("torch", "nn"),
        [Named("os", "system")],
        {"f": (1, (Named("os", "system"),))},
        Storage(),
        [Storage()],
    ],
)
def test_names_and_calls_that_no_state_dict_needs_are_refused(value: Any) -> None:
    with pytest.raises(RuntimeError, match="more than tensors and plain containers"):
        load(value)


@pytest.mark.parametrize(
    "data",
    [
        b"\x80\x02cos\nsystem\n)\x81.",  # NEWOBJ
        b"\x80\x02(X\x04\x00\x00\x00truecos\nsystem\no.",  # OBJ
        b"\x80\x02(X\x04\x00\x00\x00trueios\nsystem\n.",  # INST
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",  # STACK_GLOBAL
        b"\x80\x02\x82\x01.",  # EXT1
        b"\x80\x02X\x01\x00\x00\x00x]Nb.",  # BUILD of a list
        b"\x80\x022.",  # DUP
        b"cos\nsystem\n(S'true'\ntR.",  # protocol 0
    ],
)
def test_other_instructions_are_refused(data: bytes) -> None:
    with pytest.raises(RuntimeError, match="more than tensors and plain containers"):
        gpugrad.load(archive(data))


@pytest.mark.parametrize(
    "value",
    [
        tensor((7,), (1,)),
        tensor((2, 3), (3, 2)),
        tensor((2,), (1,), 5),
        tensor((2,), (1,), -1),
        tensor((2,), (-1,), 3),
        tensor((-2,), (1,)),
        tensor((2, 2), (1,)),
        tensor((2**30, 2**30, 2**30), (0, 0, 0)),
        tensor((2.0,), (1,)),
        tensor([2], (1,)),
        tensor((2,), (1,), "0"),
        tensor(storage=3),
        tensor(storage=Storage(7)),
        tensor(storage=Storage(key="9")),
        tensor(storage=Storage(3, "DoubleStorage")).arguments[0].reference,
        [tensor(), tensor((3,), (1,), storage=Storage(3, "DoubleStorage"))],
        Called(Named("torch._utils", "_rebuild_parameter"), 3, True, HOOKS),
        Called(Named("torch", "Size"), ("x",)),
        Called(Named("torch", "device"), 1.5),
        {(1, 2): 3},
    ],
)
def test_tensors_that_do_not_fit_their_storage_are_refused(value: Any) -> None:
    with pytest.raises(RuntimeError, match=r"^\[load\] the file object"):
        load(value)


def test_unknown_types_are_named() -> None:
    with pytest.raises(RuntimeError, match=r"holds a torch.ComplexFloatStorage; known types are"):
        load(tensor(storage=Storage(3, "ComplexFloatStorage")))


def test_archives_that_torch_does_not_write_are_refused() -> None:
    state = pickled({"w": tensor()})
    for file, reason in (
        (archive(state, compression=zipfile.ZIP_DEFLATED), "compressed"),
        (archive(state, order="big"), "another order of bytes"),
        (archive(state[:-1]), "damaged"),
        (archive(b""), "damaged"),
        (archive(b"\x80\x02."), "damaged"),
        (archive(b"\x80\x02]h\x05a."), "damaged"),
        (archive(b"\x80\x02Ne."), "damaged"),
        (archive(b"\x80\x02X\xff\xff\xff\x7fabc."), "damaged"),
    ):
        with pytest.raises(RuntimeError, match=reason):
            gpugrad.load(file)


def test_a_memo_of_any_size_takes_no_memory() -> None:
    # Python's own unpickler would reserve room for four thousand million entries here.
    data = b"\x80\x02]r\xff\xff\xff\xff."
    assert gpugrad.load(archive(data)) == []


def test_containers_may_be_deep() -> None:
    depth = 100_000
    data = b"\x80\x02" + b"]" * depth + b"a" * (depth - 1) + b"."
    loaded = gpugrad.load(archive(data))
    for _ in range(depth - 1):
        (loaded,) = loaded
    assert loaded == []
    nested = b"\x80\x02cos\nsystem\n" + b"\x85" * depth + b"]" + b"."
    assert gpugrad.load(archive(nested)) == []
    into = b"\x80\x02]cos\nsystem\n" + b"\x85" * depth + b"a."
    with pytest.raises(RuntimeError, match="damaged"):
        gpugrad.load(archive(into))


def test_entries_that_share_their_bytes_are_refused() -> None:
    # Many storages, all of them the same part of the file.
    values = [tensor((6,), (1,), storage=Storage(key=str(k))) for k in range(100)]
    whole = archive(pickled(values), {"0": FLOATS}).getvalue()
    start = whole.index(b"PK\x01\x02")
    position = whole.index(b"archive/data/0", start) - 46
    entry = whole[position : position + 46 + len("archive/data/0")]
    middle = whole.index(b"PK\x05\x06")
    extra = b"".join(
        entry[:28] + struct.pack("<H", len(name)) + entry[30:46] + name
        for name in (f"archive/data/{k}".encode() for k in range(1, 100))
    )
    directory = whole[start:middle] + extra
    count = 4 + 99
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count, count, len(directory), start, 0)
    with pytest.raises(RuntimeError, match="damaged"):
        gpugrad.load(io.BytesIO(whole[:start] + directory + end))


def test_garbled_files_are_refused_or_read() -> None:
    whole = archive(pickled({"w": tensor(), "l": [1, (2.5, "x")], "p": None})).getvalue()
    generator = random.Random(0)
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(generator.randrange(1, 4)):
            data[generator.randrange(4, len(data))] = generator.randrange(256)
        try:
            gpugrad.load(io.BytesIO(bytes(data)))
        except RuntimeError as error:
            assert str(error).startswith("[load]")


# --- NumPy ----------------------------------------------------------------------------------------


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
