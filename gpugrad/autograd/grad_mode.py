"""Whether operations are recorded: ``no_grad`` and its relatives, each thread on its own."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class _Mode(threading.local):
    enabled = True
    inference = False


mode = _Mode()
"""The current thread's mode; the engine reads ``mode.enabled`` at every operation."""


class _GradContext:
    """A context manager and decorator that sets the mode and puts the former one back."""

    former: bool

    def _value(self) -> bool:
        raise NotImplementedError

    def __enter__(self) -> None:
        self.former = mode.enabled
        mode.enabled = self._value()

    def __exit__(self, *_: object) -> None:
        mode.enabled = self.former

    def __call__(self, function: F) -> F:
        if inspect.isgeneratorfunction(function):
            return self._generator(function)  # type: ignore[return-value]  # wraps keeps it

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with self._fresh():
                return function(*args, **kwargs)

        return wrapper  # type: ignore[return-value]  # wraps keeps the signature

    def _generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A generator has the mode only while it runs, not while its user does."""

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            resume = functools.partial(next, generator)
            while True:
                try:
                    with self._fresh():
                        item = resume()
                except StopIteration as end:
                    return end.value
                try:
                    sent = yield item
                except GeneratorExit:
                    with self._fresh():
                        generator.close()
                    raise
                except BaseException as error:
                    resume = functools.partial(generator.throw, error)
                else:
                    resume = functools.partial(generator.send, sent)

        return wrapper

    def _fresh(self) -> _GradContext:
        return self.__class__()


class _BareContext(_GradContext):
    """A context that also decorates without parentheses: ``@no_grad``."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Self:
        self: Any = object.__new__(cls)
        made: Self = self if function is None else self(function)
        return made


class no_grad(_BareContext):
    """Switch recording off inside ``with gpugrad.no_grad():`` or a decorated function.

    >>> import gpugrad
    >>> x = gpugrad.ones(2, requires_grad=True)
    >>> with gpugrad.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def _value(self) -> bool:
        return False


class enable_grad(_BareContext):
    """Switch recording on again inside a ``no_grad`` region.

    >>> import gpugrad
    >>> x = gpugrad.ones(2, requires_grad=True)
    >>> with gpugrad.no_grad(), gpugrad.enable_grad():
    ...     y = x * 2
    >>> y.requires_grad
    True
    """

    def _value(self) -> bool:
        return True


class set_grad_enabled(_GradContext):
    """Set the mode at once, and put the former one back if used as a context manager.

    >>> import gpugrad
    >>> with gpugrad.set_grad_enabled(False):
    ...     gpugrad.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self.before = _swap(self.mode)

    def __enter__(self) -> None:
        self.former = self.before
        mode.enabled = self.mode

    def __call__(self, function: F) -> F:
        mode.enabled = self.before  # a decorator must not change the mode around it
        return super().__call__(function)

    def _fresh(self) -> set_grad_enabled:
        return set_grad_enabled(self.mode)


class inference_mode(_GradContext):
    """Like ``no_grad``; tensors made inside never require gradients.

    Args:
        mode: False makes it the opposite, as in PyTorch.

    >>> import gpugrad
    >>> with gpugrad.inference_mode():
    ...     y = gpugrad.ones(2, requires_grad=True) * 2
    >>> y.requires_grad, y.is_inference()
    (False, True)
    """

    def __new__(cls, mode: Any = True) -> Self:
        self: Any = object.__new__(cls)
        if not isinstance(mode, bool):  # used as a bare decorator: @inference_mode
            self.__init__()
            self = self(mode)
        made: Self = self
        return made

    def __init__(self, mode: bool = True) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        from . import inference  # which is made of tensors

        self.leave = inference.left
        self.former, self.former_inference = mode.enabled, mode.inference
        mode.inference = self.mode
        mode.enabled = not self.mode
        inference.entered()

    def __exit__(self, *_: object) -> None:
        mode.enabled, mode.inference = self.former, self.former_inference
        self.leave()

    def _fresh(self) -> inference_mode:
        return inference_mode(self.mode)


def _swap(enabled: bool) -> bool:
    before, mode.enabled = mode.enabled, enabled
    return before


def is_grad_enabled() -> bool:
    """Whether operations are recorded at present.

    >>> import gpugrad
    >>> gpugrad.is_grad_enabled()
    True
    """
    return mode.enabled


def is_inference_mode_enabled() -> bool:
    """Whether the code runs inside ``inference_mode``."""
    return mode.inference
