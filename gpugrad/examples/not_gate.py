"""Gradient descent on a parabola, then on one neuron that learns NOT, written in three ways.

The neuron is built from two tensors, as a module with two parameters, and with `nn.Linear`. All
three start from weight 3 and bias 1 and compute the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import gpugrad
from gpugrad import Tensor, nn
from gpugrad.cli.errors import program
from gpugrad.examples._options import Options


class Point(NamedTuple):
    """Where a descent is before a step: position, height and slope there."""

    x: float
    y: float
    slope: float


def parabola(x: Any) -> Any:
    return x**2 + 2 * x + 1


def descend_parabola(device: gpugrad.device, steps: int, rate: float = 0.1) -> list[Point]:
    """Walk from x = 5 down towards the minimum at x = -1; the last point is where it ended."""
    x = gpugrad.tensor(5.0, requires_grad=True, device=device)
    path = []
    for _ in range(steps + 1):
        y = parabola(x)
        y.backward()
        path.append(Point(x.item(), y.item(), x.grad.item()))
        with gpugrad.no_grad():
            x -= rate * x.grad
            x.grad.zero_()
    return path


class Neuron(nn.Module):
    """sigmoid(w x + b) with its two parameters spelled out; inputs and outputs are rows."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(gpugrad.tensor([[3.0]]))
        self.b = nn.Parameter(gpugrad.tensor([[1.0]]))

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = gpugrad.sigmoid(self.w @ x.T + self.b)
        return output


class LinearNeuron(nn.Module):
    """The same with a ready-made layer; transposed, because a layer's outputs are columns."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 1)
        nn.init.constant_(self.linear.weight, 3.0)
        nn.init.constant_(self.linear.bias, 1.0)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = gpugrad.sigmoid(self.linear(x)).T
        return output


class Step(NamedTuple):
    """One iteration, before the parameters change; ``weight`` and ``bias`` are copies."""

    weight: Tensor
    bias: Tensor
    output: Tensor
    squares: Tensor
    loss: Tensor
    weight_gradient: Tensor
    bias_gradient: Tensor


def train(
    neuron: Callable[[Tensor], Tensor], parameters: Iterable[Tensor], steps: int = 5
) -> list[Step]:
    """Teach a neuron that 0 gives 1 and 1 gives 0, with learning rate 10."""
    weight, bias = parameters
    x = gpugrad.tensor([[0.0], [1.0]], device=weight.device)
    y = gpugrad.tensor([1.0, 0.0], device=weight.device)
    optimizer = gpugrad.optim.SGD([weight, bias], lr=10)
    taken = []
    for _ in range(steps):
        before = weight.detach().clone(), bias.detach().clone()
        output = neuron(x)
        squares = gpugrad.square(output - y)
        loss = squares.mean()
        optimizer.zero_grad()
        loss.backward()
        taken.append(Step(*before, output, squares, loss, weight.grad.clone(), bias.grad.clone()))
        optimizer.step()
    return taken


def three_neurons(device: gpugrad.device) -> dict[str, list[Step]]:
    """Train the neuron in all three spellings."""
    w = gpugrad.tensor([[3.0]], requires_grad=True, device=device)
    b = gpugrad.tensor([[1.0]], requires_grad=True, device=device)
    runs = {"two tensors": train(lambda x: gpugrad.sigmoid(w @ x.T + b), (w, b))}
    for name, module in {"a module": Neuron(), "nn.Linear": LinearNeuron()}.items():
        runs[name] = train(module.to(device), module.parameters())
    return runs


@program("gpugrad.examples.not_gate")
def main(argv: Sequence[str] | None = None) -> int:
    options = Options(__doc__, argv, plots=True)
    path = descend_parabola(options.device, steps=50)
    for point in (*path[:11], path[-1]):
        print(f"x {point.x:10.6f}  y {point.y:10.6f}  slope {point.slope:10.6f}")

    for name, steps in three_neurons(options.device).items():
        print(f"\nNOT as {name}")
        for i, step in enumerate(steps):
            print("iteration", i)
            print("w", step.weight.cpu().numpy(), "b", step.bias.cpu().numpy())
            print("output", step.output)
            print("squared errors", step.squares.detach().cpu().numpy())
            print("mean", step.loss.detach().cpu().numpy())
            print("gradients", step.weight_gradient, step.bias_gradient)

    def draw(axes: Any) -> None:
        grid = [i / 10 for i in range(-100, 101)]
        axes.plot(grid, [parabola(x) for x in grid])
        axes.plot([p.x for p in path], [p.y for p in path], "o")
        axes.set_title("descent on y = x² + 2x + 1")

    options.draw(draw)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
