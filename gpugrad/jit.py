"""PyTorch's TorchScript by name: programs that ask for it run as they are, in Python.

TorchScript compiles Python to a language of its own. Here is no such language: :func:`script` and
:func:`trace` give back what they get, decorators leave functions alone, and the questions that
programs ask (:func:`is_scripting`) are answered with no. :func:`gpugrad.compile` is what makes
programs faster. :func:`save` and :func:`load` keep whole modules as :func:`gpugrad.save` does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

from .device import device
from .nn.module import Module
from .serialization import load as _load
from .serialization import save as _save

T = TypeVar("T")

__all__ = [
    "Attribute",
    "Final",
    "Future",
    "ScriptFunction",
    "ScriptModule",
    "annotate",
    "export",
    "fork",
    "freeze",
    "ignore",
    "interface",
    "is_scripting",
    "is_tracing",
    "load",
    "optimize_for_inference",
    "optimized_execution",
    "save",
    "script",
    "script_if_tracing",
    "script_method",
    "trace",
    "trace_module",
    "unused",
    "wait",
]

ScriptModule = Module
ScriptFunction = Callable[..., Any]


def script(obj: T, *args: Any, **kwargs: Any) -> T:
    """The function, class or module that is given, as it is.

    >>> import gpugrad
    >>> @gpugrad.jit.script
    ... def double(x: gpugrad.Tensor) -> gpugrad.Tensor:
    ...     return x * 2
    >>> double(gpugrad.ones(2))
    tensor([2., 2.])
    """
    return obj


def trace(func: T, example_inputs: Any = None, *args: Any, **kwargs: Any) -> T:
    """The function or module that is given, called once with the example, as in PyTorch.

    Unlike a trace, the result still follows its Python code for each input.

    Args:
        example_inputs: a tensor, or a tuple of the arguments.
        kwargs: ``example_kwarg_inputs`` are keyword arguments of the call; others are ignored.
    """
    named = kwargs.get("example_kwarg_inputs")
    if example_inputs is not None or named:
        given = example_inputs if isinstance(example_inputs, (tuple, list)) else (example_inputs,)
        func(*(() if example_inputs is None else given), **(named or {}))  # type: ignore[operator]
    return func


def trace_module(mod: T, inputs: dict[str, Any], *args: Any, **kwargs: Any) -> T:
    """:func:`trace` for the methods of a module, by name."""
    for name, example in inputs.items():
        trace(getattr(mod, name), example)
    return mod


# --- marks on functions ---------------------------------------------------------------------------


def export(fn: T) -> T:
    """The function as it is: nothing has to be marked."""
    return fn


unused = interface = script_method = script_if_tracing = export


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """The function as it is, as ``@ignore`` or ``@ignore(drop=...)``."""
    return drop if callable(drop) else export


def annotate(the_type: Any, the_value: T) -> T:
    """The value: Python needs no declared type."""
    return the_value


def Attribute(value: T, type: Any) -> T:  # noqa: N802  # PyTorch's name
    """The value: Python needs no declared type."""
    return value


def is_scripting() -> bool:
    """False: functions run as Python."""
    return False


def is_tracing() -> bool:
    """False: functions run as Python."""
    return False


@contextlib.contextmanager
def optimized_execution(should_optimize: bool) -> Iterator[None]:
    """A context without effect."""
    yield


# --- modules --------------------------------------------------------------------------------------


def freeze(mod: Module, *args: Any, **kwargs: Any) -> Module:
    """The module as it is.

    Raises:
        RuntimeError: it is in training mode.
    """
    if mod.training:
        raise RuntimeError(
            "Freezing is currently only implemented for modules in eval mode. Please call "
            ".eval() on your module before freezing."
        )
    return mod


def optimize_for_inference(mod: Module, *args: Any, **kwargs: Any) -> Module:
    """The module as it is, in eval mode."""
    return mod.eval()


def save(m: Module, f: Any, *args: Any, **kwargs: Any) -> None:
    """Save a whole module, as :func:`gpugrad.save` does: classes by name, not by their code.

    The file is no TorchScript archive and PyTorch does not read it.
    """
    _save(m, f)


def load(f: Any, map_location: str | device | None = None, *args: Any, **kwargs: Any) -> Any:
    """Load a module that :func:`save` saved.

    As with ``gpugrad.load(..., weights_only=False)``, load only files that you trust. TorchScript
    archives cannot be read.
    """
    return _load(f, map_location=map_location, weights_only=False)


# --- tasks ----------------------------------------------------------------------------------------


class Future:
    """The result of :func:`fork`, which is there already."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def wait(self) -> Any:
        return self._value

    def value(self) -> Any:
        return self._value

    def done(self) -> bool:
        return True


def fork(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Future:
    """Call the function now and keep its result, as PyTorch does outside of a script."""
    return Future(func(*args, **kwargs))


def wait(future: Future) -> Any:
    """What the function of :func:`fork` returned."""
    return future.wait()
