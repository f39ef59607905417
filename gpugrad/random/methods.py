"""The methods that fill a tensor with random numbers: ``uniform_``, ``normal_`` and their kin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.composed import inplace_shown_as
from ..autograd.engine import TensorBase
from ..autograd.expanded import target_of
from ..autograd.inplace import check_inplace, mark_changed
from ..backend import backend_of
from ..ops.copying import Fill
from . import fillers, rarer_fillers


def _filler(fill: Callable[..., None], name: str, torch_name: str = "") -> Callable[..., Any]:
    @inplace_shown_as(torch_name or f"{name[:-1].capitalize()}Backward0")
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        check_inplace(self)
        array = self.array
        if not backend_of(array).writable(array):
            array = target_of(array)
        fill(array, *args, **kwargs)
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


def _cauchy_(array: Any, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None) -> None:
    """Numbers of the Cauchy distribution with a median and a half-width at half the height."""
    rarer_fillers.fill_cauchy(array, median, sigma, generator)


def _log_normal_(array: Any, mean: float = 1.0, std: float = 2.0, *, generator: Any = None) -> None:
    """Numbers whose logarithms are normal with a mean and a standard deviation."""
    rarer_fillers.fill_log_normal(array, mean, std, generator)


def _geometric_(array: Any, p: float, *, generator: Any = None) -> None:
    """Numbers of trials up to the first success, of the probability ``p``."""
    rarer_fillers.fill_geometric(array, p, generator)


uniform_ = _filler(_uniform_, "uniform_")
normal_ = _filler(_normal_, "normal_")
exponential_ = _filler(_exponential_, "exponential_")
bernoulli_ = _filler(_bernoulli_, "bernoulli_", "BernoulliBackward2")
random_ = _filler(_random_, "random_", "RandomBackward2")
cauchy_ = _filler(_cauchy_, "cauchy_")
log_normal_ = _filler(_log_normal_, "log_normal_", "LogNormalBackward0")
geometric_ = _filler(_geometric_, "geometric_")
