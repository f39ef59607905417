"""Gradients of two means, the graph behind them, and a line fitted to seventeen points by hand.

The line starts from random numbers with a fixed seed and follows the gradient of the summed
squares for 500 steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import gpugrad
from gpugrad import Tensor
from gpugrad.cli.errors import program
from gpugrad.examples._options import Options

POINTS = [
    (3.3, 1.7),
    (4.4, 2.76),
    (5.5, 2.09),
    (6.71, 3.19),
    (6.93, 1.694),
    (4.168, 1.573),
    (9.779, 3.366),
    (6.182, 2.596),
    (7.59, 2.53),
    (2.167, 1.221),
    (7.042, 2.827),
    (10.791, 3.465),
    (5.313, 1.65),
    (7.997, 2.904),
    (5.654, 2.42),
    (9.27, 2.94),
    (3.1, 1.3),
]


class Chain(NamedTuple):
    """An input, what was computed from it, and the last one's gradient (in ``x.grad``)."""

    x: Tensor
    inner: Tensor
    last: Tensor


def mean_of_sum(device: gpugrad.device) -> Chain:
    """mean(x + 2) of five ones: each counts for a fifth."""
    x = gpugrad.ones(5, device=device, requires_grad=True)
    inner = x + 2
    last = inner.mean()
    last.backward()
    return Chain(x, inner, last)


def mean_of_squares(device: gpugrad.device) -> Chain:
    """mean(2 (x + 5)²) of four ones: the gradient is (x + 5) = 6."""
    x = gpugrad.ones(2, 2, device=device, requires_grad=True)
    y = x + 5
    inner = 2 * y * y
    last = inner.mean()
    last.backward()
    return Chain(x, inner, last)


class Fit(NamedTuple):
    """Slope and intercept, and the sum of squares before step 0, 50, 100, …"""

    w: float
    b: float
    losses: list[float]


def fit_line(device: gpugrad.device, steps: int = 500, rate: float = 0.0001) -> Fit:
    """Fit y = w x + b to `POINTS`."""
    gpugrad.manual_seed(0)
    x, y = gpugrad.tensor(POINTS, device=device).T
    w, b = (gpugrad.randn(1).to(device).requires_grad_() for _ in range(2))
    losses = []
    for i in range(steps):
        loss = (w * x + b - y).pow(2).sum()
        loss.backward()
        if i % 50 == 0:
            losses.append(loss.item())
        with gpugrad.no_grad():
            for parameter in (w, b):
                parameter -= rate * parameter.grad
                parameter.grad.zero_()
    return Fit(w.item(), b.item(), losses)


@program("gpugrad.examples.gradient_computation")
def main(argv: Sequence[str] | None = None) -> int:
    options = Options(__doc__, argv, plots=True)
    for chain in (mean_of_sum(options.device), mean_of_squares(options.device)):
        print("x", chain.x)
        print("inner", chain.inner, chain.inner.shape)
        print("mean", chain.last, chain.last.shape)
        print("gradient of the mean in x", chain.x.grad)
        print("x is left as it was", chain.x)
        for name, tensor in chain._asdict().items():
            print(name, "was made by", tensor.grad_fn.name() if tensor.grad_fn else "the user")

    fit = fit_line(options.device)
    print("sum of squares every 50 steps", *fit.losses, sep="\n")
    print(f"fitted y = {fit.w:.4f} x + {fit.b:.4f}")

    def draw(axes: Any) -> None:
        axes.scatter(*zip(*POINTS, strict=True))
        ends = [min(POINTS)[0], max(POINTS)[0]]
        axes.plot(ends, [fit.w * x + fit.b for x in ends], color="red")

    options.draw(draw)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
