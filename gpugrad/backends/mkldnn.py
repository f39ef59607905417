"""oneDNN, which this library does not use.

A context of :func:`flags` changes nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


def is_available() -> bool:
    """Whether it is used: never."""
    return False


@contextlib.contextmanager
def flags(enabled: bool = False, *args: Any, **kwargs: Any) -> Iterator[None]:
    """A context without effect."""
    yield
