"""The methods that fill a tensor with random numbers: ``uniform_``, ``normal_`` and their kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.engine import TensorBase
from ..autograd.inplace import check_inplace, mark_changed
from ..methods import bind
from ..ops.copying import Fill
from . import fillers


def _filler(fill: Callable[..., None], name: str) -> Callable[..., Any]:
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        check_inplace(self)
        fill(self.array, *args, **kwargs)
        mark_changed(self, Fill.__new__(Fill), (self,))  # like any fill: the old value is gone
        return self

    method.__name__ = method.__qualname__ = name
    method.__doc__ = fill.__doc__
    return method


def _uniform_(
    array: Any, a: Any = 0.0, b: Any = 1.0, *, generator: Any = None, **names: Any
) -> None:
    """Uniform numbers from ``a`` to ``b``; PyTorch also calls them ``from`` and ``to``."""
    fillers.fill_uniform(array, names.pop("from", a), names.pop("to", b), generator)


def _normal_(array: Any, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> None:
    """Normal numbers of a mean and a standard deviation."""
    fillers.fill_normal(array, mean, std, generator)


def _exponential_(array: Any, lambd: float = 1.0, *, generator: Any = None) -> None:
    """Exponentially distributed numbers of the rate ``lambd``."""
    fillers.fill_exponential(array, lambd, generator)


def _bernoulli_(array: Any, p: Any = 0.5, *, generator: Any = None) -> None:
    """Ones with probability ``p`` (a number or a tensor), else zeros."""
    probabilities = p.expand(array.shape).array if isinstance(p, TensorBase) else p
    fillers.fill_bernoulli(array, probabilities, generator)


def _random_(array: Any, *bounds: Any, generator: Any = None, **names: Any) -> None:
    """Integers from ``from`` (0) up to but without ``to`` (default: all that the type holds)."""
    if names:
        bounds = (names.pop("from", 0), names.pop("to", None))
    fillers.fill_random(array, *bounds, generator=generator)


bind(
    {},
    {
        "uniform_": _filler(_uniform_, "uniform_"),
        "normal_": _filler(_normal_, "normal_"),
        "exponential_": _filler(_exponential_, "exponential_"),
        "bernoulli_": _filler(_bernoulli_, "bernoulli_"),
        "random_": _filler(_random_, "random_"),
    },
)
