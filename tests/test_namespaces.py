"""What programs look up beside tensors: limits of types, settings, switches, printed classes."""

from __future__ import annotations

import pytest

import gpugrad
from gpugrad import settings


def test_limits_of_floating_point_types() -> None:
    assert repr(gpugrad.finfo(gpugrad.float32)) == (
        "finfo(resolution=1e-06, min=-3.40282e+38, max=3.40282e+38, eps=1.19209e-07, "
        "smallest_normal=1.17549e-38, tiny=1.17549e-38, dtype=float32)"
    )
    assert gpugrad.finfo().bits == 32
    assert gpugrad.finfo(gpugrad.bfloat16).max == 3.3895313892515355e38
    with pytest.raises(TypeError, match="requires a floating point input type"):
        gpugrad.finfo(gpugrad.int32)


def test_limits_of_integer_types() -> None:
    assert repr(gpugrad.iinfo(gpugrad.int16)) == "iinfo(min=-32768, max=32767, dtype=int16)"
    assert gpugrad.iinfo(gpugrad.int64).max == 2**63 - 1
    with pytest.raises(TypeError, match=r"torch\.bool is not supported"):
        gpugrad.iinfo(gpugrad.bool)


def test_classes_print_as_in_pytorch() -> None:
    class Own(gpugrad.Tensor):
        pass

    x = gpugrad.ones(1)
    kinds = [type(x), type(gpugrad.nn.Parameter(x)), type(x.shape), type(x.dtype), type(x.layout)]
    assert " ".join(map(str, kinds)) == (
        "<class 'torch.Tensor'> <class 'torch.nn.parameter.Parameter'> <class 'torch.Size'> "
        "<class 'torch.dtype'> <class 'torch.layout'>"
    )
    assert "Own" in repr(Own)
    assert x.layout is gpugrad.strided


def test_settings_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_precision", "highest")
    gpugrad.set_float32_matmul_precision("high")
    assert gpugrad.get_float32_matmul_precision() == "high"
    with pytest.warns(UserWarning, match="has no effect"):
        gpugrad.set_float32_matmul_precision("low")
    with pytest.raises(RuntimeError, match="positive integer"):
        gpugrad.set_num_threads(0)
    assert not gpugrad.backends.cudnn.is_available()


def test_random_numbers_of_a_block_leave_no_trace() -> None:
    gpugrad.manual_seed(5)
    expected = gpugrad.rand(2).tolist()
    gpugrad.manual_seed(5)
    with gpugrad.random.fork_rng():
        gpugrad.manual_seed(0)
        gpugrad.rand(7)
    assert gpugrad.rand(2).tolist() == expected


@pytest.mark.parametrize("shape", [(5, 2), (2, 2), (2, 5)])
def test_least_squares_satisfies_the_normal_equations(shape: tuple[int, int]) -> None:
    gpugrad.manual_seed(0)
    a, b = gpugrad.randn(shape, dtype=gpugrad.float64), gpugrad.randn(shape[0]).double()
    found = gpugrad.linalg.lstsq(a, b)
    assert (a.T @ (a @ found.solution - b)).abs().max() < 1e-12
    assert int(found.rank) == 2


def test_powers_can_be_differentiated_past_their_degree() -> None:
    x = gpugrad.tensor(2.0, requires_grad=True)
    y, values = x**2, []
    for _ in range(3):
        (y,) = gpugrad.autograd.grad(y, x, create_graph=True)
        values.append(y.item())
    assert values == [4.0, 2.0, 0.0]


def test_composed_functions_print_as_one_op() -> None:
    x = gpugrad.ones(2, 3, requires_grad=True)
    layer_norm = gpugrad.nn.functional.layer_norm(x, (3,))
    assert "grad_fn=<NativeLayerNormBackward0>" in repr(layer_norm)
    layer_norm.sum().backward()
    assert x.grad is not None
