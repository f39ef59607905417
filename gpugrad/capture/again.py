"""Second derivatives of what a compiled function returns.

A replay has no graph, only its derivative, which is a replay, too. Where that derivative is to be
differentiated itself, the call is made once more in eager mode, with the random numbers that it
had, and the graph that comes of it is gone through instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ..autograd.backward_pass import grad
from ..autograd.engine import TensorBase
from ..autograd.grad_mode import enable_grad
from ..backend.primitives import Array
from .effects import agree, coarsest, written
from .structure import flat, tensors_in
from .trace import Trace


class Call:
    """A call that was replayed, kept for as long as its results may be differentiated.

    Args:
        trace: what is replayed.
        function, args, kwargs: what was called.
        ends: what the results can be differentiated by.
    """

    __slots__ = ("_args", "_function", "_kwargs", "_marks", "_trace", "ends")

    def __init__(
        self,
        trace: Trace,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        ends: Sequence[TensorBase],
    ) -> None:
        self._trace, self._function, self._args, self._kwargs = trace, function, args, kwargs
        self.ends = ends
        self._marks = [(stream, stream.mark()) for stream in trace.streams]

    def gradients(self, results: Sequence[Array], grads: Sequence[Any]) -> tuple[Any, ...]:
        """The gradients of ``ends``, as tensors that can be differentiated again.

        Args:
            results: the arrays that the replay gave, of the results that want gradients.
            grads: their gradients, tensors or None.

        Raises:
            RuntimeError: the call cannot be made again, or gives something else now.
        """
        trace, backend = self._trace, self._trace.recorder.backend
        if any(entry.after is not entry.before for entry in trace.leaves):
            raise RuntimeError(
                "a compiled function that calls backward() itself can be differentiated once: for "
                "create_graph=True, take the derivatives inside of the compiled function"
            )
        with self._as_it_was():
            returned = self._function(*self._args, **self._kwargs)
        wanted = [
            tensor
            for tensor, slot in zip(tensors_in(returned), trace.slots, strict=True)
            if slot.wants_grad
        ]
        least = coarsest(trace)
        if not all(
            agree(backend, a, t.array, least=least) for a, t in zip(results, wanted, strict=True)
        ):
            raise RuntimeError(
                "a compiled function is made again for create_graph=True, and gives another "
                "result now: something that it works on has changed since it was called, such as "
                "an argument or a parameter that was modified by an inplace operation"
            )
        pairs = [(t, g) for t, g in zip(wanted, grads, strict=True) if g is not None]
        return grad(
            [t for t, _ in pairs],
            list(self.ends),
            [g for _, g in pairs],
            create_graph=True,
            allow_unused=True,
        )

    @contextmanager
    def _as_it_was(self) -> Iterator[None]:
        """Gradients on, and the random numbers of the call; what it changes is put back."""
        backend = self._trace.recorder.backend
        arrays = written(self._trace, self._trace.tensors(flat(self._args, self._kwargs)))
        copies = [backend.copy(array) for array in arrays]
        now = [(stream, stream.mark()) for stream, _ in self._marks]
        for stream, mark in self._marks:
            stream.go_back(mark)
        try:
            with enable_grad():
                yield
        finally:
            for stream, mark in now:
                stream.go_back(mark)
            for array, copied in zip(arrays, copies, strict=True):
                backend.copy(copied, array)
