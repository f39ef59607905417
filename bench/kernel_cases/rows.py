"""Softmax, layer normalization and embedding: kernels over the rows of a matrix."""

from __future__ import annotations

from typing import Any

from gpugrad.backend.launches import embedding

from .work import Call, Case, Maker, Work, called, primitive

EPS = 1e-5
FEW_ROWS = 16
"""A table so small that looking for its rows' places always beats sorting."""


def _softmax_grad(o: Any, y: Any, dy: Any) -> Any:
    return o.ops.aten._softmax_backward_data(dy, y, -1, y.dtype)


def _log_softmax_grad(o: Any, y: Any, dy: Any) -> Any:
    return o.ops.aten._log_softmax_backward_data(dy, y, -1, y.dtype)


def _to_normalize(work: Work) -> tuple[Any, ...]:
    return work.normal(1, *work.matrix), work.uniform(3, work.cols), work.normal(4, work.cols), EPS


def layer_norm_grad(wanted: tuple[bool, bool, bool]) -> Maker:
    """The gradients that are wanted: of the rows, of weight and of bias."""

    def prepare(work: Work) -> tuple[Any, ...]:
        x, weight, bias, _ = _to_normalize(work)
        _, mean, rstd = work.plain.layer_norm(x, weight, bias, EPS)
        return work.normal(2, *work.matrix), x, weight, mean, rstd, wanted

    def bind(o: Any, dy: Any, x: Any, weight: Any, mean: Any, rstd: Any) -> Call:
        cols, bias = list(weight.shape), o.zeros_like(weight)
        grad = o.ops.aten.native_layer_norm_backward
        return lambda: grad(dy, x, cols, mean, rstd, weight, bias, list(wanted))

    return called("layer_norm_grad", prepare, bind=bind)


def embedding_grad(rows: int, work: Work) -> Case:
    """The gradient of a table of so many rows."""

    def prepare(work: Work) -> tuple[Any, ...]:
        return work.normal(1, *work.matrix), work.classes(2, work.rows, rows), rows, -1, False

    return called(
        "embedding_grad",
        prepare,
        lambda o, dy, index: o.ops.aten.embedding_dense_backward(dy, index, rows, -1, False),
    )(work)


def embedding_backward_sorted(work: Work) -> Case | None:
    """With the sorting; None at sizes where the rows' places are looked for instead."""
    tiles = -(-work.cols * work.dtype.itemsize // embedding.TILE_BYTES)
    if work.rows * work.rows * tiles <= embedding.MOST_COMPARISONS:
        return None
    return embedding_grad(work.rows, work)


CASES: dict[str, Maker] = {
    "softmax_forward": primitive(
        "softmax", lambda o, x: o.softmax(x, -1), numbers=(-1,), over_rows=True
    ),
    "softmax_backward": primitive("softmax_grad", _softmax_grad, 2, (-1,), True),
    "log_softmax_forward": primitive(
        "log_softmax", lambda o, x: o.log_softmax(x, -1), numbers=(-1,), over_rows=True
    ),
    "log_softmax_backward": primitive("log_softmax_grad", _log_softmax_grad, 2, (-1,), True),
    "layer_norm_forward": called(
        "layer_norm",
        _to_normalize,
        lambda o, x, weight, bias: o.nn.functional.layer_norm(x, weight.shape, weight, bias, EPS),
    ),
    "layer_norm_backward": layer_norm_grad((True, False, False)),
    "layer_norm_backward_affine": layer_norm_grad((False, True, True)),
    "embedding_forward": called(
        "embedding",
        lambda work: (work.normal(1, *work.matrix), work.classes(2, work.rows, work.rows)),
        lambda o, weight, index: o.nn.functional.embedding(index, weight),
    ),
    "embedding_backward": lambda work: embedding_grad(FEW_ROWS, work),
    "embedding_backward_sorted": embedding_backward_sorted,
}
