"""Pictures of graphs: what is drawn, under which names."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import pytest

import gpugrad
from gpugrad import nn, viz


def edges_of(dot: str) -> set[tuple[str, str]]:
    """The arrows, with the first line of each box's label in the place of its name."""
    labels: dict[str, str] = {}
    found = set()
    for line in dot.splitlines():
        if "[label=" in line:
            box, rest = line.split(" [label=", 1)
            labels[box.strip()] = rest.split('"')[1].split("\\n")[0]
    for line in dot.splitlines():
        if "->" in line:
            start, end = (part.strip() for part in line.split("->"))
            found.add((labels[start], labels[end]))
    return found


def test_a_layer() -> None:
    layer = nn.Linear(3, 2)
    loss = layer(gpugrad.ones(4, 3)).relu().sum()
    dot = viz.graph(loss, layer).dot
    assert edges_of(dot) == {
        ("weight", "AddmmBackward0"),
        ("bias", "AddmmBackward0"),
        ("AddmmBackward0", "ReluBackward0"),
        ("ReluBackward0", "SumBackward0"),
        ("SumBackward0", "result"),
    }
    assert r'"weight\n(2, 3)"' in dot and r'"bias\n(2,)"' in dot and r'"result\n()"' in dot


def test_names_results_and_shared_leaves() -> None:
    x = gpugrad.ones(2, requires_grad=True)
    y = x * x
    a, b = y.max(0)[0], x.exp()
    dot = viz.graph([a, b], [("input", x), ('a "quoted" name', a)]).dot
    assert dot.count(r'label="input\n(2,)"') == 1
    assert r"a \"quoted\" name\n()" in dot
    assert {("input", "MulBackward0"), ("MulBackward0", "MaxBackward0")} <= edges_of(dot)
    assert viz.graph(x).dot.count("->") == 1
    assert 'label="leaf' in str(viz.graph(x * 2))


def test_nothing_to_draw() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        viz.graph(gpugrad.ones(2))


def test_a_deep_graph() -> None:
    x = gpugrad.ones((), requires_grad=True)
    y = x
    for _ in range(5000):
        y = y + 1.0
    assert viz.graph(y).dot.count("->") == 5001


def test_without_graphviz(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    picture = viz.graph(gpugrad.ones(2, requires_grad=True).exp())
    with pytest.raises(ImportError, match="needs the package graphviz"):
        picture.svg()
    path = picture.render(tmp_path / "graph.dot")
    assert path.read_text() == picture.dot
    with pytest.raises(ValueError, match="ending"):
        picture.render("graph")


def test_with_graphviz(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Source:
        def __init__(self, dot: str) -> None:
            self.dot = dot

        def pipe(self, format: str, encoding: str | None = None) -> Any:
            text = f"<{format} of {len(self.dot)}>"
            return text if encoding else text.encode()

    package = types.ModuleType("graphviz")
    monkeypatch.setattr(package, "Source", Source, raising=False)
    monkeypatch.setitem(sys.modules, "graphviz", package)
    picture = viz.graph(gpugrad.ones(2, requires_grad=True).exp())
    assert picture.svg() == f"<svg of {len(picture.dot)}>"
    assert picture.render(tmp_path / "graph.png").read_text().startswith("<png")
