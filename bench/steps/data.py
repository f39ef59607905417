"""What every contestant starts from: the same data and the same initial parameters, in float32."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

Array = Any

XOR_X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
XOR_Y = np.array([[0], [1], [1], [0]], np.float32)
XOR_PARAMETERS = (
    np.array([[0.1, 0.3], [0.2, 0.1]], np.float32),
    np.array([0.2, -0.2], np.float32),
    np.array([[0.1], [-0.4]], np.float32),
    np.array([0.0], np.float32),
)
XOR_RATE = 0.01

NOT_X = np.array([[0], [1]], np.float32)
NOT_Y = np.array([1, 0], np.float32)
NOT_PARAMETERS = (np.array([[3.0]], np.float32), np.array([[1.0]], np.float32))
NOT_RATE = 0.1

REGRESSION_SAMPLES = 1500
REGRESSION_RATE = 0.01

MOMENTUM = 0.9
SGD_RATE = 0.01
ADAM_RATE = 1e-3
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
DECAY = 0.01

ELEMENTS = 4_000_000
"""Of the elementwise step."""

OPTIMIZER_TENSORS = 500

BATCH, CONTEXT, WIDTH, HEADS = 16, 32, 64, 4
"""Of the attention block."""


IMAGES, IMAGE, CHANNELS, CLASSES = 64, 8, (16, 32), 10
"""Of the convolutional network: batch, pixels in each direction, channels after each convolution,
classes."""


def generator(seed: int) -> Any:
    """A stream of random numbers."""
    return np.random.default_rng(seed)


def normal(seed: int, *shape: int, scale: float = 1.0) -> Array:
    """Normally distributed float32."""
    return (generator(seed).standard_normal(shape) * scale).astype(np.float32)


@dataclass(frozen=True)
class Network:
    """A multilayer perceptron: layer sizes, batch and optimizer.

    Weights are stored as (outputs, inputs), as PyTorch does.
    """

    sizes: tuple[int, ...]
    batch: int
    optimizer: str

    def parameters(self) -> list[Array]:
        """Weight and bias of each layer in turn."""
        made = []
        for i, (inputs, outputs) in enumerate(zip(self.sizes, self.sizes[1:], strict=False)):
            bound = 1 / inputs**0.5
            draw = generator(100 + i).uniform
            made.append(draw(-bound, bound, (outputs, inputs)).astype(np.float32))
            made.append(draw(-bound, bound, outputs).astype(np.float32))
        return made

    def samples(self) -> tuple[Array, Array]:
        """The batch: inputs, and classes as int64."""
        x = normal(1, self.batch, self.sizes[0])
        return x, generator(2).integers(0, self.sizes[-1], self.batch)


NETWORKS = {
    "mlp-sgd": Network((64, 128, 128, 10), 64, "sgd"),
    "mlp-adam": Network((64, 128, 128, 10), 64, "adam"),
    "mlp-wide": Network((64, 512, 512, 10), 128, "sgd"),
}


def regression() -> tuple[Array, Array, Array, Array]:
    """Inputs, targets on a straight line, and where slope and intercept start."""
    x = normal(0, REGRESSION_SAMPLES, 1)
    return x, 0.5 * x[:, 0] + 2, normal(1, 1, 1), normal(2, 1)


def attention() -> tuple[Array, Array, dict[str, Array]]:
    """Input, target and the parameters of the attention block."""
    shapes = {
        "query": (WIDTH, WIDTH),
        "key": (WIDTH, WIDTH),
        "value": (WIDTH, WIDTH),
        "join": (WIDTH, WIDTH),
        "up": (WIDTH, 4 * WIDTH),
        "down": (4 * WIDTH, WIDTH),
    }
    parameters = {
        name: normal(10 + i, *shape, scale=shape[0] ** -0.5)
        for i, (name, shape) in enumerate(shapes.items())
    }
    for name in ("first", "second"):
        parameters[f"{name}_scale"] = np.ones(WIDTH, np.float32)
        parameters[f"{name}_shift"] = np.zeros(WIDTH, np.float32)
    shape = (BATCH, CONTEXT, WIDTH)
    return normal(3, *shape), normal(4, *shape), parameters


LETTERS = 64
"""How many different symbols the text of the language models has."""

LAYERS = 2
"""Transformer blocks of the small GPT."""


def text() -> tuple[Array, Array]:
    """A batch of random symbols, and those that follow each of them, as int64."""
    drawn = generator(8).integers(0, LETTERS, (BATCH, CONTEXT + 1))
    return drawn[:, :-1].copy(), drawn[:, 1:].copy()


def gpt() -> dict[str, Array]:
    """The parameters of the small GPT by name, in the order of the model's.

    Queries and keys have no bias: a softmax does not change with the keys' one, and of its
    gradient, which is only rounding, Adam would make steps as large as any.
    """
    shapes: dict[str, tuple[int, ...]] = {"symbols": (LETTERS, WIDTH), "places": (CONTEXT, WIDTH)}
    for i in range(LAYERS):
        shapes |= {
            f"first_scale{i}": (WIDTH,),
            f"first_shift{i}": (WIDTH,),
            f"mix{i}": (3 * WIDTH, WIDTH),
            f"join{i}": (WIDTH, WIDTH),
            f"join_bias{i}": (WIDTH,),
            f"second_scale{i}": (WIDTH,),
            f"second_shift{i}": (WIDTH,),
            f"up{i}": (4 * WIDTH, WIDTH),
            f"up_bias{i}": (4 * WIDTH,),
            f"down{i}": (WIDTH, 4 * WIDTH),
            f"down_bias{i}": (WIDTH,),
        }
    shapes |= {"last_scale": (WIDTH,), "last_shift": (WIDTH,)}
    shapes |= {"head": (LETTERS, WIDTH), "head_bias": (LETTERS,)}
    made = {}
    for i, (name, shape) in enumerate(shapes.items()):
        made[name] = normal(50 + i, *shape, scale=shape[-1] ** -0.5)
        if "scale" in name:
            made[name] += np.float32(1)
    return made


def lstm() -> dict[str, Array]:
    """The parameters of the LSTM's language model by name, in the order of the model's."""
    shapes: dict[str, tuple[int, ...]] = {
        "symbols": (LETTERS, WIDTH),
        "from_input": (4 * WIDTH, WIDTH),
        "from_state": (4 * WIDTH, WIDTH),
        "input_bias": (4 * WIDTH,),
        "state_bias": (4 * WIDTH,),
        "head": (LETTERS, WIDTH),
        "head_bias": (LETTERS,),
    }
    return {
        name: normal(90 + i, *shape, scale=shape[-1] ** -0.5)
        for i, (name, shape) in enumerate(shapes.items())
    }


def curved() -> tuple[Array, list[Array], list[Array]]:
    """Input, parameters and direction of the Hessian-vector product."""
    shapes = ((64, 128), (128,), (128, 1))
    parameters = [normal(20 + i, *s, scale=0.1) for i, s in enumerate(shapes)]
    return normal(5, 64, 64), parameters, [normal(30 + i, *s) for i, s in enumerate(shapes)]


def cnn() -> list[Array]:
    """Kernels, weight and biases of the convolutional network, in the order of the model's."""
    first, second = CHANNELS
    flat = second * IMAGE**2 // 4
    shapes = (
        (first, 1, 3, 3),
        (first,),
        (second, first, 3, 3),
        (second,),
        (CLASSES, flat),
        (CLASSES,),
    )
    inputs = 9, 9, 9 * first, 9 * first, flat, flat
    return [
        normal(130 + i, *shape, scale=n**-0.5)
        for i, (shape, n) in enumerate(zip(shapes, inputs, strict=True))
    ]


def images() -> tuple[Array, Array]:
    """A batch of images of one channel, and their classes as int64."""
    classes = generator(141).integers(0, CLASSES, IMAGES)
    return normal(140, IMAGES, 1, IMAGE, IMAGE), classes


def small_parameters() -> list[Array]:
    """Many small arrays, as a deep and narrow model has them."""
    return [normal(40, 8 + i % 24) for i in range(OPTIMIZER_TENSORS)]
