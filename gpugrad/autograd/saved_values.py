"""What a graph node saves for its backward pass, and the versions at which that is valid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ..backend import BACKENDS
from ..backend.primitives import Array
from ..dtypes import from_numpy
from .anomaly import origin_of
from .inspected import Inspected
from .tensor_base import TensorBase, _new, wrap

if TYPE_CHECKING:
    from .engine import Node

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

Guards = Sequence[tuple[str, list[Any], int]]
"""Name, version list and expected version of each saved tensor."""


class SavedValues:
    """The part of :class:`~gpugrad.autograd.engine.Node` that concerns what it saves."""

    __slots__ = ()

    saves: ClassVar[dict[str, int]] = {}
    """Saved attribute -> index of the tensor input it is, or OUTPUT, or CONSTANT."""
    guarded: ClassVar[tuple[tuple[str, int], ...]] = ()
    """What of ``saves`` is an input or the result, and so may be changed by others."""
    carried: ClassVar[tuple[str, ...]] = ()
    """The slots of an op's own that ``saves`` does not name: its static arguments."""

    if TYPE_CHECKING:
        edges: tuple[Node | TensorBase | None, ...]

    @classmethod
    def guard(cls) -> None:
        """Take note of ``saves``; needed when it is changed after the class was made."""
        cls.guarded = tuple((n, s) for n, s in cls.saves.items() if s >= OUTPUT)

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

    def lifted(self) -> Any:
        """What goes backward in this node's place when the pass is recorded.

        A twin whose saved arrays are tensors connected to the graph, with no place in the graph
        of its own; the node itself where it saves nothing.
        """
        if not self.saves:
            return self
        cls = type(self)
        twin: Any = _new(cls)
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
                edge: Any = edges[source] if source >= 0 else self if source == OUTPUT else None
                if isinstance(edge, Inspected):
                    value = wrap(BACKENDS[kind].asarray(value))
                    value.node, value.needs_grad = edge, True
                elif edge is not None and edge.array is value:
                    value = edge
                else:
                    value = wrap(BACKENDS[kind].asarray(value))
            setattr(twin, name, value)
        return twin

    def __copy__(self) -> Any:
        twin: Any = _new(type(self))
        for cls in type(self).__mro__:
            for slot in getattr(cls, "__slots__", ()):
                if slot != "__weakref__" and hasattr(self, slot):
                    setattr(twin, slot, getattr(self, slot))
        if hasattr(self, "__dict__"):
            twin.__dict__.update(self.__dict__)
        return twin


def changed_since_saved(
    saved: Array, maker: Any, nr: int, version: int, expected: int, node: Node
) -> RuntimeError:
    """The error of ``node`` for what it saved, output ``nr`` of ``maker``, and was changed."""
    made_by = maker.short_name() if isinstance(maker, Inspected) else maker
    origin = f", which is output {nr} of {made_by}," if isinstance(made_by, str) else ""
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an "
        f"inplace operation: [torch.{from_numpy(saved.dtype).tensor_type} "
        f"{list(saved.shape)}]{origin} is at version {version}; expected version {expected} "
        "instead." + (origin_of(node) or ANOMALY_HINT)
    )
