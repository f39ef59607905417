"""Probabilities or logits as the parameter of a distribution."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from ..autograd.grad_mode import enable_grad
from ..limits import finfo
from ..size import Size
from . import constraints
from .constraints import Constraints
from .distribution import Distribution, Shape, broadcast_all


def clamped(probs: Any) -> Any:
    """Probabilities away from 0 and 1, so that their logarithms are finite."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def one_of(probs: Any, logits: Any) -> tuple[str, Any]:
    """The name and the value of the one that is given.

    Raises:
        ValueError: none is given, or both.
    """
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
    return ("probs", probs) if logits is None else ("logits", logits)


class ProbsOrLogits(Distribution):
    """One of them is given, the other computed when it is first asked for."""

    _given: str
    _param: Any

    def _keep(self, name: str, value: Any) -> None:
        self._given, self._param = name, value
        self.__dict__[name] = value

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        with enable_grad():
            if name == "logits" and "probs" in own:
                own[name] = self._logits_of(own["probs"])
            elif name == "probs" and "logits" in own:
                own[name] = self._probs_of(own["logits"])
            else:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return own[name]

    @staticmethod
    def _logits_of(probs: Any) -> Any:
        raise NotImplementedError

    @staticmethod
    def _probs_of(logits: Any) -> Any:
        raise NotImplementedError

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter that was given."""
        return Size(self._param.shape)

    def expand(self, batch_shape: Shape) -> Self:
        batch = tuple(batch_shape)
        beyond = self._param.shape[len(self._batch_shape) :]
        own = {self._given: self._param.expand((*batch, *beyond))}
        return self._checked_alike(type(self)(**self._others(batch), **own, validate_args=False))

    def _others(self, batch: tuple[int, ...]) -> dict[str, Any]:
        """The arguments beside the probabilities, for a batch of this shape."""
        return {}


class Binary(ProbsOrLogits):
    """Parameters of distributions that ask again and again whether something happens."""

    arg_constraints: ClassVar[Constraints] = {
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        name, given = one_of(probs, logits)
        self._keep(name, *broadcast_all(given))
        super().__init__(self._param.shape, validate_args=validate_args)

    @staticmethod
    def _logits_of(probs: Any) -> Any:
        probs = clamped(probs)
        return probs.log() - (-probs).log1p()

    @staticmethod
    def _probs_of(logits: Any) -> Any:
        return logits.sigmoid()
