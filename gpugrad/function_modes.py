"""``TorchFunctionMode``: a context in which a handler sees every call of a function or method.

Programs without such a context pay nothing for it: the methods of ``Tensor`` and the public
functions are replaced when the first context is entered, and put back when the last one is left.
"""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from types import FunctionType, ModuleType
from typing import Any, Self

from .subclasses import OPERATORS, OWN, SYMMETRIC, tensors_of_derived_classes
from .tensor import Tensor


class _Modes(threading.local):
    def __init__(self) -> None:
        self.entered: list[TorchFunctionMode] = []


_modes = _Modes()
_lock = threading.Lock()
_contexts = 0
_originals: list[tuple[Any, str, Any, Any]] = []
"""What has been replaced: where, under which name, what was there, and what is instead."""


class TorchFunctionMode:
    """Base of contexts whose ``__torch_function__`` is called in the place of every function.

    It gets the function, the classes that users have derived from ``Tensor`` among its arguments,
    and the arguments, and returns the result. Inside of it the mode itself is off, so that it may
    call the function. Of several contexts the innermost is asked first.

    >>> import gpugrad
    >>> from gpugrad.overrides import TorchFunctionMode
    >>> class Logged(TorchFunctionMode):
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         print(func.__name__)
    ...         return func(*args, **(kwargs or {}))
    >>> with Logged():
    ...     x = gpugrad.ones(2) + 1
    ones
    add
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise NotImplementedError

    def __enter__(self) -> Self:
        _begin()
        _modes.entered.append(self)
        return self

    def __exit__(self, *_: object) -> None:
        _modes.entered.pop()
        _end()


def _through_modes(func: Callable[..., Any], direct: Callable[..., Any], args: Any, kw: Any) -> Any:
    """``func(*args, **kw)`` by the innermost mode, or outside of modes ``direct`` of them."""
    entered = _modes.entered
    if not entered:
        return direct(*args, **kw)
    mode = entered.pop()
    try:
        kinds = tuple(dict.fromkeys(map(type, tensors_of_derived_classes((args, kw)))))
        result = mode.__torch_function__(func, kinds, args, kw)
    finally:
        entered.append(mode)
    if result is NotImplemented:
        raise TypeError(
            f"Multiple dispatch failed for '{resolve_name(func)}'; all __torch_function__ handlers "
            f"returned NotImplemented:\n\n  - mode object {mode!r}"
        )
    return result


def _seen(direct: Callable[..., Any], name: str) -> Callable[..., Any]:
    @functools.wraps(direct)
    def call(*args: Any, **kwargs: Any) -> Any:
        return _through_modes(call, direct, args, kwargs)

    call.__name__ = name
    return call


def _operator(name: str, direct: Callable[..., Any], method: Callable[..., Any]) -> Any:
    """An operator, which a mode sees as the method that does the same."""
    is_swapped = name.startswith("__r") and name[3:-2] in SYMMETRIC

    @functools.wraps(direct)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not _modes.entered:
            return direct(*args, **kwargs)
        if is_swapped and isinstance(args[1], Tensor):
            args = args[::-1]
        return method(*args, **kwargs)

    return call


def _begin() -> None:
    global _contexts
    with _lock:
        _contexts += 1
        if _contexts == 1:
            _replace()


def _end() -> None:
    global _contexts
    with _lock:
        _contexts -= 1
        if not _contexts:
            while _originals:
                home, name, before, value = _originals.pop()
                if vars(home).get(name) is not value:
                    continue  # replaced again, by what a derived class needs
                if before is None:  # inherited
                    delattr(home, name)
                else:
                    setattr(home, name, before)
            _look_up_again()


def _put(home: Any, name: str, value: Any) -> None:
    _originals.append((home, name, vars(home).get(name), value))
    setattr(home, name, value)


def _replace() -> None:
    methods = {}
    for name in dir(Tensor):
        method = getattr(Tensor, name)
        if isinstance(method, FunctionType) and not name.startswith("_") and name not in OWN:
            methods[name] = _seen(method, name)
    for name, target in {**OPERATORS, "__setitem__": "__setitem__"}.items():
        operator = getattr(Tensor, name)
        is_known = target in methods
        methods[name] = (
            _operator(name, operator, methods[target]) if is_known else _seen(operator, name)
        )
    for name, method in methods.items():
        _put(Tensor, name, method)
    replaced: dict[int, Any] = {}
    for module in _modules():
        for name, value in list(vars(module).items()):
            if isinstance(value, FunctionType) and not name.startswith("_"):
                if value.__name__ in _ABOUT_NO_TENSORS:
                    continue
                _put(module, name, replaced.setdefault(id(value), _seen(value, name)))
    _look_up_again()


def _modules() -> tuple[ModuleType, ...]:
    """The modules of public functions, with all of these imported."""
    package: Any = sys.modules[__package__ or "gpugrad"]
    functional = package.nn.functional
    for name in (*package._FUNCTIONS, *package._HOMES):
        getattr(package, name)
    for name in functional._HOMES:
        getattr(functional, name)
    return package, functional


def _look_up_again() -> None:
    """Let the modules that stand for PyTorch's find what is in the place of functions now."""
    stands = sys.modules.get(f"{__package__}.as_torch")
    if stands is not None:
        stands.look_up_again()


def resolve_name(f: Callable[..., Any]) -> str | None:
    """Under which name a function or a method is known.

    >>> import gpugrad
    >>> gpugrad.overrides.resolve_name(gpugrad.Tensor.retain_grad)
    'torch.Tensor.retain_grad'
    """
    name = getattr(f, "__name__", "")
    package, functional = _modules()
    for prefix, home in (
        ("torch", package),
        ("torch.Tensor", Tensor),
        ("torch.nn.functional", functional),
    ):
        if getattr(home, name, None) is f:
            return f"{prefix}.{name}"
    return None


_ABOUT_NO_TENSORS = frozenset(
    (
        *("is_tensor", "compile", "load", "save", "manual_seed", "seed", "initial_seed"),
        *("set_default_dtype", "get_default_dtype", "set_default_device", "get_default_device"),
        *("is_grad_enabled", "set_grad_enabled", "set_printoptions", "get_printoptions"),
        *("get_num_threads", "set_num_threads", "vmap", "profile", "summary", "typename"),
        *("get_rng_state", "set_rng_state", "is_anomaly_enabled", "is_inference_mode_enabled"),
    )
)
