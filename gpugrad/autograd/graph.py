"""The recorded graph from outside: nodes, version counters, and hooks on what nodes save."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..backend import BACKENDS
from .engine import OUTPUT, SHORTCUT, TensorBase, _new, _sequence, wrap
from .engine import Node as OpNode
from .function_node import FunctionNode
from .grad_mode import no_grad
from .inspected import Node as Node
from .multi_grad_hook import GradientEdge as GradientEdge
from .multi_grad_hook import get_gradient_edge as get_gradient_edge
from .multi_grad_hook import register_multi_grad_hook as register_multi_grad_hook
from .observers import unwatch, watch

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]

Pack = Callable[[Any], Any]
Unpack = Callable[[Any], Any]


class HookPair(NamedTuple):
    """Hooks on saved tensors.

    ``pack`` gets a tensor outside the graph and returns anything; ``unpack`` makes a tensor of it.
    ``repeatable`` says that what is packed must not be changed in place afterwards: it is going to
    be computed again.
    """

    pack: Pack
    unpack: Unpack
    repeatable: bool = False


class _HooksOfThread(threading.local):
    def __init__(self) -> None:
        self.pairs: list[HookPair] = []
        self.disabled: str | None = None


_active = _HooksOfThread()


def active_hooks() -> HookPair | None:
    """The hooks in force in this thread: those of the innermost context."""
    return _active.pairs[-1] if _active.pairs else None


class saved_tensors_hooks:  # noqa: N801  # PyTorch's name
    """Store what backward needs in a form of your own: packed when saved, unpacked when used.

    Inside the context, ``pack_hook(tensor)`` is called with every tensor that an operation saves
    for its backward pass, and may return anything: the tensor itself, a compressed form, the name
    of a file. When backward needs the tensor, ``unpack_hook`` gets that object and returns a tensor
    of the same values, shape, type and device. Of nested contexts, the innermost counts.

    In-place changes to a tensor after it was packed are not noticed.

    Raises:
        RuntimeError: on entering, if hooks are disabled; when saving, if ``pack_hook`` changes its
            argument in place.
        TypeError: in backward, if ``unpack_hook`` returns no tensor.

    >>> import gpugrad
    >>> x = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> with gpugrad.autograd.graph.saved_tensors_hooks(lambda t: t.half(), lambda t: t.float()):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4.])
    """

    def __init__(self, pack_hook: Pack, unpack_hook: Unpack) -> None:
        self.pair = HookPair(pack_hook, unpack_hook)

    def __enter__(self) -> None:
        if _active.disabled is not None:
            raise RuntimeError(_active.disabled)
        _active.pairs.append(self.pair)
        watch(pack_saved)

    def __exit__(self, *_: object) -> None:
        _active.pairs.pop()
        unwatch(pack_saved)


class save_on_cpu(saved_tensors_hooks):  # noqa: N801  # PyTorch's name
    """Keep in host memory what operations on a device save for backward.

    Trades the device's memory for the time of two copies.

    Args:
        pin_memory, device_type: accepted; the copies are ordered by the stream.

    >>> import gpugrad
    >>> x = gpugrad.tensor([1.0, 2.0], requires_grad=True)
    >>> with gpugrad.autograd.graph.save_on_cpu():
    ...     y = x.exp().sum()
    >>> y.backward()
    """

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(_to_host, _from_host)


def _to_host(tensor: Any) -> tuple[Any, Any]:
    return tensor.device, tensor.cpu()


def _from_host(packed: tuple[Any, Any]) -> Any:
    device, tensor = packed
    return tensor.to(device)


class _MutationAllowed:
    """The context of :func:`allow_mutation_on_saved_tensors`: what was saved in it."""

    def __init__(self) -> None:
        self.ended = False

    def pack(self, tensor: Any) -> Any:
        return tensor.clone()

    def unpack(self, saved: Any) -> Any:
        if self.ended:
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context"
                "in which the graph was originally recorded."
            )
        return saved


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[Any]:
    """Let tensors that backward needs be changed in place inside the context.

    Every saved tensor is copied when it is saved (in PyTorch when it is first changed), so that
    gradients are those of the values it had. The backward pass must run inside the context.

    >>> import gpugrad
    >>> x = gpugrad.ones(2, requires_grad=True)
    >>> with gpugrad.autograd.graph.allow_mutation_on_saved_tensors():
    ...     y = x * 3
    ...     z = (y * y).sum()
    ...     y.zero_()
    ...     z.backward()
    tensor([0., 0.], grad_fn=<ZeroBackward0>)
    >>> x.grad
    tensor([18., 18.])
    """
    context = _MutationAllowed()
    with saved_tensors_hooks(context.pack, context.unpack):
        try:
            yield context
        finally:
            context.ended = True


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Make the use of hooks on saved tensors an error with this message, inside the context.

    Raises:
        RuntimeError: if hooks are in force already.

    >>> import gpugrad
    >>> with gpugrad.autograd.graph.disable_saved_tensors_hooks("no hooks here"):
    ...     y = gpugrad.ones(2, requires_grad=True).exp()
    """
    if _active.pairs:
        raise RuntimeError(error_message)
    before, _active.disabled = _active.disabled, error_message
    try:
        yield
    finally:
        _active.disabled = before


def increment_version(tensor: Any) -> None:
    """Note that the memory of a tensor, or of several, was changed behind the library's back.

    A backward pass that needs the former values then raises instead of giving wrong gradients.

    >>> import gpugrad
    >>> x = gpugrad.ones(2)
    >>> x.numpy()[0] = 5.0
    >>> gpugrad.autograd.graph.increment_version(x)
    """
    tensors: Iterable[Any] = (tensor,) if isinstance(tensor, TensorBase) else tensor
    for changed in tensors:
        changed.version[0] += 1


# --- packing -------------------------------------------------------------------------------------


class Packed:
    """What stands for a saved array: the result of a pack hook, and how to get the array back."""

    __slots__ = ("dtype", "shape", "unpack_hook", "value")

    def __init__(self, array: Any, hooks: HookPair, leaf: Any = None) -> None:
        """``leaf`` is the tensor itself where a leaf is saved: a hook may ask what it is."""
        tensor = wrap(BACKENDS[type(array)].asarray(array)) if leaf is None else leaf
        stamp = tensor.version[0]
        with no_grad():
            self.value = hooks.pack(tensor)
        if tensor.version[0] != stamp:
            raise RuntimeError(
                "A saved tensor pack hook is modifying its input in place. Tensors provided as "
                "input to pack hook cannot be modified by in-place operations as this can lead to "
                "unexpected side-effects. Please open an issue if you need to perform in-place "
                "operations on the input to a pack hook."
            )
        self.unpack_hook = hooks.unpack
        self.shape, self.dtype = tensor.array.shape, tensor.array.dtype

    def array(self) -> Any:
        """The saved array, through the unpack hook."""
        tensor = self.unpack_hook(self.value)
        if not isinstance(tensor, TensorBase):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                + type(tensor).__name__
            )
        return tensor.array


def pack_saved(node: OpNode, result: TensorBase) -> None:
    """Observer: hand what ``node`` saved to the thread's hooks, if it has any.

    The node becomes an instance of a class that unpacks before it goes backward, so that the
    backward pass need not ask whether anything is packed.
    """
    hooks = active_hooks()
    if hooks is None or isinstance(node, _Packing):
        return
    if isinstance(node, FunctionNode):
        _pack_function(node, hooks)
        return
    packed = False
    for name, source in node.saves.items():
        value = getattr(node, name, None)
        if type(value) not in BACKENDS:
            continue
        edge = node.edges[source] if source >= 0 else None
        leaf = edge if isinstance(edge, TensorBase) and edge.array is value else None
        setattr(node, name, None if source == SHORTCUT else Packed(value, hooks, leaf))
        packed = True
    if packed:
        node.__class__ = _packing_twin(type(node), _PackingNode)
        if not hooks.repeatable:
            node.guards = ()


class _Packing:
    """Mixed into the class of a node of which something is packed."""

    __slots__ = ()
    plain: type[OpNode]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        pass  # an op's class sets itself up when it is made: once is enough


class _PackingNode(_Packing):
    __slots__ = ()

    def unpacked(self: Any) -> Any:
        """A twin as the node was before packing."""
        twin = copy.copy(self)
        twin.__class__ = self.plain
        for name in self.saves:
            value = getattr(twin, name, None)
            if type(value) is Packed:
                setattr(twin, name, value.array())
        return twin

    def backward(self: Any, xp: Any, grad: Any) -> Any:
        return self.unpacked().backward(xp, grad)

    def lifted(self: Any) -> Any:
        """As the node's own, with tensors that lead to this node's place in the graph."""
        plain = self.unpacked()
        twin = plain.lifted()
        for name, source in self.saves.items():
            value = getattr(twin, name, None)
            if not isinstance(value, TensorBase):
                continue
            if source == OUTPUT:
                value.node = self
            elif source >= 0 and self.edges[source] is not value:
                _connect(value, self.edges[source])
        return twin


class _PackingFunction(_Packing):
    __slots__ = ()

    def restored(self: Any) -> tuple[Any, ...]:
        saved = self.checked_entries()
        return tuple(None if entry is None else self._tensor(*entry) for entry in saved)

    def _tensor(self: Any, place: _Place, counter: Any, stamp: int, own: int | None) -> Any:
        array = place.packed.array()
        return self._output(array, own) if own is not None else _connect(wrap(array), place.edge)


class _Place(NamedTuple):
    """Stands for a tensor that a :class:`Function` saved: its array, and where it came from."""

    packed: Packed
    edge: Any


def _pack_function(node: Any, hooks: HookPair) -> None:
    saved = getattr(node, "saved", None)
    if not saved or all(entry is None for entry in saved):
        return  # observed once more when its tensors are saved
    entries: list[Any] = []
    for entry in saved:
        if entry is None:
            entries.append(None)
            continue
        tensor, counter, stamp, own = entry
        array = tensor if own is not None else tensor.array
        edge = None if own is not None or not tensor.needs_grad else tensor.node or tensor
        if not hooks.repeatable:
            counter = (stamp,)
        entries.append((_Place(Packed(array, hooks), edge), counter, stamp, own))
    node.saved = tuple(entries)
    node.__class__ = _packing_twin(type(node), _PackingFunction)


class Alias(OpNode):
    """A leaf's value in an array of its own; the gradient passes to the leaf."""

    __slots__ = ()

    @classmethod
    def of(cls, leaf: TensorBase) -> Alias:
        self = _new(cls)
        self.edges, self.guards, self.hooks = (leaf,), (), None
        self.sequence = next(_sequence)
        return self

    def backward(self, xp: Any, grad: Any) -> tuple[Any]:
        return (grad,)


def _connect(tensor: Any, edge: Any) -> Any:
    """``tensor`` as the value that ``edge``, a node or a leaf, stands for in the graph."""
    if edge is not None:
        tensor.node = edge if isinstance(edge, OpNode) else Alias.of(edge)
        tensor.needs_grad = True
    return tensor


_twins: dict[type, type] = {}


def _packing_twin(cls: type[OpNode], mixin: type[_Packing]) -> Any:
    """The class for packed nodes of an op: the op's own layout and name, another backward."""
    found = _twins.get(cls)
    if found is None:
        body = {"__slots__": (), "__module__": cls.__module__, "plain": cls}
        found = _twins[cls] = type(cls.__name__, (mixin, cls), body)
    return found
