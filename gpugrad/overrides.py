"""Questions about ``__torch_function__``: what a function needs that takes part in it.

>>> import gpugrad
>>> from gpugrad import overrides
>>> def double(x):
...     if overrides.has_torch_function((x,)):
...         return overrides.handle_torch_function(double, (x,), x)
...     return x * 2
>>> double(gpugrad.ones(2))
tensor([2., 2.])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .function_modes import TorchFunctionMode as TorchFunctionMode
from .function_modes import resolve_name as resolve_name
from .subclasses import dispatched, tensors_of_derived_classes
from .tensor import Tensor


def is_tensor_like(inp: Any) -> bool:
    """Whether ``inp`` is a tensor or has a ``__torch_function__``.

    >>> import gpugrad
    >>> gpugrad.overrides.is_tensor_like(gpugrad.ones(2))
    True
    """
    return type(inp) is Tensor or hasattr(inp, "__torch_function__")


def has_torch_function(relevant_args: Iterable[Any]) -> bool:
    """Whether an argument is of a class that users have derived from ``Tensor``."""
    return any(True for _ in tensors_of_derived_classes(list(relevant_args)))


def handle_torch_function(
    public_api: Callable[..., Any], relevant_args: Iterable[Any], *args: Any, **kwargs: Any
) -> Any:
    """The result of ``public_api(*args, **kwargs)`` by the ``__torch_function__`` of a class.

    Raises:
        TypeError: all classes have answered NotImplemented.
    """
    return dispatched(public_api, args, kwargs)
