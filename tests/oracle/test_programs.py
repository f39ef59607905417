"""Random small programs, run in both libraries side by side.

A program applies 5 to 40 steps to a pool of tensors: elementwise functions, views, reductions,
indexing, in-place changes of tensors, views and leaves. After each step all tensors of the pool
must be equal, in the end the gradients of the leaves and, in half the programs, the gradients of
those gradients. Where one library raises, so must the other.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import gpugrad

torch = pytest.importorskip("torch")

PROGRAMS = 250
LEAVES = ((2, 3), (3,), (2, 1), (), (2, 3), (4, 2, 3))

Step = Callable[[ModuleType, list[Any]], Any]


class Writer:
    """Draws steps. A step is a function of a library and of the pool of tensors so far."""

    def __init__(self, seed: int, shapes: list[tuple[int, ...]]) -> None:
        self.random = random.Random(seed)
        self.shapes = shapes

    def any(self) -> int:
        # Later tensors more often, so that programs get deep.
        count = len(self.shapes)
        return max(self.random.randrange(count), self.random.randrange(count))

    def matching(self, shape: tuple[int, ...]) -> int:
        """A tensor that broadcasts with ``shape``, or any where there is none such."""
        fits = [i for i, s in enumerate(self.shapes) if _fits(s, shape)]
        return self.random.choice(fits) if fits else self.any()

    def step(self) -> tuple[str, Step]:
        kinds = (
            (self.unary, 4),
            (self.binary, 5),
            (self.view, 6),
            (self.reduction, 2),
            (self.inplace, 6),
            (self.assignment, 3),
            (self.outside, 2),
            (self.joined, 1),
        )
        makers, weights = zip(*kinds, strict=True)
        maker: Callable[[], tuple[str, Step]] = self.random.choices(makers, weights)[0]
        return maker()

    def unary(self) -> tuple[str, Step]:
        name = self.random.choice(
            ["sin", "tanh", "sigmoid", "relu", "neg", "abs", "square", "exp2", "cos", "clone"]
        )
        i = self.any()
        return f"{name}({i})", lambda lib, pool: getattr(lib, name)(pool[i])

    def binary(self) -> tuple[str, Step]:
        name = self.random.choice(["add", "sub", "mul", "maximum", "minimum", "atan2", "where"])
        i = self.any()
        j = self.matching(self.shapes[i])
        if name == "where":
            return f"where({i}, {j})", lambda lib, p: lib.where(p[i] > 0, p[i], p[j])
        return f"{name}({i}, {j})", lambda lib, pool: getattr(lib, name)(pool[i], pool[j])

    def view(self) -> tuple[str, Step]:
        i, n = self.any(), self.random.choice((0, 1, -1))
        views: tuple[tuple[str, Callable[[Any], Any]], ...] = (
            (f"[{n}]", lambda x: x[n]),
            ("[1:]", lambda x: x[1:]),
            ("[..., 0]", lambda x: x[..., 0]),
            ("[..., ::2]", lambda x: x[..., ::2]),
            ("[None]", lambda x: x[None]),
            ("[...]", lambda x: x[...]),
            ("t", lambda x: x.transpose(0, -1)),
            ("view", lambda x: x.view(-1)),
            ("reshape", lambda x: x.reshape(-1)),
            ("expand", lambda x: x.expand(2, *x.shape) * 1),
            ("unsqueeze", lambda x: x.unsqueeze(-1)),
            ("squeeze", lambda x: x.squeeze()),
            # Of views that come together PyTorch refuses most uses once their base has changed.
            ("unbind", lambda x: x.unbind(0)[n] * 1),
            ("chunk", lambda x: x.chunk(2, -1)[0] * 1),
            ("split", lambda x: x.split(1)[n] * 1),
            ("permute", lambda x: x.permute(tuple(range(x.dim())[::-1]))),
            ("flatten", lambda x: x.flatten()),
        )
        name, view = self.random.choice(views)
        return f"{name}({i})", lambda lib, pool: view(pool[i])

    def reduction(self) -> tuple[str, Step]:
        name = self.random.choice(["sum", "mean", "amax", "logsumexp", "softmax"])
        i, dim = self.any(), self.random.choice((0, -1))
        return f"{name}({i}, {dim})", lambda lib, pool: getattr(lib, name)(pool[i], dim)

    def inplace(self) -> tuple[str, Step]:
        i = self.any()
        j = self.matching(self.shapes[i])
        number = round(self.random.uniform(-2, 2), 2)
        changes: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
            ("add_", lambda x, y: x.add_(y)),
            ("mul_", lambda x, y: x.mul_(y)),
            ("sub_", lambda x, y: x.sub_(y)),
            ("copy_", lambda x, y: x.copy_(y)),
            ("+= number", lambda x, y: x.add_(number)),
            ("*= number", lambda x, y: x.mul_(number)),
            ("zero_", lambda x, y: x.zero_()),
            ("fill_", lambda x, y: x.fill_(number)),
            ("sin_", lambda x, y: x.sin_()),
            ("tanh_", lambda x, y: x.tanh_()),
            ("sigmoid_", lambda x, y: x.sigmoid_()),
            ("relu_", lambda x, y: x.relu_()),
            ("clamp_", lambda x, y: x.clamp_(-1, 1)),
            ("square_", lambda x, y: x.square_()),
        )
        name, change = self.random.choice(changes)

        def run(lib: ModuleType, pool: list[Any]) -> None:
            # PyTorch computes with operands that overlap their target as it overwrites them.
            change(pool[i], pool[j] if i == j else pool[j] * 1)

        return f"{name} {number} ({i}, {j})", run

    def assignment(self) -> tuple[str, Step]:
        i, j = self.any(), self.any()
        number = round(self.random.uniform(-2, 2), 2)
        index = self.random.choice((0, -1, slice(1, None), (..., 0), [0, 0], "mask", ...))
        take_number = self.random.random() < 0.5

        def run(lib: ModuleType, pool: list[Any]) -> None:
            where = pool[i] > 0.3 if index == "mask" else index
            # PyTorch refuses to write what shares memory with its target.
            pool[i][where] = number if take_number else pool[j] * 1

        return f"({i})[{index}] = {number if take_number else f'({j})'}", run

    def outside(self) -> tuple[str, Step]:
        """What happens partly outside the graph."""
        i = self.any()
        kind = self.random.choice(("detach", "no_grad +=", "detach +=", "index"))

        def run(lib: ModuleType, pool: list[Any]) -> Any:
            x = pool[i]
            if kind == "detach":
                return x.detach()
            if kind == "index":
                return x[[0, -1, 0]]
            if kind == "detach +=":
                x.detach().add_(0.5)
                return None
            with lib.no_grad():
                x += 0.5
                return None

        return f"{kind}({i})", run

    def joined(self) -> tuple[str, Step]:
        i, j = self.any(), self.any()
        name = self.random.choice(("cat", "stack"))
        return f"{name}({i}, {j})", lambda lib, pool: getattr(lib, name)([pool[i], pool[j]])


def _fits(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    return len(a) <= len(b) and all(n in (1, m) for n, m in zip(a[::-1], b[::-1], strict=False))


def start(lib: ModuleType, seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    pool = []
    for number, shape in enumerate(LEAVES):
        values = rng.uniform(-1.5, 1.5, shape)
        pool.append(lib.tensor(values, dtype=lib.float64, requires_grad=number != 1))
    return pool


def attempt(step: Callable[[], Any]) -> tuple[Any, tuple[str, str] | None]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return step(), None
    except Exception as error:
        return None, (type(error).__name__, str(error))


def plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value._is_zerotensor():
        return np.zeros(tuple(value.shape))  # a gradient of zeros without any memory
    return np.asarray(value.detach().tolist()).reshape(tuple(value.shape))


def compare(mine: Any, theirs: Any, where: str) -> None:
    assert tuple(mine.shape) == tuple(theirs.shape), f"shape of {where}"
    np.testing.assert_allclose(plain(mine), plain(theirs), 1e-11, 1e-11, err_msg=where)
    assert mine.requires_grad == theirs.requires_grad, f"requires_grad of {where}"
    assert mine.is_leaf == theirs.is_leaf, f"is_leaf of {where}"


def compare_gradients(mine: list[Any], theirs: list[Any], story: str) -> None:
    for number, (a, b) in enumerate(zip(mine, theirs, strict=True)):
        where = f"gradient {number} after\n{story}"
        if a is None or b is None:
            present = b if a is None else a
            assert present is None or not plain(present).any(), where
        else:
            np.testing.assert_allclose(plain(a), plain(b), 1e-9, 1e-9, err_msg=where)


def finish(lib: ModuleType, pool: list[Any], twice: bool) -> list[Any]:
    """Gradients of a sum over the pool by its leaves, and if ``twice`` those of their squares."""
    leaves = [x for x in pool[: len(LEAVES)] if x.requires_grad and x.is_leaf]
    total = sum((x * (0.3 + k)).sum() for k, x in enumerate(pool) if x.requires_grad)
    grads = list(lib.autograd.grad(total, leaves, create_graph=twice, allow_unused=True))
    if not twice:
        return grads
    squares = sum((g * g).sum() for g in grads if g is not None)
    if not getattr(squares, "requires_grad", False):
        return [*grads, *(None for _ in leaves)]
    return [*grads, *lib.autograd.grad(squares, leaves, allow_unused=True)]


@pytest.mark.parametrize("seed", range(PROGRAMS))
def test_program(seed: int) -> None:
    mine, theirs = start(gpugrad, seed), start(torch, seed)
    writer = Writer(seed, [tuple(x.shape) for x in theirs])
    story: list[str] = []
    for _ in range(writer.random.randint(5, 40)):
        text, step = writer.step()
        story.append(text)
        told = "\n".join(story)
        a, mine_error = attempt(lambda step=step: step(gpugrad, mine))  # type: ignore[misc]
        b, their_error = attempt(lambda step=step: step(torch, theirs))  # type: ignore[misc]
        if their_error is not None and "refer to a single memory location" in their_error[1]:
            return  # an operand overlaps its target: refused there, well defined here
        differ = f"raises {mine_error} instead of {their_error}\n{told}"
        assert (mine_error is None) == (their_error is None), differ
        if mine_error is not None and their_error is not None:
            assert mine_error[0] == their_error[0], differ
        elif b is not None:
            mine.append(a)
            theirs.append(b)
            writer.shapes.append(tuple(b.shape))
        for number, (x, y) in enumerate(zip(mine, theirs, strict=True)):
            compare(x, y, f"tensor {number} after\n{told}")
    twice = seed % 2 == 0
    found, mine_error = attempt(lambda: finish(gpugrad, mine, twice))
    expected, their_error = attempt(lambda: finish(torch, theirs, twice))
    told = "\n".join(story)
    differ = f"backward raises {mine_error} instead of {their_error}\n{told}"
    if their_error is None or mine_error is None:
        assert mine_error is their_error is None, differ
        compare_gradients(found, expected, told)
    else:
        assert mine_error[0] == their_error[0], differ
