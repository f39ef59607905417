"""PyTorch's older signatures, in which a factor comes before the tensors: ``x.add_(0.1, y)``.

They still work there, with a warning, and so here.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

from ..autograd.engine import TensorBase


def _warn(name: str, old: str, new: str) -> None:
    warnings.warn(
        f"This overload of {name} is deprecated:\n\t{name}({old})\nConsider using one of the "
        f"following signatures instead:\n\t{name}({new})",
        UserWarning,
        stacklevel=4,
    )


def factor_first(name: str, alpha: Any, rest: tuple[Any, ...]) -> tuple[Any, Any]:
    """``other`` and ``alpha`` of a call ``add(input, alpha, other)``, of which ``rest`` is the end.

    Raises:
        TypeError: it is no such call.
    """
    if len(rest) != 1 or not isinstance(rest[0], TensorBase) or isinstance(alpha, TensorBase):
        raise TypeError(f"{name}() takes 2 positional arguments but {2 + len(rest)} were given")
    _warn(name, "Number alpha, Tensor other", "Tensor other, *, Number alpha = 1")
    return rest[0], alpha


def takes_value_first(function: Callable[..., Any]) -> Callable[..., Any]:
    """``f(input, tensor1, tensor2, *, value)`` also as ``f(input, value, tensor1, tensor2)``."""
    name = function.__name__

    @functools.wraps(function)
    def call(input: Any, tensor1: Any, tensor2: Any, *rest: Any, **options: Any) -> Any:
        if rest:
            if len(rest) > 1 or isinstance(tensor1, TensorBase):
                raise TypeError(
                    f"{name}() takes 3 positional arguments but {3 + len(rest)} were given"
                )
            new = "Tensor tensor1, Tensor tensor2, *, Number value = 1"
            _warn(name, "Number value, Tensor tensor1, Tensor tensor2", new)
            options["value"], tensor1, tensor2 = tensor1, tensor2, rest[0]
        return function(input, tensor1, tensor2, **options)

    return call
