"""Errors inside a model say where: the path of the module, shapes and types, the op."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import nn


def notes(model: Any, *args: Any) -> list[str]:
    with pytest.raises(RuntimeError) as error:
        model(*args)
    return list(getattr(error.value, "__notes__", []))


def test_the_path_leads_to_the_module() -> None:
    model = nn.Sequential(nn.Linear(4, 3), nn.Sequential(nn.ReLU(), nn.Linear(5, 2)))
    with pytest.raises(RuntimeError, match=r"^mat1 and mat2 shapes cannot be multiplied") as error:
        model(gpugrad.ones(7, 4))
    assert str(error.value) == "mat1 and mat2 shapes cannot be multiplied (7x3 and 5x2)"
    assert error.value.__notes__ == [
        "Raised by linear of [7, 3] float32 and [2, 5] float32",
        "In Sequential.1.1 (Linear), called with [7, 3] float32; it has weight [2, 5] float32, "
        "bias [2] float32",
    ]


def test_a_single_module_is_its_own_path() -> None:
    assert notes(nn.Linear(4, 3), gpugrad.ones(2, 5))[-1].startswith(
        "In Linear, called with [2, 5]"
    )


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(2, 2), nn.Linear(3, 3)])

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


def test_modules_that_are_called_by_their_grandparent() -> None:
    found = notes(nn.Sequential(nn.Identity(), Block()), gpugrad.ones(1, 2))
    assert found[-1].startswith("In Sequential.1.layers.1 (Linear), called with [1, 2] float32")
    assert len([n for n in found if n.startswith("In ")]) == 1


class Broken(nn.Module):
    def forward(self, x: Any) -> Any:
        return x + gpugrad.ones(3, dtype=gpugrad.float64)


def test_elementwise_ops_are_named() -> None:
    found = notes(nn.Sequential(Broken()), gpugrad.ones(2))
    assert found[0] == "Raised by Add of [2] float64 and [3] float64"
    assert found[1] == "In Sequential.0 (Broken), called with [2] float32"


def test_hooks_do_not_hide_the_path() -> None:
    model = nn.Sequential(nn.Linear(2, 2))
    model.register_forward_hook(lambda module, args, output: None)
    model[0].register_forward_pre_hook(lambda module, args: None)
    assert notes(model, gpugrad.ones(1, 3))[-1].startswith("In Sequential.0 (Linear)")


def test_the_same_error_object_is_raised_on() -> None:
    class OwnError(Exception):
        pass

    class Raising(nn.Module):
        def forward(self, x: Any) -> Any:
            raise OwnError("mine")

    with pytest.raises(OwnError, match="^mine") as error:
        nn.Sequential(Raising())(gpugrad.ones(1))
    assert error.value.__notes__ == ["In Sequential.0 (Raising), called with [1] float32"]


# --- strict shapes -------------------------------------------------------------------------------


@pytest.fixture
def strict() -> Any:
    gpugrad.set_strict_shapes(True)
    yield
    gpugrad.set_strict_shapes(False)


F = nn.functional
LOSSES: dict[str, Any] = {
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
    "smooth_l1_loss": F.smooth_l1_loss,
    "huber_loss": F.huber_loss,
    "kl_div": lambda x, y: F.kl_div(x, y, reduction="batchmean"),
    "poisson_nll_loss": F.poisson_nll_loss,
    "gaussian_nll_loss": lambda x, y: F.gaussian_nll_loss(x, y, gpugrad.ones(3, 1)),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.usefixtures("strict")
def test_strict_losses_refuse_to_broadcast(name: str) -> None:
    assert gpugrad.is_strict_shapes_enabled()
    with pytest.raises(ValueError, match=r"\[3, 1\] and \[3\]: they would broadcast to \[3, 3\]"):
        LOSSES[name](gpugrad.ones(3, 1), gpugrad.ones(3))
    LOSSES[name](gpugrad.ones(3, 1), gpugrad.ones(3, 1))


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_by_default_they_warn(name: str) -> None:
    with pytest.warns(UserWarning, match="This will likely lead to incorrect results"):
        LOSSES[name](gpugrad.ones(3, 1), gpugrad.ones(3))
