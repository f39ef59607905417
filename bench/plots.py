"""PNGs of the results. Nothing is drawn where matplotlib is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

COLOURS = (
    "#4269d0",
    "#3ca951",
    "#ff725c",
    "#efb118",
    "#a463f2",
    "#6cc5b0",
    "#9c6b4e",
    "#97bbf5",
    "#9498a0",
    "#d4418e",
)
RESOLUTION = 110


def bars(
    path: Path,
    title: str,
    label: str,
    groups: Sequence[str],
    series: Mapping[str, Sequence[float | None]],
    goal: float | None = None,
    log: bool = True,
) -> None:
    """Horizontal bars in groups.

    Args:
        path: the file.
        title: above the plot.
        label: of the axis.
        groups: from top to bottom.
        series: for each legend entry a length for each group; None leaves a gap.
        goal: a length to mark.
        log: whether the axis is logarithmic.
    """
    figure, axes = _figure(title, (9, 1.2 + 0.11 * len(groups) * (len(series) + 2)))
    if axes is None:
        return
    height = 0.85 / len(series)
    for k, (name, lengths) in enumerate(series.items()):
        places = [g + (k + 0.5) * height - 0.425 for g, v in enumerate(lengths) if v is not None]
        drawn = [v for v in lengths if v is not None]
        axes.barh(places, drawn, height, label=name, color=COLOURS[k % len(COLOURS)])
    axes.set_yticks(range(len(groups)), groups)
    axes.set_ylim(len(groups) - 0.4, -0.6)
    if goal is not None:
        axes.axvline(goal, color="grey", linestyle=":")
    if log:
        axes.set_xscale("log")
    axes.set_xlabel(label)
    axes.grid(axis="x", alpha=0.3)
    axes.legend(fontsize=8)
    _save(figure, path)


def lines(
    path: Path,
    title: str,
    labels: tuple[str, str],
    series: Mapping[str, Sequence[tuple[float, float]]],
) -> None:
    """Lines over a logarithmic x axis.

    Args:
        path: the file.
        title: above the plot.
        labels: of the x axis and the y axis.
        series: points for each legend entry.
    """
    figure, axes = _figure(title, (9, 5))
    if axes is None:
        return
    for k, (name, points) in enumerate(series.items()):
        x, y = zip(*points, strict=True) if points else ((), ())
        axes.plot(x, y, marker=".", label=name, color=COLOURS[k % len(COLOURS)])
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel(labels[0])
    axes.set_ylabel(labels[1])
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    _save(figure, path)


def _figure(title: str, inches: tuple[float, float]) -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        print("no plot: matplotlib is not installed")
        return None, None
    figure = Figure(figsize=inches, layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, loc="left", fontsize=11)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    figure.savefig(path, dpi=RESOLUTION)
    print(f"drawn: {path}")
