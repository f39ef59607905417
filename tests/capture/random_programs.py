"""Random training programs for tests of what is compiled: made by a seed, with leaves and inputs.

A program is found by carrying steps out: those that raise, or give large numbers, are left away.
"""

from __future__ import annotations

import math
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import gpugrad
from gpugrad import Tensor
from gpugrad.nn import functional as F
from gpugrad.nn.utils import clip_grad_norm_
from gpugrad.optim import SGD, Adagrad, Adam, AdamW, NAdam, Optimizer, RMSprop
from gpugrad.utils.checkpoint import checkpoint

CALLS = 6
SHAPES = ((4, 6), (6,), (4, 1), (), (2, 4, 6), (6, 4), (1, 6), (0, 6), (3, 1, 1))
DTYPES = ("float32", "float32", "float32", "float64")
LARGEST = 30.0
STYLES = ("forgets first", "forgets first", "forgets afterwards", "zeros", "clips")
"""When gradients are forgotten, and how."""

Pool = list[Tensor]
Step = Callable[[Pool], Any]

UNARY: tuple[Callable[[Tensor], Any], ...] = (
    *(gpugrad.sin, gpugrad.tanh, gpugrad.sigmoid, gpugrad.relu, gpugrad.neg, gpugrad.abs),
    *(gpugrad.square, gpugrad.floor, gpugrad.sign, gpugrad.erf, gpugrad.isnan, gpugrad.clone),
    *(F.gelu, F.softplus, F.silu, F.elu, F.hardtanh, Tensor.detach, gpugrad.logical_not),
    lambda x: (x.abs() + 0.1).log(),
    lambda x: (-x.abs()).exp(),
    lambda x: x.abs().sqrt() if not x.requires_grad else (x.abs() + 1).rsqrt(),
    lambda x: x.clamp(-0.5, 0.7),
    lambda x: x > 0.2,
    lambda x: x * 2 - 1,
    lambda x: 1 / (x.abs() + 1),
    lambda x: x.detach().clamp(-9, 9).long(),
    lambda x: x.double(),
    lambda x: x.float(),
    lambda x: x**3,
)
BINARY: tuple[Callable[[Tensor, Tensor], Any], ...] = (
    *(gpugrad.add, gpugrad.sub, gpugrad.mul, gpugrad.maximum, gpugrad.minimum, gpugrad.atan2),
    lambda x, y: x / (y.abs() + 1),
    lambda x, y: gpugrad.where(x > 0, x, y),
    lambda x, y: gpugrad.lerp(x, y, 0.3),
    lambda x, y: x @ y * 0.2,
    lambda x, y: x @ y.mT * 0.2,
    lambda x, y: F.linear(x, y) * 0.2,
    lambda x, y: gpugrad.cat([x, y]),
    lambda x, y: gpugrad.stack([x, y], -1),
    lambda x, y: x >= y,
    lambda x, y: F.mse_loss(x, y.expand_as(x)),
    lambda x, y: (x * 1).add_(y, alpha=0.5),
    lambda x, y: (x * 1).masked_fill_(y > 0, 0.5),
    lambda x, y: (x + 0).copy_(y),
    lambda x, y: gpugrad.outer(x, y),
)
REDUCTIONS = ("sum", "mean", "amax", "amin", "logsumexp", "softmax", "log_softmax", "cumsum")


class Writer:
    """Draws the steps of a program.

    Args:
        seed: what all choices follow from.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        pick = self.random.choice
        self.leaves = [(pick(SHAPES), pick(DTYPES)) for _ in range(self.random.randint(1, 3))]
        self.inputs = [(pick(SHAPES), pick(DTYPES)) for _ in range(self.random.randint(1, 2))]
        self.turned = [self.random.random() < 0.3 for _ in self.inputs]
        numbers = np.random.default_rng(seed)
        self.first = [tensor(numbers, *spec) for spec in self.leaves]
        gpugrad.manual_seed(seed)
        pool = [leaf.clone().requires_grad_() for leaf in self.first] + self.given(0)
        self.steps: list[Step] = []
        self._averages: dict[int, Tensor] = {}
        for _ in range(self.random.choice([4, 8, 15, 30])):
            self._add(self._drawn(pool), pool)
        wanted = [n for n, t in enumerate(pool) if t.requires_grad and t.numel()]
        self.losses = self.random.sample(wanted, min(len(wanted), 2))
        self.results = self.random.sample(range(len(pool)), 3)
        self.optimizer: int = self.random.choice([0, 0, 1, 2, 3, 4, 5, 6, 7])
        self.style = self.random.choice(STYLES)
        self.writes = self.random.random() < 0.3
        """Whether the inputs are written into."""

    def _add(self, step: Step, pool: Pool) -> None:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                made = step(pool)
        except (RuntimeError, ValueError, IndexError, TypeError, Warning):
            return
        made = list(made) if isinstance(made, (list, tuple)) else [made]
        numbers = [array_of(t) for t in made]
        if all(
            t.numel() < 3000 and np.all(np.abs(a) < LARGEST)
            for t, a in zip(made, numbers, strict=True)
        ):
            pool += made
            self.steps.append(step)

    def _drawn(self, pool: Pool) -> Step:
        i, j = (max(self.random.choices(range(len(pool)), k=2)) for _ in range(2))
        dim = self.random.randrange(-max(pool[i].dim(), 1), max(pool[i].dim(), 1))
        kinds = (self._view, self._reduction, self._other)
        kind = self.random.choices(range(5), (4, 5, 5, 4, 3))[0]
        if kind == 0:
            function = self.random.choice(UNARY)
            return lambda p: function(p[i])
        if kind == 1:
            joined = self.random.choice(BINARY)
            return lambda p: joined(p[i], p[j])
        return kinds[kind - 2](i, dim, pool[i])

    def _view(self, i: int, dim: int, x: Tensor) -> Step:
        size = math.prod(x.shape)
        views: list[Step] = [
            lambda p: p[i].transpose(0, dim),
            lambda p: p[i].narrow(dim, 0, max(p[i].size(dim) - 1, 0)),
            lambda p: p[i].unsqueeze(dim),
            lambda p: p[i].flip(dim),
            lambda p: p[i].chunk(2, dim),
            lambda p: p[i].select(dim, -1),
            lambda p: p[i][..., ::2],
            lambda p: p[i].reshape(-1),
            lambda p: p[i].reshape(-1, 2),
            lambda p: p[i].expand(2, *x.shape),
            lambda p: p[i].squeeze(),
            lambda p: p[i].diagonal() if size else p[i].t(),
            lambda p: p[i].roll(1, dim),
        ]
        return self.random.choice(views)

    def _reduction(self, i: int, dim: int, x: Tensor) -> Step:
        name, keep = self.random.choice(REDUCTIONS), self.random.random() < 0.5
        if (name.endswith("max") and name != "amax") or name == "cumsum":
            return lambda p: getattr(p[i], name)(dim)
        if name in ("sum", "mean") and self.random.random() < 0.3:
            return lambda p: getattr(p[i], name)()
        return lambda p: getattr(p[i], name)(dim, keepdim=keep)

    def _other(self, i: int, dim: int, x: Tensor) -> Step:
        chosen = np.random.default_rng(self.random.getrandbits(32))
        index = gpugrad.tensor(chosen.integers(0, max(x.shape[-1] if x.shape else 1, 1), 3))
        others: list[Step] = [
            lambda p: p[i].index_select(-1, index),
            lambda p: p[i][..., index],
            lambda p: list(p[i].max(dim)),
            lambda p: list(p[i].sort(dim)),
            lambda p: p[i].argsort(dim),
            lambda p: F.layer_norm(p[i], p[i].shape[-1:], eps=0.1),
            lambda p: F.dropout(p[i], 0.3),
            lambda p: p[i] + gpugrad.rand(*x.shape),
            lambda p: _part_changed(p[i] * 1),
            lambda p: gpugrad.bucketize(p[i].detach(), gpugrad.tensor([-1.0, 0.0, 1.0])),
            lambda p: F.one_hot(p[i].detach().argmax(-1), x.shape[-1]),
            lambda p: p[i].std(dim, correction=0, keepdim=True) + p[i],
            *self._larger(i, x, chosen),
        ]
        return self.random.choice(others)

    def _larger(self, i: int, x: Tensor, chosen: np.random.Generator) -> list[Step]:
        """What consists of several operations, or needs constants."""
        n = x.shape[-1] if x.shape else 1
        mask = gpugrad.tensor(chosen.random(x.shape) < 0.6)
        index = gpugrad.tensor(chosen.integers(0, max(n, 1), x.shape))
        running = gpugrad.zeros(tuple(x.shape))
        return [
            lambda p: p[i][mask] if mask.dim() else p[i] + 1,
            lambda p: p[i].masked_select(mask) * 0.2,
            lambda p: gpugrad.where(mask, p[i], p[i].mean()),
            lambda p: (p[i] * 1).masked_scatter(mask, p[i].reshape(-1)),
            lambda p: p[i].gather(-1, index),
            lambda p: (p[i] * 1).scatter_add(-1, index, p[i]),
            lambda p: checkpoint(dropped_out, p[i], use_reentrant=False),
            lambda p: checkpoint(dropped_out, p[i], use_reentrant=True),
            lambda p: self._average(running, p[i]),
            lambda p: slope_inside(p[i]),
            lambda p: (p[i] * 0.3).cumprod(-1),
            lambda p: list(p[i].topk(min(2, n))),
            lambda p: F.batch_norm(p[i], None, None, training=True, eps=0.1),
            lambda p: F.scaled_dot_product_attention(p[i], p[i], p[i]) if n else p[i],
            lambda p: F.cross_entropy(p[i].reshape(-1, n), index.reshape(-1, n)[:, 0]),
            lambda p: F.gumbel_softmax(p[i], hard=True),
            lambda p: p[i].half().float(),
        ]

    def _average(self, first: Tensor, x: Tensor) -> Tensor:
        """Memory from outside that every call writes into."""
        kept = self._averages.setdefault(id(first), first.clone())
        with gpugrad.no_grad():
            kept.mul_(0.5).add_(x.detach())
        found: Tensor = kept.clone()
        return found

    def given(self, turn: int) -> list[Tensor]:
        """The inputs of a call: those that are traced have the same values."""
        numbers = np.random.default_rng([1, max(turn, 2)])
        found = [tensor(numbers, *spec) for spec in self.inputs]
        return [turned(t) if turn else t for t, turn in zip(found, self.turned, strict=True)]

    def made(self) -> tuple[list[Tensor], Callable[..., list[Tensor]]]:
        """Leaves, and a training step of them."""
        leaves = [leaf.clone().requires_grad_() for leaf in self.first]
        optimizer = self._optimizer(leaves)

        def step(*inputs: Tensor) -> list[Tensor]:
            pool = [*leaves, *inputs]
            for one in self.steps:
                found = one(pool)
                pool += found if isinstance(found, (list, tuple)) else [found]
            results = [pool[n].detach() for n in self.results]
            if not self.losses:
                return results
            loss = gpugrad.stack([(pool[n] * 0.3).tanh().mean().float() for n in self.losses]).sum()
            if optimizer is None:  # differentiated outside
                return [loss, *results]
            if self.style != "forgets afterwards":
                optimizer.zero_grad(set_to_none=self.style != "zeros")
            loss.backward()
            if self.style == "clips":
                clip_grad_norm_([leaf for leaf in leaves if leaf.grad is not None], 0.05)
            optimizer.step()
            if self.style == "forgets afterwards":
                optimizer.zero_grad()
            if self.writes:
                for x in inputs:
                    x.mul_(0.5)
            return [loss.detach(), *results]

        return leaves, step

    def _optimizer(self, leaves: list[Tensor]) -> Optimizer | None:
        kinds: tuple[Callable[[], Optimizer | None], ...] = (
            lambda: None,
            lambda: SGD(leaves, 0.02, momentum=0.9),
            lambda: Adam(leaves, 0.003, eps=1e-2),
            lambda: RMSprop(leaves, 0.003, eps=1e-2),
            lambda: SGD(leaves, 0.02, momentum=0.9, nesterov=True, weight_decay=0.1),
            lambda: AdamW(leaves, 0.003, eps=1e-2),
            lambda: Adagrad(leaves, 0.01, eps=1e-2),
            lambda: NAdam(leaves, 0.002, eps=1e-2),
        )
        return kinds[self.optimizer]()

    def played(self, wrap: Callable[[Any], Any]) -> list[np.ndarray]:
        """Results, leaves and gradients after each of some calls."""
        leaves, step = self.made()
        self._averages.clear()
        function = wrap(step)
        history: list[np.ndarray] = []
        held: list[tuple[Tensor, np.ndarray]] = []
        for turn in range(CALLS):
            gpugrad.manual_seed(turn)
            results = function(*self.given(turn))
            history += [array_of(r) for r in results]
            held += [(r, array_of(r)) for r in results if wrap is not eager]
            if results[0].requires_grad:
                for leaf in leaves:
                    leaf.grad = None
                results[0].backward()
                with gpugrad.no_grad():
                    for leaf in leaves:
                        if leaf.grad is not None:
                            leaf.sub_(leaf.grad, alpha=0.02)
            history += [array_of(leaf) for leaf in leaves]
            history += [array_of(leaf.grad) for leaf in leaves if leaf.grad is not None]
        for result, before in held[len(held) // 2 :]:  # what replays gave stays as it was
            np.testing.assert_array_equal(array_of(result), before)
        return history


def eager(function: Any) -> Any:
    return function


def _part_changed(x: Tensor) -> Tensor:
    x[:1] = 0.5
    x[..., -1:] *= 2
    return x


def dropped_out(x: Tensor) -> Tensor:
    found: Tensor = F.dropout(x.tanh(), 0.3) * x
    return found


def slope_inside(x: Tensor) -> Tensor:
    place = x.detach().requires_grad_()
    (slope,) = gpugrad.autograd.grad((place * place * x).sum(), place, create_graph=True)
    found: Tensor = slope * 0.3
    return found


def turned(x: Tensor) -> Tensor:
    """The same with its elements in memory in another order."""
    axes = range(x.dim())[::-1]
    return x.permute(*axes).contiguous().permute(*axes) if x.dim() > 1 else x


def tensor(numbers: np.random.Generator, shape: tuple[int, ...], dtype: str) -> Tensor:
    found: Tensor = gpugrad.tensor(numbers.standard_normal(shape).astype(dtype))
    return found


def array_of(x: Tensor) -> np.ndarray:
    return np.array(x.detach().double().numpy())
