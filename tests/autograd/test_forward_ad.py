"""Tensors that carry tangents."""

from __future__ import annotations

import pytest

import gpugrad
from gpugrad.autograd import forward_ad


def test_tangents_of_results() -> None:
    x, t = gpugrad.tensor([1.0, 2.0]), gpugrad.tensor([1.0, -1.0])
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, t)
        primal, tangent = forward_ad.unpack_dual(dual**3)
        assert primal.tolist() == [1.0, 8.0] and not primal.requires_grad
        assert tangent.tolist() == [3.0, -12.0]
        assert forward_ad.unpack_dual(dual).tangent is t
        assert forward_ad.unpack_dual(x).tangent is None
        assert forward_ad.unpack_dual(dual.relu()).tangent.tolist() == [1.0, -1.0]
        changed = dual.clone()
        changed[0] = 5.0
        assert forward_ad.unpack_dual(changed).tangent.tolist() == [0.0, -1.0]


def test_several_duals() -> None:
    with forward_ad.dual_level():
        a = forward_ad.make_dual(gpugrad.tensor(2.0), gpugrad.tensor(1.0))
        b = forward_ad.make_dual(gpugrad.tensor(3.0), gpugrad.tensor(10.0))
        assert forward_ad.unpack_dual(a * b).tangent.item() == 23.0


def test_of_a_tensor_that_requires_gradients() -> None:
    x = gpugrad.tensor(2.0, requires_grad=True)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, gpugrad.tensor(1.0))
        tangent = forward_ad.unpack_dual(dual**3).tangent
        tangent.backward()
    assert (tangent.item(), x.grad.item()) == (12.0, 12.0)


def test_refusals() -> None:
    x = gpugrad.ones(2)
    with pytest.raises(RuntimeError, match="no level exists"):
        forward_ad.make_dual(x, x)
    with pytest.raises(RuntimeError, match="not the last one"):
        forward_ad.exit_dual_level()
    with forward_ad.dual_level():
        with pytest.raises(RuntimeError, match="Nested forward mode"):
            forward_ad.enter_dual_level()
        with pytest.raises(RuntimeError, match="different size"):
            forward_ad.make_dual(x, gpugrad.ones(3))
        with pytest.raises(ValueError, match="Expected primal to be floating point"):
            forward_ad.make_dual(gpugrad.tensor([1, 2]), x)
