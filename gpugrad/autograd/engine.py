"""The engine's core: what a tensor is to the graph, graph nodes, and views.

A :class:`Node` is one application of an op. It points to its inputs through ``edges`` (a node, or
a leaf tensor, or None where no gradient is wanted) and keeps what its ``backward`` needs. Nodes
are numbered as they are made, so descending numbers are a topological order. Nothing points from a
leaf to the graph or from a node to its output tensor: a step's graph is freed by reference counting
alone.

The same ``backward`` methods serve raw arrays and, under ``create_graph=True``, tensors: they get
the namespace ``xp`` that fits what they are given.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..backend import BACKENDS, device_of
from ..backend.primitives import Array
from ..dtypes import from_numpy
from .anomaly import origin_of
from .assigned_gradients import check_gradient, warn_of_no_gradient
from .grad_mode import mode
from .hooks import LeafHooks
from .inspected import AccumulateGrad, Inspected
from .observers import OBSERVERS, observe
from .views import MadeBy, make_view, refresh

OUTPUT = -1
"""In :attr:`Node.saves`: the op's own result."""
CONSTANT = -2
"""In :attr:`Node.saves`: an array that backward needs but no gradient flows through."""
SHORTCUT = -3
"""In :attr:`Node.saves`: an intermediate result that spares backward some work. It is None when
backward is recorded itself, and must be computed again from the saved inputs."""

ANOMALY_HINT = (
    " Hint: enable anomaly detection to find the operation that failed to compute its gradient, "
    "with torch.autograd.set_detect_anomaly(True, check_nan=False)."
)

OF_THE_ENGINE = frozenset(["CopyBackwards", "CopySlices", "NotImplemented"])
"""Nodes whose names PyTorch gives with the namespace of its engine."""

OWN_ATTRIBUTES = frozenset(("_retained", "_metadata"))
"""Names in a tensor's dictionary that belong to this tensor alone; the others are the user's."""

Guards = Sequence[tuple[str, list[Any], int]]
"""Name, version list and expected version of each saved tensor."""

_sequence = itertools.count(1)
_new = object.__new__


class TensorBase:
    """What the engine knows of a tensor; :class:`gpugrad.Tensor` adds the user's methods.

    Attributes:
        array: the raw NumPy or CuPy array.
        node: the node that made this tensor, None for a leaf.
        needs_grad: what ``requires_grad`` shows.
        version: ``[in-place changes, of these differentiable]``, one list for all views. After a
            differentiable one it has a third item, the node that it made, weakly.
        rebased: the differentiable changes that ``node`` already accounts for.
        view_of: for a view, the tensor it was taken from and the op application that took it.
        gradient: what ``grad`` shows.
        hooks: gradient hooks of a leaf.

    Neither this class nor :class:`Node` may have a ``__getattr__``: Python would then find none of
    their attributes the quick way, and a training step take a third longer.
    """

    __slots__ = (
        "__dict__",
        "__weakref__",
        "array",
        "gradient",
        "hooks",
        "needs_grad",
        "node",
        "rebased",
        "version",
        "view_of",
    )

    if TYPE_CHECKING:  # every tensor is a Tensor, whose methods floors above this one add

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...

    array: Array
    node: Node | None
    needs_grad: bool
    version: list[Any]
    rebased: int
    gradient: Any
    view_of: tuple[TensorBase, type[Node], tuple[Any, ...], int | None, bool | MadeBy] | None
    hooks: LeafHooks | None

    @property
    def grad(self) -> Any:
        gradient = self.gradient
        if gradient is None and self.node is not None:
            warn_of_no_gradient(self)
        return gradient

    @grad.setter
    def grad(self, gradient: Any) -> None:
        if gradient is not None:
            check_gradient(self, gradient)
        self.gradient = gradient

    @grad.deleter
    def grad(self) -> None:
        self.gradient = None


_tensor_class: type[TensorBase] = TensorBase


def set_tensor_class(cls: type[TensorBase]) -> None:
    """Make :func:`wrap` produce ``cls``; called once, when the Tensor class is defined."""
    global _tensor_class
    _tensor_class = cls


def wrap(array: Array) -> Any:
    """A new leaf tensor over ``array``, without copying."""
    tensor = _new(_tensor_class)
    tensor.array = array
    tensor.node = None
    tensor.needs_grad = False
    tensor.version = [0, 0]
    tensor.rebased = 0
    tensor.gradient = None
    tensor.view_of = None
    tensor.hooks = None
    return tensor


class Node(Inspected):
    """One application of an op: subclass it with ``forward`` and ``backward``.

    ``forward(self, xp, *inputs)`` gets raw arrays (and whatever else was passed to
    :meth:`apply`) and returns an array, or a tuple of arrays if ``outputs`` says so.
    ``backward(self, xp, grad)`` returns one gradient for each tensor input, None where there is
    none. What ``forward`` stores on ``self`` and ``backward`` reads must be named in ``saves``.
    """

    __slots__ = ("__weakref__", "edges", "guards", "hooks", "sequence")

    saves: ClassVar[dict[str, int]] = {}
    """Saved attribute -> index of the tensor input it is, or OUTPUT, or CONSTANT."""
    is_view: ClassVar[bool] = False
    """Whether the result shares memory with the first input."""
    is_flat: ClassVar[bool] = False
    """Whether the gradient depends on the first input in steps only, with the derivative zero."""
    returns_fresh: ClassVar[bool] = True
    """Whether ``backward`` returns arrays that nobody else holds (or the incoming gradient)."""
    guarded: ClassVar[tuple[tuple[str, int], ...]] = ()
    """What of ``saves`` is an input or the result, and so may be changed by others."""
    carried: ClassVar[tuple[str, ...]] = ()
    """The slots of an op's own that ``saves`` does not name: its static arguments."""

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

    @classmethod
    def guard(cls) -> None:
        """Take note of ``saves``; needed when it is changed after the class was made."""
        cls.guarded = tuple((n, s) for n, s in cls.saves.items() if s >= OUTPUT)

    def forward(self, xp: Any, *inputs: Any) -> Any:
        raise NotImplementedError

    def backward(self, xp: Any, grad: Any) -> tuple[Any, ...]:
        raise NotImplementedError

    def name(self) -> str:
        name = type(self).__name__
        return "torch::autograd::" + name if name in OF_THE_ENGINE else name

    def short_name(self) -> str:
        """The name as errors give it: ``Mul`` for ``MulBackward0``, ``Fill2`` for
        ``FillBackward2``."""
        name, _, number = self.name().rpartition("Backward")
        return name + number.removeprefix("0")

    def __repr__(self) -> str:
        return f"<{self.shown_in}{self.name().rpartition(':')[2]} object at {id(self):#x}>"

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

    def _guards(self, tensors: Sequence[TensorBase], result: TensorBase, inplace: bool) -> Guards:
        """The versions at which the saved tensors are valid."""
        guards = []
        for name, source in self.guarded:
            if source >= 0:
                if inplace and (source == 0 or getattr(self, name, None) is None):
                    continue  # the op keeps a copy of what it is about to overwrite, or nothing
                counter = tensors[source].version
                guards.append((name, counter, counter[0]))
            else:
                # An in-place op is recorded just before it raises the version.
                guards.append((name, result.version, result.version[0] + inplace))
        return guards

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

    def lifted(self) -> Node:
        """What goes backward in this node's place when the pass is recorded.

        A twin whose saved arrays are tensors connected to the graph, with no place in the graph
        of its own; the node itself where it saves nothing.
        """
        if not self.saves:
            return self
        cls = type(self)
        twin = _new(cls)
        edges = twin.edges = self.edges
        if cls.__dictoffset__ and self.__dict__:
            twin.__dict__.update(self.__dict__)
        for name in cls.carried:
            setattr(twin, name, getattr(self, name, None))
        for name, source in self.saves.items():
            value = getattr(self, name, None)
            kind = type(value)
            if source == SHORTCUT:
                value = None
            elif kind in BACKENDS:
                edge = edges[source] if source >= 0 else self if source == OUTPUT else None
                if isinstance(edge, Node):
                    value = wrap(BACKENDS[kind].asarray(value))
                    value.node, value.needs_grad = edge, True
                elif edge is not None and edge.array is value:
                    value = edge
                else:
                    value = wrap(BACKENDS[kind].asarray(value))
            setattr(twin, name, value)
        return twin

    def __copy__(self) -> Node:
        twin = _new(type(self))
        for cls in type(self).__mro__:
            for slot in getattr(cls, "__slots__", ()):
                if slot != "__weakref__" and hasattr(self, slot):
                    setattr(twin, slot, getattr(self, slot))
        if hasattr(self, "__dict__"):
            twin.__dict__.update(self.__dict__)
        return twin


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


def changed_since_saved(
    saved: Array, maker: Any, nr: int, version: int, expected: int, node: Node
) -> RuntimeError:
    """The error of ``node`` for what it saved, output ``nr`` of ``maker``, and was changed."""
    made_by = maker.short_name() if isinstance(maker, Node) else maker
    origin = f", which is output {nr} of {made_by}," if isinstance(made_by, str) else ""
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an "
        f"inplace operation: [torch.{from_numpy(saved.dtype).tensor_type} "
        f"{list(saved.shape)}]{origin} is at version {version}; expected version {expected} "
        "instead." + (origin_of(node) or ANOMALY_HINT)
    )


def _function_of(edge: Node | TensorBase | None) -> tuple[Any, int]:
    if isinstance(edge, Output):
        return edge.parent, edge.number
    if isinstance(edge, TensorBase):
        return AccumulateGrad(edge), 0
    return edge, 0


def differentiable(array: Array) -> bool:
    """Whether arrays of this type carry gradients: floating point only."""
    return array.dtype.kind in "fV"  # V: bfloat16, which NumPy knows as a foreign type
