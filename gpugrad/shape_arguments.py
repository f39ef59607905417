"""How creation functions take shapes: ``f(2, 3)``, ``f((2, 3))`` or ``f(size=(2, 3))``."""

from __future__ import annotations

import operator
from typing import Any

Shape = tuple[int, ...]


def mismatch(function: str, args: tuple[Any, ...]) -> TypeError:
    """The error for arguments that fit none of a function's signatures."""
    got = ", ".join(type(a).__name__ for a in args)
    return TypeError(f"{function}() received an invalid combination of arguments - got ({got})")


def parse_size(function: str, size: Any, position: int = 1) -> Shape:
    """A shape from a tuple or list of ints."""
    if not isinstance(size, (tuple, list)):
        raise TypeError(
            f"{function}(): argument 'size' (position {position}) must be tuple of ints, not "
            f"{type(size).__name__}"
        )
    for n in size:
        if n.__class__ is not int or n < 0:
            break
    else:
        return tuple(size)
    shape = []
    for place, n in enumerate(size, 1):
        try:
            shape.append(operator.index(n))
        except TypeError:
            raise TypeError(
                f"{function}(): argument 'size' failed to unpack the object at pos {place} with "
                f'error "type must be tuple of ints,but got {type(n).__name__}"'
            ) from None
    for n in shape:
        if n < 0:
            if function == "zeros":
                raise RuntimeError("zeros: Dimension size must be non-negative.")
            raise RuntimeError(f"Trying to create tensor with negative dimension {n}: {shape}")
    return tuple(shape)


def size_from(function: str, args: tuple[Any, ...], size: Any) -> Shape:
    """A shape from ``f(2, 3)``, ``f((2, 3))`` or ``f(size=(2, 3))``."""
    if size is not None:
        if args:
            raise mismatch(function, (*args, size))
        return parse_size(function, size)
    if not args:
        raise mismatch(function, args)
    first = args[0]
    if first.__class__ is int:
        return parse_size(function, args)
    if isinstance(first, (tuple, list)):
        if len(args) > 1:
            raise mismatch(function, args)
        return parse_size(function, first)
    is_number = hasattr(first, "__index__") and not getattr(first, "shape", None)
    if isinstance(first, bool) or not is_number:
        return parse_size(function, first)  # says what is wrong with it
    return parse_size(function, args)
