"""Types that functions refuse as PyTorch does, and the ``out`` argument of those that have one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import gpugrad
from gpugrad.nn import functional as F

WHOLE: dict[str, Callable[[Any], Any]] = {
    **{
        name: getattr(F, name)
        for name in (
            *("hardswish", "hardsigmoid", "mish", "silu", "leaky_relu", "elu", "selu", "celu"),
            *("softplus", "gelu", "rrelu"),
        )
    },
    "glu": lambda x: F.glu(x, 0),
    "prelu": lambda x: F.prelu(x, gpugrad.tensor([0.5])),
    "group_norm": lambda x: F.group_norm(x.reshape(1, 4, 1), 2),
    "rms_norm": lambda x: F.rms_norm(x, (4,)),
    "batch_norm": lambda x: F.batch_norm(x.reshape(4, 1), None, None, training=True),
    "interpolate": lambda x: F.interpolate(x.reshape(1, 1, 4), scale_factor=2),
    "grid_sample": lambda x: F.grid_sample(
        x.reshape(1, 1, 2, 2), gpugrad.zeros(1, 1, 1, 2), align_corners=False
    ),
    "unfold": lambda x: F.unfold(x.reshape(1, 1, 2, 2), 1),
}


@pytest.mark.parametrize("name", WHOLE)
def test_whole_numbers(name: str) -> None:
    WHOLE[name](gpugrad.tensor([1.0, 2.0, 3.0, 4.0]))
    with pytest.raises(NotImplementedError, match="not implemented for 'Long'"):
        WHOLE[name](gpugrad.tensor([1, 2, 3, 4]))


BOOLS: dict[str, Callable[[Any], Any]] = {
    "avg_pool1d": lambda x: F.avg_pool1d(x, 2),
    "conv1d": lambda x: F.conv1d(x, x),
    "reflect": lambda x: F.pad(x, (1, 1), mode="reflect"),
    "threshold": lambda x: F.threshold(x, 0, 0),
    "logsigmoid": F.logsigmoid,
}


@pytest.mark.parametrize("name", BOOLS)
def test_bools(name: str) -> None:
    BOOLS[name](gpugrad.ones(1, 1, 4))
    with pytest.raises(NotImplementedError, match="not implemented for 'Bool'"):
        BOOLS[name](gpugrad.ones(1, 1, 4) > 0)


def test_other_refusals() -> None:
    whole = gpugrad.tensor([[1, 2]])
    with pytest.raises(RuntimeError, match="expected common dtype to be floating point, yet"):
        F.cosine_similarity(whole, whole)
    with pytest.raises(RuntimeError, match="pdist only supports floating-point"):
        F.pdist(whole)
    with pytest.raises(RuntimeError, match="Integral inputs not supported"):
        F.kl_div(whole, whole, reduction="sum", log_target=True)
    with pytest.raises(RuntimeError, match="Bool inputs not supported for hardtanh"):
        F.hardtanh(whole > 1)


def test_margins_take_the_type_of_the_input() -> None:
    x, y = gpugrad.tensor([1, 5]), gpugrad.tensor([1, -1])
    assert F.hinge_embedding_loss(x, y, margin=8.4, reduction="none").tolist() == [1, 3]
    assert F.margin_ranking_loss(x, x, y, reduction="none").dtype is gpugrad.float32


def test_an_infinite_distance_that_does_not_count() -> None:
    x, y = gpugrad.tensor([float("inf"), 0.5]), gpugrad.tensor([-1, 1])
    assert F.hinge_embedding_loss(x, y, reduction="none").tolist() == [0.0, 0.5]


OUT: dict[str, Callable[..., Any]] = {
    "gelu": F.gelu,
    "softplus": F.softplus,
    "logsigmoid": F.logsigmoid,
    "hardshrink": F.hardshrink,
    "softshrink": F.softshrink,
    "normalize": F.normalize,
    "avg_pool2d": lambda x, **more: F.avg_pool2d(x, 2, **more),
    "avg_pool3d": lambda x, **more: F.avg_pool3d(x, (1, 2, 2), **more),
    "linear": lambda x, **more: F.linear(x, gpugrad.eye(4), **more),
}


@pytest.mark.parametrize("name", OUT)
def test_out(name: str) -> None:
    x = gpugrad.arange(-8.0, 8.0).reshape(1, 1, 4, 4)
    expected = OUT[name](x)
    out = gpugrad.empty(0)
    assert OUT[name](x, out=out) is out
    assert gpugrad.equal(out, expected)
