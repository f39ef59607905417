"""Running a checkpointed function again, to have what its operations saved the first time.

Nodes hold a placeholder for each saved tensor. When backward needs the first of them, the function
runs once more under hooks that hand every tensor to the placeholder in the same position.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from weakref import WeakKeyDictionary, ref

from ..autograd import autocast_mode
from ..autograd.engine import wrap
from ..autograd.grad_mode import enable_grad
from ..autograd.graph import saved_tensors_hooks
from ..autograd.packing import HookPair, Packed, active_hooks
from ..random.state import repeated, snapshot
from ..tensor import Tensor


class CheckpointError(RuntimeError):
    """A checkpointed function did something else when it ran again."""


class RecomputedHooks(saved_tensors_hooks):
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


class Recomputation:
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
            with (
                enable_grad(),
                repeated(self.state),
                casting,
                self.context,
                RecomputedHooks(keep, _same),
            ):
                self.function(*args, **kwargs)
        except _Enough:
            pass
        try:
            self._compare(count, mismatches)
        except CheckpointError:
            self.found.clear()  # a later pass must not take what was refused
            raise

    def _compare(self, count: int, mismatches: list[str]) -> None:
        """Raise CheckpointError if the second run saved other tensors than the first."""
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
