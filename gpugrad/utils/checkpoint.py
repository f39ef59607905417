"""Checkpointing: save memory by computing a part of the model again in the backward pass.

What operations inside a checkpoint save for backward is not kept. When backward first needs any of
it, the function runs again from its inputs, with the same random numbers, and what it saves on that
run is used.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from ..autograd import autocast_mode
from ..autograd.backward_pass import PASS, backward
from ..autograd.function import Function
from ..autograd.grad_mode import enable_grad, is_grad_enabled
from ..nn import Module, Sequential
from ..random.state import repeated, snapshot
from ..tensor import Tensor
from .recomputation import CheckpointError, Recomputation, RecomputedHooks

__all__ = [
    "CheckpointError",
    "checkpoint",
    "checkpoint_sequential",
    "set_checkpoint_early_stop",
]

_early_stop: list[bool] = []
"""What the contexts of :class:`set_checkpoint_early_stop` in force say, innermost last."""

Contexts = tuple[AbstractContextManager[Any], AbstractContextManager[Any]]


def noop_context_fn() -> Contexts:
    """Two contexts that do nothing, for the function and its repetition."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    context_fn: Callable[[], Contexts] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)``, computed again in the backward pass instead of remembered.

    Args:
        function: whatever is computed from tensors; it must do the same when called twice.
        use_reentrant: False (recommended) stores placeholders in the graph, and works with
            ``autograd.grad``, keyword arguments and higher derivatives. True records nothing on
            the first run and runs a backward pass of its own; an argument must require gradients.
        preserve_rng_state: draw the same random numbers on both runs, on all devices.
        context_fn: gives two context managers, one for each run.
        determinism_check: ``"default"`` compares shapes, types and devices of what both runs save;
            ``"none"`` does not.
        debug: accepted; the error of the check always names the tensors.
        early_stop: end the repetition as soon as everything needed is there.

    Returns:
        What ``function`` returns.

    Raises:
        ValueError: keyword arguments for ``function``, ``context_fn`` or ``debug`` together with
            ``use_reentrant=True``, or an unknown ``determinism_check``.
        CheckpointError: in backward, if the second run saved other tensors than the first.
        RuntimeError: in backward, if an argument was changed in place.

    The method is that of Chen et al., "Training Deep Nets with Sublinear Memory Cost" (2016).

    >>> import gpugrad
    >>> from gpugrad.utils.checkpoint import checkpoint
    >>> x = gpugrad.tensor([0.0, 1.0], requires_grad=True)
    >>> checkpoint(lambda t: t.sin().exp(), x, use_reentrant=False).sum().backward()
    >>> x.grad
    tensor([1.0000, 1.2534])
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. "
            "Starting in PyTorch 2.9, calling checkpoint without use_reentrant will raise an "
            "exception. use_reentrant=False is recommended, but if you need to preserve the "
            "current default behavior, you can pass use_reentrant=True. Refer to docs for more "
            "details on the differences between the two variants.",
            stacklevel=2,
        )
        use_reentrant = True
    if use_reentrant:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn is not noop_context_fn or debug:
            raise ValueError(
                "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
            )
        if is_grad_enabled() and not any(isinstance(a, Tensor) and a.requires_grad for a in args):
            warnings.warn(
                "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2
            )
        return _Reentrant.apply(function, preserve_rng_state, *args)
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"determinism_check should be one of ['default', 'none'] but got {determinism_check}"
        )
    first, second = context_fn()
    if not is_grad_enabled():
        with first:
            return function(*args, **kwargs)
    again = Recomputation(function, args, kwargs, preserve_rng_state, second)
    again.checks = determinism_check == "default"
    again.early_stop = _early_stop[-1] if _early_stop else early_stop
    with first, RecomputedHooks(again.note, again.recall):
        return function(*args, **kwargs)


class set_checkpoint_early_stop:  # noqa: N801  # PyTorch's name
    """Say for all checkpoints made in a ``with`` block whether their repetitions stop early.

    Args:
        enable: end a repetition as soon as everything needed is there.

    >>> import gpugrad
    >>> from gpugrad.utils.checkpoint import checkpoint, set_checkpoint_early_stop
    >>> x = gpugrad.ones(2, requires_grad=True)
    >>> with set_checkpoint_early_stop(False):
    ...     y = checkpoint(gpugrad.sin, x, use_reentrant=False)
    """

    def __init__(self, enable: bool) -> None:
        self.enable = enable

    def __enter__(self) -> None:
        _early_stop.append(self.enable)

    def __exit__(self, *_: object) -> None:
        _early_stop.pop()


class _Reentrant(Function):
    """The function as one node, whose backward pass records the function and goes back through."""

    @staticmethod
    def forward(ctx: Any, function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        ctx.function = function
        ctx.state = snapshot() if preserve else None
        ctx.casting = autocast_mode.snapshot()
        ctx.save_for_backward(*(a if isinstance(a, Tensor) else None for a in args))
        ctx.others = [None if isinstance(a, Tensor) else a for a in args]
        return function(*args)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        if PASS.is_partial:
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or "
                "passing an `inputs` parameter to .backward(). To resolve this error, you can "
                "either set use_reentrant=False, or call .backward() without passing the `inputs` "
                "argument."
            )
        args = [
            other if tensor is None else tensor.detach().requires_grad_(tensor.requires_grad)
            for tensor, other in zip(ctx.saved_tensors, ctx.others, strict=True)
        ]
        with enable_grad(), repeated(ctx.state), autocast_mode.restored(ctx.casting):
            outputs = ctx.function(*args)
        results = outputs if isinstance(outputs, tuple) else (outputs,)
        wanted = [
            (result, grad)
            for result, grad in zip(results, grads, strict=True)
            if isinstance(result, Tensor) and result.requires_grad
        ]
        if not wanted:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        backward([result for result, _ in wanted], [grad for _, grad in wanted])
        return None, None, *(a.grad if isinstance(a, Tensor) else None for a in args)


def checkpoint_sequential(
    functions: Sequential | Sequence[Callable[[Any], Any]],
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
) -> Any:
    """A sequence of modules in segments, of which all but the last are checkpointed.

    Args:
        functions: a ``Sequential``, or functions of one argument, applied one after the other.
        segments: how many parts of about equal length.
        input: what the first function gets.
        use_reentrant, preserve_rng_state: as for :func:`checkpoint`.

    >>> import gpugrad
    >>> from gpugrad.utils.checkpoint import checkpoint_sequential
    >>> model = gpugrad.nn.Sequential(*[gpugrad.nn.Linear(3, 3) for _ in range(4)])
    >>> checkpoint_sequential(model, 2, gpugrad.ones(1, 3), use_reentrant=False).shape
    torch.Size([1, 3])
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be "
            "passed explicitly. use_reentrant=False is recommended, but if you need to preserve "
            "the current default behavior, you can pass use_reentrant=True.",
            stacklevel=2,
        )
        use_reentrant = True
    steps: list[Callable[[Any], Any]] = list(
        functions.children() if isinstance(functions, Module) else functions
    )

    def part(start: int, stop: int) -> Callable[[Any], Any]:
        def run(value: Any) -> Any:
            for step in steps[start:stop]:
                value = step(value)
            return value

        return run

    size = len(steps) // segments
    stop = 0
    for start in range(0, size * (segments - 1), size or 1):
        stop = start + size
        input = checkpoint(
            part(start, stop),
            input,
            use_reentrant=use_reentrant,
            preserve_rng_state=preserve_rng_state,
        )
    return part(stop, len(steps))(input)
