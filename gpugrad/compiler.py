"""``gpugrad.compile``: a function, a module or a whole training step, traced once and replayed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from . import as_torch
from .backend import recording
from .backend.noted_steps import CaptureError as CaptureError
from .capture.compiled import CompiledFunction
from .capture.structure import mapped, tensors_in
from .nn.module import Module
from .ops.joining import stack


class OptimizedModule(Module):
    """A module whose calls are replayed; ``_orig_mod`` is the module itself."""

    def __init__(self, module: Module, compiled: CompiledFunction) -> None:
        super().__init__()
        self._orig_mod = module
        self.__dict__["_compiled"] = compiled
        self.__dict__["training"] = module.training

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.__dict__["_compiled"](*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        if "_orig_mod" not in self.__dict__:  # while it is made
            raise AttributeError(name)
        return getattr(self.__dict__["_orig_mod"], name)


def compile(
    model: Any = None,
    *,
    fullgraph: bool | None = None,
    dynamic: bool | None = None,
    backend: str = "gpugrad",
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    disable: bool = False,
    verify: bool = True,
    steps_per_call: int | None = None,
) -> Any:
    """A function that does what ``model`` does, by replaying what it did before.

    The first call runs as usual. The second and the third do too, and are written down: which
    primitives work on which memory. If both did the same, later calls carry out that list, with
    memory planned beforehand, and without Python's share of the work; else the fourth call is
    compared with the third, and another difference is an error. ``model`` may be a whole
    training step, with ``zero_grad``, forward, ``backward`` and the optimizer's ``step``; or a
    forward function or module, whose results then take part in gradients as usual. Their second
    derivatives (``create_graph=True``) make the call again in eager mode.

    A list is made for each kind of arguments: shapes, types and devices of tensors, values of
    numbers and strings, other objects themselves; and for grad mode and whether there are
    gradients. Lists, tuples, dictionaries and dataclasses of tensors may be nested, in arguments
    and results. A list is made anew when something else changes that it took for granted: the
    globals and free variables that the function mentions, and the functions of its module that it
    calls, with numbers in dictionaries, lists and attributes; modules' parameters and train/eval
    flags; the optimizer's options. A learning rate may change freely, and so may the numbers among
    an optimizer's other options, such as momentum, betas and weight decay, once one of them has
    been seen to change: at its first change, the step is traced anew. **What Python itself does is
    not repeated**: prints, counters, appending to lists.

    Values may be read, and masks used as indices, where they follow from nothing but tensors that
    are the same in every call, such as a mask that is made once: a list stands until somebody
    writes into those. State belongs in memory that every call writes into, with ``copy_`` or
    ``add_``: an attribute that every call assigns anew is an error.

    Results are copies, which later calls do not change. Random numbers go on as in eager mode. The
    environment variable ``GPUGRAD_COMPILE=0`` switches all of it off.

    Args:
        model: a function or :class:`~gpugrad.nn.Module`. None gives a decorator.
        fullgraph: raise where the function cannot be captured, because it reads values
            (``item()``, ``if tensor:``) or does something else in each call. False runs such a
            function as usual, with one warning. The default is True, but PyTorch's, False, where
            this package stands for PyTorch, as under ``gpugrad run``.
        dynamic, backend, mode, options: accepted for PyTorch's sake, and ignored.
        disable: return ``model`` as it is.
        verify: compare the first replay with the call that it stands for.
        steps_per_call: so many steps in one call, on a GPU in one launch: each tensor argument has
            a leading dimension of this size, of which every step gets its part, and the results
            are stacked. For many small batches of data that is on the device already.

    Raises:
        CaptureError: with ``fullgraph``, while the function is traced.
        ValueError: ``steps_per_call`` is not positive; when called, a tensor of another leading
            size.

    >>> import gpugrad
    >>> w = gpugrad.ones(2, requires_grad=True)
    >>> @gpugrad.compile
    ... def step(x):
    ...     loss = (w * x).sum()
    ...     w.grad = None
    ...     loss.backward()
    ...     with gpugrad.no_grad():
    ...         w.sub_(w.grad, alpha=0.1)
    ...     return loss.detach()
    >>> [round(step(gpugrad.tensor([1.0, 2.0])).item(), 4) for _ in range(5)]
    [3.0, 2.5, 2.0, 1.5, 1.0]
    """
    if model is None:
        return functools.partial(
            compile,
            fullgraph=fullgraph,
            disable=disable,
            verify=verify,
            steps_per_call=steps_per_call,
        )
    if steps_per_call is not None:
        model = _repeated(model, steps_per_call)
    if disable:
        return model
    fallback = as_torch.installed() if fullgraph is None else not fullgraph
    if isinstance(model, Module):
        compiled = CompiledFunction(model.__call__, fallback, verify)
        return OptimizedModule(model, compiled)
    if not callable(model):
        raise TypeError(f"compile takes a function or a module, got {type(model).__name__}")
    return CompiledFunction(model, fallback, verify)


def _repeated(step: Callable[..., Any], count: int) -> Callable[..., Any]:
    """A function that takes ``count`` steps, each with its part of the arguments."""
    if count < 1:
        raise ValueError(f"steps_per_call must be positive, got {count}")

    @functools.wraps(step)
    def steps(*args: Any, **kwargs: Any) -> Any:
        for tensor in tensors_in((args, kwargs)):
            if tensor.dim() == 0 or tensor.size(0) != count:
                raise ValueError(
                    f"with steps_per_call={count}, every tensor needs a leading dimension of this "
                    f"size, got shape {tuple(tensor.shape)}"
                )
        results = []
        for k in range(count):
            mine, named = mapped((args, kwargs), itemgetter(k))
            results.append(step(*mine, **named))
        parts = [list(tensors_in(result)) for result in results]
        stacked = iter([stack(list(same)) for same in zip(*parts, strict=True)])
        return mapped(results[0], lambda _: next(stacked))

    return steps


def is_compiling() -> bool:
    """Whether the caller is being written down by :func:`gpugrad.compile`.

    >>> import gpugrad
    >>> gpugrad.compiler.is_compiling()
    False
    """
    return recording.current() is not None


def disable(
    function: Callable[..., Any] | None = None, recursive: bool = True, *, reason: str | None = None
) -> Any:
    """PyTorch's decorator for what is not to be compiled: here such a call raises while tracing.

    >>> import gpugrad
    >>> @gpugrad.compiler.disable
    ... def show(x):
    ...     print(x.sum().item())
    >>> show(gpugrad.ones(2))
    2.0
    """
    if function is None:
        return disable

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        recorder = recording.current()
        if recorder is not None:
            recorder.fail(
                f"{function.__qualname__} is not to be compiled, called at {recording.user_line()}"
            )
        return function(*args, **kwargs)

    return call


def reset() -> None:
    """Accepted for PyTorch's sake: each compiled function keeps its own plans, which go with it."""


def cudagraph_mark_step_begin() -> None:
    """Accepted for PyTorch's sake: results are copies, which later calls do not change."""


def list_backends(exclude_tags: Any = None) -> list[str]:
    """The names that :func:`compile` takes for ``backend``; all of them mean the same.

    >>> import gpugrad
    >>> gpugrad.compiler.list_backends()
    ['gpugrad']
    """
    return ["gpugrad"]


def is_dynamo_compiling() -> bool:
    """:func:`is_compiling` under its older name."""
    return is_compiling()


def allow_in_graph(fn: Any) -> Any:
    """The function as it is: what it does is written down like everything else."""
    return fn


assume_constant_result = allow_in_graph
