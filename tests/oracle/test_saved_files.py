"""What ``save`` writes is what PyTorch reads, without trusting the file; and the other way."""

from __future__ import annotations

import io
import zipfile
from collections import OrderedDict
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import gpugrad

torch = pytest.importorskip("torch")

BOTH = (gpugrad, torch)


def tied(lib: ModuleType) -> Any:
    model = lib.nn.Sequential(lib.nn.Embedding(5, 3), lib.nn.Linear(3, 5, bias=False))
    model[1].weight = model[0].weight
    return model


def batch(lib: ModuleType) -> Any:
    return (lib.arange(12.0).reshape(4, 3) * 1.7).sin()


def trained(lib: ModuleType, name: str) -> Any:
    """State dicts of a model, an optimizer, a schedule and a scaler in the middle of training."""
    lib.manual_seed(0)
    model = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.BatchNorm1d(4), lib.nn.Linear(4, 2))
    optimizer = getattr(lib.optim, name)(model.parameters(), lr=0.01)
    schedule = lib.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)
    scaler = lib.amp.GradScaler("cpu")
    for _ in range(3):
        optimizer.zero_grad()
        scaler.scale(model(batch(lib)).square().sum()).backward()
        scaler.step(optimizer)
        scaler.update()
        schedule.step()
    return {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "schedule": schedule.state_dict(),
        "scaler": scaler.state_dict(),
        "epoch": 3,
    }


OBJECTS = [
    "torch.arange(6.0).reshape(2, 3)",
    "torch.arange(6.0).reshape(2, 3).t()",
    "torch.arange(12).reshape(3, 4)[:, 1:3]",
    "torch.tensor(2.5)",
    "torch.empty(0)",
    "torch.zeros(2, 0, 3)",
    "torch.ones(3, requires_grad=True)",
    "torch.ones(1).expand(4)",
    "torch.tensor([True, False])",
    "[torch.ones(2).to(t) for t in (torch.float16, torch.bfloat16, torch.float64, torch.int8, "
    "torch.uint8, torch.int16, torch.int32, torch.int64, torch.bool)]",
    "torch.nn.Parameter(torch.ones(2))",
    "torch.nn.Parameter(torch.ones(2), requires_grad=False)",
    "{'a': 1, 'b': [1.5, None, True, (1, 2), ()], 3: 'text', None: -1}",
    "OrderedDict([('x', torch.ones(1)), ('y', OrderedDict())])",
    "[2**40, -2**40, 2**100, -1, 255, 256, 65536, 0.1, float('inf'), 'é\\n', '']",
    "(torch.Size([2, 3]), torch.float32, torch.device('cpu'), torch.device('cuda', 1))",
    "{1, 2, 3}",
    "(lambda x: [x, x[1:], x])(torch.arange(5))",
    "(lambda l: {'a': l, 'b': l})([1, torch.ones(1)])",
    "tied(torch).state_dict()",
    "torch.nn.LSTM(2, 3).state_dict()",
    "trained(torch, 'SGD')",
    "trained(torch, 'Adam')",
    "trained(torch, 'RMSprop')",
]


def made(lib: ModuleType, source: str) -> Any:
    names = {"torch": lib, "OrderedDict": OrderedDict, "tied": tied, "trained": trained}
    lib.manual_seed(0)
    return eval(source, names)


def plain(value: Any) -> Any:
    """An object of either library in terms of neither."""
    if isinstance(value, (gpugrad.Tensor, torch.Tensor)):
        kind = type(value).__name__
        return kind, str(value.dtype), tuple(value.shape), value.requires_grad, value.tolist()
    if isinstance(value, (gpugrad.Size, torch.Size)):
        return "Size", tuple(value)
    if isinstance(value, dict):
        return type(value), [(plain(k), plain(v)) for k, v in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [plain(v) for v in value]
    if isinstance(value, (gpugrad.dtype, torch.dtype, gpugrad.device, torch.device)):
        return repr(value)
    return value


def crossed(source: str, ways: Any, path: Path) -> tuple[Any, Any]:
    writer, reader = ways
    saved = made(writer, source)
    writer.save(saved, path)
    return saved, reader.load(path, weights_only=True)


WAYS = [
    (ways, source)
    for ways in ((gpugrad, torch), (torch, gpugrad), (gpugrad, gpugrad))
    for source in OBJECTS
    if not (source.startswith("{1") and ways[0] is torch)  # PyTorch does not read its own sets so
]


@pytest.mark.parametrize(("ways", "source"), WAYS)
def test_objects(ways: Any, source: str, tmp_path: Path) -> None:
    cuda = "cuda" in source
    saved, loaded = crossed(source, ways, tmp_path / "file.pt")
    assert cuda or str(plain(loaded)) == str(plain(saved))


@pytest.mark.parametrize("ways", [(gpugrad, torch), (torch, gpugrad), (gpugrad, gpugrad)])
def test_shared_memory_stays_shared(ways: Any, tmp_path: Path) -> None:
    source = "(lambda x: [x, x[1:], x.reshape(2, 3).t(), x[4:]])(torch.arange(6))"
    _, (whole, *views) = crossed(source, ways, tmp_path / "file.pt")
    whole[4] = 40
    assert [view.tolist() for view in views] == [
        [1, 2, 3, 40, 5],
        [[0, 3], [1, 40], [2, 5]],
        [40, 5],
    ]
    _, state = crossed("tied(torch).state_dict()", ways, tmp_path / "tied.pt")
    first, second = state.values()
    assert first.data_ptr() == second.data_ptr()


@pytest.mark.parametrize("ways", [(gpugrad, torch), (torch, gpugrad)])
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
def test_training_goes_on_in_the_other_library(ways: Any, name: str, tmp_path: Path) -> None:
    saved, state = crossed(f"trained(torch, {name!r})", ways, tmp_path / "checkpoint.tar")
    results = []
    for lib, content in zip(ways, (saved, state), strict=True):
        nn = lib.nn
        model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
        optimizer = getattr(lib.optim, name)(model.parameters(), lr=1.0)
        schedule = lib.optim.lr_scheduler.CosineAnnealingLR(optimizer, 99)
        scaler = lib.amp.GradScaler("cpu", init_scale=2.0)
        for part, key in (
            (model, "model"),
            (optimizer, "optimizer"),
            (schedule, "schedule"),
            (scaler, "scaler"),
        ):
            part.load_state_dict(content[key])
        for _ in range(3):
            optimizer.zero_grad()
            scaler.scale(model(batch(lib)).square().sum()).backward()
            scaler.step(optimizer)
            scaler.update()
            schedule.step()
        results.append([*schedule.get_last_lr(), scaler.get_scale(), *model[2].bias.tolist()])
    assert results[0] == pytest.approx(results[1], rel=1e-4, abs=1e-6)


def test_the_layout_of_the_file_is_pytorchs(tmp_path: Path) -> None:
    names = []
    for lib in BOTH:
        path = tmp_path / f"{lib.__name__}.pt"
        lib.save({"a": lib.ones(3), "b": lib.arange(100)}, path)
        with zipfile.ZipFile(path) as archive:
            names.append([name.partition("/")[2] for name in archive.namelist()])
            for entry in archive.infolist():
                header = entry.header_offset
                data = path.read_bytes()[header : header + 30]
                start = header + 30 + sum(data[26 + 2 * i] + 256 * data[27 + 2 * i] for i in (0, 1))
                assert start % 64 == 0
                assert entry.compress_type == zipfile.ZIP_STORED
            assert archive.testzip() is None
    assert names[0] == names[1]


@pytest.mark.parametrize("ways", [(gpugrad, torch), (torch, gpugrad), (gpugrad, gpugrad)])
def test_memory_left_in_the_file(ways: Any, tmp_path: Path) -> None:
    path = tmp_path / "file.pt"
    writer, reader = ways
    writer.save({"x": writer.arange(1000), "y": writer.ones(2)}, path)
    before = path.read_bytes()
    loaded = reader.load(path, mmap=True)
    loaded["x"].add_(1)
    assert loaded["x"].tolist() == list(range(1, 1001))
    assert path.read_bytes() == before
    with pytest.raises(ValueError, match="f must be a file path"):
        reader.load(io.BytesIO(before), mmap=True)


LOCATIONS = [
    "'cpu'",
    "torch.device('cpu')",
    "{'cpu': 'cpu'}",
    "{'cuda:0': 'cpu'}",
    "lambda storage, location: storage",
    "lambda storage, location: storage.cpu()",
    "lambda storage, location: None",
]


@pytest.mark.parametrize("location", LOCATIONS)
def test_map_location(location: str, tmp_path: Path) -> None:
    results = []
    for lib in BOTH:
        lib.save([lib.ones(2), lib.zeros(3).int()], tmp_path / "file.pt")
        where = eval(location, {"torch": lib})
        results.append(plain(lib.load(tmp_path / "file.pt", map_location=where)))
    assert results[0] == results[1]


def test_whole_modules(tmp_path: Path) -> None:
    model = tied(gpugrad)
    optimizer = gpugrad.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(gpugrad.tensor([1, 2])).sum().backward()
    optimizer.step()
    gpugrad.save({"model": model, "optimizer": optimizer}, tmp_path / "file.pt")
    with pytest.raises(RuntimeError, match="weights_only=False"):
        gpugrad.load(tmp_path / "file.pt")
    loaded = gpugrad.load(tmp_path / "file.pt", weights_only=False)
    again = loaded["model"]
    assert type(again) is type(model)
    assert again[0].weight is again[1].weight
    assert again[0].weight.requires_grad
    x = gpugrad.tensor([3, 4])
    assert gpugrad.equal(again(x), model(x))
    assert loaded["optimizer"].param_groups[0]["params"][0] is again[0].weight
    with pytest.raises(Exception, match=r"Weights only load failed"):
        torch.load(tmp_path / "file.pt")


def test_whole_modules_of_pytorch_are_refused(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 3), tmp_path / "file.pt")
    with pytest.raises(RuntimeError, match=r"holds a torch.nn.modules.linear.Linear of PyTorch's"):
        gpugrad.load(tmp_path / "file.pt", weights_only=False)


def test_npz(tmp_path: Path) -> None:
    gpugrad.save({"x": gpugrad.ones(2), "y": gpugrad.arange(3)}, tmp_path / "file.npz")
    assert plain(gpugrad.load(tmp_path / "file.npz")) == plain(
        {"x": gpugrad.ones(2), "y": gpugrad.arange(3)}
    )
    with pytest.raises(TypeError, match="dictionary of tensors"):
        gpugrad.save([1], tmp_path / "other.npz")
