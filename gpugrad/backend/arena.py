"""Places in one stretch of memory for pieces that are needed at different times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

ALIGNMENT = 64

Piece = TypeVar("Piece", bound=Any)
"""Something with a number of bytes, ``nbytes``."""


def arrange(lives: Mapping[Piece, tuple[int, int]]) -> tuple[dict[Piece, int], int]:
    """An offset for each piece such that no two that live at a time overlap, and the total size.

    Greedily, largest first (Pisarchyk and Lee, "Efficient memory management for deep neural net
    inference", 2020).

    Args:
        lives: when each piece is first and last used.
    """
    placed: list[tuple[int, int, int, int]] = []  # offset, end, first, last
    offsets: dict[Piece, int] = {}
    for piece in sorted(lives, key=lambda p: -int(p.nbytes)):
        first, last = lives[piece]
        size = -(-max(piece.nbytes, 1) // ALIGNMENT) * ALIGNMENT
        offset = 0
        for start, end, other_first, other_last in sorted(placed):
            if other_last < first or last < other_first:
                continue
            if start - offset >= size:
                break
            offset = max(offset, end)
        offsets[piece] = offset
        placed.append((offset, offset + size, first, last))
    return offsets, max((end for _, end, _, _ in placed), default=0)
