"""Whether two values lie in the same bytes of a buffer."""

from __future__ import annotations

from .values import Value


def extent(value: Value) -> tuple[int, int]:
    """The first byte in the buffer, and the one after the last."""
    spans = [(n - 1) * s for n, s in zip(value.shape, value.strides, strict=True)]
    low = value.offset + sum(s for s in spans if s < 0)
    return low, value.offset + sum(s for s in spans if s > 0) + value.dtype.itemsize


def apart(one: Value, other: Value) -> bool:
    """Whether two values of a buffer surely have no byte in common."""
    a, b = extent(one), extent(other)
    if a[1] <= b[0] or b[1] <= a[0]:
        return True
    # Columns of one matrix: rows of the same length, that begin at different places.
    rows = [
        {abs(s) for n, s in zip(v.shape, v.strides, strict=True) if n > 1 and s}
        for v in (one, other)
    ]
    for pitch in rows[0] & rows[1]:
        spans = []
        for v in (one, other):
            inner = [
                (n - 1) * s
                for n, s in zip(v.shape, v.strides, strict=True)
                if n > 1 and abs(s) < pitch
            ]
            outer = [s for n, s in zip(v.shape, v.strides, strict=True) if n > 1 and s % pitch]
            if any(s < 0 for s in inner) or any(abs(s) >= pitch for s in outer):
                break
            start = v.offset % pitch
            spans.append((start, start + sum(inner) + v.dtype.itemsize))
        if len(spans) == 2 and all(end <= pitch for _, end in spans):
            (a1, a2), (b1, b2) = spans
            if a2 <= b1 or b2 <= a1:
                return True
    return False
