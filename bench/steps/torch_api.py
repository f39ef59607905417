"""Training steps written once against PyTorch's interface, run on gpugrad and on PyTorch.

Every function here takes the library, the device and how the step is to be compiled, and gives a
:class:`~bench.contest.Step`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..contest import Numbers, Step, flat
from . import data


def as_it_is(function: Any) -> Any:
    """No compilation."""
    return function


@dataclass(frozen=True)
class How:
    """Which parts of a step are compiled, and by what.

    Attributes:
        whole: applied to the whole step: ``gpugrad.compile`` takes all of it.
        forward: applied to the function from inputs to loss: ``torch.compile`` takes this and
            derives backward from it,
        update: and to the optimizer's step.
    """

    whole: Callable[[Any], Any] = as_it_is
    forward: Callable[[Any], Any] = as_it_is
    update: Callable[[Any], Any] = as_it_is


EAGER = How()


Make = Callable[[Any, str, How], Step]
"""Of the library, its device and what to compile."""


class Tools:
    """A library and a device: makes tensors of the common data and reads results back."""

    def __init__(self, torch: Any, device: str) -> None:
        self.torch, self.device = torch, device

    def constant(self, array: Any) -> Any:
        return self.torch.tensor(array, device=self.device)

    def parameter(self, array: Any) -> Any:
        return self.torch.tensor(array, device=self.device, requires_grad=True)

    def values(self, tensors: list[Any]) -> Callable[[], Numbers]:
        return lambda: flat([t.detach().cpu().numpy() for t in tensors])


def xor(torch: Any, device: str, how: How) -> Step:
    """Two layers by hand, one sample a step, plain gradient descent under ``no_grad``."""
    tools = Tools(torch, device)
    x, y = tools.constant(data.XOR_X), tools.constant(data.XOR_Y)
    samples = [(x[i], y[i]) for i in range(4)]
    parameters = [tools.parameter(p) for p in data.XOR_PARAMETERS]
    w1, b1, w2, b2 = parameters

    def loss_of(x: Any, y: Any) -> Any:
        hidden = torch.relu(torch.matmul(x, w1) + b1)
        return ((y - torch.sigmoid(torch.matmul(hidden, w2) + b2)) ** 2).sum()

    forward, update = how.forward(loss_of), how.update(_descend(torch, parameters, data.XOR_RATE))

    def step(x: Any, y: Any) -> None:
        forward(x, y).backward()
        update()

    step = how.whole(step)
    return Step(lambda i: step(*samples[i % 4]), tools.values(parameters))


def _descend(torch: Any, parameters: list[Any], rate: float) -> Callable[[], None]:
    """Gradient descent as one writes it by hand; leaves the gradients at zero."""

    def update() -> None:
        with torch.no_grad():
            for p in parameters:
                p -= rate * p.grad
                p.grad.zero_()

    return update


def not_gate(torch: Any, device: str, how: How) -> Step:
    """One neuron that learns NOT, with ``optim.SGD``."""
    tools = Tools(torch, device)
    x, y = tools.constant(data.NOT_X), tools.constant(data.NOT_Y)
    parameters = [tools.parameter(p) for p in data.NOT_PARAMETERS]
    w, b = parameters
    optimizer = torch.optim.SGD(parameters, lr=data.NOT_RATE)

    def loss_of(x: Any, y: Any) -> Any:
        return torch.mean(torch.square(torch.sigmoid(w @ x.T + b) - y))

    return with_optimizer(loss_of, (x, y), optimizer, tools.values(parameters), how)


def regression(torch: Any, device: str, how: How) -> Step:
    """A straight line through 1,500 samples, by hand."""
    tools = Tools(torch, device)
    inputs, targets, slope, intercept = data.regression()
    x, y = tools.constant(inputs), tools.constant(targets)
    parameters = [tools.parameter(slope), tools.parameter(intercept)]
    w, b = parameters

    def loss_of(x: Any, y: Any) -> Any:
        return torch.square(y - (x @ w + b).squeeze()).mean()

    update = how.update(_descend(torch, parameters, data.REGRESSION_RATE))
    forward = how.forward(loss_of)

    def step(x: Any, y: Any) -> None:
        forward(x, y).backward()
        update()

    step = how.whole(step)
    return Step(lambda i: step(x, y), tools.values(parameters))


def network(name: str) -> Make:
    """The step of a multilayer perceptron: ``nn.Sequential``, cross-entropy, an optimizer."""

    def make(torch: Any, device: str, how: How) -> Step:
        described, tools, nn = data.NETWORKS[name], Tools(torch, device), torch.nn
        layers: list[Any] = []
        for inputs, outputs in zip(described.sizes, described.sizes[1:], strict=False):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        model = nn.Sequential(*layers[:-1]).to(device)
        with torch.no_grad():
            for p, start in zip(model.parameters(), described.parameters(), strict=True):
                p.copy_(tools.constant(start))
        x, y = (tools.constant(a) for a in described.samples())
        if described.optimizer == "adam":
            optimizer = torch.optim.Adam(model.parameters(), lr=data.ADAM_RATE)
        else:
            optimizer = torch.optim.SGD(
                model.parameters(), lr=data.SGD_RATE, momentum=data.MOMENTUM
            )
        criterion = nn.CrossEntropyLoss()
        values = tools.values(list(model.parameters()))
        return with_optimizer(lambda x, y: criterion(model(x), y), (x, y), optimizer, values, how)

    return make


def with_optimizer(
    loss_of: Callable[..., Any],
    batch: tuple[Any, ...],
    optimizer: Any,
    values: Callable[[], Numbers],
    how: How,
) -> Step:
    """A step as PyTorch's tutorials write it: gradients to nothing, loss, backward, update."""
    forward, update = how.forward(loss_of), how.update(optimizer.step)

    def step(*batch: Any) -> None:
        optimizer.zero_grad()
        forward(*batch).backward()
        update()

    step = how.whole(step)
    return Step(lambda i: step(*batch), values)


def attention(torch: Any, device: str, how: How) -> Step:
    """A pre-normalized transformer block out of ``matmul``, ``softmax``, ``layer_norm``, ``gelu``.

    The loss is the squared error to a fixed target, the update gradient descent by hand.
    """
    tools, functional = Tools(torch, device), torch.nn.functional
    source, wanted, starts = data.attention()
    x, y = tools.constant(source), tools.constant(wanted)
    p = {name: tools.parameter(start) for name, start in starts.items()}
    each = data.WIDTH // data.HEADS

    def heads(t: Any) -> Any:
        return t.reshape(data.BATCH, data.CONTEXT, data.HEADS, each).transpose(1, 2)

    def normalized(t: Any, name: str) -> Any:
        scale, shift = p[f"{name}_scale"], p[f"{name}_shift"]
        return functional.layer_norm(t, (data.WIDTH,), scale, shift)

    def loss_of(x: Any, y: Any) -> Any:
        inner = normalized(x, "first")
        query, key, value = (heads(inner @ p[name]) for name in ("query", "key", "value"))
        weights = torch.softmax(query @ key.transpose(-2, -1) / math.sqrt(each), -1)
        joined = (weights @ value).transpose(1, 2).reshape(data.BATCH, data.CONTEXT, data.WIDTH)
        x = x + joined @ p["join"]
        x = x + functional.gelu(normalized(x, "second") @ p["up"]) @ p["down"]
        return functional.mse_loss(x, y)

    parameters = list(p.values())
    forward, update = how.forward(loss_of), how.update(_descend(torch, parameters, data.SGD_RATE))

    def step(x: Any, y: Any) -> None:
        forward(x, y).backward()
        update()

    step = how.whole(step)
    return Step(lambda i: step(x, y), tools.values(parameters))


def sigmoid_mse(torch: Any, device: str, how: How) -> Step:
    """Sigmoid and mean squared error over four million values, forward and backward."""
    tools = Tools(torch, device)
    x = tools.parameter(data.normal(6, data.ELEMENTS))
    y = tools.constant(data.normal(7, data.ELEMENTS))
    forward = how.forward(lambda x, y: torch.nn.functional.mse_loss(torch.sigmoid(x), y))

    def step(y: Any) -> None:
        x.grad = None
        forward(x, y).backward()

    step = how.whole(step)
    # Gradients of a mean over millions: scaled so that the comparison sees them.
    return Step(lambda i: step(y), lambda: tools.values([x.grad])() * data.ELEMENTS)


def optimizer(torch: Any, device: str, how: How) -> Step:
    """Adam alone, over 500 small parameters whose gradients stay the same."""
    tools = Tools(torch, device)
    parameters = [tools.parameter(start) for start in data.small_parameters()]
    for p in parameters:
        p.grad = tools.constant(data.normal(41, *p.shape))
    update = how.whole(how.update(torch.optim.Adam(parameters, lr=data.ADAM_RATE).step))
    return Step(lambda i: update(), tools.values(parameters))


def hessian_vector(torch: Any, device: str, how: How) -> Step:
    """The Hessian of a small tanh network's loss times a direction, by two backward passes."""
    tools = Tools(torch, device)
    inputs, starts, direction = data.curved()
    x = tools.constant(inputs)
    parameters = [tools.parameter(start) for start in starts]
    along = [tools.constant(d) for d in direction]
    w1, b1, w2 = parameters

    def loss_of(x: Any) -> Any:
        return torch.square(torch.tanh(x @ w1 + b1) @ w2).mean()

    forward = how.forward(loss_of)

    def product(x: Any) -> Any:
        grads = torch.autograd.grad(forward(x), parameters, create_graph=True)
        return torch.autograd.grad(grads, parameters, along)

    product = how.whole(product)
    latest: list[Any] = []

    def run(i: int) -> None:
        latest[:] = product(x)

    return Step(run, lambda: tools.values(latest)())
