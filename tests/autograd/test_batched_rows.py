"""Many gradients in one backward pass: as by one pass for each, for every op."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gpugrad
from gpugrad.autograd import batched_rows
from gpugrad.autograd.functional import jacobian
from tests.op_table import OPS
from tests.op_table.model import Op, about, flat, host, tensor

ROWS = 3


def batches(outputs: list[Any]) -> list[Any]:
    rng = np.random.default_rng(5)
    return [
        tensor(gpugrad, np.asarray(rng.normal(size=(ROWS, *o.shape))), "float64") for o in outputs
    ]


@pytest.mark.parametrize(
    "op", [op for op in OPS if op.differentiable and "float64" in op.dtypes], ids=repr
)
def test_rows_are_what_single_passes_give(op: Op) -> None:
    for sample in op.samples:
        if sample.only is not None and "float64" not in sample.only:
            continue
        leaves = [
            tensor(gpugrad, a, d.dtype or "float64", grad=d.has_grad("float64"))
            for d, a in zip(sample.data(), sample.arrays("float64"), strict=True)
        ]
        args, kwargs = sample.filled(leaves, gpugrad)
        outputs = [
            r
            for r in flat(op.function(gpugrad)(*args, **kwargs))
            if isinstance(r, gpugrad.Tensor) and r.requires_grad
        ]
        wanted = [x for x in leaves if x.requires_grad]
        if not outputs or not wanted:
            continue
        given = batches(outputs)
        together = gpugrad.autograd.grad(
            outputs, wanted, given, retain_graph=True, allow_unused=True, is_grads_batched=True
        )
        for i in range(ROWS):
            alone = gpugrad.autograd.grad(
                outputs, wanted, [g[i] for g in given], retain_graph=True, allow_unused=True
            )
            for many, one in zip(together, alone, strict=True):
                with about(sample):
                    assert (many is None) == (one is None)
                    if one is not None and many is not None:
                        np.testing.assert_allclose(host(many[i]), host(one), 1e-12, 1e-12)


class Counted(gpugrad.autograd.Function):
    passes = 0

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x * 2

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        Counted.passes += 1
        return grad * 2


def test_functions_of_the_user_get_a_row_at_a_time() -> None:
    Counted.passes = 0
    found = jacobian(lambda x: Counted.apply(x.sin()).cos(), gpugrad.zeros(3))
    assert Counted.passes == 3
    assert found.tolist() == [[0.0, 0.0, 0.0]] * 3


def test_a_layer_needs_no_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Any, grad: Any) -> Any:
        raise AssertionError(f"{self.node.name()} goes row by row")

    monkeypatch.setattr(batched_rows.Worker, "_row_by_row", refuse)
    nn = gpugrad.nn
    model = nn.Sequential(
        nn.Linear(3, 4), nn.Tanh(), nn.LayerNorm(4), nn.ReLU(), nn.Linear(4, 2), nn.Softmax(-1)
    )
    assert jacobian(model, gpugrad.ones(5, 3)).shape == (5, 2, 5, 3)


def test_hooks_see_one_row_at_a_time() -> None:
    x = gpugrad.ones(2, requires_grad=True)
    seen: list[Any] = []
    y = x * 3
    y.register_hook(lambda grad: seen.append(grad.shape))
    (grad,) = gpugrad.autograd.grad(y * 1, x, gpugrad.eye(2), is_grads_batched=True)
    assert grad.tolist() == [[3.0, 0.0], [0.0, 3.0]]
    assert seen == [(2,), (2,)]


def test_more_rows_than_go_into_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpugrad.autograd.batched_pass, "MOST_ROWS", 2)
    x = gpugrad.arange(5.0)
    assert jacobian(gpugrad.square, x).tolist() == gpugrad.diag(2 * x).tolist()
