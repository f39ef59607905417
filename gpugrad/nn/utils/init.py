"""Modules made without their first values."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ...random.fork import fork_rng
from ..module import Module


def skip_init(module_cls: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """A module whose first values do not matter: the random numbers that follow are those that
    would have come without it.

    Args:
        args, kwargs: those of the class, which must take ``device``.

    Raises:
        RuntimeError: it is no module class, or does not take ``device``.

    >>> import gpugrad
    >>> gpugrad.nn.utils.skip_init(gpugrad.nn.Linear, 2, 3)
    Linear(in_features=2, out_features=3, bias=True)
    """
    if not (isinstance(module_cls, type) and issubclass(module_cls, Module)):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    with fork_rng():
        return module_cls(*args, **kwargs)
