"""A network with two hidden layers tells two interleaved half moons apart.

The points are made here, with noise, so that a few of them lie among the others; a straight line
could tell 88 % apart. The picture shows what the network takes each place of the plane for.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.cli.errors import program
from gpugrad.examples._options import Options

NOISE = 0.15


class Points(NamedTuple):
    """Places of shape (N, 2), and 0 or 1 of shape (N, 1) for the moon that each belongs to."""

    x: Tensor
    moon: Tensor


def make_points(count: int) -> Points:
    """``count`` points of each moon: an arc upwards around (0, 0), one downwards around (1, ½)."""
    angle = math.pi * gpugrad.rand(2, count)
    above = gpugrad.stack([angle[0].cos(), angle[0].sin()], dim=1)
    below = gpugrad.stack([1 - angle[1].cos(), 0.5 - angle[1].sin()], dim=1)
    x = gpugrad.cat([above, below])
    moon = gpugrad.cat([gpugrad.zeros(count, 1), gpugrad.ones(count, 1)])
    return Points(x + NOISE * gpugrad.randn(*x.shape), moon)


def share_right(model: nn.Module, points: Points) -> float:
    """The share of points that the model puts into their moon."""
    with gpugrad.no_grad():
        return float(((model(points.x) > 0) == (points.moon > 0.5)).float().mean().item())


@program("gpugrad.examples.moons")
def main(argv: Sequence[str] | None = None) -> int:
    options = Options(__doc__, argv, plots=True, steps=1000)
    gpugrad.manual_seed(options.seed)
    train, test = (Points(*(t.to(options.device) for t in make_points(n))) for n in (250, 500))
    model = nn.Sequential(
        nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 1)
    ).to(options.device)
    loss_of = nn.BCEWithLogitsLoss()
    optimizer = gpugrad.optim.AdamW(model.parameters(), lr=0.01, weight_decay=0.5)

    @options.compile
    def step(x: Tensor, moon: Tensor) -> Any:
        optimizer.zero_grad()
        loss = loss_of(model(x), moon)
        loss.backward()
        optimizer.step()
        return loss.detach()

    started = time.perf_counter()
    with options.training("moons") as show:
        for number in range(1, options.steps + 1):
            loss = step(train.x, train.moon)
            show(number, loss=loss)
    seconds = time.perf_counter() - started
    print(f"moons on {options.device}: {options.steps} steps in {seconds:.2f} s")
    print(
        f"accuracy: training {share_right(model, train):.2%}, test {share_right(model, test):.2%}"
    )

    def draw(axes: Any) -> None:
        across, up = gpugrad.linspace(-1.6, 2.6, 200), gpugrad.linspace(-1.2, 1.7, 150)
        x, y = gpugrad.meshgrid(across, up, indexing="xy")
        plane = gpugrad.stack([x.flatten(), y.flatten()], dim=1).to(options.device)
        with gpugrad.no_grad():
            chance = model(plane).sigmoid().reshape(x.shape).cpu().numpy()
        axes.contourf(x.numpy(), y.numpy(), chance, levels=10, cmap="RdBu", alpha=0.7)
        axes.contour(x.numpy(), y.numpy(), chance, levels=[0.5], colors="black")
        places, moon = test.x[::3].cpu().numpy(), test.moon[::3, 0].cpu().numpy()
        axes.scatter(*places.T, c=moon, cmap="RdBu", s=14, edgecolors="white", linewidths=0.5)
        axes.set_title("two moons: test points and where the network sees each moon")

    options.draw(draw)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
