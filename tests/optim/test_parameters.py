"""What every optimizer does with parameters of several types and layouts, and without gradients."""

from __future__ import annotations

from typing import Any

import pytest

import gpugrad
from gpugrad import optim
from tests.optim.listed import EVERY as LISTED
from tests.optim.test_optimizers import EVERY

of_each_kind = pytest.mark.parametrize(("name", "options"), [*EVERY, *LISTED])


@of_each_kind
def test_one_group_may_mix_types(name: str, options: dict[str, Any]) -> None:
    kinds = [gpugrad.float64, gpugrad.float32, gpugrad.float16, gpugrad.bfloat16, gpugrad.float64]
    params = [gpugrad.full((2,), 1.5, dtype=kind, requires_grad=True) for kind in kinds]
    optimizer = getattr(optim, name)(params, **options)
    for _ in range(3):
        optimizer.zero_grad()
        for p in params:
            (p * p).sum().backward()
        optimizer.step()
    assert [p.dtype for p in params] == kinds
    wanted = params[0].tolist()
    assert params[4].tolist() == wanted
    assert params[1].tolist() == pytest.approx(wanted, abs=2e-6)
    assert params[2].tolist() == pytest.approx(wanted, abs=4e-3)
    assert params[3].tolist() == pytest.approx(wanted, abs=4e-2)


@of_each_kind
def test_parameters_of_any_layout(name: str, options: dict[str, Any]) -> None:
    values = gpugrad.arange(6.0, dtype=gpugrad.float64).reshape(2, 3) - 2.5
    plain = values.clone().requires_grad_()
    turned = values.t().contiguous().t().detach().requires_grad_()
    nothing = gpugrad.zeros(0, 3, dtype=gpugrad.float64, requires_grad=True)
    optimizer = getattr(optim, name)([plain, turned, nothing], **options)
    for _ in range(3):
        optimizer.zero_grad()
        (plain.square().sum() + turned.square().sum() + nothing.sum()).backward()
        optimizer.step()
    assert not turned.is_contiguous()
    assert plain.tolist() == turned.tolist()


@of_each_kind
def test_a_parameter_without_gradient_is_left_alone(name: str, options: dict[str, Any]) -> None:
    """Alone or in company, a parameter takes the same path: as if skipped steps had not been."""
    alone, together, other = (gpugrad.ones(2, requires_grad=True) for _ in range(3))
    first = getattr(optim, name)([alone], **options)
    second = getattr(optim, name)([other, together], **options)
    for number in range(8):
        first.zero_grad()
        second.zero_grad()
        (alone.square().sum() + other.square().sum()).backward()
        if number % 2 == 0:
            together.square().sum().backward()
            first.step()
            second.step()
            assert together.tolist() == alone.tolist()
        else:
            before = together.tolist()
            second.step()
            assert together.tolist() == before
    steps = [s["step"].item() for s in second.state.values() if "step" in s]
    assert steps == ([] if name == "SGD" else [8, 4])
