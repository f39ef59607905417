"""The names without an underscore that the functions of ``nn.init`` had first."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any


def deprecated(function: Callable[..., Any]) -> Callable[..., Any]:
    """``function`` under its former name: calls of it warn."""
    name = function.__name__
    former = name.removesuffix("_")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            f"`nn.init.{former}` is now deprecated in favor of `nn.init.{name}`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    call.__name__ = call.__qualname__ = former
    call.__doc__ = f":func:`{name}` under its former name. Warns of that."
    return call
