"""Places in one stretch of memory for pieces that are needed at different times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

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
    offsets: dict[Piece, int] = {}
    placed = np.zeros((4, len(lives)), np.int64)  # start, end, first, last; in order of the start
    for count, piece in enumerate(sorted(lives, key=lambda p: -int(p.nbytes))):
        first, last = lives[piece]
        size = -(-max(piece.nbytes, 1) // ALIGNMENT) * ALIGNMENT
        known = placed[:, :count]
        starts, ends = known[:2, (known[3] >= first) & (known[2] <= last)]
        free = np.maximum.accumulate(np.append(0, ends))
        gaps = np.append(starts - free[:-1], size) >= size
        offset = int(free[gaps.argmax()])
        offsets[piece] = offset
        number = known[0].searchsorted(offset)
        placed[:, number + 1 : count + 1] = placed[:, number:count]
        placed[:, number] = offset, offset + size, first, last
    return offsets, int(placed[1].max(initial=0))
