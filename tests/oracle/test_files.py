"""Files between PyTorch and this library, both ways."""

from __future__ import annotations

import io
from types import ModuleType
from typing import Any

import pytest

import gpugrad
from tests.oracle.comparison import same_tensor

torch = pytest.importorskip("torch")
safetensors_torch = pytest.importorskip("safetensors.torch")


def model(lib: ModuleType) -> Any:
    nn = lib.nn
    return nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def train(lib: ModuleType, net: Any, optimizer: Any, steps: int) -> None:
    x = lib.arange(24.0).reshape(8, 3) / 10
    for _ in range(steps):
        optimizer.zero_grad()
        net(x).square().mean().backward()
        optimizer.step()


def plain(net: Any) -> dict[str, Any]:
    return {key: value.tolist() for key, value in net.state_dict().items()}


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop"])
def test_training_begun_in_pytorch_goes_on_here(name: str) -> None:
    torch.manual_seed(0)
    theirs, ours = model(torch), model(gpugrad)
    options: dict[str, Any] = {"lr": 0.05} | ({"momentum": 0.9} if name == "SGD" else {})
    their_optimizer = getattr(torch.optim, name)(theirs.parameters(), **options)
    train(torch, theirs, their_optimizer, 3)
    file = io.BytesIO()
    torch.save({"net": theirs.state_dict(), "optim": their_optimizer.state_dict(), "at": 3}, file)
    file.seek(0)
    checkpoint = gpugrad.load(file)
    assert checkpoint["at"] == 3
    ours.load_state_dict(checkpoint["net"])
    our_optimizer = getattr(gpugrad.optim, name)(ours.parameters(), lr=1.0)
    our_optimizer.load_state_dict(checkpoint["optim"])
    train(torch, theirs, their_optimizer, 3)
    train(gpugrad, ours, our_optimizer, 3)
    for our_tensor, their_tensor in zip(
        ours.state_dict().values(), theirs.state_dict().values(), strict=True
    ):
        same_tensor(our_tensor, their_tensor)


def test_what_is_saved_here_loads_in_pytorch(tmp_path: Any) -> None:
    gpugrad.manual_seed(1)
    ours, theirs = model(gpugrad), model(torch)
    path = tmp_path / "model.safetensors"
    gpugrad.save(ours.state_dict(), path)
    theirs.load_state_dict(safetensors_torch.load_file(path))
    assert plain(theirs) == plain(ours)
    safetensors_torch.save_file(theirs.state_dict(), path)
    again = model(gpugrad)
    again.load_state_dict(gpugrad.load(path))
    assert plain(again) == plain(ours)


@pytest.mark.parametrize(
    "dtype",
    ["float16", "bfloat16", "float32", "float64", "int8", "int16", "int64", "uint8", "bool"],
)
@pytest.mark.parametrize(
    "shape",
    [
        lambda t: t,
        lambda t: t.t(),
        lambda t: t[1],
        lambda t: t[:, 1:2],
        lambda t: t[:0],
        lambda t: t[0, 0],
        lambda t: t[:, :1].expand(3, 5),
    ],
)
def test_tensors(dtype: str, shape: Any) -> None:
    tensor = shape(torch.arange(12).reshape(3, 4).to(getattr(torch, dtype)))
    file = io.BytesIO()
    torch.save(tensor, file)
    file.seek(0)
    loaded = gpugrad.load(file)
    assert str(loaded.dtype) == f"torch.{dtype}"
    assert tuple(loaded.shape) == tuple(tensor.shape)
    assert loaded.tolist() == tensor.tolist()


def test_tied_tensors_and_parameters() -> None:
    weight = torch.nn.Parameter(torch.arange(6.0).reshape(2, 3))
    file = io.BytesIO()
    torch.save([weight, weight.data[0], torch.Size([2]), torch.device("cpu"), torch.int8], file)
    file.seek(0)
    loaded = gpugrad.load(file)
    assert isinstance(loaded[0], gpugrad.nn.Parameter)
    with gpugrad.no_grad():
        loaded[0].zero_()
    assert loaded[1].tolist() == [0, 0, 0]
    assert [str(x) for x in loaded[2:]] == ["torch.Size([2])", "cpu", "torch.int8"]


def test_a_whole_model_is_refused() -> None:
    for saved in (model(torch), {"f": model}, {(1, 2)}, torch.ones(1, dtype=torch.complex64)):
        file = io.BytesIO()
        torch.save(saved, file)
        file.seek(0)
        with pytest.raises(RuntimeError, match="holds "):
            gpugrad.load(file)


def test_the_old_format_is_refused() -> None:
    file = io.BytesIO()
    torch.save({"a": torch.ones(1)}, file, _use_new_zipfile_serialization=False)
    file.seek(0)
    with pytest.raises(RuntimeError, match="torch.save.torch.load.path., new_path."):
        gpugrad.load(file)
