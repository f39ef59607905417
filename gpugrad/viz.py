"""Pictures of the recorded graph, in the language of Graphviz."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from .autograd.engine import OUTPUT, Node, Output, TensorBase
from .nn import Module

__all__ = ["Graph", "graph"]

_LEAF = 'shape=box, style="filled,rounded", fillcolor="#cfe2f3"'
_OP = 'shape=box, style=filled, fillcolor="#eeeeee"'
_RESULT = 'shape=box, style="filled,rounded", fillcolor="#d9ead3"'


class Graph:
    """A picture of a graph.

    Attributes:
        dot: its text in the DOT language; also what ``str`` gives.
    """

    def __init__(self, dot: str) -> None:
        self.dot = dot

    def __str__(self) -> str:
        return self.dot

    def svg(self) -> str:
        """The picture as SVG.

        Raises:
            ImportError: without the package ``graphviz``.
        """
        return str(_source(self.dot).pipe(format="svg", encoding="utf-8"))

    def render(self, path: str | Path) -> Path:
        """Write the picture to a file, of the type that the ending of its name says.

        ``.dot`` needs no further package; every other ending needs ``graphviz``.
        """
        target = Path(path)
        kind = target.suffix.removeprefix(".")
        if not kind:
            raise ValueError(f"render(): a file name with an ending is needed, got '{target}'")
        if kind == "dot":
            target.write_text(self.dot, encoding="utf-8")
        else:
            target.write_bytes(_source(self.dot).pipe(format=kind))
        return target


def _source(dot: str) -> Any:
    try:
        graphviz = import_module("graphviz")
    except ImportError:
        raise ImportError(
            "drawing needs the package graphviz and the program of that name: pip install "
            "graphviz. The text of the picture is in the attribute dot."
        ) from None
    return graphviz.Source(dot)


def graph(
    results: Any, params: Module | Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None
) -> Graph:
    r"""The graph that led to a tensor, or to several: leaves, operations and results.

    Shapes are shown for leaves and results, and for what operations saved.

    Args:
        results: a tensor, or a sequence of them.
        params: names for the leaves: a module, a dictionary, or pairs of name and tensor.

    Raises:
        ValueError: if a result has no graph.

    >>> import gpugrad
    >>> w = gpugrad.ones(2, requires_grad=True)
    >>> print(gpugrad.viz.graph(w.exp().sum(), {"w": w}))
    digraph {
      node [fontname="Helvetica", fontsize=10]
      op0 [label="SumBackward0\n()", shape=box, style=filled, fillcolor="#eeeeee"]
      op1 [label="ExpBackward0\n(2,)", shape=box, style=filled, fillcolor="#eeeeee"]
      leaf2 [label="w\n(2,)", shape=box, style="filled,rounded", fillcolor="#cfe2f3"]
      result0 [label="result\n()", shape=box, style="filled,rounded", fillcolor="#d9ead3"]
      op1 -> op0
      leaf2 -> op1
      op0 -> result0
    }
    """
    tensors = [results] if isinstance(results, TensorBase) else list(results)
    for tensor in tensors:
        if not tensor.requires_grad:
            raise ValueError("graph(): a result does not require grad: there is nothing to draw")
    places = _places([t.node or t for t in tensors])
    boxes = {id(p): _box_name(p, number) for number, p in enumerate(places)}
    shapes = _shapes(places)
    shapes.update((id(t.node), tuple(t.shape)) for t in tensors if t.node is not None)
    names = _names(params)
    lines = ["digraph {", '  node [fontname="Helvetica", fontsize=10]']
    for place in places:
        if isinstance(place, Node):
            lines.append(_box(boxes[id(place)], place.name(), shapes.get(id(place)), _OP))
        else:
            name = names.get(id(place), "leaf")
            lines.append(_box(boxes[id(place)], name, tuple(place.array.shape), _LEAF))
    for number, tensor in enumerate(tensors):
        name = names.get(id(tensor), "result")
        lines.append(_box(f"result{number}", name, tuple(tensor.shape), _RESULT))
    for place in places:
        if isinstance(place, Node):
            sources = [_place(e) for e in place.edges if e is not None]
            lines.extend(f"  {boxes[id(s)]} -> {boxes[id(place)]}" for s in sources)
    for number, tensor in enumerate(tensors):
        lines.append(f"  {boxes[id(_place(tensor.node or tensor))]} -> result{number}")
    return Graph("\n".join([*lines, "}"]))


def _names(params: Any) -> dict[int, str]:
    """The names of tensors by their identity."""
    if params is None:
        return {}
    if isinstance(params, Module):
        params = params.named_parameters()
    pairs = params.items() if isinstance(params, Mapping) else params
    return {id(tensor): str(name) for name, tensor in pairs}


def _place(edge: Any) -> Any:
    """The node or leaf to draw: one box for all results of an operation."""
    return edge.parent if isinstance(edge, Output) else edge


def _places(starts: list[Any]) -> list[Any]:
    """All nodes and leaves that can be reached, nearest first."""
    found: dict[int, Any] = {}
    waiting = deque(_place(start) for start in starts)
    while waiting:
        place = waiting.popleft()
        if id(place) in found:
            continue
        found[id(place)] = place
        if isinstance(place, Node):
            waiting.extend(_place(e) for e in place.edges if e is not None)
    return list(found.values())


def _shapes(places: list[Any]) -> dict[int, tuple[int, ...]]:
    """The shapes of operations' results, as far as something that was saved tells them."""
    shapes: dict[int, tuple[int, ...]] = {}
    for node in places:
        if not isinstance(node, Node):
            continue
        for name, source in node.saves.items():
            shape = getattr(getattr(node, name, None), "shape", None)
            if shape is None:
                continue
            maker = node if source == OUTPUT else node.edges[source] if source >= 0 else None
            if isinstance(maker, Node) and not isinstance(maker, Output):
                shapes.setdefault(id(maker), tuple(shape))
    return shapes


def _box_name(place: Any, number: int) -> str:
    return f"op{number}" if isinstance(place, Node) else f"leaf{number}"


def _box(box: str, name: str, shape: tuple[int, ...] | None, style: str) -> str:
    label = name.replace("\\", "\\\\").replace('"', '\\"')
    if shape is not None:
        label += f"\\n{shape}"
    return f'  {box} [label="{label}", {style}]'
