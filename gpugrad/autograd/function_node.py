"""What one application of a ``Function`` leaves behind: its ``ctx`` and its node in the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ..backend import BACKENDS
from .engine import CONSTANT, Node, Output, TensorBase, wrap
from .grad_mode import mode
from .propagation import FREED
from .saved_values import changed_since_saved

if TYPE_CHECKING:
    from .function import Function


class FunctionCtx:
    """What ``forward`` and ``backward`` of one application share: the ``ctx`` argument.

    Users set whatever attributes they like on it, and save tensors with
    :meth:`save_for_backward`. It also shows what the application's node in the graph shows. Each
    function has a class of its own for it, which bears the node's name.
    """

    needs_input_grad: tuple[bool, ...] = ()
    to_save: tuple[Any, ...] = ()
    dirty: tuple[Any, ...] = ()
    non_differentiable: tuple[Any, ...] = ()
    materialize_grads = True
    _node: Any = None
    """The node, weakly: there is no reference cycle."""

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for ``backward``, where ``ctx.saved_tensors`` gives them."""
        for number, tensor in enumerate(tensors):
            if tensor is not None and not isinstance(tensor, TensorBase):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument {number} is of type "
                    f"{type(tensor).__name__}"
                )
        self.to_save = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Accepted for PyTorch's sake; forward-mode derivatives read ``saved_tensors`` too."""

    def mark_dirty(self, *tensors: Any) -> None:
        """Say which inputs ``forward`` changed in place; it must return them."""
        self.dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say which results have no gradient."""
        self.non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether ``backward`` gets zeros (the default) or None for results that were not used."""
        self.materialize_grads = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        if self._node is None:
            return self.to_save
        node = self._node()
        return () if node is None else node.restored()

    def name(self) -> str:
        """The node's name."""
        return type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that this one passes gradients to, each with its output number."""
        node = None if self._node is None else self._node()
        return () if node is None else node.next_functions


class FunctionNode(Node):
    """The graph node of one application of a :class:`Function`.

    It shows the attributes of ``ctx`` as its own.
    """

    __slots__ = (
        "ctx",
        "function",
        "input_count",
        "input_shapes",
        "outputs",
        "saved",
        "tensor_positions",
    )

    shown_in = "torch.autograd.function."

    ctx: Any
    function: type[Function]
    input_count: int
    input_shapes: list[tuple[tuple[int, ...], Any]]
    outputs: list[tuple[tuple[int, ...], Any] | None]
    saved: tuple[Any, ...] | None
    tensor_positions: list[int]
    returns_fresh = False
    saves: ClassVar[dict[str, int]] = {"saved": CONSTANT}

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if name in FunctionNode.__slots__:
                raise AttributeError(name)
            return getattr(self.ctx, name)

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        return self.restored()

    def name(self) -> str:
        return self.function.__name__ + "Backward"

    def restored(self) -> tuple[Any, ...]:
        result: list[Any] = []
        for entry in self.checked_entries():
            if entry is None:
                result.append(None)
            else:
                tensor, _, _, own = entry
                result.append(self._output(tensor, own) if own is not None else tensor)
        return tuple(result)

    def checked_entries(self) -> tuple[Any, ...]:
        """What is saved, checked against in-place changes."""
        if self.saved is None:
            raise RuntimeError(FREED)
        for entry in self.saved:
            if entry is None:
                continue
            tensor, counter, stamp, own = entry
            if counter[0] != stamp:
                if own is None:
                    array, maker = getattr(tensor, "array", tensor), getattr(tensor, "node", None)
                else:
                    array, maker = tensor, self
                raise changed_since_saved(array, maker, own or 0, counter[0], stamp, self)
        return self.saved

    def _output(self, array: Any, number: int) -> Any:
        # A saved result is kept as an array: kept as a tensor, it would keep this node alive.
        tensor = wrap(array)
        if len(self.outputs) == 1:
            tensor.node = self
        else:
            tensor.node = Output.of(self, number, len(self.outputs))
        tensor.needs_grad = True
        return tensor

    def lifted(self) -> Node:
        return self

    def release(self) -> None:
        self.saved = None  # the error is left to whoever asks for what was saved

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        grads = grad if isinstance(grad, list) else [grad]
        create = any(isinstance(g, TensorBase) for g in grads)
        given = []
        for g, form in zip(grads, self.outputs, strict=True):
            if g is None and self.ctx.materialize_grads and form is not None:
                sample = next(g for g in grads if g is not None)
                array = sample.array if isinstance(sample, TensorBase) else sample
                g = wrap(BACKENDS[type(array)].zeros(*form))
            elif g is not None and not isinstance(g, TensorBase):
                g = wrap(BACKENDS[type(g)].asarray(g))
            given.append(g)
        before, mode.enabled = mode.enabled, create
        try:
            results = self.function.derivative()(self.ctx, *given)
        finally:
            mode.enabled = before
        if not isinstance(results, tuple):
            results = (results,)
        total = self.input_count
        while len(results) > total and results[-1] is None:
            results = results[:-1]
        if len(results) != total:
            raise RuntimeError(
                f"function {self.name()} returned an incorrect number of gradients (expected "
                f"{total}, got {len(results)})"
            )
        picked = [results[i] for i in self.tensor_positions]
        return tuple(self._check(i, r, create) for i, r in enumerate(picked))

    def _check(self, number: int, result: Any, create: bool) -> Any:
        if result is None:
            return None
        if not isinstance(result, TensorBase):
            raise RuntimeError(f"expected Variable or None (got {type(result).__name__})")
        shape, dtype = self.input_shapes[number]
        if result.array.shape != shape:
            try:
                result = result.sum_to_size(shape)
            except RuntimeError:
                raise RuntimeError(
                    f"Function {self.name()} returned an invalid gradient at index {number} - got "
                    f"{list(result.array.shape)} but expected shape compatible with {list(shape)}"
                ) from None
        if result.array.dtype != dtype:
            result = BACKENDS[type(result)].cast(result, dtype)
        return result if create else result.array
