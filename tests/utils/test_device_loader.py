"""The loader for data on the device: the batches of a DataLoader, without asking for samples."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad.utils.data import DataLoader, DeviceLoader, Subset, TensorDataset

X = gpugrad.arange(20.0).reshape(10, 2)
Y = gpugrad.arange(10)


def plain(batches: Any) -> list[Any]:
    return [[t.tolist() for t in batch] for batch in batches]


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("own", [False, True])
def test_the_batches_of_a_data_loader(drop_last: bool, shuffle: bool, own: bool) -> None:
    found = []
    for kind in (DataLoader, DeviceLoader):
        gpugrad.manual_seed(5)
        generator = gpugrad.Generator().manual_seed(3) if own else None
        how: dict[str, Any] = {"shuffle": shuffle, "drop_last": drop_last, "generator": generator}
        loader: Any = kind(TensorDataset(X, Y), batch_size=4, **how)
        assert len(loader) == (2 if drop_last else 3)
        found.append([plain(loader), plain(loader)])
    assert found[0] == found[1]
    assert (found[0][0] != found[0][1]) == shuffle


def test_data_of_every_kind() -> None:
    whole = [[X.tolist(), Y.tolist()]]
    assert plain(DeviceLoader((X, Y), 10)) == whole
    assert plain(DeviceLoader([X, Y], 10)) == whole
    assert plain(DeviceLoader([(x, int(y)) for x, y in zip(X, Y, strict=True)], 10)) == whole
    some = Subset(TensorDataset(X, Y), [3, 1])
    assert plain(DeviceLoader(some, 2)) == [[[[6, 7], [2, 3]], [3, 1]]]
    (batch,) = DeviceLoader(Y, 10)
    assert batch.tolist() == Y.tolist()


def test_every_sample_comes_once_on_the_device(host: None) -> None:
    gpugrad.manual_seed(0)
    loader = DeviceLoader((X, Y), 3, shuffle=True, device="cuda")
    orders = []
    for _ in range(2):
        rows = []
        for x, y in loader:
            assert x.device == y.device == loader.device
            assert x.device.type == "cuda"
            assert x[:, 0].tolist() == [2 * n for n in y.tolist()]
            rows += y.tolist()
        orders.append(rows)
    assert [sorted(rows) for rows in orders] == [list(range(10))] * 2
    assert orders[0] != orders[1]


def test_a_shuffled_batch_is_no_view_and_has_no_gradient() -> None:
    data = gpugrad.zeros(4, requires_grad=True)
    for batch in DeviceLoader(data, 2, shuffle=True):
        assert not batch.requires_grad
        batch.add_(1)
    assert data.tolist() == [0.0] * 4


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((X, 0), ValueError, "batch_size should be a positive integer"),
        ((X, True), ValueError, "batch_size should be a positive integer"),
        (((X, Y[:3]), 1), ValueError, "tensors of one size above zero"),
        ((X[:0], 1), ValueError, "tensors of one size above zero"),
        (([], 1), ValueError, "tensors of one size above zero"),
        ((["a", "b"], 1), TypeError, "samples of a DeviceLoader are tensors"),
        (([(X, "a")], 1), TypeError, "samples of a DeviceLoader are tensors"),
    ],
)
def test_what_is_refused(arguments: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        DeviceLoader(*arguments)
