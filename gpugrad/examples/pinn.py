"""A network solves a differential equation: the swinging of a damped spring.

The network stands for the position x at a time t. Its loss is how far x'' + 2 d x' + w² x is from
zero at many times, and how far it starts from x(0) = 1 and x'(0) = 0 (Raissi, Perdikaris and
Karniadakis, "Physics-informed neural networks", 2019). Both derivatives are gradients of the
network in its input, so that training differentiates a third time. The picture compares the
network with the exact solution.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.cli.errors import program
from gpugrad.examples._options import Options

DAMPING, FREQUENCY = 1.5, 15.0  # d and w of the equation, whose time goes from 0 to 1
POINTS = 128


def exact(t: Tensor) -> Tensor:
    """The solution: exp(-d t) (cos(v t) + d / v sin(v t)) with v² = w² - d²."""
    v = math.sqrt(FREQUENCY**2 - DAMPING**2)
    wave = (v * t).cos() + DAMPING / v * (v * t).sin()
    position: Tensor = (-DAMPING * t).exp() * wave
    return position


class Position(nn.Module):
    """The position at each time: (N, 1) to (N, 1).

    The first layer sees the time as an angle, so that waves are easy to make.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(),
            nn.Linear(width, width), nn.Tanh(), nn.Linear(width, 1),
        )  # fmt: skip

    def forward(self, t: Tensor) -> Tensor:
        position: Tensor = self.layers(FREQUENCY / 2 * (2 * t - 1))
        return position


def slope(y: Tensor, t: Tensor) -> Tensor:
    """dy/dt at each time, itself differentiable."""
    derivative: Tensor = gpugrad.autograd.grad(y.sum(), t, create_graph=True)[0]
    return derivative


@program("gpugrad.examples.pinn")
def main(argv: Sequence[str] | None = None) -> int:
    options = Options(__doc__, argv, plots=True, steps=8000)
    gpugrad.manual_seed(options.seed)
    model = Position(48).to(options.device)
    optimizer = gpugrad.optim.Adam(model.parameters(), lr=5e-3)
    schedule = gpugrad.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=options.steps)
    start = gpugrad.zeros(1, 1, device=options.device, requires_grad=True)

    @options.compile
    def step() -> tuple[Any, Any]:
        t = gpugrad.rand(POINTS, 1, device=options.device).requires_grad_()
        x = model(t)
        velocity = slope(x, t)
        force = slope(velocity, t) + 2 * DAMPING * velocity + FREQUENCY**2 * x
        first = model(start)
        begin = (first - 1).square() + (slope(first, start) / FREQUENCY).square()
        equation = (force / FREQUENCY**2).square().mean()
        loss = equation + begin.sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return equation.detach().sqrt(), begin.detach()

    started, losses = time.perf_counter(), []
    with options.training("pinn") as show:
        for number in range(1, options.steps + 1):
            equation, begin = step()
            schedule.step()
            losses.append(equation)
            show(number, equation=equation, start=begin)
    seconds = time.perf_counter() - started

    times = gpugrad.linspace(0, 1, 500, device=options.device).unsqueeze(1)
    with gpugrad.no_grad():
        found, wanted = model(times), exact(times)
    error = ((found - wanted).norm() / wanted.norm()).item()
    worst = (found - wanted).abs().max().item()
    print(f"pinn on {options.device}: {options.steps} steps in {seconds:.1f} s")
    print(f"from the exact solution it is {error:.3%} away, and nowhere more than {worst:.4f}")

    def draw(axes: Any) -> None:
        t = times.flatten().tolist()
        axes[0].plot(t, wanted.flatten().tolist(), color="lightgray", linewidth=5, label="exact")
        axes[0].plot(t, found.flatten().tolist(), "--", label="network")
        axes[0].set(xlabel="t", ylabel="x")
        axes[0].legend()
        axes[1].semilogy(gpugrad.stack(losses).tolist())
        axes[1].set(xlabel="step", title="error of the equation, root mean square")

    options.draw(draw, panels=(1, 2), size=(9, 3.5))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
