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
from weakref import WeakKeyDictionary, ref

from ..autograd import autocast_mode
from ..autograd.backward_pass import PASS, backward
from ..autograd.engine import wrap
from ..autograd.function import Function
from ..autograd.grad_mode import enable_grad, is_grad_enabled
from ..autograd.graph import HookPair, Packed, active_hooks, saved_tensors_hooks
from ..nn import Module, Sequential
from ..random.state import repeated, snapshot
from ..tensor import Tensor

__all__ = [
    "CheckpointError",
    "checkpoint",
    "checkpoint_sequential",
    "set_checkpoint_early_stop",
]

_early_stop: list[bool] = []
"""What the contexts of :class:`set_checkpoint_early_stop` in force say, innermost last."""

Contexts = tuple[AbstractContextManager[Any], AbstractContextManager[Any]]


class CheckpointError(RuntimeError):
    """A checkpointed function did something else when it ran again."""


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
            "exception. use_reentrant=False is recommended, but if you need to preserve the current default "
            "behavior, you can pass use_reentrant=True. Refer to docs for more details on the "
            "differences between the two variants.",
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
    again = _Repetition(function, args, kwargs, preserve_rng_state, second)
    again.checks = determinism_check == "default"
    again.early_stop = _early_stop[-1] if _early_stop else early_stop
    with first, _Hooks(again.note, again.recall):
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


class _Hooks(saved_tensors_hooks):
    """Hooks whose tensors are computed again, so that in-place changes to them are errors."""

    def __init__(self, pack: Callable[[Any], Any], unpack: Callable[[Any], Any]) -> None:
        self.pair = HookPair(pack, unpack, repeatable=True)


class _Placeholder:
    """Stands in a node for a tensor that is going to be computed again."""

    __slots__ = ("__weakref__", "kind")

    def __init__(self, kind: tuple[Any, ...]) -> None:
        self.kind = kind


class _Enough(BaseException):
    """Ends a repetition that has computed everything needed; no ``except Exception`` stops it."""


class _Repetition:
    """One checkpoint: how to run its function again, and what that run has brought back.

    The nodes hold placeholders, and through them this object; this object knows the placeholders
    weakly. A tensor that was computed again goes when the node that needed it is freed.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        preserve_rng_state: bool,
        context: AbstractContextManager[Any],
    ) -> None:
        self.function, self.context = function, context
        self.args = [_Argument(a) for a in args]
        self.kwargs = {name: _Argument(a) for name, a in kwargs.items()}
        self.state = snapshot() if preserve_rng_state else None
        self.casting = autocast_mode.snapshot()
        self.placeholders: list[ref[_Placeholder]] = []
        self.found: WeakKeyDictionary[_Placeholder, Tensor] = WeakKeyDictionary()
        self.checks = self.early_stop = True

    def note(self, tensor: Tensor) -> _Placeholder:
        """Pack hook of the first run: remember the order of the tensors, and not the tensors."""
        placeholder = _Placeholder(_kind(tensor))
        self.placeholders.append(ref(placeholder))
        return placeholder

    def recall(self, placeholder: _Placeholder) -> Tensor:
        """Unpack hook of the first run."""
        if placeholder not in self.found:
            self.run()
        return self.found[placeholder]

    def run(self) -> None:
        """Run the function again and keep what its operations save."""
        mismatches: list[str] = []
        count = 0

        def keep(tensor: Tensor) -> Tensor:
            nonlocal count
            if count < len(self.placeholders):
                placeholder = self.placeholders[count]()
                if placeholder is not None:
                    self.found[placeholder] = tensor
                    if placeholder.kind != _kind(tensor):
                        mismatches.append(_describe(count, placeholder.kind, _kind(tensor)))
            count += 1
            if self.early_stop and count == len(self.placeholders):
                raise _Enough
            return tensor

        args = [a.value() for a in self.args]
        kwargs = {name: a.value() for name, a in self.kwargs.items()}
        try:
            casting = autocast_mode.restored(self.casting)
            with enable_grad(), repeated(self.state), casting, self.context, _Hooks(keep, _same):
                self.function(*args, **kwargs)
        except _Enough:
            pass
        if count != len(self.placeholders):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation.\n"
                f"Number of tensors saved during forward: {len(self.placeholders)}\n"
                f"Number of tensors saved during recomputation: {count}."
            )
        if mismatches and self.checks:
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have "
                "different metadata than during the forward pass.\n" + "\n".join(mismatches)
            )


class _Argument:
    """An argument kept for the repetition; a tensor goes through the hooks of an outer checkpoint.

    So nested checkpoints keep only the inputs of the outermost one.
    """

    def __init__(self, value: Any) -> None:
        self.packed: Packed | None = None
        self.given = value
        self.tracks: tuple[list[int], int] | None = None
        self.wanted = False
        if isinstance(value, Tensor):
            self.tracks = (value.version, value.version[0])
            self.wanted = value.requires_grad
            hooks = active_hooks()
            if hooks is not None:
                self.packed, self.given = Packed(value.array, hooks), None

    def value(self) -> Any:
        if self.tracks is None:
            return self.given
        counter, stamp = self.tracks
        if counter[0] != stamp:
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an "
                f"inplace operation: an argument of a checkpointed function is at version "
                f"{counter[0]}; expected version {stamp} instead."
            )
        if self.packed is None:
            return self.given
        return wrap(self.packed.array()).requires_grad_(self.wanted)


def _same(tensor: Tensor) -> Tensor:
    return tensor


def _kind(tensor: Tensor) -> tuple[Any, ...]:
    return tuple(tensor.shape), tensor.dtype, tensor.device


def _describe(number: int, saved: tuple[Any, ...], again: tuple[Any, ...]) -> str:
    names = ("shape", "dtype", "device")
    before, after = (dict(zip(names, kind, strict=True)) for kind in (saved, again))
    return f"tensor at position {number}:\nsaved metadata: {before}\nrecomputed metadata: {after}"


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
