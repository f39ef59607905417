"""Two partial derivatives, then linear regression on 1500 noisy points by gradient descent.

The points come from scikit-learn with a fixed seed, and the line starts from the random numbers
that seed 4 gives, so every number is the same in every run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

import gpugrad
from gpugrad import Tensor
from gpugrad.cli.errors import optional, program
from gpugrad.examples._options import Options

BIAS = 2


class Derivatives(NamedTuple):
    """y = a³ - b² at a = 5, b = 6, and its derivatives 3a² and -2b."""

    y: Tensor
    in_a: float
    in_b: float


def derivatives(device: gpugrad.device) -> Derivatives:
    a = gpugrad.tensor([5.0], requires_grad=True, device=device)
    b = gpugrad.tensor([6.0], requires_grad=True, device=device)
    y = a**3 - b**2
    y.backward()
    return Derivatives(y, a.grad.item(), b.grad.item())


class Points(NamedTuple):
    """Inputs of shape (1500, 1), targets of shape (1500,), and the slope behind them."""

    x: Tensor
    y: Tensor
    slope: float


def make_points(device: gpugrad.device) -> Points:
    x, y, slope = optional("sklearn.datasets").make_regression(
        n_samples=1500, n_features=1, n_informative=1, bias=BIAS, noise=0.3, coef=True,
        random_state=0,
    )  # fmt: skip
    inputs, targets = (gpugrad.from_numpy(array.astype(np.float32)) for array in (x, y))
    return Points(inputs.to(device), targets.to(device), float(slope))


class Line:
    """x w + b, started at random."""

    def __init__(self, device: gpugrad.device) -> None:
        gpugrad.manual_seed(4)
        self.w = gpugrad.randn(1, 1).to(device).requires_grad_()
        self.b = gpugrad.randn(1).to(device).requires_grad_()

    def __call__(self, x: Tensor) -> Tensor:
        prediction: Tensor = x @ self.w + self.b
        return prediction

    def at(self, x: float) -> float:
        return float(self.w.item() * x + self.b.item())

    def step(self, points: Points, rate: float = 0.1) -> float:
        """Move against the gradient of the mean squared error, which is returned."""
        loss = gpugrad.square(points.y - self(points.x).squeeze()).mean()
        loss.backward()
        with gpugrad.no_grad():
            for parameter in (self.w, self.b):
                parameter -= rate * parameter.grad
                parameter.grad.zero_()
        return float(loss.item())


@program("gpugrad.examples.regression")
def main(argv: Sequence[str] | None = None) -> int:
    options = Options(__doc__, argv, plots=True)
    found = derivatives(options.device)
    print(f"y = a³ - b² is {found.y}; its derivatives are {found.in_a} and {found.in_b}")

    points, line = make_points(options.device), Line(options.device)
    ends = [points.x.min().item(), points.x.max().item()]
    start = [line.at(x) for x in ends]
    for i in range(30):
        print(f"step {i + 1}: mean squared error {line.step(points):.4f}")
    print(f"slope: true {points.slope:.2f}, found {line.w.item():.2f}")
    print(f"bias: true {BIAS}, found {line.b.item():.2f}")

    def draw(axes: Any) -> None:
        axes.scatter(points.x.squeeze().tolist(), points.y.tolist(), s=4)
        axes.plot(ends, start, color="gray", label="start")
        axes.plot(ends, [line.at(x) for x in ends], color="red", label="after 30 steps")
        axes.legend()

    options.draw(draw)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
