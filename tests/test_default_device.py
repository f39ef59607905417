"""Where tensors are made for which no device is given."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import numpy as np
import pytest

import gpugrad
from gpugrad import nn
from gpugrad.utils.data import DataLoader, TensorDataset, random_split

pytestmark = pytest.mark.usefixtures("host")


@pytest.fixture(autouse=True)
def put_back() -> Iterator[None]:
    yield
    gpugrad.set_default_device(None)


def test_a_default_device_is_where_tensors_are_made() -> None:
    gpugrad.set_default_device("cuda")
    assert gpugrad.get_default_device() == gpugrad.device("cuda", 0)
    made = [
        gpugrad.zeros(2),
        gpugrad.tensor([1.0]),
        gpugrad.as_tensor(np.ones(2)),
        gpugrad.arange(3),
        gpugrad.eye(2),
        gpugrad.rand(2),
        gpugrad.randint(5, (2,)),
        nn.Linear(2, 2).weight,
    ]
    assert {x.device.type for x in made} == {"cuda"}
    elsewhere = [
        gpugrad.zeros(2, device="cpu"),
        gpugrad.from_numpy(np.ones(2)),
        gpugrad.FloatTensor([1.0]),
        gpugrad.zeros_like(gpugrad.ones(1, device="cpu")),
    ]
    assert {x.device.type for x in elsewhere} == {"cpu"}
    gpugrad.set_default_device(None)
    assert gpugrad.zeros(1).device == gpugrad.get_default_device() == gpugrad.device("cpu")


def test_a_device_is_a_context() -> None:
    with gpugrad.device("cuda") as entered:
        assert entered == gpugrad.device("cuda")
        with gpugrad.device("cpu"):
            assert gpugrad.ones(1).device.type == "cpu"
        assert gpugrad.ones(1).device.type == "cuda"
    assert gpugrad.ones(1).device.type == "cpu"
    with pytest.raises(ZeroDivisionError), gpugrad.device("cuda"):
        raise ZeroDivisionError
    assert gpugrad.ones(1).device.type == "cpu"


def test_other_threads_have_their_own() -> None:
    found = []
    gpugrad.set_default_device("cuda")
    thread = Thread(target=lambda: found.append(gpugrad.ones(1).device.type))
    thread.start()
    thread.join()
    assert found == ["cpu"]


def test_training_with_a_default_device() -> None:
    gpugrad.manual_seed(0)
    gpugrad.set_default_device("cuda")
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 1))
    inputs = gpugrad.randn(20, 3)
    data = TensorDataset(inputs, inputs.sum(1, keepdim=True))
    train, _ = random_split(data, [16, 4])
    optimizer = gpugrad.optim.Adam(net.parameters(), lr=0.05)
    losses = []
    for _ in range(10):
        total = 0.0
        for x, y in DataLoader(train, 8, shuffle=True):
            loss = nn.functional.mse_loss(net(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item()
        losses.append(total)
    assert loss.device.type == "cuda"
    assert losses[-1] < losses[0]


def test_accelerator_is_the_cuda_device() -> None:
    assert gpugrad.accelerator.is_available()
    assert gpugrad.accelerator.current_accelerator() == gpugrad.device("cuda")
    assert gpugrad.accelerator.device_count() >= 1
    assert gpugrad.accelerator.current_device_index() == 0
    gpugrad.accelerator.synchronize()
    x = gpugrad.ones(2).type(gpugrad.cuda.FloatTensor)
    assert x.is_cuda and isinstance(x, gpugrad.cuda.FloatTensor)
    assert not isinstance(x, gpugrad.FloatTensor)
    assert not x.type("torch.DoubleTensor").is_cuda
