"""Softmax and layer normalization: kernels over the rows of a matrix."""

from __future__ import annotations

from typing import Any

from gpugrad.backend.kernel_source import compute_dtype
from gpugrad.backend.kernels import blocks_for_rows

from .work import Array, Call, Case, Maker, Work, primitive

EPS = 1e-5
TILE = 32
"""Columns of a tile of ``layer_norm_backward_affine``."""


def _softmax_grad(o: Any, y: Any, dy: Any) -> Any:
    return o.ops.aten._softmax_backward_data(dy, y, -1, y.dtype)


def _log_softmax_grad(o: Any, y: Any, dy: Any) -> Any:
    return o.ops.aten._log_softmax_backward_data(dy, y, -1, y.dtype)


class _Normalized:
    """The operands of layer normalization, with what its forward pass keeps."""

    def __init__(self, work: Work) -> None:
        rows, cols = work.matrix
        self.x, self.dy = work.normal(1, rows, cols), work.normal(2, rows, cols)
        self.weight, self.bias = work.uniform(3, cols), work.normal(4, cols)
        compute = compute_dtype(work.suffix)
        self.mean, self.rstd = (work.empty(rows, dtype=compute) for _ in range(2))
        self.numbers = rows, cols
        self.blocks = blocks_for_rows(rows, cols)
        self.work = work
        self.forward()

    def forward(self) -> Array:
        y = self.work.empty(*self.numbers)
        launch = self.work.xp.kernels.get("layer_norm_forward", self.work.suffix)
        operands = (self.x, self.weight, self.bias, y, self.mean, self.rstd)
        launch(self.blocks, *operands, EPS, *self.numbers)
        return y

    def hat(self) -> tuple[Array, Array]:
        """The normalized rows and ``rstd``, composed."""
        xp = self.work.plain
        centred = xp.sub(self.x, xp.mean(self.x, 1, True))
        rstd = xp.rsqrt(xp.add(xp.mean(xp.square(centred), 1, True), EPS))
        return xp.mul(centred, rstd), rstd

    def torch_backward(self, wanted: list[bool]) -> Any:
        def bind(o: Any, dy: Any, x: Any, weight: Any, bias: Any) -> Call:
            cols = [self.numbers[1]]
            _, mean, rstd = o.native_layer_norm(x, cols, weight, bias, EPS)
            grad = o.ops.aten.native_layer_norm_backward
            return lambda: grad(dy, x, cols, mean, rstd, weight, bias, wanted)

        return bind


def layer_norm_forward(work: Work) -> Case:
    given, xp = _Normalized(work), work.plain

    def composed() -> Array:
        return xp.add(xp.mul(given.hat()[0], given.weight), given.bias)

    def torch(o: Any, x: Any, weight: Any, bias: Any) -> Call:
        return lambda: o.nn.functional.layer_norm(x, weight.shape, weight, bias, EPS)

    return Case(given.forward, composed, [given.x, given.weight, given.bias], torch)


def layer_norm_backward(work: Work) -> Case:
    given, xp = _Normalized(work), work.plain

    def ours() -> Array:
        dx = work.empty(*given.numbers)
        launch = work.xp.kernels.get("layer_norm_backward", work.suffix)
        operands = (given.dy, given.x, given.weight, given.mean, given.rstd, dx)
        launch(given.blocks, *operands, *given.numbers)
        return dx

    def composed() -> Array:
        hat, rstd = given.hat()
        g = xp.mul(given.dy, given.weight)
        mean, along = xp.mean(g, 1, True), xp.mean(xp.mul(g, hat), 1, True)
        return xp.mul(xp.sub(xp.sub(g, mean), xp.mul(hat, along)), rstd)

    arrays = [given.dy, given.x, given.weight, given.bias]
    return Case(ours, composed, arrays, given.torch_backward([True, False, False]))


def layer_norm_backward_affine(work: Work) -> Case:
    given, xp = _Normalized(work), work.plain
    rows, cols = given.numbers
    tiles, slices = -(-cols // TILE), max(1, min(64, rows // 256))
    partial = work.empty(2, slices, cols, dtype=compute_dtype(work.suffix))
    counter = work.xp.zeros((tiles,), "uint32")

    def ours() -> list[Array]:
        dw, db = work.empty(cols), work.empty(cols)
        launch = work.xp.kernels.get("layer_norm_backward_affine", work.suffix)
        operands = (given.dy, given.x, given.mean, given.rstd, dw, db, partial, counter)
        launch(slices * tiles, *operands, slices, rows, cols)
        return [dw, db]

    def composed() -> list[Array]:
        return [xp.sum(xp.mul(given.dy, given.hat()[0]), 0), xp.sum(given.dy, 0)]

    arrays = [given.dy, given.x, given.weight, given.bias]
    return Case(ours, composed, arrays, given.torch_backward([False, True, True]))


CASES: dict[str, Maker] = {
    "softmax_forward": primitive(
        "softmax", lambda o, x: o.softmax(x, -1), numbers=(-1,), over_rows=True
    ),
    "softmax_backward": primitive("softmax_grad", _softmax_grad, 2, (-1,), True),
    "log_softmax_forward": primitive(
        "log_softmax", lambda o, x: o.log_softmax(x, -1), numbers=(-1,), over_rows=True
    ),
    "log_softmax_backward": primitive("log_softmax_grad", _log_softmax_grad, 2, (-1,), True),
    "layer_norm_forward": layer_norm_forward,
    "layer_norm_backward": layer_norm_backward,
    "layer_norm_backward_affine": layer_norm_backward_affine,
}
