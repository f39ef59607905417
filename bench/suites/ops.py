"""``python -m bench ops``: single operations, at a size where only overhead counts and a large one.

Forward is a call; backward is the gradient of its result with respect to its floating-point
inputs, over a graph that is kept. NumPy, where it has the operation, shows the floor of forward.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import contest, plots, report
from ..contest import Step
from ..options import Options

TINY, LARGE = 4, 1024
"""Rows and columns of the operands."""

TOLERANCE = 1e-4

Array = Any
Operands = dict[str, Any]


@dataclass(frozen=True)
class Op:
    """An operation on some of the operands x, y (matrices), v (a row) and t (a class for each row).

    Attributes:
        torch: of the library and its operands.
        numpy: the same over NumPy, or None.
        large: how many rows and columns at most.
    """

    torch: Callable[[Any, Any], Any]
    numpy: Callable[[Any], Any] | None = None
    large: int = LARGE


@dataclass
class Given:
    """The operands of a library."""

    x: Any
    y: Any
    v: Any
    t: Any


def _softmax(x: Array) -> Array:
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _layer_norm(x: Array, v: Array) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + 1e-5) * v + v


OPS: dict[str, Op] = {
    "add": Op(lambda o, g: g.x + g.y, lambda g: g.x + g.y),
    "add-row": Op(lambda o, g: g.x + g.v, lambda g: g.x + g.v),
    "sub-column": Op(lambda o, g: g.x - g.v[:, None], lambda g: g.x - g.v[:, None]),
    "mul": Op(lambda o, g: g.x * g.y, lambda g: g.x * g.y),
    "div-row": Op(lambda o, g: g.x / g.v, lambda g: g.x / g.v),
    "scale": Op(lambda o, g: g.x * 0.5, lambda g: g.x * np.float32(0.5)),
    "square": Op(lambda o, g: g.x**2, lambda g: np.square(g.x)),
    "exp": Op(lambda o, g: o.exp(g.x), lambda g: np.exp(g.x)),
    "relu": Op(lambda o, g: o.relu(g.x), lambda g: np.maximum(g.x, 0)),
    "sigmoid": Op(lambda o, g: o.sigmoid(g.x), lambda g: 1 / (1 + np.exp(-g.x))),
    "tanh": Op(lambda o, g: o.tanh(g.x), lambda g: np.tanh(g.x)),
    "gelu": Op(lambda o, g: o.nn.functional.gelu(g.x)),
    "hardswish": Op(lambda o, g: o.nn.functional.hardswish(g.x)),
    "clamp": Op(lambda o, g: g.x.clamp(-0.5, 0.5), lambda g: np.clip(g.x, -0.5, 0.5)),
    "where": Op(lambda o, g: o.where(g.x > 0, g.x, g.y), lambda g: np.where(g.x > 0, g.x, g.y)),
    "matmul": Op(lambda o, g: g.x @ g.y, lambda g: g.x @ g.y, large=512),
    "linear": Op(
        lambda o, g: o.nn.functional.linear(g.x, g.y, g.v),
        lambda g: g.x @ g.y.T + g.v,
        large=512,
    ),
    "sum": Op(lambda o, g: g.x.sum(), lambda g: g.x.sum()),
    "sum-columns": Op(lambda o, g: g.x.sum(0), lambda g: g.x.sum(0)),
    "norm": Op(lambda o, g: g.x.norm(), lambda g: np.linalg.norm(g.x)),
    "cumsum": Op(lambda o, g: g.x.cumsum(1), lambda g: g.x.cumsum(1)),
    "mean-rows": Op(lambda o, g: g.x.mean(1), lambda g: g.x.mean(1)),
    "max-rows": Op(lambda o, g: g.x.amax(1), lambda g: g.x.max(1)),
    "softmax": Op(lambda o, g: o.softmax(g.x, -1), lambda g: _softmax(g.x)),
    "layer-norm": Op(
        lambda o, g: o.nn.functional.layer_norm(g.x, g.v.shape, g.v, g.v),
        lambda g: _layer_norm(g.x, g.v),
    ),
    "mse": Op(
        lambda o, g: o.nn.functional.mse_loss(g.x, g.y), lambda g: np.square(g.x - g.y).mean()
    ),
    "huber": Op(lambda o, g: o.nn.functional.huber_loss(g.x, g.y)),
    "bce-with-logits": Op(
        lambda o, g: o.nn.functional.binary_cross_entropy_with_logits(g.x, g.y.detach().sigmoid())
    ),
    "cross-entropy": Op(lambda o, g: o.nn.functional.cross_entropy(g.x, g.t)),
    "row": Op(lambda o, g: g.x[1], lambda g: g.x[1]),
    "gather": Op(lambda o, g: g.x[g.t], lambda g: g.x[g.t]),
    "take-along": Op(
        lambda o, g: g.x.gather(1, g.t[:, None]), lambda g: np.take_along_axis(g.x, g.t[:, None], 1)
    ),
    "transpose-copy": Op(lambda o, g: g.x.T.contiguous(), lambda g: np.ascontiguousarray(g.x.T)),
    "cat": Op(lambda o, g: o.cat([g.x, g.y]), lambda g: np.concatenate([g.x, g.y])),
}


def operands(n: int) -> Given:
    """The common operands, over NumPy."""
    draw = np.random.default_rng(0)
    x, y = (draw.standard_normal((n, n)).astype(np.float32) for _ in range(2))
    return Given(x, y, draw.standard_normal(n).astype(np.float32), draw.integers(0, n, n))


def of_library(library: Any, given: Given, device: str) -> Given:
    """The operands as a library's tensors; floating-point ones require gradients."""
    made = [library.tensor(a, device=device) for a in (given.x, given.y, given.v, given.t)]
    for tensor in made[:3]:
        tensor.requires_grad_(True)
    return Given(*made)


def steps(
    name: str, n: int, libraries: dict[str, Any], device: str
) -> Iterator[tuple[str, dict[str, Step]]]:
    """The contest of forward and that of backward."""
    op, common = OPS[name], operands(n)
    forward, backward = {}, {}
    for who, library in libraries.items():
        own = of_library(library, common, device)
        forward[who] = _forward(op, library, own, device)
        backward[who] = _backward(op, library, own, device)
    if op.numpy is not None and device == "cpu":
        forward["NumPy"] = _over_numpy(op.numpy, common)
    yield "forward", forward
    yield "backward", backward


def _forward(op: Op, library: Any, own: Given, device: str) -> Step:
    compute = op.torch

    def values() -> contest.Numbers:
        return contest.flat([compute(library, own).detach().cpu().numpy()])

    return Step(lambda i: compute(library, own), values, _waiting(library, device))


def _backward(op: Op, library: Any, own: Given, device: str) -> Step:
    result = op.torch(library, own)
    inputs = [t for t in (own.x, own.y, own.v) if _reaches(library, result, t)]
    seed = library.ones_like(result)
    grad = library.autograd.grad

    def run(i: int) -> Any:
        return grad(result, inputs, seed, retain_graph=True)

    def values() -> contest.Numbers:
        return contest.flat([g.detach().cpu().numpy() for g in run(0)])

    return Step(run, values, _waiting(library, device))


def _reaches(library: Any, result: Any, tensor: Any) -> bool:
    found = library.autograd.grad(
        result, [tensor], library.ones_like(result), retain_graph=True, allow_unused=True
    )
    return found[0] is not None


def _over_numpy(compute: Callable[[Any], Any], given: Given) -> Step:
    return Step(lambda i: compute(given), lambda: contest.flat([compute(given)]))


def _waiting(library: Any, device: str) -> Callable[[], Any]:
    return library.cuda.synchronize if device == "cuda" else lambda: None


def run(options: Options) -> None:
    """Measure, print and write."""
    libraries = {"gpugrad": importlib.import_module("gpugrad")}
    if "torch" in options.peers:
        libraries["PyTorch"] = importlib.import_module("torch")
        libraries["PyTorch"].set_num_threads(options.threads)
    rows = []
    for name in contest.chosen(options.only, OPS):
        for size, n in (
            ("tiny", TINY),
            ("large", min(OPS[name].large, 128 if options.quick else LARGE)),
        ):
            for direction, field in steps(name, n, libraries, options.device):
                rows.append(measure(name, size, n, direction, field, options))
    everyone = [*libraries, *(["NumPy"] if options.device == "cpu" else [])]
    show(rows, everyone)
    if options.output is not None:
        content = {"threads": options.threads, "ops": rows}
        path = report.write(options.output, "ops", options.device, content)
        if options.plot and len(libraries) > 1:
            draw(path.with_suffix(".png"), rows, options.device)


def measure(
    name: str, size: str, n: int, direction: str, field: dict[str, Step], options: Options
) -> dict[str, Any]:
    """Times of all contestants.

    Raises:
        DisagreementError: results differ.
    """
    # Sums of n rounded numbers, compared with the numbers' own size.
    contest.check_agreement(
        f"{name} {direction}", contest.distances(field), TOLERANCE * math.sqrt(n)
    )
    times = contest.take_turns(field, options.rounds, options.round_seconds / 5)
    return {
        "op": name,
        "size": size,
        "n": n,
        "direction": direction,
        "microseconds": {who: contest.summary(t) for who, t in times.items()},
    }


def show(rows: list[dict[str, Any]], everyone: list[str]) -> None:
    """A table for each size."""
    for size in ("tiny", "large"):
        lines = []
        for row in rows:
            if row["size"] == size:
                times = {who: t["min"] for who, t in row["microseconds"].items()}
                other = times.get("PyTorch")
                against = None if other is None else other / times["gpugrad"]
                cells = [report.number(times.get(who)) for who in everyone]
                lines.append([f"{row['op']} {row['direction']}", *cells, report.number(against)])
        report.table(
            f"{size}: microseconds, fastest round; PyTorch's over gpugrad's",
            ["op", *everyone, "ratio"],
            lines,
        )


def draw(path: Any, rows: list[dict[str, Any]], device: str) -> None:
    """Bars of PyTorch's time over ours."""
    names = list(dict.fromkeys(row["op"] for row in rows))
    series: dict[str, list[float | None]] = {}
    for size in ("tiny", "large"):
        for direction in ("forward", "backward"):
            found = {
                row["op"]: row["microseconds"]["PyTorch"]["min"]
                / row["microseconds"]["gpugrad"]["min"]
                for row in rows
                if (row["size"], row["direction"]) == (size, direction)
            }
            series[f"{size}, {direction}"] = [found.get(name) for name in names]
    plots.bars(
        path,
        f"Operations on {device}",
        "PyTorch's time / gpugrad's (right of 1: gpugrad faster)",
        names,
        series,
    )
