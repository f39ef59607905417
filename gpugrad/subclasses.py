"""Classes of tensors that users derive from ``Tensor``: PyTorch's ``__torch_function__``.

A method of such a class, or a public function with such a tensor among its arguments, calls the
class's ``__torch_function__(func, types, args, kwargs)``. The one that ``Tensor`` has computes
``func`` as usual and makes the results tensors of the class.

Ordinary tensors pay nothing for it: the methods of a derived class are replaced when the class is
made, and the public functions when the first one is.
"""

from __future__ import annotations

import functools
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

from .autograd.engine import TensorBase

METHODS = {
    **{name: name for name in ("add", "sub", "mul", "pow", "matmul", "neg", "abs")},
    **{name: name for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    "truediv": "div",
    "and": "bitwise_and",
    "or": "bitwise_or",
    "xor": "bitwise_xor",
    "invert": "bitwise_not",
}
"""Operators and the methods that do the same: what ``__torch_function__`` gets to see."""

SYMMETRIC = ("add", "mul", "and", "or", "xor")
"""Operators whose reflected form is the method with the operands as they are written."""

OPERATORS = {
    **{f"__{name}__": method for name, method in METHODS.items()},
    **{f"__r{name}__": METHODS[name] for name in SYMMETRIC},
    **{f"__i{name}__": METHODS[name] + "_" for name in ("add", "sub", "mul", "truediv")},
    **{
        f"__{name}__": f"__{name}__"
        for name in (
            *("getitem", "floordiv", "mod", "lshift", "rshift", "rsub", "rtruediv", "rpow"),
            *("rmatmul", "rfloordiv", "rmod"),
        )
    },
}
"""The special methods that go through ``__torch_function__``, and what stands for them."""

OWN = frozenset(("as_subclass", "numpy", "tolist", "item"))
"""Methods that are the same for all classes."""


class _Disabled(threading.local):
    depth = 0


_disabled = _Disabled()
_derived: set[type] = set()
"""The classes whose methods have been replaced."""


def tensors_of_derived_classes(value: Any) -> Iterator[Any]:
    """The tensors of derived classes in the arguments of a function, in their order."""
    if type(value) in _derived:
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from tensors_of_derived_classes(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from tensors_of_derived_classes(item)


def dispatched(func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """``func(*args, **kwargs)`` by the ``__torch_function__`` of the classes of the arguments.

    Classes are asked in the order of the arguments, a derived one before those it is derived from,
    until one does not answer NotImplemented.

    Raises:
        TypeError: all have answered that.
    """
    found = list(tensors_of_derived_classes((args, kwargs)))
    if not found or _disabled.depth:
        return func(*args, **kwargs)
    kinds: list[type] = []
    for kind in (type(value) for value in found):
        if kind not in kinds:
            place = next((i for i, k in enumerate(kinds) if issubclass(kind, k)), len(kinds))
            kinds.insert(place, kind)
    for kind in kinds:
        handler: Any = kind
        result = handler.__torch_function__(func, tuple(kinds), args, kwargs)
        if result is not NotImplemented:
            return result
    name = f"{func.__module__}.{func.__name__}"
    raise TypeError(
        f"Multiple dispatch failed for '{name}'; all __torch_function__ handlers returned "
        "NotImplemented:\n\n" + "\n".join(f"  - tensor subclass {kind}" for kind in kinds)
    )


def default(cls: Any, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
    """Compute ``func`` as for ordinary tensors; tensors among the results become ``cls``."""
    if not all(issubclass(cls, kind) for kind in types):
        return NotImplemented
    _disabled.depth += 1
    try:
        result = func(*args, **(kwargs or {}))
    finally:
        _disabled.depth -= 1
    return _as_class(result, cls, {id(t) for t in _tensors(args)})


def _tensors(value: Any) -> Iterator[Any]:
    if isinstance(value, TensorBase):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _tensors(item)


def _as_class(value: Any, cls: type, given: set[int]) -> Any:
    if isinstance(value, TensorBase):
        if not isinstance(value, cls) and id(value) not in given:
            value.__class__ = cls  # a result that nobody else holds
        return value
    if isinstance(value, (list, tuple)):
        items = [_as_class(item, cls, given) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return value


def as_subclass(tensor: Any, cls: type) -> Any:
    """The same tensor, in memory and graph, as one of a class derived from ``Tensor``.

    >>> import gpugrad
    >>> class Named(gpugrad.Tensor):
    ...     pass
    >>> type(gpugrad.ones(2).as_subclass(Named)).__name__
    'Named'
    """
    if not issubclass(cls, TensorBase):
        raise TypeError("as_subclass expects a class derived from Tensor")
    alias = tensor.view_as(tensor)
    alias.__class__ = cls
    return alias


def derive(cls: type, base: type) -> None:
    """Replace what ``cls`` inherits from ``base``, the class Tensor, by what dispatches."""
    first = not _derived
    is_replaced = any(parent in _derived for parent in cls.__mro__)
    _derived.add(cls)
    if is_replaced:
        return
    own = {name for parent in cls.__mro__ if not issubclass(base, parent) for name in vars(parent)}
    for name in dir(base):
        if name in own or name in OWN or (name.startswith("_") and name not in OPERATORS):
            continue
        method = getattr(base, OPERATORS.get(name, name))
        if isinstance(method, types.FunctionType):
            is_swapped = name[3:-2] in SYMMETRIC and name.startswith("__r")
            if OPERATORS.get(name) == name:
                method.__name__ = name  # as what a handler prints of it
            setattr(cls, name, _method(method, getattr(base, name), is_swapped))
    if first:
        _replace_functions()


def _method(method: Any, direct: Any, is_swapped: bool) -> Any:
    """A method that dispatches as ``method``, and where that is off is ``direct``."""

    @functools.wraps(method)
    def call(*args: Any, **kwargs: Any) -> Any:
        if _disabled.depth:
            return direct(*args, **kwargs)
        if is_swapped and isinstance(args[1], TensorBase):
            args = args[::-1]
        return dispatched(method, args, kwargs)

    return call


def _function(function: Any) -> Any:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        for value in args:
            if type(value) in _derived or type(value) in (list, tuple):
                break
        else:
            if not kwargs:
                return function(*args)
        if _disabled.depth or not any(True for _ in tensors_of_derived_classes((args, kwargs))):
            return function(*args, **kwargs)
        return dispatched(call, args, kwargs)

    return call


def _replace_functions() -> None:
    """Let the public functions look for tensors of derived classes among their arguments."""
    package: Any = sys.modules[__package__ or "gpugrad"]
    functional = package.nn.functional
    homes = package._HOMES.items()
    late = [name for name, home in homes if home.partition(".")[0] in _HOMES and name != home]
    for name in (*package._FUNCTIONS, *late):
        getattr(package, name)  # which imports it
    for name in functional._HOMES:
        getattr(functional, name)
    replaced: dict[int, Any] = {}
    for module in (package, functional):
        for name, value in list(vars(module).items()):
            if name.startswith("_") or name in _OF_NO_TENSORS:
                continue
            if isinstance(value, types.FunctionType):
                if id(value) not in replaced:
                    replaced[id(value)] = _function(value)
                setattr(module, name, replaced[id(value)])
    stands = sys.modules.get(f"{package.__name__}.as_torch")
    if stands is not None:
        stands.look_up_again()


_HOMES = ("creation", "interop", "nn", "questions", "random")
"""Where public functions of tensors are at home that are in no table."""

_OF_NO_TENSORS = frozenset(
    (
        *("is_tensor", "compile", "load", "save", "manual_seed", "set_default_dtype"),
        *("is_grad_enabled", "get_default_dtype", "set_printoptions", "tensor", "as_tensor"),
    )
)
