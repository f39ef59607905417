"""The engine's core: graph nodes, made by applying ops to tensors.

A :class:`Node` is one application of an op. It points to its inputs through ``edges`` (a node, or
a leaf tensor, or None where no gradient is wanted) and keeps what its ``backward`` needs. Nodes
are numbered as they are made, so descending numbers are a topological order. Nothing points from a
leaf to the graph or from a node to its output tensor: a step's graph is freed by reference counting
alone.

The same ``backward`` methods serve raw arrays and, under ``create_graph=True``, tensors: they get
the namespace ``xp`` that fits what they are given.

What ops need beside nodes can be imported from here too: tensors as the engine knows them
(``tensor_base.py``), and the words for what nodes save (``saved_values.py``).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..backend import BACKENDS, device_of
from ..backend.primitives import Array
from .grad_mode import mode
from .inspected import AccumulateGrad, Inspected
from .observers import OBSERVERS, observe
from .saved_values import CONSTANT as CONSTANT
from .saved_values import OUTPUT as OUTPUT
from .saved_values import SHORTCUT as SHORTCUT
from .saved_values import Guards, SavedValues, changed_since_saved
from .tensor_base import TensorBase as TensorBase
from .tensor_base import _new as _new
from .tensor_base import differentiable as differentiable
from .tensor_base import wrap as wrap
from .views import make_view, refresh

_sequence = itertools.count(1)


class Node(SavedValues, Inspected):
    """One application of an op: subclass it with ``forward`` and ``backward``.

    ``forward(self, xp, *inputs)`` gets raw arrays (and whatever else was passed to
    :meth:`apply`) and returns an array, or a tuple of arrays if ``outputs`` says so.
    ``backward(self, xp, grad)`` returns one gradient for each tensor input, None where there is
    none. What ``forward`` stores on ``self`` and ``backward`` reads must be named in ``saves``.
    """

    __slots__ = ("__weakref__", "edges", "guards", "hooks", "sequence")

    is_view: ClassVar[bool] = False
    """Whether the result shares memory with the first input."""
    is_flat: ClassVar[bool] = False
    """Whether the gradient depends on the first input in steps only, with the derivative zero."""
    returns_fresh: ClassVar[bool] = True
    """Whether ``backward`` returns arrays that nobody else holds (or the incoming gradient)."""

    edges: tuple[Node | TensorBase | None, ...]
    guards: Guards | None
    """Name, version list and expected version of each saved tensor; None once they are freed."""
    hooks: dict[int, Callable[[Any], Any]] | None
    sequence: int

    if TYPE_CHECKING:  # ops keep what they like in slots of their own

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__name__ != "Output":
            name = cls.__dict__.get("torch_name", cls.__name__)
            cls.__name__ = (
                name if "Backward" in name or name == "CopySlices" else name + "Backward0"
            )
        cls._show_saved()
        cls.guard()
        bases = [base for base in cls.__mro__ if base not in Node.__mro__]
        slots = [slot for base in bases for slot in base.__dict__.get("__slots__", ())]
        cls.carried = tuple(slot for slot in slots if slot not in cls.saves)

    def forward(self, xp: Any, *inputs: Any) -> Any:
        raise NotImplementedError

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        raise NotImplementedError

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that this one passes gradients to, each with its output number."""
        return tuple(_function_of(edge) for edge in self.edges)

    # --- forward ---------------------------------------------------------------------------------

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        """Run ``forward`` on the inputs' arrays and record the node if gradients are wanted.

        Tensor inputs come first; what follows them is passed to ``forward`` as it is.
        """
        first = inputs[0]
        array = first.array
        kind = type(array)
        xp = BACKENDS[kind]
        node = cls()
        if len(inputs) > 1 and isinstance(inputs[1], TensorBase):
            return node._apply_to_several(xp, inputs)
        out = node.forward(xp, array, *inputs[1:])
        if type(out) is not kind:
            if type(out) is tuple:
                return node._record_many(xp, inputs, (first,), out)
            out = xp.asarray(out)
        result = wrap(out)
        if mode.enabled:
            if first.view_of is not None and first.version[1] != first.rebased:
                refresh(first)
            if first.needs_grad and out.dtype.kind in "fV":
                node.edges = (first.node or first,)
                node.sequence = next(_sequence)
                node.hooks = None
                node.guards = node._guards((first,), result, False) if cls.guarded else ()
                result.node = node
                result.needs_grad = True
                if OBSERVERS:
                    observe(node, result)
        if cls.is_view:
            make_view(result, first, cls, inputs[1:], None)
        return result

    def _apply_to_several(self, xp: Any, inputs: Sequence[Any]) -> Any:
        """:meth:`apply` for more tensors than one."""
        tensors: list[TensorBase] = []
        arrays: list[Array] = []
        kind = type(inputs[0].array)
        for tensor in inputs:
            if not isinstance(tensor, TensorBase):
                break
            array = tensor.array
            if type(array) is not kind:
                raise RuntimeError(
                    "Expected all tensors to be on the same device, but found at least two "
                    f"devices, {device_of(arrays[0])} and {device_of(array)}!"
                )
            tensors.append(tensor)
            arrays.append(array)
        out = self.forward(xp, *arrays, *inputs[len(arrays) :])
        if type(out) is not kind:
            if type(out) is tuple:
                return self._record_many(xp, inputs, tensors, out)
            out = xp.asarray(out)
        result = wrap(out)
        if mode.enabled:
            self._record(tensors, result)
        if self.is_view:
            make_view(result, inputs[0], type(self), inputs[1:], None)
        return result

    def _record(
        self, tensors: Sequence[TensorBase], result: TensorBase, inplace: bool = False
    ) -> bool:
        """Connect the node to its inputs and ``result`` to the node, if any input needs it."""
        edges: list[Node | TensorBase | None] = []
        wanted = False
        for tensor in tensors:
            if tensor.view_of is not None and tensor.version[1] != tensor.rebased:
                refresh(tensor)
            if tensor.needs_grad:
                edges.append(tensor.node or tensor)
                wanted = True
            else:
                edges.append(None)
        if not wanted:
            return False
        self.edges = tuple(edges)
        if result.array.dtype.kind not in "fV":
            return False
        self.sequence = next(_sequence)
        self.hooks = None
        self.guards = self._guards(tensors, result, inplace) if self.guarded else ()
        result.node = self
        result.needs_grad = True
        if OBSERVERS:
            observe(self, result)
        return True

    def _record_many(
        self, xp: Any, inputs: Any, tensors: Sequence[TensorBase], outs: tuple[Array, ...]
    ) -> Any:
        """The results of an op with several outputs, each behind an :class:`Output` node."""
        results = [wrap(xp.asarray(out)) for out in outs]
        if mode.enabled and self._record(tensors, wrap(outs[0])):
            for number, result in enumerate(results):
                if differentiable(result.array):
                    result.node = Output.of(self, number, len(results))
                    result.needs_grad = True
        if self.is_view:
            for number, result in enumerate(results):
                make_view(result, inputs[0], type(self), inputs[1:], number)
        return tuple(results)

    # --- backward --------------------------------------------------------------------------------

    def refuse_stale(self, name: str, version: int, expected: int) -> None:
        """Raise the error for a saved tensor that was changed in place since it was saved."""
        saved = getattr(self, name)
        source = self.saves[name]
        maker = self if source == OUTPUT else self.edges[source]
        nr = maker.number if isinstance(maker, Output) else 0
        counter = next(c for own, c, _ in self.guards or () if own == name)
        if source != OUTPUT and len(counter) > 2:
            # The maker of what the tensor holds by now, as PyTorch says.
            maker, nr = counter[2]() or maker, 0
        raise changed_since_saved(saved, maker, nr, version, expected, self)

    def release(self) -> None:
        """Free what backward needed; a second pass through here is an error from now on."""
        for name in self.saves:
            setattr(self, name, None)
        self.guards = None


class Output(Node):
    """One result of a node that has several: hands its gradient to that node by number."""

    __slots__ = ("count", "number", "parent")

    @classmethod
    def of(cls, parent: Node, number: int, count: int) -> Output:
        self = _new(cls)
        self.parent, self.number, self.count = parent, number, count
        self.edges = (parent,)
        self.sequence = next(_sequence)
        self.guards = ()
        self.hooks = None
        return self

    def name(self) -> str:
        name: str = self.parent.name()
        return name


def _function_of(edge: Node | TensorBase | None) -> tuple[Any, int]:
    if isinstance(edge, Output):
        return edge.parent, edge.number
    if isinstance(edge, TensorBase):
        return AccumulateGrad(edge), 0
    return edge, 0
