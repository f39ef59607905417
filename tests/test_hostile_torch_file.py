"""Files like those of torch.save that would run code, or are damaged."""

from __future__ import annotations

import io
import pickle
import random
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest

import gpugrad
from tests.torch_files import (
    FLOATS,
    HOOKS,
    Bomb,
    Called,
    Named,
    Storage,
    archive,
    load,
    pickled,
    tensor,
)


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
