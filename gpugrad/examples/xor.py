"""A two-layer network learns XOR: one backward call finds the gradients, updates are by hand.

The weights start from fixed values, so every number is the same in every run. First one sample is
followed through the network and back; then 5000 epochs train on one sample at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import gpugrad
from gpugrad import Tensor
from gpugrad.cli.errors import program
from gpugrad.examples._options import Options

INPUTS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
TARGETS = [0.0, 1.0, 1.0, 0.0]
RATE = 0.01


class Network(NamedTuple):
    """Two inputs, two hidden units, one output."""

    w1: Tensor
    b1: Tensor
    w2: Tensor
    b2: Tensor

    @classmethod
    def start(cls, device: gpugrad.device) -> Network:
        values = [[0.1, 0.3], [0.2, 0.1]], [0.2, -0.2], [[0.1], [-0.4]], [0.0]
        return cls(*(gpugrad.tensor(v, requires_grad=True, device=device) for v in values))

    def hidden(self, x: Tensor) -> Tensor:
        hidden: Tensor = gpugrad.relu(x @ self.w1 + self.b1)
        return hidden

    def output(self, hidden: Tensor) -> Tensor:
        output: Tensor = gpugrad.sigmoid(hidden @ self.w2 + self.b2)
        return output

    def __call__(self, x: Tensor) -> Tensor:
        return self.output(self.hidden(x))

    def descend(self) -> None:
        """Take a step against the gradients, which are then forgotten."""
        with gpugrad.no_grad():
            for parameter in self:
                parameter -= RATE * parameter.grad  # in place: the network's own tensor changes
                parameter.grad = None


class Pass(NamedTuple):
    """What one sample leaves behind: values on the way forward, gradients by parameter."""

    hidden: Tensor
    output: Tensor
    loss: Tensor
    gradients: Network


def data(device: gpugrad.device) -> tuple[Tensor, Tensor]:
    return gpugrad.tensor(INPUTS, device=device), gpugrad.tensor(TARGETS, device=device)


def one_pass(network: Network, x: Tensor, y: Tensor) -> Pass:
    """Forward and backward for one sample; the gradients are copies."""
    hidden = network.hidden(x)
    output = network.output(hidden)
    loss = (y - output) ** 2
    loss.backward()
    return Pass(hidden, output, loss, Network(*(p.grad.clone() for p in network)))


def train(
    network: Network, inputs: Tensor, targets: Tensor, epochs: int = 5000
) -> dict[int, float]:
    """Train on one sample at a time; the mean squared error after epoch 1, 1001, 2001, …"""
    errors = {}
    for epoch in range(epochs):
        for x, y in zip(inputs, targets, strict=True):
            ((y - network(x)) ** 2).backward()
            network.descend()
        if epoch % 1000 == 0:
            difference = targets - network(inputs).squeeze()
            errors[epoch + 1] = (difference**2).mean().item()
    return errors


@program("gpugrad.examples.xor")
def main(argv: Sequence[str] | None = None) -> int:
    device = Options(__doc__, argv, plots=False).device
    inputs, targets = data(device)
    network = Network.start(device)

    first = one_pass(network, inputs[0], targets[0])
    print("hidden units", first.hidden)
    print("output", first.output)
    print("squared error", first.loss)
    print("gradients of layer 2", first.gradients.w2, first.gradients.b2, sep="\n")
    print("gradients of layer 1", first.gradients.w1, first.gradients.b1, sep="\n")
    network.descend()
    print("layer 1 after a step", network.w1, network.b1, sep="\n")
    print("layer 2 after a step", network.w2, network.b2, sep="\n")

    for epoch, error in train(network, inputs, targets).items():
        print(f"epoch {epoch}: mean squared error {error}")
    print("trained layer 1", network.w1, network.b1, sep="\n")
    print("trained layer 2", network.w2, network.b2, sep="\n")
    for x, y in zip(inputs, targets, strict=True):
        print("wanted", y, "computed", network(x))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
