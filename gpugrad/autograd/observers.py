"""Who is told of every node that is recorded: nobody, unless a debugging or memory aid is on.

Recording asks ``if OBSERVERS:`` and nothing more; the list is empty unless some thread uses saved
tensor hooks or anomaly detection. An observer is called for the nodes of all threads and finds out
itself whether its own thread wants it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .engine import Node, TensorBase

    Observer = Callable[[Node, TensorBase], None]

OBSERVERS: list[Observer] = []

_uses: dict[Observer, int] = {}
_lock = threading.Lock()


def watch(observer: Observer) -> None:
    """Call ``observer(node, result)`` for every node until as many calls of :func:`unwatch`."""
    with _lock:
        _uses[observer] = _uses.get(observer, 0) + 1
        if observer not in OBSERVERS:
            OBSERVERS.append(observer)


def unwatch(observer: Observer) -> None:
    """Undo one call of :func:`watch`."""
    with _lock:
        _uses[observer] -= 1
        if not _uses[observer]:
            OBSERVERS.remove(observer)


def observe(node: Node, result: TensorBase) -> None:
    """Tell the observers of a node that is complete: its edges, guards and saved values are set."""
    for observer in tuple(OBSERVERS):
        observer(node, result)
