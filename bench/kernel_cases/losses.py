"""Losses and their derivatives."""

from __future__ import annotations

from typing import Any

from gpugrad.backend.kernel_source import compute_dtype
from gpugrad.backend.kernels import blocks_for_rows
from gpugrad.backend.launches.loss import NOTHING_IGNORED

from .work import Array, Call, Case, Maker, Work, kernel, primitive


def squared_error(xp: Any, x: Array, y: Array) -> Array:
    """``(x - y)**2``."""
    return xp.square(xp.sub(x, y))


def mse_backward(work: Work) -> Case:
    x, y, scale = work.normal(1), work.normal(2), 2 / work.n
    grad = work.xp.full((), 0.5, work.dtype)

    def torch(o: Any, x: Any, y: Any, grad: Any) -> Call:
        return lambda: o.ops.aten.mse_loss_backward(grad, x, y, 1)  # 1: the mean

    return Case(
        lambda: work.xp.mse_grad(x, y, grad, scale),
        lambda: work.plain.mse_grad(x, y, grad, scale),
        [x, y, grad],
        torch,
    )


def cross_entropy_forward(work: Work) -> Case:
    x, target = work.normal(1, *work.matrix), work.classes(2, *work.matrix)

    def torch(o: Any, x: Any, target: Any) -> Call:
        return lambda: o.nn.functional.cross_entropy(x, target, reduction="none")

    return Case(
        lambda: work.xp.cross_entropy(x, target),
        lambda: work.plain.cross_entropy(x, target),
        [x, target],
        torch,
    )


def _torch_backward(o: Any, x: Any, target: Any, grad: Any) -> Call:
    leaf = x.detach().requires_grad_()
    losses = o.nn.functional.cross_entropy(leaf, target, reduction="none")
    return lambda: o.autograd.grad(losses, leaf, grad, retain_graph=True)


def cross_entropy_backward(work: Work) -> Case:
    """From the logits, with what forward saved of each row."""
    rows, cols = work.matrix
    x, target, grad = work.normal(1, rows, cols), work.classes(2, rows, cols), work.normal(3, rows)
    blocks, xp = blocks_for_rows(rows, cols), work.xp
    saved, losses = work.empty(rows, 2, dtype=compute_dtype(work.suffix)), work.empty(rows)
    forward = xp.kernels.get("cross_entropy_forward", work.suffix)
    forward(blocks, x, target, losses, saved, None, NOTHING_IGNORED, rows, cols)
    softmax = work.plain.softmax(x, 1)

    def ours() -> Array:
        dx = work.empty(rows, cols)
        backward = xp.kernels.get("cross_entropy_backward", work.suffix)
        backward(blocks, x, target, grad, saved, dx, NOTHING_IGNORED, 1, rows, cols)
        return dx

    return Case(
        ours,
        lambda: work.plain.cross_entropy_grad(softmax, target, grad),
        [x, target, grad],
        _torch_backward,
    )


def cross_entropy_backward_softmax(work: Work) -> Case:
    x, target = work.normal(1, *work.matrix), work.classes(2, *work.matrix)
    softmax, grad = work.plain.softmax(x, 1), work.normal(3, work.rows)
    return Case(
        lambda: work.xp.cross_entropy_grad(softmax, target, grad),
        lambda: work.plain.cross_entropy_grad(softmax, target, grad),
        [softmax, target, grad],
        _torch_backward,
    )


CASES: dict[str, Maker] = {
    "mse_none": kernel(
        "mse_none",
        squared_error,
        lambda o, x, y: o.nn.functional.mse_loss(x, y, reduction="none"),
    ),
    "mse_reduce": primitive("mse", lambda o, x, y: o.nn.functional.mse_loss(x, y), 2),
    "mse_backward": mse_backward,
    "cross_entropy_forward": cross_entropy_forward,
    "cross_entropy_backward": cross_entropy_backward,
    "cross_entropy_backward_softmax": cross_entropy_backward_softmax,
}
