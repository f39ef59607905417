"""Losses and their derivatives."""

from __future__ import annotations

from typing import Any

from gpugrad.backend.kernel_source import compute_dtype
from gpugrad.backend.kernels import blocks_for_rows

from .work import Array, Call, Case, Maker, Work, called, primitive

NOTHING_IGNORED = -(2**63)
IGNORED = -100


def _logits(work: Work) -> tuple[Array, Array]:
    return work.normal(1, *work.matrix), work.classes(2, *work.matrix)


def _number(work: Work) -> Array:
    return work.xp.full((), 0.5, work.dtype)


def _pair_and_gradient(work: Work) -> tuple[Any, ...]:
    return work.uniform(1), work.uniform(2), _number(work), 2 / work.n


def _torch_backward(o: Any, x: Any, target: Any, grad: Any) -> Call:
    leaf = x.detach().requires_grad_()
    losses = o.nn.functional.cross_entropy(leaf, target, reduction="none")
    return lambda: o.autograd.grad(losses, leaf, grad, retain_graph=True)


def _torch_sigmoid_mse_backward(o: Any, x: Any, y: Any, grad: Any) -> Call:
    leaf = x.detach().requires_grad_()
    loss = o.nn.functional.mse_loss(o.sigmoid(leaf), y)
    return lambda: o.autograd.grad(loss, leaf, grad, retain_graph=True)


def cross_entropy_backward(work: Work) -> Case:
    """From the logits, with what forward saved of each row: no primitive does that."""
    (x, target), grad = _logits(work), work.normal(3, work.rows)
    blocks, xp = blocks_for_rows(*work.matrix), work.xp
    saved, losses = (
        work.empty(work.rows, 2, dtype=compute_dtype(work.suffix)),
        work.empty(work.rows),
    )
    forward = xp.kernels.get("cross_entropy_forward", work.suffix)
    forward(blocks, x, target, losses, saved, None, NOTHING_IGNORED, *work.matrix)
    softmax = work.plain.softmax(x, 1)

    def ours() -> Array:
        dx = work.empty(*work.matrix)
        backward = xp.kernels.get("cross_entropy_backward", work.suffix)
        backward(blocks, x, target, grad, None, saved, dx, NOTHING_IGNORED, 1, *work.matrix)
        return dx

    return Case(
        ours,
        lambda: work.plain.cross_entropy_grad(softmax, target, grad, None, None),
        [x, target, grad],
        _torch_backward,
    )


CASES: dict[str, Maker] = {
    "mse_none": primitive(
        "mse",
        lambda o, x, y: o.nn.functional.mse_loss(x, y, reduction="none"),
        2,
        ("none",),
    ),
    "mse_reduce": primitive("mse", lambda o, x, y: o.nn.functional.mse_loss(x, y), 2, ("mean",)),
    "mse_backward": called(
        "mse_grad",
        _pair_and_gradient,
        lambda o, x, y, grad: o.ops.aten.mse_loss_backward(grad, x, y, 1),  # 1: the mean
    ),
    "sigmoid_mse_none": primitive(
        "sigmoid_mse",
        lambda o, x, y: o.nn.functional.mse_loss(o.sigmoid(x), y, reduction="none"),
        2,
        ("none",),
    ),
    "sigmoid_mse_reduce": primitive(
        "sigmoid_mse",
        lambda o, x, y: o.nn.functional.mse_loss(o.sigmoid(x), y),
        2,
        ("mean",),
    ),
    "sigmoid_mse_backward": called(
        "sigmoid_mse_grad",
        lambda work: (*_pair_and_gradient(work), (True, False)),
        bind=_torch_sigmoid_mse_backward,
    ),
    "sigmoid_mse_backward_output": called(
        "sigmoid_mse_grad",
        lambda work: (*_pair_and_gradient(work), (True, False), True),
        bind=_torch_sigmoid_mse_backward,
    ),
    "cross_entropy_forward": called(
        "cross_entropy",
        lambda work: (*_logits(work), None),
        lambda o, x, target: o.nn.functional.cross_entropy(x, target, reduction="none"),
    ),
    "cross_entropy_mean": called(
        "cross_entropy_mean",
        lambda work: (work.uniform(1), work.classes(2, work.n, 10), IGNORED),
    ),
    "cross_entropy_backward": cross_entropy_backward,
    "cross_entropy_backward_softmax": called(
        "cross_entropy_grad",
        lambda work: (*_logits(work), work.normal(3, work.rows), None, None),
        bind=_torch_backward,
    ),
}
